"""Write in a chat: a text or a file, once.

A send is written down before the gateway is asked, the gateway is asked once, and whatever is unclear afterwards is
«unknown» until somebody's history tells. Nothing here is ever sent a second time by itself.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from widget.chats.files import accepted, label_of
from widget.chats.history import Histories
from widget.chats.told import Named
from widget.errors import Refusal, Refused
from widget.gateways.base import File, Gateway, LineState, LineStatus, SendResult, Sent
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line
from widget.storage.sends import Send, Sends, SendState

log = logging.getLogger(__name__)

LONGEST_TEXT = 4096  # WhatsApp's own limit for a text
LONGEST_CAPTION = 1024
LONGEST_NAME = 80
UNLINKED = frozenset({LineState.SCAN_QR, LineState.BANNED})  # nothing can go out until a person does something
DOWN = frozenset({*UNLINKED, LineState.OFFLINE})


class Post(Protocol):
    """The one call that sends."""

    def __call__(self, gateway: Gateway, chat_id: str, message_id: str) -> SendResult: ...


class SendListener(Protocol):
    """Whoever wants to know how a send ended, under which message id. Must not raise: the message may be out."""

    def __call__(self, line: Line, phone: str, user_id: int, result: SendResult) -> object: ...


def nobody(line: Line, phone: str, user_id: int, result: SendResult) -> None:
    """Nobody wants to know."""


class Allowance(Protocol):
    """What a line may send. Both `reserve` and `reserve_check`, for what costs a check and is not a message, raise
    Refused; `settle` is told how it ended, None for what was not tried."""

    def reserve(self, line: Line, *, first: bool) -> Any: ...

    def reserve_check(self, line: Line) -> Any: ...

    def settle(self, reservation: Any, result: SendResult | None) -> None: ...


class Unlimited:
    """Where nothing is counted."""

    def reserve(self, line: Line, *, first: bool) -> None:
        return None

    def reserve_check(self, line: Line) -> None:
        return None

    def settle(self, reservation: None, result: SendResult | None) -> None:
        return None


class Sending:
    def __init__(
        self,
        gateways: Gateways,
        chats: Chats,
        sends: Sends,
        histories: Histories,
        clock: Callable[[], float],
        sent: SendListener = nobody,
        allowance: Allowance | None = None,
    ) -> None:
        self._gateways = gateways
        self._chats = chats
        self._sends = sends
        self._histories = histories
        self._clock = clock
        self._sent = sent
        self._allowance = allowance or Unlimited()

    def send(
        self,
        line: Line,
        chat: Chat,
        text: str,
        *,
        send_key: str,
        user_id: int,
        name: str = "",
        reply_to: Named | None = None,
    ) -> Send:
        """Send a text once. The same key gives the same message back, whatever happened to the first request.

        The text goes out under `name` if one is given. One outside call for a new key, none for a known one. Raises
        Refused, also for a key used for something else.
        """
        typed = typed_text(text)
        text = signature(name) + typed
        if not typed or len(text) > LONGEST_TEXT:
            raise Refused(Refusal.BAD_FORM, 422, "text length")
        ref = self._ref(line, reply_to)
        return self._once(
            line,
            chat,
            text,
            lambda gateway, chat_id, message_id: gateway.send_text(chat_id, text, message_id=message_id, reply_to=ref),
            same=lambda stored: _same(stored, typed),
            send_key=send_key,
            user_id=user_id,
        )

    def send_file(
        self,
        line: Line,
        chat: Chat,
        file: File,
        *,
        caption: str = "",
        send_key: str,
        user_id: int,
        name: str = "",
        reply_to: Named | None = None,
    ) -> Send:
        """Send a file once, by the rules of `send`. Its name and caption are kept, the file is not."""
        capabilities = self._gateways.of(line).capabilities
        if not capabilities.files:
            raise Refused(Refusal.UNSUPPORTED, 422, "files")
        file = accepted(file.name, file.mimetype, file.body, largest=capabilities.largest_file)
        typed = typed_text(caption)
        words = signature(name) + typed if typed else ""
        if len(words) > LONGEST_CAPTION:
            raise Refused(Refusal.BAD_FORM, 422, "caption length")
        ref = self._ref(line, reply_to)
        label = label_of(file.name, words)
        return self._once(
            line,
            chat,
            label,
            lambda gateway, chat_id, message_id: gateway.send_file(
                chat_id, file, message_id=message_id, caption=words, reply_to=ref
            ),
            same=lambda stored: stored in ("", label) or stored.partition("\n")[0] == label.partition("\n")[0],
            send_key=send_key,
            user_id=user_id,
        )

    def _once(
        self,
        line: Line,
        chat: Chat,
        text: str,
        post: Post,
        *,
        same: Callable[[str], bool],
        send_key: str,
        user_id: int,
    ) -> Send:
        """The row first, then the gateway, once."""
        known = self._sends.by_key(chat.portal_id, send_key)
        reserved = None
        if known is None:
            self._refuse_in_vain(line, chat)
            reserved = self._allowance.reserve(line, first=_is_first(chat))
        send, new = self._sends.begin(
            chat.portal_id,
            chat.id,
            send_key=send_key,
            user_id=user_id,
            text=text,
            message_id=message_id_of(chat.portal_id, send_key),
        )
        if not new:
            if reserved is not None:  # another press of the same key was quicker
                self._allowance.settle(reserved, None)
            if send.chat_id != chat.id or send.user_id != user_id or not same(send.text):
                raise Refused(Refusal.BAD_FORM, 409, "send key was used for another message")
            return send
        result = post(self._gateways.of(line), self._histories.ids(line, chat)[0], send.message_id)
        log.info("send line=%s send=%s %s %s", line.id, send.id, result.outcome.value, result.trouble)
        if result.outcome is not Sent.REFUSED:
            self._chats.learn(chat.portal_id, chat.line_id, chat.phone, proved=False, last_at=self._clock())
        settled = self._sends.settle(
            send,
            _STATE_OF[result.outcome],
            reason=result.trouble.value if result.trouble else "",
            message_id=result.message_id,
        )
        self._sent(line, chat.phone, user_id, replace(result, message_id=settled.message_id))
        if reserved is not None:
            self._allowance.settle(reserved, result)
        return self._histories.settle_told(line, chat, settled)

    def _refuse_in_vain(self, line: Line, chat: Chat) -> None:
        """What WhatsApp would punish or nobody would expect, before any gateway hears of it.

        A restricted account that starts new chats is restricted longer. A gateway that queues would keep a message
        for a line that is down, and send it whenever the line comes back, which may be the next day. No call: what is
        known of the line decides.
        """
        new_chat = _is_first(chat)
        queues = self._gateways.of(line).capabilities.queues_sends
        if not new_chat and not queues:
            return
        status = self._gateways.known(line)
        if not isinstance(status, LineStatus):
            return  # the send itself will say what is wrong
        if new_chat and status.state in (LineState.RESTRICTED, LineState.BANNED):
            raise Refused(Refusal.LINE_RESTRICTED, 409, status.state.value, until=status.until)
        if queues and status.state in DOWN:
            raise Refused(Refusal.LINE_DOWN, 409, status.state.value)

    def _ref(self, line: Line, reply_to: Named | None) -> str:
        if reply_to is None:
            return ""
        if not self._gateways.of(line).capabilities.reply:
            raise Refused(Refusal.UNSUPPORTED, 422, "reply")
        return reply_to.ref


def _is_first(chat: Chat) -> bool:
    """Whether the line is not known to have talked with this number."""
    return not chat.proved and not chat.last_at


_STATE_OF = {
    Sent.SENT: SendState.SENT,
    Sent.QUEUED: SendState.QUEUED,
    Sent.REFUSED: SendState.FAILED,
    Sent.UNKNOWN: SendState.UNKNOWN,
}


def signature(name: str) -> str:
    """How a message begins that carries its writer's name; the stars are WhatsApp's bold."""
    plain = " ".join(name.replace("*", "").split())[:LONGEST_NAME]
    return f"*{plain}:*\n" if plain else ""


def typed_text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _same(stored: str, typed: str) -> bool:
    """The same message, if the name was switched on or off between two tries too. "" is a text that was wiped."""
    return stored in ("", typed) or (stored.startswith("*") and stored.partition(":*\n")[2] == typed)


def message_id_of(portal_id: int, send_key: str) -> str:
    """Our message's id at WhatsApp, made from the key: known before the call, so that a send whose answer was lost
    can be looked up. Form: the web client's, 3EB0 and 18 hex digits (WhiskeySockets/Baileys, generateMessageIDV2)."""
    return "3EB0" + hashlib.sha256(f"{portal_id}:{send_key}".encode()).hexdigest()[:18].upper()
