"""What is to be mirrored, written down in the transaction of what caused it. No outside call, ever.

Each piece has a key that follows from the message, so that a webhook that comes twice, or is worked
on twice, is one.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from widget.bitrix24.events import Event
from widget.chats.message_facts import MessageFacts
from widget.chats.sending import Draft
from widget.gateways.base import EventKind, GatewayEvent
from widget.openlines import connector_events as events
from widget.openlines.markup import mark_of
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line, Lines, Mirroring
from widget.storage.mirrors import Mirror, Mirrors, New, PieceKind
from widget.storage.portals import Portal
from widget.storage.sends import REPLY, Send, SendState

log = logging.getLogger(__name__)

SETTLING = 60.0  # seconds in which a send from a card has its answer, or its process died


def changed_key(im_id: int, unique: str, mark: str) -> str:
    """Of one change of an employee's text, with a hash of what it became."""
    return f"{PieceKind.CHANGED.value}:{im_id}:{unique}:{mark}"


def place_of(chat: Chat) -> str:
    """Our name of a chat and of its client in Bitrix24: the same for ever, and of one line."""
    return f"{chat.line_id}-{chat.id}"


class OpenLineMirror:
    """The side of open lines that chats, webhooks and events know."""

    def __init__(
        self,
        mirrors: Mirrors,
        lines: Lines,
        chats: Chats,
        connector: str,
        *,
        wake: Callable[[int], object],
        clock: Callable[[], float],
    ) -> None:
        self._mirrors = mirrors
        self._lines = lines
        self._chats = chats
        self._connector = connector
        self._clock = clock
        self.wake = wake

    def on_event(self, line: Line, chat: Chat, event: GatewayEvent, facts: MessageFacts, sends: Sequence[Send]) -> int:
        """A webhook told of a message in this chat. The mirror to wake after the transaction, 0 for
        none."""
        if not line.mirrored:
            return 0
        pieces = [*self._of_message(line, event, facts, sends), *_failures(sends)]
        return self._mirrors.put(chat, *pieces) if pieces else 0

    def begins(self, draft: Draft, send: Send) -> None:
        """A send from a card was written down. It is mirrored when its end is known, as the
        system's where its writer typed the number: they are not made operator of what colleagues
        write."""
        if draft.line.mirrors_ours and not send.send_key.startswith(REPLY):
            due = self._clock() + SETTLING
            writer = 0 if draft.typed else send.user_id
            piece = New(f"card:{send.send_key}", PieceKind.CARD, send.message_id, writer, due_at=due)
            self._mirrors.put(draft.chat, piece)

    def ended(self, draft: Draft, send: Send) -> None:
        """The gateway answered."""
        if draft.line.mirrors_ours and not send.send_key.startswith(REPLY):
            try:
                mirror_id = self._mirrors.hasten(draft.chat, f"card:{send.send_key}")
            except SQLAlchemyError as error:  # the message may be out: the clock finds its piece
                log.error("mirror.not_written line=%s send=%s error=%s", draft.line.id, send.id, type(error).__name__)
                return
            if mirror_id:
                self.wake(mirror_id)

    def changed(self, line: Line, chat: Chat, message_id: str) -> None:
        """A message of ours was changed in a card, or taken back there."""
        if line.mirrors_ours:
            piece = New(f"{PieceKind.OURS.value}:{message_id}:{secrets.token_hex(8)}", PieceKind.OURS, message_id)
            self._mirrors.wake_after(self._mirrors.put(chat, piece), self.wake)

    def owned(self, line: Line, chat: Chat, user_id: int, by: int) -> None:
        """An employee answers the chat from now on, because `by` said so."""
        mirror = self._mirrors.of_chat(chat.portal_id, chat.id) if line.mirrored and user_id else None
        if mirror and mirror.portal_chat:
            piece = New(f"owner:{secrets.token_hex(8)}", PieceKind.OWNER, user_id=user_id, words=str(by))
            self.wake(self._mirrors.put(chat, piece))

    def on_portal_event(self, portal: Portal, event: Event) -> bool:
        """An event of the portal that was proved: written down, and worked on later. False for one
        of another kind."""
        if event.name == events.LINE_GONE:
            self._stop(portal, int(event.number))
        elif event.name == events.UNPLUGGED and events.is_ours(event.data, self._connector):
            self._stop(portal, events.line_of(event.data))
        elif event.name in events.MESSAGES and events.is_ours(event.data, self._connector):
            for message in events.messages_of(event.data):
                self._operator_did(portal, event.name, message)
        elif event.name in (events.BEGAN, events.ENDED) and events.is_ours(event.data, self._connector):
            for place, client in events.dialogs_of(event.data):
                self._dialog(portal, place, client, ended=event.name == events.ENDED)
        return event.name in events.ALL

    def removed(self, portal_id: int) -> None:
        """Stop mirroring in a portal that removed the application, and with it the connector."""
        for line in self._lines.all_of(portal_id):
            if line.mirroring is not Mirroring.OFF:
                self._lines.set_mirroring(portal_id, line.id, Mirroring.OFF, open_line=0)
                self._mirrors.drop_waiting(portal_id, line.id)
                self._mirrors.forget_places(portal_id, line.id)

    def _of_message(self, line: Line, event: GatewayEvent, facts: MessageFacts, sends: Sequence[Send]) -> list[New]:
        message_id, ours = event.message_id, facts.from_me
        if facts.message and facts.message.at < int(line.mirrored_since):
            return []
        match event.kind:
            case EventKind.MESSAGE if facts.message and not ours:
                return [New(f"in:{message_id}", PieceKind.CLIENT, message_id)]
            case EventKind.MESSAGE if facts.message and not sends and line.mirrors_ours:
                # Perhaps it is one of ours whose gateway gave it another id: that is known when the
                # send has its end.
                return [New(f"phone:{message_id}", PieceKind.PHONE, message_id)]
            case EventKind.EDITED if not ours:
                return [New(f"edit:{message_id}:{_mark(event)}", PieceKind.EDIT, message_id)]
            case EventKind.EDITED | EventKind.DELETED if ours and line.mirrors_ours:
                return [New(f"{PieceKind.OURS.value}:{message_id}:{_mark(event)}", PieceKind.OURS, message_id)]
            case EventKind.DELETED if not ours:
                return [New(f"delete:{message_id}", PieceKind.DELETE, message_id)]
            case EventKind.REACTION if not event.from_me:
                return [New(f"reaction:{message_id}:{_mark(event)}", PieceKind.REACTION, message_id, words=event.text)]
        return []

    def _operator_did(self, portal: Portal, name: str, message: events.OperatorMessage) -> None:
        chat = self._chat(portal, message.place)
        if chat is None:
            log.warning("openline.unknown_chat portal=%s", portal.id)
            return
        words, im_id, user_id = events.words_json(message), message.im_id, message.user_id
        kinds = {
            events.WROTE: PieceKind.OPERATOR,
            events.CHANGED: PieceKind.CHANGED,
            events.RECALLED: PieceKind.RECALLED,
        }
        key = f"{kinds[name].value}:{im_id}"
        if name == events.CHANGED:  # each one: a text may be changed back, and what is so already is not done again
            key = changed_key(im_id, secrets.token_hex(8), mark_of(message.text))
        piece = New(key, kinds[name], next(iter(message.outside), ""), user_id, im_id, words)
        self.wake(self._mirrors.put(chat, piece))

    def _dialog(self, portal: Portal, place: str, client: int, *, ended: bool) -> None:
        chat = self._chat(portal, place)
        mirror = self._mirrors.of_chat(portal.id, chat.id) if chat and place == place_of(chat) else None
        if mirror:
            learnt: dict[str, float] = {"operator": 0, "finished_at": self._clock()} if ended else {}
            self._learn(mirror, {**learnt, **({"client": client} if client and not mirror.client else {})})

    def _learn(self, mirror: Mirror, known: dict[str, float]) -> None:
        if known:
            self._mirrors.learn(mirror, **known)

    def _chat(self, portal: Portal, place: str) -> Chat | None:
        """The chat that we gave this name, if it is of this portal; where it has become one with
        another, that one: an operator may still write in the room of the first."""
        line_id, _, chat_id = place.partition("-")
        if not (line_id.isascii() and line_id.isdigit() and chat_id.isascii() and chat_id.isdigit()):
            return None
        chat = self._chats.resolved(portal.id, int(chat_id[:18]))
        return chat if chat and chat.line_id == int(line_id[:18]) else None

    def _stop(self, portal: Portal, open_line: int) -> None:
        """Bitrix24 takes no messages there any more. What waits stays, for the case that it was a
        mistake."""
        for line in self._lines.all_of(portal.id):
            if open_line and line.open_line == open_line and line.mirroring is not Mirroring.OFF:
                log.warning("openline.switched_off portal=%s line=%s", portal.id, line.id)
                self._lines.set_mirroring(portal.id, line.id, Mirroring.STOPPED, open_line=open_line)


def _failures(sends: Sequence[Send]) -> list[New]:
    """WhatsApp refused later what a gateway had taken."""
    failed = [send for send in sends if send.state is SendState.FAILED]
    return [New(f"failed:{send.send_key}", PieceKind.NOTE, words=send.reason or "failed") for send in failed]


def _mark(event: GatewayEvent) -> str:
    """Of one change of a message among several."""
    return hashlib.sha256(f"{event.at}:{event.text}".encode("utf-8", "replace")).hexdigest()[:16]
