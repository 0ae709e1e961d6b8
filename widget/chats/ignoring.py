"""Clients who are ignored: nothing new of them is stored, counted or shown, and none of them waits."""

from collections.abc import Collection, Iterable

from widget.bitrix24.crm import Viewer
from widget.chats.waiting import Waiting
from widget.context import CardContext
from widget.errors import ErrorCode, Refused
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.chats import Chat
from widget.storage.ignores import EVERY_LINE, Ignored
from widget.storage.lines import Line


def refuse_everywhere(context: CardContext, *, everywhere: bool) -> None:
    """To ignore a client on all lines is an administrator's. Raises Refused(NOT_ADMIN) for others."""
    if everywhere and not context.viewer.admin:
        raise Refused(ErrorCode.NOT_ADMIN, 403, "ignore everywhere")


def ignore_client(context: CardContext, line: Line | None, client: str) -> None:
    """Ignore a client on this line, None for all, by their phone and by every id of theirs. Their chats there wait no
    longer."""
    here, portal_id, user_id = services(), context.portal.id, context.viewer.user_id
    chats = [chat for chat in _chats_of(portal_id, client) if line is None or chat.line_id == line.id]
    here.storage.ignores.add(portal_id, line.id if line else EVERY_LINE, _names_of(client, chats), user_id)
    _note(context, ChangeKind.IGNORED, line.name if line else "")
    for chat in chats:
        if chat.waiting_since:
            waive_until(context, chat, chat.theirs_at)


def heed_client(context: CardContext, client: str, line_ids: Collection[int]) -> None:
    """The client is not ignored on these lines any more, as far as this user may take that back: who said so, or an
    administrator. Raises Refused where nothing is theirs to take back."""
    portal_id, who = context.portal.id, context.viewer
    ignores = services().storage.ignores
    said = ignores.of_clients(portal_id, _names_of(client, _chats_of(portal_id, client)), line_ids)
    mine = [each for each in said if may_heed(who, each)]
    if not mine:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "ignored")
    for each in mine:
        ignores.remove(portal_id, each.id)
    _note(context, ChangeKind.IGNORED_ENDED, "")


def may_heed(viewer: Viewer, said: Ignored) -> bool:
    return viewer.admin or said.user_id == viewer.user_id


def waive_until(context: CardContext, chat: Chat, until: float) -> Chat:
    """The chat once this user has said that what came `until` then (unix seconds) needs no reply."""
    conversations = services().storage.conversations
    services().saw(chat.portal_id, context.viewer)
    changed = conversations.waits.waive(chat, context.viewer.user_id, until=until)
    return Waiting(conversations).recount(changed) if changed else chat


def _chats_of(portal_id: int, client: str) -> list[Chat]:
    return services().storage.chats.of_phones(portal_id, [client])


def _names_of(client: str, chats: Iterable[Chat]) -> set[str]:
    return {client, *(name for chat in chats for name in chat.chat_ids)}


def _note(context: CardContext, what: ChangeKind, line_name: str) -> None:
    who = context.viewer
    services().storage.changes.add(context.portal.id, what, user_id=who.user_id, user_name=who.name, line=line_name)
