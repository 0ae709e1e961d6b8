"""The messages of a chat from all who know of them: the gateway's history, what webhooks told, and our own sends.

Reading settles: a send whose end was unclear learns it here. Nothing is ever sent again.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from mimetypes import guess_type

from cachetools import TTLCache

from widget.chats.bubbles import STATES, Bubble, merge
from widget.chats.files import label_of
from widget.chats.told import Told, completed, joined, read_told
from widget.gateways.base import Capabilities, Depth, GatewayError, LineStatus, Message, Page, Trouble
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line
from widget.storage.messages import MOST, Messages
from widget.storage.sends import Send, Sends, SendState

MESSAGES = 30  # of one page
GIVEN_UP = 60.0  # a send without an answer for this long was left by a process that died
LOOKED_FOR = 86_400.0  # a send that no gateway knew for a day stays as unclear as it is
SAME_SEND = 120.0  # seconds within which an equal text from us is taken for the send whose answer was lost
AROUND = 100  # messages of the page around the time of an unclear send
LOOKED_AROUND = 60.0  # seconds before the same send is looked for around its time again
QUEUE_SLACK = 600.0  # seconds that a gateway may drop from its queue late, and show what it sent
QUEUE_DROPPED = "queue_dropped"  # the reason of a send that a gateway's queue gave up
MOST_EMPTY = 4  # pages without a message that one request passes
CLOCKS_APART = 10.0  # seconds that the gateway's clock may be behind ours
MOST_UNCLEAR = 50  # unclear sends that stay in sight
MOST_LOOK_UPS = 3  # unclear sends that one poll asks the gateway about
LID = "@lid"
ALWAYS = float("inf")
WENT_OUT = frozenset({SendState.SENT, SendState.QUEUED})
UNCLEAR = frozenset({SendState.SENDING, SendState.UNKNOWN})
NOT_AT_GATEWAY = frozenset({SendState.SENDING, SendState.QUEUED, SendState.FAILED, SendState.UNKNOWN})


class End(Enum):
    """What the top of a fully read history says."""

    START = "start"
    ON_PHONE = "on_phone"
    NOT_KEPT = "not_kept"
    REMOVED = "removed"  # with its line: nobody can be asked any more


@dataclass(frozen=True)
class History:
    """Bubbles oldest first. `cursor` continues it upwards; at the end `end` says which end it is. `partial` where the
    gateway did not say what it has: then there is only what is stored here."""

    bubbles: list[Bubble]
    cursor: str | None
    end: End | None
    trouble: Trouble | None = None
    partial: bool = False


class Histories:
    def __init__(
        self, gateways: Gateways, chats: Chats, sends: Sends, messages: Messages, clock: Callable[[], float]
    ) -> None:
        self._gateways = gateways
        self._chats = chats
        self._sends = sends
        self._messages = messages
        self._clock = clock
        self._looked: TTLCache[int, bool] = TTLCache(4096, LOOKED_AROUND, timer=clock)
        self._lock = threading.Lock()

    def newest(self, line: Line, chat: Chat) -> History:
        """The last page with our own unsettled sends in it; settles what is known now.

        One outside call an id of the chat, at most six more for sends whose end is unclear; none for a line that was
        removed. A gateway in trouble leaves what webhooks told, our own sends, and the trouble. Sends no read receipt.
        """
        page, trouble = self._page(line, chat, None)
        stored = self._sends_of(chat, page, page.messages)
        told = self._told_of(line, chat, page, stored, before=ALWAYS)
        messages = self._completed(page, told, before=ALWAYS)
        return self._newest(line, chat, page, messages, stored, told, trouble)

    def whole(self, line: Line, chat: Chat, messages: Sequence[Message], user_id: int) -> History:
        """The same for a chat that was read whole, with the sends of this user alone."""
        page = Page(tuple(messages), None)
        stored = [send for send in self._sends_of(chat, page, messages) if send.user_id == user_id]
        told = self._told_of(line, chat, page, stored, before=ALWAYS)
        return self._newest(line, chat, page, list(messages), stored, told, None)

    def with_told(self, line: Line, chat: Chat, page: Page) -> list[Message]:
        """A chat that was read whole, with what webhooks told of it. One query."""
        return self._completed(page, self._told_of(line, chat, page, [], before=ALWAYS), before=ALWAYS)

    def _newest(
        self,
        line: Line,
        chat: Chat,
        page: Page,
        messages: list[Message],
        stored: list[Send],
        told: Mapping[str, Told],
        trouble: Trouble | None,
    ) -> History:
        sends = self._named_anew(self._settle_known(messages, stored), messages)
        if trouble is None and not line.removed:
            sends = self._settle_unclear(line, chat, sends, messages, _oldest(page))
            sends = self._settle_queued(line, chat, sends, messages)
        if messages:
            self._chats.learn(
                chat.portal_id,
                chat.line_id,
                chat.phone,
                proved=any(not message.from_me for message in messages),
                last_at=messages[0].at,
            )
        return self._history(line, page, messages, sends, told, trouble)

    def older(self, line: Line, chat: Chat, cursor: str) -> History:
        """The page above. One outside call an id of the chat. Raises GatewayError."""
        before, gateways_own = _read_cursor(cursor)
        page = Page((), None)
        if gateways_own and not line.removed:
            page = self._next_page(line, chat, gateways_own)
        between = self._sends.recent(chat.portal_id, chat.id, _oldest(page), before)
        told = self._told_of(line, chat, page, between, before=before)
        messages = self._completed(page, told, before=before)
        # Sends the gateway never showed belong between its messages.
        shown = self._settle_known(messages, self._named(chat, messages))
        sends = [*shown, *(send for send in between if send.state in NOT_AT_GATEWAY)]
        return self._history(line, page, messages, sends, told, None, before=before)

    def settle_told(self, line: Line, chat: Chat, send: Send) -> Send:
        """What webhooks told of a send before we knew which message it is. One query."""
        told = self._told(line, chat, since=ALWAYS, before=ALWAYS, named=[send.message_id]).get(send.message_id)
        state = STATES.get(told.ack) if told and told.from_me else None
        return self._sends.settle(send, state) if state else send

    def ids(self, line: Line, chat: Chat) -> Sequence[str]:
        """What the gateway calls the chat, best first. The phone's own id is computed where nobody ever said it: a
        chat that is known by its LID may have its older half under the phone."""
        if any(not chat_id.endswith(LID) for chat_id in chat.chat_ids):
            return chat.chat_ids
        return (*chat.chat_ids, self._gateways.of(line).chat_id_of(chat.phone))

    def _capabilities(self, line: Line) -> Capabilities | None:
        """None for a line whose gateway may not even be called, and for one that nothing is done by any more."""
        if not line.active:
            return None
        try:
            return self._gateways.of(line).capabilities
        except GatewayError:
            return None

    def _page(self, line: Line, chat: Chat, cursor: str | None) -> tuple[Page, Trouble | None]:
        if line.removed:
            return Page((), None), None
        try:
            return self._next_page(line, chat, cursor), None
        except GatewayError as error:
            unsupported = error.trouble is Trouble.UNSUPPORTED  # then webhooks are all there is
            return Page((), None), None if unsupported else error.trouble

    def _next_page(self, line: Line, chat: Chat, cursor: str | None) -> Page:
        """The next one with something to show: pages of nothing but reactions are passed, a few in one request."""
        for _empty in range(MOST_EMPTY):
            page = self._gateways.of(line).history(self.ids(line, chat), cursor, MESSAGES)
            if page.messages or not page.cursor:
                break
            cursor = page.cursor
        return page

    def _told_of(self, line: Line, chat: Chat, page: Page, sends: Sequence[Send], *, before: float) -> dict[str, Told]:
        """What webhooks told, and what was done from here, of the page's time, messages and sends. One query."""
        named = [*(message.id for message in page.messages), *(send.message_id for send in sends)]
        return self._told(line, chat, since=_oldest(page), before=before, named=named)

    def _completed(self, page: Page, told: Mapping[str, Told], *, before: float) -> list[Message]:
        """The page with what webhooks told of its time. Between two pages no time is left out or comes twice: the
        cursor says where the last one began; a page without messages takes no time."""
        if page.cursor and not page.messages:
            return []
        return completed(page.messages, told, since=_oldest(page), before=before)

    def _told(self, line: Line, chat: Chat, *, since: float, before: float, named: Sequence[str]) -> dict[str, Told]:
        """By message id. What was told under two ids of the chat is put together here."""
        try:
            ids = self.ids(line, chat)
        except GatewayError:  # its address may not be called, and nobody ever named the chat
            return {}
        told: dict[str, Told] = {}
        rows = self._messages.of_chat(line.portal_id, line.id, ids, since=since, before=before, named=named)
        for message_id, body in rows:
            told[message_id] = joined(told.get(message_id, Told()), read_told(body))
        return told

    def _history(
        self,
        line: Line,
        page: Page,
        messages: list[Message],
        sends: list[Send],
        told: Mapping[str, Told],
        trouble: Trouble | None,
        before: float = ALWAYS,
    ) -> History:
        bubbles = merge(messages, sends, told=told, capabilities=self._capabilities(line), now=self._clock())
        begins = messages[-1].at if messages else int(min(before, self._clock()))
        cursor = f"{begins}~{page.cursor or ''}" if _goes_on(page, messages) else None
        ended = cursor is None and trouble is None
        partial = trouble is not None or line.removed
        return History(bubbles, cursor, self._end(line) if ended else None, trouble, partial)

    def _sends_of(self, chat: Chat, page: Page, messages: Sequence[Message]) -> list[Send]:
        """The chat's sends since the page's oldest message (all of them when it is the last page), those that it
        shows, and the older ones that may still be settled: a rep must not lose sight of them. Oldest first."""
        portal_id, since = chat.portal_id, self._clock() - LOOKED_FOR
        found = [
            *self._sends.recent(portal_id, chat.id, _oldest(page)),
            *self._named(chat, messages),
            *self._sends.in_state(portal_id, chat.id, UNCLEAR, since, ALWAYS, MOST_UNCLEAR),
        ]
        return sorted({send.id: send for send in found}.values(), key=lambda send: (send.created_at, send.id))

    def _named(self, chat: Chat, messages: Sequence[Message]) -> list[Send]:
        ids = [message.id for message in messages if message.from_me]
        return self._sends.named(chat.portal_id, chat.id, ids)

    def _settle_known(self, messages: Sequence[Message], sends: Sequence[Send]) -> list[Send]:
        acks = {message.id: message.ack for message in messages if message.from_me}
        settled = []
        for send in sends:
            state = STATES.get(acks[send.message_id]) if send.message_id in acks else None
            settled.append(self._sends.settle(send, state) if state and state is not send.state else send)
        return settled

    def _named_anew(self, sends: Sequence[Send], messages: Sequence[Message]) -> list[Send]:
        """Sends that went out under an id that the gateway did not tell, or not rightly: each is joined with the
        message of ours that has its words and time and is nobody else's, or both would be shown."""
        named = {send.message_id for send in sends}
        strangers = [message for message in messages if message.from_me and message.id not in named]
        there = {message.id for message in messages}
        return [
            self._recognise(send, strangers)
            if strangers and send.state in WENT_OUT and send.message_id not in there
            else send
            for send in sends
        ]

    def _settle_unclear(
        self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message], oldest: float
    ) -> list[Send]:
        """Find out what became of sends that ended without a clear answer: by our id where the gateway takes it,
        by text and time where it gives its own; by both for a file, for which a gateway may take no id of ours. Those
        from before the `oldest` of the page are looked for in the page of their own time."""
        # Those looked at longest ago first: some stay unclear for ever, and the others must have their turn.
        waiting = sorted((send for send in sends if self._unclear(send)), key=lambda send: send.changed_at)
        unclear = waiting[:MOST_LOOK_UPS]
        if not unclear:
            return list(sends)
        ours = {send.message_id for send in sends}
        strangers = [message for message in messages if message.from_me and message.id not in ours]
        by_id, surely = self._takes_our_ids(line)
        found = {
            send.id: self._look_up(line, chat, send, strangers, surely=surely)
            if by_id
            else self._recognise(send, strangers)
            for send in unclear
        }
        for send in list(found.values()):
            by_text = not surely or _is_file(send)
            if by_text and send.state is SendState.UNKNOWN and send.created_at - CLOCKS_APART < oldest:
                found[send.id] = self._look_around(line, chat, send)
        return [found.get(send.id, send) for send in sends]

    def _look_around(self, line: Line, chat: Chat, send: Send) -> Send:
        """In the messages of its own time, once in a while. One outside call an id of the chat."""
        if not self._may_look(send):
            return send
        gateway = self._gateways.of(line)
        until = gateway.cursor_at(send.created_at + SAME_SEND)
        try:
            page = gateway.history(self.ids(line, chat), until, AROUND)
        except GatewayError:
            return send
        taken = {one.message_id for one in self._named(chat, page.messages)}
        strangers = [message for message in page.messages if message.from_me and message.id not in taken]
        return self._recognise(send, strangers)

    def _settle_queued(self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message]) -> list[Send]:
        """What a gateway's queue has kept for longer than it keeps anything is out by now, or given up: failed, if no
        id of the chat has it. A few outside calls, once in a while."""
        kept = self._gateways.of(line).capabilities.queue_seconds
        if not kept:
            return list(sends)
        shown = {message.id for message in messages}
        before = self._clock() - kept - QUEUE_SLACK
        old = self._sends.in_state(chat.portal_id, chat.id, (SendState.QUEUED,), 0.0, before, MOST_LOOK_UPS)
        settled = {send.id: self._given_up(line, chat, send) for send in old if send.message_id not in shown}
        return [settled.get(send.id, send) for send in sends]

    def _given_up(self, line: Line, chat: Chat, send: Send) -> Send:
        if not self._may_look(send):
            return send
        gateway = self._gateways.of(line)
        try:
            for chat_id in self.ids(line, chat):
                if found := gateway.find_message(chat_id, send.message_id):
                    return self._sends.settle(send, STATES.get(found.ack, SendState.SENT))
        except GatewayError:
            return send
        told = self._sends.by_key(send.portal_id, send.send_key)  # by a webhook, while the gateway was asked
        if told and told.state is not SendState.QUEUED:
            return told
        return self._sends.settle(send, SendState.FAILED, reason=QUEUE_DROPPED)

    def _may_look(self, send: Send) -> bool:
        """Whether nobody here looked for it in the last minute: an open chat is read every few seconds."""
        with self._lock:
            if send.id in self._looked:
                return False
            self._looked[send.id] = True
            return True

    def _takes_our_ids(self, line: Line) -> tuple[bool, bool]:
        """Whether the gateway may take ids of ours, and whether it surely does. No call."""
        status = self._gateways.known(line)
        if not isinstance(status, LineStatus):
            return True, False
        return status.own_message_ids, status.own_ids_proved

    def _recognise(self, send: Send, strangers: list[Message]) -> Send:
        """Takes the message it finds out of the strangers: one message is one send."""
        for message in strangers:
            if is_the_send(send, message):
                strangers.remove(message)
                return self._sends.settle(send, STATES.get(message.ack, SendState.SENT), message_id=message.id)
        if send.state in WENT_OUT:
            return send
        return self._sends.settle(send, SendState.UNKNOWN, reason=send.reason)

    def _unclear(self, send: Send) -> bool:
        now = self._clock()
        left = send.state is SendState.SENDING and now > send.changed_at + GIVEN_UP
        return (left or send.state is SendState.UNKNOWN) and now < send.created_at + LOOKED_FOR

    def _look_up(self, line: Line, chat: Chat, send: Send, strangers: list[Message], *, surely: bool) -> Send:
        try:
            found = self._gateways.of(line).find_message(self.ids(line, chat)[0], send.message_id)
        except GatewayError as error:
            return self._sends.settle(send, SendState.UNKNOWN, reason=error.trouble.value)
        if found:
            return self._sends.settle(send, STATES.get(found.ack, SendState.SENT))
        if not surely or _is_file(send):  # it may be there under an id of the gateway's own
            return self._recognise(send, strangers)
        return self._sends.settle(send, SendState.UNKNOWN, reason=Trouble.NO_SUCH_THING.value)

    def _end(self, line: Line) -> End:
        if line.removed:
            return End.REMOVED
        status = self._gateways.known(line)
        if not isinstance(status, LineStatus):
            return End.ON_PHONE  # the careful answer
        return {Depth.FULL: End.START, Depth.PARTIAL: End.ON_PHONE, Depth.NONE: End.NOT_KEPT}[status.depth]


def _oldest(page: Page) -> float:
    """When the page begins; 0 for the last page, which holds all before it."""
    return float(page.messages[-1].at) if page.messages and page.cursor else 0.0


def _is_file(send: Send) -> bool:
    return send.text.startswith(label_of("", ""))


def is_the_send(send: Send, message: Message) -> bool:
    """Whether a message of ours is this send, by what it says and when."""
    return _alike(send, message) and -CLOCKS_APART < message.at - send.created_at < SAME_SEND


def _alike(send: Send, message: Message) -> bool:
    """Pictures and videos have no name at WhatsApp: then the caption and the kind must do."""
    if not message.media:
        return bool(send.text) and message.text == send.text
    label, _, caption = send.text.partition("\n")
    name = label.removeprefix(label_of("", ""))
    if not name or name == label or message.text not in (caption, caption or name):
        return False
    if message.media.name:
        return message.media.name == name
    return (guess_type(name)[0] or "").partition("/")[0] == message.media.kind


def _goes_on(page: Page, messages: Sequence[Message]) -> bool:
    """At the end of the gateway's own history there may still be more that webhooks told, page by page."""
    return page.cursor is not None or len(messages) >= MOST


def _read_cursor(cursor: str) -> tuple[float, str]:
    """Where the page before began, and the gateway's own cursor, "" past its end. Raises GatewayError(MALFORMED)."""
    at, ours, gateways_own = cursor.partition("~")
    if not ours:
        return ALWAYS, cursor
    if not (at.isascii() and at.isdigit()) or len(at) > 12:
        raise GatewayError(Trouble.MALFORMED)
    return float(at), gateways_own
