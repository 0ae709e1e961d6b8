"""Clients who are ignored: nothing new of them is stored, counted or shown, and none of them
waits."""

from collections.abc import Collection, Iterable

from widget.bitrix24.crm import Viewer
from widget.chats.waiting import Waiting
from widget.context import CardContext
from widget.errors import ErrorCode, Refused
from widget.storage.building import Repositories
from widget.storage.changes import ChangeKind
from widget.storage.chats import Chat
from widget.storage.ignores import EVERY_LINE, Ignored
from widget.storage.lines import Line


def refuse_everywhere(context: CardContext, *, everywhere: bool) -> None:
    """To ignore a client on all lines is an administrator's. Raises Refused(NOT_ADMIN) for
    others."""
    if everywhere and not context.viewer.admin:
        raise Refused(ErrorCode.NOT_ADMIN, reason="ignore everywhere")


def may_heed(viewer: Viewer, said: Ignored) -> bool:
    return viewer.admin or said.user_id == viewer.user_id


class Ignoring:
    def __init__(self, stored: Repositories) -> None:
        self._stored = stored
        self._ignores = stored.ignores
        self._waits = stored.conversations.waits
        self._waiting = Waiting(stored.conversations)

    def begin(self, context: CardContext, line: Line | None, client: str) -> None:
        """Ignore a client on this line, None for all, by their phone and by every id of theirs.
        Their chats there wait no longer. One query, and a statement for each id and each chat that
        waits."""
        portal_id, user_id = context.portal.id, context.viewer.user_id
        chats = [chat for chat in self._chats_of(portal_id, client) if line is None or chat.line_id == line.id]
        self._ignores.add(portal_id, line.id if line else EVERY_LINE, _names_of(client, chats), user_id)
        self._note(context, ChangeKind.IGNORED, line.name if line else "")
        for chat in chats:
            if chat.waiting_since:
                self.waive_until(context, chat, chat.theirs_at)

    def end(self, context: CardContext, client: str, line_ids: Collection[int]) -> None:
        """Heed the client on these lines again, as far as this user may say so: who began it, or an
        administrator. Two queries, and a statement for each. Raises Refused where nothing is theirs
        to take back."""
        portal_id, who = context.portal.id, context.viewer
        said = self._ignores.of_clients(portal_id, _names_of(client, self._chats_of(portal_id, client)), line_ids)
        mine = [each for each in said if may_heed(who, each)]
        if not mine:
            raise Refused(ErrorCode.NOT_ALLOWED, 404, "ignored")
        for each in mine:
            self._ignores.remove(portal_id, each.id)
        self._note(context, ChangeKind.IGNORED_ENDED, "")

    def waive_until(self, context: CardContext, chat: Chat, until: float) -> Chat:
        """The chat once this user has said that what came `until` then (unix seconds) needs no
        reply. One statement, and those of `Waiting.recount` where that is news."""
        who = context.viewer
        self._stored.staff.seen(chat.portal_id, who.user_id, who.name, admin=who.admin)
        changed = self._waits.waive(chat, who.user_id, until=until)
        return self._waiting.recount(changed) if changed else chat

    def _chats_of(self, portal_id: int, client: str) -> list[Chat]:
        return self._stored.chats.of_phones(portal_id, [client])

    def _note(self, context: CardContext, what: ChangeKind, line_name: str) -> None:
        who = context.viewer
        self._stored.changes.add(context.portal.id, what, user_id=who.user_id, user_name=who.name, line=line_name)


def _names_of(client: str, chats: Iterable[Chat]) -> set[str]:
    return {client, *(name for chat in chats for name in chat.chat_ids)}
