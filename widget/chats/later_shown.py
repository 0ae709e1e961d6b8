"""What of the messages that go out later an open chat shows, to whom, and on whose clock."""

from widget.chats.context import drawn_with
from widget.context import CardContext
from widget.storage.building import Repositories
from widget.storage.chats import Chat
from widget.storage.scheduled import Scheduled


def later_names(stored: Repositories, context: CardContext, chat: Chat) -> dict[str, object]:
    """What templates/later/_list.html draws: all of the chat, the next one first; a user's own
    where a typed number is all that brought them here. One query, and one for files where there are
    messages."""
    messages = stored.scheduled.of_chat(chat.portal_id, chat.id)
    if context.is_typed:
        messages = [message for message in messages if message.user_id == context.viewer.user_id]
    return {
        "later": messages,
        "may": {message.id for message in messages if may_change(context, message)},
        "files": stored.kept_files.of_scheduled(chat.portal_id, [message.id for message in messages]),
        "client_zone": zone_of(context, chat),
        **drawn_with(chat),
    }


def may_change(context: CardContext, message: Scheduled) -> bool:
    """Its author, and administrators."""
    return context.viewer.admin or context.viewer.user_id == message.user_id


def zone_of(context: CardContext, chat: Chat) -> str:
    """The zone that its times are read in: the client's where their number has one, else the
    employee's."""
    local = context.local(context.phone_of(chat.client))
    if local and local.certain:
        return str(local.earliest.tzinfo)
    return context.zone
