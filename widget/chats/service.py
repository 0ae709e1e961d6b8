"""The chat of one line and one phone: open it, page through it, send.

A send is written down before the gateway is asked, the gateway is asked once, and whatever is unclear afterwards is
«unknown» until the gateway's own history tells. Nothing here is ever sent a second time by itself.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from widget.chats.bubbles import STATES, Bubble, bubble_of_send, merge
from widget.errors import Refusal, Refused
from widget.gateways.base import Depth, File, GatewayError, LineStatus, Message, Page, Sent, Trouble
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line
from widget.storage.sends import Send, Sends, SendState

log = logging.getLogger(__name__)

MESSAGES = 30  # of one page
LONGEST_TEXT = 4096  # WhatsApp's own limit for a text
LONGEST_NAME = 80
GIVEN_UP = 60.0  # a send without an answer for this long was left by a process that died
LOOKED_FOR = 86_400.0  # a send that no gateway knew for a day stays as unclear as it is
SAME_SEND = 120.0  # seconds within which an equal text from us is taken for the send whose answer was lost
MOST_LOOK_UPS = 3  # unclear sends that one poll asks the gateway about


class End(Enum):
    """What the top of a fully read history says."""

    START = "start"
    ON_PHONE = "on_phone"
    NOT_KEPT = "not_kept"


@dataclass(frozen=True)
class History:
    """Bubbles oldest first. `cursor` continues it upwards; at the end `end` says which end it is."""

    bubbles: list[Bubble]
    cursor: str | None
    end: End | None
    trouble: Trouble | None = None


class ChatService:
    def __init__(self, gateways: Gateways, chats: Chats, sends: Sends, clock: Callable[[], float]) -> None:
        self._gateways = gateways
        self._chats = chats
        self._sends = sends
        self._clock = clock

    def open(self, line: Line, phone: str, *, user_id: int, chat_id: str = "") -> tuple[Chat, bool]:
        """The chat of this line and phone, made if there is none; also says if it is new. No outside call."""
        known = [chat_id] if chat_id else []
        return self._chats.remember(line.portal_id, line.id, phone, chat_ids=known, user_id=user_id)

    def newest(self, line: Line, chat: Chat) -> History:
        """The last page with our own unsettled sends in it; settles what the gateway now knows.

        One outside call, at most three more for sends whose end is unclear. A gateway in trouble leaves our own
        sends and the trouble. Sends no read receipt.
        """
        try:
            page = self._gateways.of(line).history(self._ids(line, chat), None, MESSAGES)
        except GatewayError as error:
            sends = self._sends.recent(chat.portal_id, chat.id, 0.0)
            return History([bubble_of_send(send) for send in sends], None, None, error.trouble)
        sends = self._settle_known(page.messages, self._since(chat, page))
        sends = self._settle_unclear(line, chat, sends, page.messages)
        if page.messages:
            self._chats.remember(
                chat.portal_id,
                chat.line_id,
                chat.phone,
                proved=any(not m.from_me for m in page.messages),
                last_at=page.messages[0].at,
            )
        end = self._end(line) if page.cursor is None else None
        return History(merge(page.messages, sends), page.cursor, end)

    def older(self, line: Line, chat: Chat, cursor: str) -> History:
        """The page above. One outside call. Raises GatewayError."""
        page = self._gateways.of(line).history(self._ids(line, chat), cursor, MESSAGES)
        # Sends the gateway never showed belong between its messages. Those of newer pages come again here, so that
        # none falls into the gap between two pages; the browser knows them by their ids.
        sends = [send for send in self._since(chat, page) if send.state in NOT_AT_GATEWAY]
        return History(merge(page.messages, sends), page.cursor, self._end(line) if page.cursor is None else None)

    def send(self, line: Line, chat: Chat, text: str, *, send_key: str, user_id: int, name: str = "") -> Send:
        """Send a text once. The same key gives the same message back, whatever happened to the first request.

        The text goes out under `name` if one is given. One outside call for a new key, none for a known one. Raises
        Refused for a key used for something else.
        """
        typed = text.replace("\r\n", "\n").strip()
        text = signature(name) + typed
        if not typed or len(text) > LONGEST_TEXT:
            raise Refused(Refusal.BAD_FORM, 422, "text length")
        send, new = self._sends.begin(
            chat.portal_id,
            chat.id,
            send_key=send_key,
            user_id=user_id,
            text=text,
            message_id=message_id_of(chat.portal_id, send_key),
        )
        if not new:
            if send.chat_id != chat.id or send.user_id != user_id or not _same(send.text, typed):
                raise Refused(Refusal.BAD_FORM, 409, "send key was used for another message")
            return send
        result = self._gateways.of(line).send_text(self._ids(line, chat)[0], text, message_id=send.message_id)
        log.info("send line=%s send=%s %s %s", line.id, send.id, result.outcome.value, result.trouble)
        self._chats.remember(chat.portal_id, chat.line_id, chat.phone, last_at=self._clock())
        return self._sends.settle(
            send,
            _STATE_OF[result.outcome],
            reason=result.trouble.value if result.trouble else "",
            message_id=result.message_id,
        )

    def media(self, line: Line, chat: Chat, ref: str) -> File:
        """The file of a message, fetched through us. Two outside calls. Raises GatewayError."""
        return self._gateways.of(line).media(self._ids(line, chat)[0], ref)

    def _since(self, chat: Chat, page: Page) -> list[Send]:
        """The chat's sends since the page's oldest message; all of them when it is the last page."""
        oldest = page.messages[-1].at if page.messages and page.cursor else 0.0
        return self._sends.recent(chat.portal_id, chat.id, oldest)

    def _ids(self, line: Line, chat: Chat) -> Sequence[str]:
        return chat.chat_ids or (self._gateways.of(line).chat_id_of(chat.phone),)

    def _settle_known(self, messages: Sequence[Message], sends: Sequence[Send]) -> list[Send]:
        acks = {message.id: message.ack for message in messages if message.from_me}
        settled = []
        for send in sends:
            state = STATES.get(acks[send.message_id]) if send.message_id in acks else None
            settled.append(self._sends.settle(send, state) if state and state is not send.state else send)
        return settled

    def _settle_unclear(self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message]) -> list[Send]:
        """Find out what became of sends that ended without a clear answer: by our id where the gateway takes it,
        by text and time where it gives its own."""
        # Those looked at longest ago first: some stay unclear for ever, and the others must have their turn.
        waiting = sorted((send for send in sends if self._unclear(send)), key=lambda send: send.changed_at)
        unclear = waiting[:MOST_LOOK_UPS]
        if not unclear:
            return list(sends)
        ours = {send.message_id for send in sends}
        strangers = [message for message in messages if message.from_me and message.id not in ours]
        by_id = self._takes_our_ids(line)
        found = {
            send.id: self._look_up(line, chat, send) if by_id else self._recognise(send, strangers) for send in unclear
        }
        return [found.get(send.id, send) for send in sends]

    def _takes_our_ids(self, line: Line) -> bool:
        try:
            return self._gateways.status(line).own_message_ids
        except GatewayError:
            return True  # a look-up that finds nothing leaves the send unclear, which is true

    def _recognise(self, send: Send, strangers: list[Message]) -> Send:
        """Takes the message it finds out of the strangers: one message is one send."""
        for message in strangers:
            if send.text and message.text == send.text and abs(message.at - send.created_at) < SAME_SEND:
                strangers.remove(message)
                return self._sends.settle(send, STATES.get(message.ack, SendState.SENT), message_id=message.id)
        return self._sends.settle(send, SendState.UNKNOWN, reason=send.reason)

    def _unclear(self, send: Send) -> bool:
        now = self._clock()
        left = send.state is SendState.SENDING and now > send.changed_at + GIVEN_UP
        return (left or send.state is SendState.UNKNOWN) and now < send.created_at + LOOKED_FOR

    def _look_up(self, line: Line, chat: Chat, send: Send) -> Send:
        try:
            found = self._gateways.of(line).find_message(self._ids(line, chat)[0], send.message_id)
        except GatewayError as error:
            return self._sends.settle(send, SendState.UNKNOWN, reason=error.trouble.value)
        if found:
            return self._sends.settle(send, STATES.get(found.ack, SendState.SENT))
        return self._sends.settle(send, SendState.UNKNOWN, reason=Trouble.NO_SUCH_THING.value)

    def _end(self, line: Line) -> End:
        try:
            status: LineStatus = self._gateways.status(line)
        except GatewayError:
            return End.ON_PHONE  # the careful answer
        return {Depth.FULL: End.START, Depth.PARTIAL: End.ON_PHONE, Depth.NONE: End.NOT_KEPT}[status.depth]


NOT_AT_GATEWAY = frozenset({SendState.SENDING, SendState.QUEUED, SendState.FAILED, SendState.UNKNOWN})
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


def _same(stored: str, typed: str) -> bool:
    """The same message, if the name was switched on or off between two tries too. "" is a text that was wiped."""
    return stored in ("", typed) or (stored.startswith("*") and stored.partition(":*\n")[2] == typed)


def message_id_of(portal_id: int, send_key: str) -> str:
    """Our message's id at WhatsApp, made from the key: known before the call, so that a send whose answer was lost
    can be looked up. Form: the web client's, 3EB0 and 18 hex digits (WhiskeySockets/Baileys, generateMessageIDV2)."""
    return "3EB0" + hashlib.sha256(f"{portal_id}:{send_key}".encode()).hexdigest()[:18].upper()
