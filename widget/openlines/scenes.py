"""What a piece to be mirrored is about: its portal, line and chat as they are now."""

from dataclasses import dataclass

from widget.errors import ErrorCode, Refused
from widget.openlines.calls import ChatPlace
from widget.openlines.mirroring import place_of
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines, Mirroring
from widget.storage.mirrors import Mirror, Mirrors
from widget.storage.portals import Portal, Portals


@dataclass(frozen=True)
class Scene:
    """What a piece is about: its portal, line and chat."""

    portal: Portal
    line: Line
    chat: Chat
    place: ChatPlace


class Scenes:
    def __init__(
        self, mirrors: Mirrors, portals: Portals, lines: Lines, conversations: Conversations, connector: str
    ) -> None:
        """`connector` is what ours is called at Bitrix24."""
        self._mirrors = mirrors
        self._portals = portals
        self._lines = lines
        self._conversations = conversations
        self._connector = connector

    def of(self, mirror: Mirror) -> Scene | None:
        """None where nothing is mirrored any more: what waits is dropped. A few queries, no call.
        Raises Refused where mirroring is only stopped."""
        portal = self._portals.get(mirror.portal_id)
        chat = self._conversations.chats.get(mirror.portal_id, mirror.chat_id)
        line = self._lines.get(mirror.portal_id, mirror.line_id)
        if line is None or not line.mirrored:  # perhaps it was switched on a moment ago, in another process
            line = self._lines.get(mirror.portal_id, mirror.line_id, refresh=True)
        if chat is None:  # it was joined with another one, and its mirror went with it
            return None
        if portal is None or line is None or not line.open_line:
            self._mirrors.drop_waiting(mirror.portal_id, mirror.line_id)
            return None
        portal.require_active()
        if line.mirroring is Mirroring.STOPPED:
            raise Refused(ErrorCode.LINE_OFF, reason="stopped")
        title = self._conversations.hidden.names([chat]).get(chat.id, "")
        place = ChatPlace(self._connector, line.open_line, place_of(chat), chat.phone, title)
        return Scene(portal, line, chat, place)
