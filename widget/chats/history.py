"""The messages of a chat from all three sources: the gateway's history, what webhooks told, and our
own sends.

Reading settles: a send whose end was unclear learns it here (lookups.py). Nothing is ever sent
again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from widget.chats.bubbles import Bubble, merge
from widget.chats.lookups import ALWAYS, LookUps
from widget.chats.message_facts import MessageFacts, completed
from widget.chats.states import STATES
from widget.chats.waiting import Waiting
from widget.gateways.base import Capabilities, Depth, GatewayError, GatewayErrorCode, LineStatus, Message, Page
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat, News
from widget.storage.conversations import Conversations
from widget.storage.lines import Line
from widget.storage.messages import MAX_ROWS
from widget.storage.sends import DECIDED_WITHIN, OPEN, Send, SendState
from widget.storage.sends import WENT_OUT as ANSWERS

MESSAGES = 30  # of one page
MAX_EMPTY = 4  # pages without a message that one request passes
MAX_UNCLEAR = 50  # unclear sends that stay in sight
WENT_OUT = frozenset({SendState.SENT, SendState.QUEUED})
NOT_AT_GATEWAY = frozenset({*OPEN, SendState.QUEUED, SendState.FAILED})


class End(Enum):
    """What the top of a fully read history says."""

    START = "start"
    ON_PHONE = "on_phone"
    NOT_KEPT = "not_kept"
    REMOVED = "removed"  # with its line: there is no gateway to ask any more
    IGNORED = "ignored"  # of such a client nothing new is shown, so the gateway is not asked


@dataclass(frozen=True)
class History:
    """Bubbles oldest first. `cursor` continues it upwards; at the end `end` says which end it is.
    `partial` where the gateway did not say what it has, or was not asked: then there is only what
    is stored here."""

    bubbles: list[Bubble]
    cursor: str | None
    end: End | None
    error: GatewayErrorCode | None = None
    partial: bool = False


class Histories:
    def __init__(
        self, gateways: Gateways, conversations: Conversations, look_ups: LookUps, clock: Callable[[], float]
    ) -> None:
        self._gateways = gateways
        self._chats = conversations.chats
        self._sends = conversations.sends
        self._ignores = conversations.ignores
        self._look_ups = look_ups
        self._waiting = Waiting(conversations)
        self._clock = clock

    def newest(self, line: Line, chat: Chat) -> History:
        """The last page with our own unsettled sends in it; settles what is known now.

        One outside call an id of the chat, at most six more for sends whose end is unclear; none
        for a line that was removed, nor for a client who is ignored. A gateway in trouble leaves
        what webhooks told, our own sends, and the trouble. Sends no read receipt.
        """
        closed = self._closed(line, chat)
        page, error = self._page(line, chat) if closed is None else (Page((), None), None)
        stored = self._sends_of(chat, page, page.messages)
        facts = self._facts_of(line, chat, page, stored, before=ALWAYS)
        messages = self._completed(page, facts, before=ALWAYS)
        return self._newest(line, chat, page, messages, stored, facts, error, closed)

    def whole(self, line: Line, chat: Chat, messages: Sequence[Message], user_id: int) -> History:
        """The same for a chat that was read whole, with the sends of this user alone."""
        closed = self._closed(line, chat)
        page = Page(() if closed is End.IGNORED else tuple(messages), None)
        stored = [send for send in self._sends_of(chat, page, page.messages) if send.user_id == user_id]
        facts = self._facts_of(line, chat, page, stored, before=ALWAYS)
        return self._newest(line, chat, page, list(page.messages), stored, facts, None, closed)

    def with_facts(self, line: Line, chat: Chat, page: Page) -> list[Message]:
        """A chat that was read whole, with what webhooks told of it. One query."""
        return self._completed(page, self._facts_of(line, chat, page, [], before=ALWAYS), before=ALWAYS)

    def _newest(
        self,
        line: Line,
        chat: Chat,
        page: Page,
        messages: list[Message],
        stored: list[Send],
        facts: Mapping[str, MessageFacts],
        error: GatewayErrorCode | None,
        closed: End | None,
    ) -> History:
        sends = self._named_anew(self._settle_known(messages, stored), messages)
        if error is None and closed is None:
            sends = self._look_ups.settle_open(line, chat, sends, messages, oldest=_oldest(page))
        if messages:
            theirs = any(not message.from_me for message in messages)
            self._chats.notice(chat, News(proved=theirs, last_at=messages[0].at))
        self._waiting.notice(chat, messages, moved=_out(stored) != _out(sends))
        return self._history(line, page, messages, sends, facts, error, closed)

    def older(self, line: Line, chat: Chat, cursor: str) -> History:
        """The page above. One outside call an id of the chat. Raises GatewayError."""
        before, gateways_own = _read_cursor(cursor)
        page, closed = Page((), None), self._closed(line, chat)
        if gateways_own and closed is None:
            page = self._next_page(line, chat, gateways_own)
        between = self._sends.recent(chat.portal_id, chat.id, _oldest(page), before)
        facts = self._facts_of(line, chat, page, between, before=before)
        messages = self._completed(page, facts, before=before)
        # Sends the gateway never showed belong between its messages.
        shown = self._settle_known(messages, self._named(chat, messages))
        sends = [*shown, *(send for send in between if send.state in NOT_AT_GATEWAY)]
        return self._history(line, page, messages, sends, facts, None, closed, before=before)

    def heard(self, line: Line, chat: Chat, since: float) -> History:
        """What was written in the chat from a time on (unix seconds), as far as webhooks told it
        and reps sent it, but what is on its way out: the page that sends it shows that already. No
        outside call; two queries and one for each send that is further than was known."""
        sends = self._sends.recent(chat.portal_id, chat.id, since)
        named = [send.message_id for send in sends]
        facts = self._look_ups.facts_of(line, chat, since=since, before=ALWAYS, named=named)
        messages = completed([], facts, since=since, before=ALWAYS)
        capabilities = self._capabilities(line)
        sends = [send for send in self._settle_known(messages, sends) if send.state is not SendState.SENDING]
        bubbles = merge(messages, sends, facts=facts, capabilities=capabilities, now=self._clock())
        return History(bubbles, None, None)

    def _capabilities(self, line: Line) -> Capabilities | None:
        """None for a line whose gateway may not even be called, and for one that nothing is done by
        any more."""
        if not line.active:
            return None
        try:
            return self._gateways.of(line).capabilities
        except GatewayError:
            return None

    def _closed(self, line: Line, chat: Chat) -> End | None:
        """Why the gateway is not asked for the chat; None where it is. One query where who is
        ignored is not remembered."""
        if line.removed:
            return End.REMOVED
        ignored = self._ignores.ignores(chat.portal_id, chat.line_id, {chat.client, *chat.chat_ids})
        return End.IGNORED if ignored else None

    def _page(self, line: Line, chat: Chat) -> tuple[Page, GatewayErrorCode | None]:
        try:
            return self._next_page(line, chat, None), None
        except GatewayError as error:
            unsupported = error.gateway_code is GatewayErrorCode.UNSUPPORTED  # then webhooks are all there is
            return Page((), None), None if unsupported else error.gateway_code

    def _next_page(self, line: Line, chat: Chat, cursor: str | None) -> Page:
        """The next one with something to show: pages of nothing but reactions are passed, a few in
        one request."""
        for _empty in range(MAX_EMPTY):
            page = self._gateways.of(line).history(self._look_ups.ids(line, chat), cursor, MESSAGES)
            if page.messages or not page.cursor:
                break
            cursor = page.cursor
        return page

    def _facts_of(
        self, line: Line, chat: Chat, page: Page, sends: Sequence[Send], *, before: float
    ) -> dict[str, MessageFacts]:
        """What webhooks told, and what was done from here, of the page's time, messages and sends.
        One query."""
        named = [*(message.id for message in page.messages), *(send.message_id for send in sends)]
        return self._look_ups.facts_of(line, chat, since=_oldest(page), before=before, named=named)

    def _completed(self, page: Page, facts: Mapping[str, MessageFacts], *, before: float) -> list[Message]:
        """The page with what webhooks told of its time. Between two pages no time is left out or
        comes twice: the cursor says where the last one began; a page without messages takes no
        time."""
        if page.cursor and not page.messages:
            return []
        return completed(page.messages, facts, since=_oldest(page), before=before)

    def _history(
        self,
        line: Line,
        page: Page,
        messages: list[Message],
        sends: list[Send],
        facts: Mapping[str, MessageFacts],
        error: GatewayErrorCode | None,
        closed: End | None,
        before: float = ALWAYS,
    ) -> History:
        bubbles = merge(messages, sends, facts=facts, capabilities=self._capabilities(line), now=self._clock())
        begins = messages[-1].at if messages else int(min(before, self._clock()))
        cursor = f"{begins}~{page.cursor or ''}" if _goes_on(page, messages) else None
        ended = cursor is None and error is None
        partial = error is not None or closed is not None
        return History(bubbles, cursor, closed or self._end(line) if ended else None, error, partial)

    def _sends_of(self, chat: Chat, page: Page, messages: Sequence[Message]) -> list[Send]:
        """The chat's sends since the page's oldest message (all of them when it is the last page),
        those that it shows, and the older ones that may still be settled: a rep must not lose sight
        of them. Oldest first."""
        portal_id, now = chat.portal_id, self._clock()
        found = [
            *self._sends.recent(portal_id, chat.id, _oldest(page)),
            *self._named(chat, messages),
            *self._sends.in_state(portal_id, chat.id, OPEN, now - DECIDED_WITHIN, ALWAYS, MAX_UNCLEAR),
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
            seen = state and state is not send.state
            settled.append(self._sends.settle(send, state, how="history") if state and seen else send)
        return settled

    def _named_anew(self, sends: Sequence[Send], messages: Sequence[Message]) -> list[Send]:
        """Sends that went out under an id that the gateway did not tell, or not rightly: each is
        joined with the message of ours that has its words and time and belongs to no other message,
        or both would be shown."""
        named = {send.message_id for send in sends}
        strangers = [message for message in messages if message.from_me and message.id not in named]
        there = {message.id for message in messages}
        return [
            self._look_ups.recognise(send, strangers)
            if strangers and send.state in WENT_OUT and send.message_id not in there
            else send
            for send in sends
        ]

    def _end(self, line: Line) -> End:
        status = self._gateways.known(line)
        if not isinstance(status, LineStatus):
            return End.ON_PHONE  # the careful answer
        return {Depth.FULL: End.START, Depth.PARTIAL: End.ON_PHONE, Depth.NONE: End.NOT_KEPT}[status.depth]


def _out(sends: Sequence[Send]) -> set[int]:
    """Those that the client has, as far as is known."""
    return {send.id for send in sends if send.state in ANSWERS}


def _oldest(page: Page) -> float:
    """When the page begins; 0 for the last page, which holds all before it."""
    return float(page.messages[-1].at) if page.messages and page.cursor else 0.0


def _goes_on(page: Page, messages: Sequence[Message]) -> bool:
    """At the end of the gateway's own history there may still be more that webhooks told, page by
    page."""
    return page.cursor is not None or len(messages) >= MAX_ROWS


def _read_cursor(cursor: str) -> tuple[float, str]:
    """Where the page before began, and the gateway's own cursor, "" past its end. Raises
    GatewayError(MALFORMED)."""
    at, ours, gateways_own = cursor.partition("~")
    if not ours:
        return ALWAYS, cursor
    if not (at.isascii() and at.isdigit()) or len(at) > 12:
        raise GatewayError(GatewayErrorCode.MALFORMED)
    return float(at), gateways_own
