"""Messages that were to go out later and wait for a yes, for the list of those who wait."""

from dataclasses import dataclass

from widget.admin import sections
from widget.admin.current_user import CurrentUser
from widget.services import services
from widget.storage.kept_files import KeptFile
from widget.storage.scheduled import Scheduled


@dataclass(frozen=True)
class AskingRow:
    """`title` is how the client is called, "" where this user may not read the chat any more;
    `line` is the line's name."""

    message: Scheduled
    title: str
    line: str
    file: KeptFile | None


def asking(user: CurrentUser) -> list[AskingRow]:
    """What waits for this user's yes; an administrator may give it for all authors. Seven queries,
    one where nothing asks, and outside calls as `ChatRights.readable` makes."""
    here, portal_id = services(), user.portal.id
    author = None if user.viewer.admin else user.viewer.user_id
    found = here.storage.scheduled.asking(portal_id, author)
    if not found:
        return []
    usable = {line.id for line in user.context.lines}
    chats = here.storage.chats.of_ids(portal_id, {message.chat_id for message in found})
    chats = [chat for chat in chats if chat.line_id in usable]
    readable = here.chats.rights.readable(user.portal, user.viewer, chats)
    titles = sections.client_titles([chat for chat in chats if chat.id in readable])
    lines = {line.id: line.name for line in here.storage.lines.kept(portal_id)}
    files = here.storage.kept_files.of_scheduled(portal_id, [message.id for message in found])
    return [
        AskingRow(message, titles.get(message.chat_id, ""), lines.get(message.line_id, ""), files.get(message.id))
        for message in found
    ]
