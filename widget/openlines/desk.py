"""The operator of a chat in its open line, for the rep who has it open: seen, taken over, handed
over, finished.

Everything is done with the rep's own token: what Bitrix24 lets them do decides.
"""

from dataclasses import dataclass

from widget.errors import ErrorCode, Refused
from widget.openlines.calls import OpenLineCalls
from widget.openlines.owners import LineOwners
from widget.storage.chats import Chat
from widget.storage.mirrors import Mirrors
from widget.storage.portals import Portal


@dataclass(frozen=True)
class Desk:
    """`chat` is Bitrix24's id of the chat, 0 where nothing was mirrored yet. `owner` 0: no operator
    answers it now."""

    chat: int
    owner: int = 0
    name: str = ""
    mine: bool = False

    @property
    def dialog(self) -> str:
        """What the messenger calls the chat."""
        return f"chat{self.chat}"


class Desks:
    def __init__(self, calls: OpenLineCalls, mirrors: Mirrors, owners: LineOwners) -> None:
        self._calls = calls
        self._mirrors = mirrors
        self._owners = owners

    def look(self, portal: Portal, user_id: int, chat: Chat) -> Desk:
        """One outside call; none where nothing was mirrored yet. Raises Refused."""
        portal_chat = self._portal_chat(chat)
        if not portal_chat:
            return Desk(0)
        owner, name = self._calls.owner_named(portal, user_id, portal_chat)
        self._remember(chat, owner)
        return Desk(portal_chat, owner, name, mine=owner == user_id)

    def take(self, portal: Portal, user_id: int, chat: Chat) -> Desk:
        """Make the rep the operator of the chat. Four outside calls at most. Raises
        Refused(NOT_ALLOWED) where Bitrix24 said yes and it is not so."""
        portal_chat = self._require(chat)
        self._calls.join(portal, user_id, portal_chat)
        owner = self._calls.owner(portal, user_id, portal_chat)
        if not owner:
            owner = self._calls.answer(portal, user_id, portal_chat)
        elif owner != user_id:
            owner = self._calls.take_over(portal, user_id, portal_chat)
        if owner != user_id:
            raise Refused(ErrorCode.NOT_ALLOWED, 409, "open line: not taken over")
        return self.look(portal, user_id, chat)

    def hand_over(self, portal: Portal, user_id: int, chat: Chat, to: int) -> Desk:
        """Make another employee the operator. Three outside calls. Raises Refused(NOT_ALLOWED)
        where Bitrix24 said yes and the chat is this user's still."""
        if self._calls.hand_over(portal, user_id, self._require(chat), to) not in (0, to):
            raise Refused(ErrorCode.NOT_ALLOWED, 409, "open line: not handed over")
        return self.look(portal, user_id, chat)

    def finish(self, portal: Portal, user_id: int, chat: Chat) -> Desk:
        """End the conversation there; the client's next message opens the same chat again. Two
        outside calls. Raises Refused."""
        self._calls.finish(portal, user_id, self._require(chat))
        return self.look(portal, user_id, chat)

    def join(self, portal: Portal, user_id: int, chat: Chat) -> Desk:
        """Let the rep into the chat, so that the messenger opens it for them. Two outside calls.
        Raises Refused."""
        self._calls.join(portal, user_id, self._require(chat))
        return self.look(portal, user_id, chat)

    def _portal_chat(self, chat: Chat) -> int:
        mirror = self._mirrors.of_chat(chat.portal_id, chat.id)
        return mirror.portal_chat if mirror else 0

    def _require(self, chat: Chat) -> int:
        portal_chat = self._portal_chat(chat)
        if not portal_chat:
            raise Refused(ErrorCode.NOT_ALLOWED, 409, "open line: no chat yet")
        return portal_chat

    def _remember(self, chat: Chat, owner: int) -> None:
        mirror = self._mirrors.of_chat(chat.portal_id, chat.id)
        if mirror:
            self._owners.on_operator(mirror, owner)
