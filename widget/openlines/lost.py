"""Read open lines for what no event told. Bitrix24 sends an event once: if the service was not
reachable, it is lost.

What stands in a chat is the truth, and an event only the quickest way to hear of it. A chat is read
some minutes after something happened in it, and then ever more rarely (storage/mirrors.py,
LOOK_AFTER). Only a message that the messenger itself shows as being sent goes out, so a note among
colleagues never does.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from widget.errors import Refused
from widget.openlines.calls import MessageThere, OpenLineCalls
from widget.openlines.connector_events import OperatorMessage, words_json
from widget.openlines.markup import mark_of
from widget.openlines.mirroring import changed_key, place_of
from widget.openlines.owners import LineOwners
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line, Lines
from widget.storage.mirrors import ORIGINALS, Mirror, Mirrors, New, Piece, PieceKind, State
from widget.storage.portals import Portal, Portals, PortalState
from widget.storage.sends import REPLY

log = logging.getLogger(__name__)

AT_ONCE = 20  # chats of one call: a history may be long
NO_ANSWER = 600.0  # seconds until a chat is read again that the portal did not tell of
TOO_LATE = 86_400.0  # seconds after which a lost reply is not sent any more: its writer is told instead
IN_FLIGHT = 60.0  # seconds in which its event may still be under way


@dataclass(frozen=True)
class LostEvents:
    mirrors: Mirrors
    portals: Portals
    lines: Lines
    calls: OpenLineCalls
    owners: LineOwners
    comparison: "Comparison"

    def go(self) -> None:
        """Read every chat that is due; once a minute. One query where none is, one call for 20
        chats of a portal. Never raises Refused."""
        due: dict[int, list[Mirror]] = {}
        for mirror in self.mirrors.to_look_at():
            due.setdefault(mirror.portal_id, []).append(mirror)
        for portal_id, mirrors in due.items():
            portal = self.portals.get(portal_id)
            for begin in range(0, len(mirrors), AT_ONCE):
                self._read(portal, mirrors[begin : begin + AT_ONCE])

    def _read(self, portal: Portal | None, mirrors: Sequence[Mirror]) -> None:
        """Nothing is read any more of what is not mirrored any more: the next message there begins
        anew."""
        read = {
            mirror.portal_chat: (mirror, line) for mirror in mirrors if portal and (line := self._line(portal, mirror))
        }
        for mirror in mirrors:
            if mirror.portal_chat not in read:
                self.mirrors.looked_at(mirror, again_in=0.0)
        try:
            found = self.calls.read(portal, list(read)) if portal and read else {}
        except Refused as error:
            log.warning("openline.not_read chats=%s error=%s", len(read), error.reason)
            found = dict.fromkeys(read)
        for portal_chat, said in found.items():
            mirror, line = read[portal_chat]
            self.mirrors.looked_at(mirror, again_in=NO_ANSWER if said is None else None)
            if portal and said:
                self.owners.on_operator(mirror, said.owner)
                self.comparison.go(line, mirror, said.messages)

    def _line(self, portal: Portal, mirror: Mirror) -> Line | None:
        line = self.lines.get(portal.id, mirror.line_id) if portal.state is PortalState.ACTIVE else None
        return line if line and line.mirrored else None


@dataclass(frozen=True)
class Comparison:
    """Of what stands in the portal with what is written down here."""

    mirrors: Mirrors
    chats: Chats
    wake: Callable[[int], object]
    clock: Callable[[], float]

    def go(self, line: Line, mirror: Mirror, said: Sequence[MessageThere]) -> None:
        """Write down what employees said and no event told, and wake the work. At most five
        statements, no call."""
        chat = self.chats.get(mirror.portal_id, mirror.chat_id)
        theirs = [one for one in said if one.user_id not in (0, mirror.client)]
        if chat is None or not theirs:
            return
        known: dict[int, list[Piece]] = {}
        for piece in self.mirrors.of_messages(mirror, [one.im_id for one in theirs]):
            known.setdefault(piece.im_id, []).append(piece)
        begins = max(line.mirrored_since, self.clock() - 2 * TOO_LATE)
        found = [new for one in theirs if one.at >= begins for new in self._lost(chat, one, known.get(one.im_id, []))]
        if found:
            log.warning("openline.lost_events mirror=%s pieces=%s", mirror.id, len(found))
            self.wake(self.mirrors.put(chat, *found))

    def _lost(self, chat: Chat, said: MessageThere, known: Sequence[Piece]) -> list[New]:
        """What is to be done about an employee's message, as if its event had come."""
        original = next((piece for piece in known if piece.what in ORIGINALS), None)
        age = self.clock() - said.at
        if original is None:
            if known or not said.sending or said.outside or said.deleted or age < IN_FLIGHT:
                return []
            if age > TOO_LATE:
                return [New(f"failed:{REPLY}{said.im_id}", PieceKind.NOTE, im_id=said.im_id, words="late")]
            return [self._piece(chat, said, PieceKind.OPERATOR, f"{PieceKind.OPERATOR.value}:{said.im_id}")]
        if original.state is not State.DONE or not original.message_id:
            return []
        if said.deleted:
            if any(piece.what is PieceKind.RECALLED for piece in known):
                return []
            return [self._piece(chat, said, PieceKind.RECALLED, f"{PieceKind.RECALLED.value}:{said.im_id}")]
        changes, mark = [piece for piece in known if piece.what is PieceKind.CHANGED], mark_of(said.text)
        if not said.edited or mark == original.mark or any(_settles(piece, mark) for piece in changes):
            return []
        return [self._piece(chat, said, PieceKind.CHANGED, changed_key(said.im_id, str(len(changes)), mark))]

    def _piece(self, chat: Chat, said: MessageThere, kind: PieceKind, key: str) -> New:
        message = OperatorMessage(place_of(chat), 0, said.im_id, said.user_id, said.text, said.files, said.outside)
        words = words_json(message)
        return New(key, kind, next(iter(said.outside), ""), said.user_id, said.im_id, words)


def _settles(change: Piece, mark: str) -> bool:
    """It will read the text by itself, or WhatsApp has refused this text already."""
    refused = change.state is State.FAILED and change.key.endswith(mark)
    return refused or change.state in (State.WAITING, State.ASKED)
