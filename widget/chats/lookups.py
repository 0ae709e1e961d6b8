"""What became of a send that has no clear end: looked up at the gateway and in what webhooks told.
Nothing is sent.

By its id where the gateway takes ids of ours, else by its text or file in the messages of its own
time. An open chat looks while it is read; a job looks for the rest (unclear.py).
"""

import threading
from collections.abc import Callable, Sequence
from enum import Enum

from cachetools import TTLCache

from widget.chats.files import is_label
from widget.chats.likeness import CLOCKS_APART, SAME_SEND, is_the_send
from widget.chats.message_facts import MessageFacts, merge_facts, read_facts, seen
from widget.chats.states import STATES
from widget.chats.waiting import Waiting
from widget.gateways.base import GatewayError, GatewayErrorCode, LineStatus, Message
from widget.gateways.lines import Gateways
from widget.storage.chats import LID, Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line
from widget.storage.sends import GIVEN_UP, UNCLEAR, Send, SendState
from widget.timing import timer_of

LOOKED_FOR = 86_400.0  # seconds; what nothing knew for so long is missing
AROUND = 100  # messages of a page around the time of an unclear send
MAX_PAGES = 4  # of these, down to its time
LOOKED_AROUND = 60.0  # seconds before an open chat looks for the same send around its time again
QUEUE_SLACK = 600.0  # seconds that a gateway may drop from its queue late, and show what it sent
QUEUE_DROPPED = "queue_dropped"  # the reason of a send that a gateway's queue gave up
INTERRUPTED = "interrupted"  # the reason of a send whose process died before the gateway answered
MAX_LOOK_UPS = 3  # unclear sends that one poll of an open chat asks the gateway about
TOLD, ASKED = "webhook", "id"  # how a send was found; "text" where the gateway gave it an id of its own
ALWAYS = float("inf")


class LookUpResult(Enum):
    """The outcome of a look for a send."""

    FOUND = "found"
    ABSENT = "absent"  # neither the gateway nor any webhook knows it
    SILENT = "silent"  # the gateway gave no answer


class LookUps:
    def __init__(self, gateways: Gateways, conversations: Conversations, clock: Callable[[], float]) -> None:
        self._gateways = gateways
        self._sends = conversations.sends
        self._messages = conversations.messages
        self._waiting = Waiting(conversations)
        self._clock = clock
        self._looked: TTLCache[int, bool] = TTLCache(4096, LOOKED_AROUND, timer=timer_of(clock))
        self._lock = threading.Lock()

    def ids(self, line: Line, chat: Chat) -> Sequence[str]:
        """What the gateway calls the chat, best first. The phone's own id is computed where nothing
        ever told it: a chat that is known by its LID may have its older half under the phone.
        Raises GatewayError."""
        if not chat.phone or any(not chat_id.endswith(LID) for chat_id in chat.chat_ids):
            return chat.chat_ids
        return (*chat.chat_ids, self._gateways.of(line).chat_id_of(chat.phone))

    def facts_of(
        self, line: Line, chat: Chat, *, since: float, before: float, named: Sequence[str] = ()
    ) -> dict[str, MessageFacts]:
        """What webhooks told of the messages of a time (unix seconds), and of those named, by
        message id. One query."""
        try:
            ids = self.ids(line, chat)
        except GatewayError:  # its address may not be called, and nothing ever named the chat
            return {}
        facts: dict[str, MessageFacts] = {}
        rows = self._messages.of_chat(line.portal_id, line.id, ids, since=since, before=before, named=named)
        for message_id, body in rows:  # what was told under two ids of the chat is put together
            facts[message_id] = merge_facts(facts.get(message_id, MessageFacts()), read_facts(body))
        return facts

    def look_for(self, line: Line, chat: Chat, send: Send) -> LookUpResult:
        """Look for one send whose end is unclear, and move it forward if it is found.

        Two queries where a webhook told of it; else at most a call for each id of the chat, for the
        send's id and for each of four pages.
        """
        try:
            found = self._told_since(line, chat, send)
            how = TOLD if found else ASKED
            found = found or self._asked_for(line, chat, send)
        except GatewayError as error:
            # a gateway that keeps nothing has nothing to say
            unsupported = error.gateway_code is GatewayErrorCode.UNSUPPORTED
            return LookUpResult.ABSENT if unsupported else LookUpResult.SILENT
        self._settle(send, found, how=how)
        return LookUpResult.FOUND if found else LookUpResult.ABSENT

    def settle_open(
        self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message], *, oldest: float
    ) -> list[Send]:
        """The chat's sends, with what the `messages` of its newest page and the gateway say of the
        unclear ones.

        `oldest` is when the page begins: sends from before it are looked for in the page of their
        own time. At most six outside calls.
        """
        sends = self._settle_unclear(line, chat, sends, messages, oldest)
        return self._settle_queued(line, chat, sends, messages)

    def settle_by_facts(self, line: Line, chat: Chat, send: Send) -> Send:
        """The send, with what webhooks told of it before we knew which message it is. One query."""
        facts = self.facts_of(line, chat, since=ALWAYS, before=ALWAYS, named=[send.message_id]).get(send.message_id)
        state = STATES.get(facts.ack) if facts and facts.from_me else None
        return self._sends.settle(send, state, how=TOLD) if state else send

    def recognise(self, send: Send, strangers: list[Message]) -> Send:
        """Takes the message it finds out of the strangers: one message is one send."""
        found = next((message for message in strangers if is_the_send(send, message)), None)
        if found:
            strangers.remove(found)
        return self._settle(send, found)

    def _settle_unclear(
        self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message], oldest: float
    ) -> list[Send]:
        # Those looked at longest ago first: some stay unclear for long, and the others must have
        # their turn.
        waiting = sorted((send for send in sends if self._is_unclear(send)), key=lambda send: send.changed_at)
        unclear = waiting[:MAX_LOOK_UPS]
        if not unclear:
            return list(sends)
        ours = {send.message_id for send in sends}
        strangers = [message for message in messages if message.from_me and message.id not in ours]
        by_id, surely = self._takes_our_ids(line)
        found = {}
        for send in unclear:
            settled = self._by_id(line, chat, send, surely=surely) if by_id else send
            own_id = not surely or is_label(send.text)  # it may be there under an id of the gateway's own
            if settled.state in UNCLEAR and own_id:
                settled = self.recognise(send, strangers)
                if settled.state is SendState.UNKNOWN and send.created_at - CLOCKS_APART < oldest:
                    settled = self._look_around(line, chat, send)
            found[send.id] = settled
        return [found.get(send.id, send) for send in sends]

    def _settle_queued(self, line: Line, chat: Chat, sends: Sequence[Send], messages: Sequence[Message]) -> list[Send]:
        """What a gateway's queue has kept for longer than it keeps anything is out by now, or given
        up: failed, if no id of the chat has it. A few outside calls, once in a while."""
        kept = self._gateways.of(line).capabilities.queue_seconds
        if not kept:
            return list(sends)
        shown = {message.id for message in messages}
        before = self._clock() - kept - QUEUE_SLACK
        old = self._sends.in_state(chat.portal_id, chat.id, (SendState.QUEUED,), 0.0, before, MAX_LOOK_UPS)
        settled = {send.id: self._given_up(line, chat, send) for send in old if send.message_id not in shown}
        return [settled.get(send.id, send) for send in sends]

    def _given_up(self, line: Line, chat: Chat, send: Send) -> Send:
        if not self._may_look(send):
            return send
        try:
            if found := self._with_our_id(line, chat, send):
                return self._sends.settle(send, STATES.get(found.ack, SendState.SENT), how=ASKED)
        except GatewayError:
            return send
        stored = self._sends.by_key(send.portal_id, send.send_key)  # by a webhook, while the gateway was asked
        if stored and stored.state is not SendState.QUEUED:
            return stored
        failed = self._sends.settle(send, SendState.FAILED, reason=QUEUE_DROPPED)
        self._waiting.notice(chat, (), moved=True)  # it answered no client
        return failed

    def _look_around(self, line: Line, chat: Chat, send: Send) -> Send:
        """In the messages of its own time, once in a while."""
        if not self._may_look(send):
            return send
        try:
            return self._settle(send, self._around(line, chat, send))
        except GatewayError:
            return send

    def _told_since(self, line: Line, chat: Chat, send: Send) -> Message | None:
        """The message in what webhooks told of the send's time. Two queries at most."""
        since, before = send.created_at - CLOCKS_APART, send.created_at + SAME_SEND
        facts = self.facts_of(line, chat, since=since, before=before, named=[send.message_id])
        messages = {name: message for name, one in facts.items() if (message := seen(one))}
        return messages.get(send.message_id) or self._strange(chat, send, list(messages.values()))

    def _asked_for(self, line: Line, chat: Chat, send: Send) -> Message | None:
        """The message as the gateway has it. Raises GatewayError."""
        by_id, surely = self._takes_our_ids(line)
        found = self._with_our_id(line, chat, send) if by_id else None
        if found or (by_id and surely and not is_label(send.text)):
            return found
        return self._around(line, chat, send)  # it may be there under an id of the gateway's own

    def _with_our_id(self, line: Line, chat: Chat, send: Send) -> Message | None:
        gateway = self._gateways.of(line)
        found = (gateway.find_message(chat_id, send.message_id) for chat_id in self.ids(line, chat))
        return next((message for message in found if message), None)

    def _by_id(self, line: Line, chat: Chat, send: Send, *, surely: bool) -> Send:
        """Under the chat's best id. A gateway that does not answer is asked by the next reading
        again."""
        try:
            found = self._gateways.of(line).find_message(self.ids(line, chat)[0], send.message_id)
        except GatewayError:
            return self._settle(send, None)
        return self._settle(send, found, unknown_there=surely and not is_label(send.text))

    def _around(self, line: Line, chat: Chat, send: Send) -> Message | None:
        """In the messages of its own time: some pages down to it. Raises GatewayError."""
        gateway, ids = self._gateways.of(line), self.ids(line, chat)
        cursor: str | None = gateway.cursor_at(send.created_at + SAME_SEND)
        for _page in range(MAX_PAGES):
            page = gateway.history(ids, cursor, AROUND)
            found = self._strange(chat, send, page.messages)
            cursor = page.cursor
            if found or cursor is None or (page.messages and page.messages[-1].at < send.created_at - CLOCKS_APART):
                return found
        return None

    def _strange(self, chat: Chat, send: Send, messages: Sequence[Message]) -> Message | None:
        """The one of these messages that is this send and no other one. A query where one is like
        it."""
        alike = [message for message in messages if message.from_me and is_the_send(send, message)]
        if not alike:
            return None
        named = self._sends.named(chat.portal_id, chat.id, [message.id for message in alike])
        taken = {other.message_id for other in named if other.id != send.id}
        return next((message for message in alike if message.id not in taken), None)

    def _settle(self, send: Send, found: Message | None, *, how: str = ASKED, unknown_there: bool = False) -> Send:
        """The reason stays the send's own, also after a look for it failed; but a gateway that
        surely took its id and does not know it says more."""
        if found:
            state = STATES.get(found.ack, SendState.SENT)
            other = found.id if found.id != send.message_id else ""
            return self._sends.settle(send, state, message_id=other, how="text" if other and how == ASKED else how)
        if send.state not in (SendState.SENDING, SendState.UNKNOWN):
            return send
        reason = GatewayErrorCode.NO_SUCH_THING.value if unknown_there else send.reason or INTERRUPTED
        return self._sends.settle(send, SendState.UNKNOWN, reason=reason)

    def _is_unclear(self, send: Send) -> bool:
        now = self._clock()
        left = send.state is SendState.SENDING and now > send.changed_at + GIVEN_UP
        return (left or send.state is SendState.UNKNOWN) and now < send.created_at + LOOKED_FOR

    def _may_look(self, send: Send) -> bool:
        """Whether nothing here looked for it in the last minute: an open chat is read every few
        seconds."""
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
