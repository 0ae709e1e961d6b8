"""Write in a chat: a text or a file, once.

A send is written down before the gateway is asked, the gateway is asked once, and what is unclear
afterwards is «unknown» until a history tells. Nothing here is ever sent a second time by itself.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from widget.chats.cards import label_of_card, label_of_location
from widget.chats.files import accepted, is_voice_label, label_of, voice_label
from widget.chats.lookups import LookUps
from widget.chats.message_facts import Named
from widget.chats.waiting import Waiting
from widget.errors import ErrorCode, Refused
from widget.gateways.base import (
    ContactCard,
    File,
    Gateway,
    LineState,
    LineStatus,
    Location,
    SendResult,
    Sent,
)
from widget.gateways.content import VOICE
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.counted import Went
from widget.storage.database import RowRefused
from widget.storage.lines import Line
from widget.storage.sends import Send, SendState
from widget.variables import unfilled
from widget.voice.notes import VoiceNote, can_convert, voice_note

log = logging.getLogger(__name__)

MAX_TEXT = 4096  # WhatsApp's own limit for a text
MAX_CAPTION = 1024
MAX_NAME = 80
VOICE_NAME = "voice.ogg"  # there are gateways that go by the ending
UNLINKED = frozenset({LineState.SCAN_QR, LineState.BANNED})  # nothing can go out until a person does something
DOWN = frozenset({*UNLINKED, LineState.OFFLINE})


@dataclass(frozen=True)
class Draft:
    """A message that a user is about to send: where, under which key, and what that key has sent
    already. It goes out under `name` if one is given, perhaps as an answer; `author` is what
    colleagues read. A chat without an owner gets `owner_id`: None is the writer, 0 none. `typed`: a
    typed number is all that brought the writer to the chat."""

    line: Line
    chat: Chat
    send_key: str
    user_id: int
    name: str = ""
    reply_to: Named | None = None
    known: Send | None = None
    owner_id: int | None = None
    author: str = ""
    typed: bool = False


class Post(Protocol):
    """The one call that sends."""

    def __call__(self, gateway: Gateway, chat_id: str, message_id: str) -> SendResult: ...


class Feedback(Protocol):
    """Learns from sends. Must not raise: the message may be out."""

    def on_send(self, line: Line, phone: str, user_id: int, result: SendResult) -> object:
        """How a send ended, under which message id."""


class Deaf:
    """A feedback that learns nothing."""

    def on_send(self, line: Line, phone: str, user_id: int, result: SendResult) -> None: ...


class Allowance(Protocol):
    """What a line may send. Both `reserve` and `reserve_check`, for what costs a check and is not a
    message, raise Refused; `settle` is told how it ended, None for what was not tried."""

    def reserve(self, line: Line, *, first: bool) -> Any: ...

    def reserve_check(self, line: Line) -> Any: ...

    def settle(self, reservation: Any, result: SendResult | None) -> None: ...


class Unlimited:
    """An allowance that counts nothing and refuses nothing."""

    def reserve(self, line: Line, *, first: bool) -> None:
        return None

    def reserve_check(self, line: Line) -> None:
        return None

    def settle(self, reservation: None, result: SendResult | None) -> None:
        return None


class Onlooker(Protocol):
    """Is told of sends. `begins` is called in the transaction of a new send's row, `ended` when its
    gateway has answered, `changed` in the transaction that keeps what a message of ours became, or
    that it was taken back; none may make an outside call."""

    def begins(self, draft: Draft, send: Send) -> object: ...

    def ended(self, draft: Draft, send: Send) -> object: ...

    def changed(self, line: Line, chat: Chat, message_id: str) -> object: ...


class Alone:
    """An onlooker that does nothing."""

    def begins(self, draft: Draft, send: Send) -> None: ...

    def ended(self, draft: Draft, send: Send) -> None: ...

    def changed(self, line: Line, chat: Chat, message_id: str) -> None: ...


class Sending:
    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        look_ups: LookUps,
        clock: Callable[[], float],
        feedback: Feedback,
        allowance: Allowance,
        onlooker: Onlooker,
    ) -> None:
        self._gateways = gateways
        self._conversations = conversations
        self._sends = conversations.sends
        self._waiting = Waiting(conversations)
        self._look_ups = look_ups
        self._clock = clock
        self._feedback = feedback
        self._allowance = allowance
        self._onlooker = onlooker

    def send(self, draft: Draft, text: str) -> Send:
        """Send a text once. The same key gives the same message back, also after the first request
        broke off.

        One outside call for a new key, none for a known one. Five statements in two transactions.
        Raises Refused, also for a key used for something else.
        """
        typed = typed_text(text)
        text = signature(draft.name) + typed
        if not typed or len(text) > MAX_TEXT:
            raise Refused(ErrorCode.BAD_FORM, reason="text length")
        refuse_unfilled(typed)
        ref = self._ref(draft)
        # Never with a first message: a stranger who gets a link with a picture takes it for spam.
        preview = draft.line.link_previews and not _is_first(draft.chat)
        return self._once(
            draft,
            text,
            lambda gateway, chat_id, message_id: gateway.send_text(
                chat_id, text, message_id=message_id, reply_to=ref, preview=preview
            ),
            same=lambda stored: _same(stored, typed),
        )

    def send_file(self, draft: Draft, file: File, *, caption: str = "") -> Send:
        """Send a file once, by the rules of `send`. Its name and caption are kept, the file is not.

        Raises Refused: UNSUPPORTED, BAD_FORM, and what `send` raises.
        """
        self._refuse_without(draft.line, "files")
        largest = self._gateways.of(draft.line).capabilities.largest_file
        file = accepted(file.name, file.mimetype, file.body, largest=largest)
        typed = typed_text(caption)
        words = signature(draft.name) + typed if typed else ""
        if len(words) > MAX_CAPTION:
            raise Refused(ErrorCode.BAD_FORM, reason="caption length")
        refuse_unfilled(words)
        ref = self._ref(draft)
        label = label_of(file.name, words)
        return self._once(
            draft,
            label,
            lambda gateway, chat_id, message_id: gateway.send_file(
                chat_id, file, message_id=message_id, caption=words, reply_to=ref
            ),
            same=lambda stored: stored in ("", label) or stored.partition("\n")[0] == label.partition("\n")[0],
        )

    def send_voice(self, draft: Draft, recording: bytes) -> Send:
        """Send a browser's recording once, by the rules of `send`, as a voice message. Its length
        is kept.

        Raises Refused: UNSUPPORTED, VOICE_UNREADABLE, VOICE_TOO_LONG, CROWDED, and what `send`
        raises.
        """
        self._refuse_without(draft.line, "files")
        if not can_convert():
            raise Refused(ErrorCode.UNSUPPORTED, reason="voice")
        note = VoiceNote(b"", 0) if draft.known else voice_note(recording)  # what went out is not made again
        file, ref = File(VOICE, VOICE_NAME, note.body), self._ref(draft)
        return self._once(
            draft,
            voice_label(note.seconds),
            lambda gateway, chat_id, message_id: gateway.send_file(chat_id, file, message_id=message_id, reply_to=ref),
            same=lambda stored: not stored or is_voice_label(stored),
        )

    def send_location(self, draft: Draft, location: Location) -> Send:
        """Send a place once, by the rules of `send`. Raises Refused: UNSUPPORTED, and what `send`
        raises."""
        self._refuse_without(draft.line, "location")
        refuse_unfilled(location.name)
        ref = self._ref(draft)
        return self._once_labelled(
            draft,
            label_of_location(location),
            lambda gateway, chat_id, _id: gateway.send_location(chat_id, location, reply_to=ref),
        )

    def send_contact(self, draft: Draft, card: ContactCard) -> Send:
        """The same for a contact card."""
        self._refuse_without(draft.line, "contact")
        refuse_unfilled(f"{card.name} {card.company}")
        ref = self._ref(draft)
        return self._once_labelled(
            draft,
            label_of_card(card),
            lambda gateway, chat_id, _id: gateway.send_contact(chat_id, card, reply_to=ref),
        )

    def _once_labelled(self, draft: Draft, label: str, post: Post) -> Send:
        """What its label tells completely: the same label is the same message, and "" is one that
        was wiped."""
        return self._once(draft, label, post, same=lambda stored: stored in ("", label))

    def _refuse_without(self, line: Line, capability: str) -> None:
        if not getattr(self._gateways.of(line).capabilities, capability):
            raise Refused(ErrorCode.UNSUPPORTED, reason=capability)

    def _once(self, draft: Draft, text: str, post: Post, *, same: Callable[[str], bool]) -> Send:
        """The row first, then the gateway, once."""
        line, chat = draft.line, draft.chat
        reserved = None
        if draft.known is None:
            self._preflight(line, chat)
            reserved = self._allowance.reserve(line, first=_is_first(chat))
        send, new = self._begin(draft, text)
        if not new:
            if reserved is not None:  # another press of the same key was quicker
                self._allowance.settle(reserved, None)
            if send.chat_id != chat.id or send.user_id != draft.user_id or not same(send.text):
                raise Refused(ErrorCode.BAD_FORM, 409, "send key was used for another message")
            return send
        result = post(self._gateways.of(line), self._look_ups.ids(line, chat)[0], send.message_id)
        log.info("send.done line=%s send=%s outcome=%s error=%s", line.id, send.id, result.outcome.value, result.error)
        settled = self._keep(draft, send, result)
        self._feedback.on_send(line, chat.phone, draft.user_id, replace(result, message_id=settled.message_id))
        if reserved is not None:
            self._allowance.settle(reserved, result)
        self._onlooker.ended(draft, settled)
        if settled.message_id == send.message_id:  # webhooks found the row under it
            return settled
        return self._look_ups.settle_by_facts(line, chat, settled)

    def _begin(self, draft: Draft, text: str) -> tuple[Send, bool]:
        if draft.known:
            return draft.known, False
        portal_id = draft.chat.portal_id
        with self._conversations.transaction():
            send, new = self._sends.begin(
                portal_id,
                draft.chat.id,
                send_key=draft.send_key,
                user_id=draft.user_id,
                user_name=draft.author,
                typed=draft.typed,
                text=text,
                message_id=message_id_of(portal_id, draft.send_key),
            )
            if new:
                self._onlooker.begins(draft, send)
        return send, new

    def _keep(self, draft: Draft, send: Send, result: SendResult) -> Send:
        """What became of the send, with what it means for its chat and the line's counters, in one
        transaction. Never raises: the message may be out, and where nothing can be stored its
        bubble says what is true."""
        reason = result.error.value if result.error else ""
        outcome = (send, _STATE_OF[result.outcome])
        try:
            with self._conversations.transaction():
                chat, went = draft.chat, result.outcome in (Sent.SENT, Sent.QUEUED)
                if result.outcome is not Sent.REFUSED:
                    owner = draft.user_id if draft.owner_id is None else draft.owner_id
                    wrote = self._conversations.chats.wrote
                    chat = wrote(chat, self._clock(), answers=went, owner_id=owner, typed=draft.typed)
                settled = self._sends.advance(*outcome, reason=reason, message_id=result.message_id, how="answer")
                self._count(draft.line, settled, result)
            if chat.waiting_since and went:  # the client wrote while it was on its way
                self._waiting.recount(chat)
            return settled
        except (SQLAlchemyError, RowRefused) as error:
            log.error("send.not_counted line=%s send=%s error=%s", draft.line.id, send.id, type(error).__name__)
        return self._sends.settle(*outcome, reason=reason, message_id=result.message_id)

    def _count(self, line: Line, settled: Send, result: SendResult) -> None:
        went = _WENT.get(result.outcome)
        if went:
            noted = self._conversations.counted.note
            noted(line.portal_id, line.id, settled.message_id, went, at=self._clock())

    def _preflight(self, line: Line, chat: Chat) -> None:
        """Refuse, before any outside call, a new chat on a restricted line and what would wait in a
        gateway's queue.

        A restricted account that starts new chats is restricted longer. A gateway that queues would
        keep a message for a line that is down, and send it whenever the line comes back, which may
        be the next day. No call: what is known of the line decides.
        """
        new_chat = _is_first(chat)
        queues = self._gateways.of(line).capabilities.queues_sends
        if not new_chat and not queues:
            return
        status = self._gateways.known(line)
        if not isinstance(status, LineStatus):
            return  # the send itself will say what is wrong
        if new_chat and status.state in (LineState.RESTRICTED, LineState.BANNED):
            raise Refused(ErrorCode.LINE_RESTRICTED, reason=status.state.value, until=status.until)
        if queues and status.state in DOWN:
            raise Refused(ErrorCode.LINE_DOWN, reason=status.state.value)

    def _ref(self, draft: Draft) -> str:
        if draft.reply_to is None:
            return ""
        if not self._gateways.of(draft.line).capabilities.reply:
            raise Refused(ErrorCode.UNSUPPORTED, reason="reply")
        return draft.reply_to.ref


def _is_first(chat: Chat) -> bool:
    """Whether the line is not known to have talked with this number."""
    return not chat.proved and not chat.last_at


# An echo of what was refused may have been there first. What is unclear is counted when something
# tells of it.
_WENT = {Sent.SENT: Went.OUT, Sent.QUEUED: Went.OUT, Sent.REFUSED: Went.REFUSED}
_STATE_OF = {
    Sent.SENT: SendState.SENT,
    Sent.QUEUED: SendState.QUEUED,
    Sent.REFUSED: SendState.FAILED,
    Sent.UNKNOWN: SendState.UNKNOWN,
}


def signature(name: str) -> str:
    """How a message begins that carries its writer's name; the stars are WhatsApp's bold."""
    plain = " ".join(name.replace("*", "").split())[:MAX_NAME]
    return f"*{plain}:*\n" if plain else ""


def refuse_unfilled(text: str) -> None:
    """A text with a variable of a quick reply in it, or with half of one, never leaves. Raises
    Refused."""
    marks = unfilled(text)
    if marks:
        raise Refused(ErrorCode.UNFILLED, reason=f"{len(marks)} variables", about=", ".join(marks[:5]))


def typed_text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _same(stored: str, typed: str) -> bool:
    """The same message, if the name was switched on or off between two tries too. "" is a text that
    was wiped."""
    return stored in ("", typed) or (stored.startswith("*") and stored.partition(":*\n")[2] == typed)


def message_id_of(portal_id: int, send_key: str) -> str:
    """Our message's id at WhatsApp, made from the key: known before the call, so that a send whose
    answer was lost can be looked up. Form: the web client's, 3EB0 and 18 hex digits
    (WhiskeySockets/Baileys, generateMessageIDV2)."""
    return "3EB0" + hashlib.sha256(f"{portal_id}:{send_key}".encode()).hexdigest()[:18].upper()
