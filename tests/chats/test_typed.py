"""A typed number shows its rep nothing but what they wrote themselves, and the answers to it."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from sandbox.people import ANNA, GREEN_IDS, IVAN, OKSANA, ORDERS_MOSCOW, RUSTAM
from tests.chats.conftest import FakeGateway, FakeGateways
from tests.stand import CardPage, Widget, examples
from widget.chats.lookups import LOOKED_FOR
from widget.chats.message_facts import MessageFacts, merger
from widget.chats.service import ChatService
from widget.chats.typed import MAX_MESSAGES, NotTheirs, WholeChat, is_theirs
from widget.gateways.base import Ack, Depth, GatewayError, GatewayErrorCode, Message, Quote, Sent
from widget.gateways.lines import Gateways
from widget.storage.lines import OwnerRule
from widget.storage.schema import chats, messages, sends
from widget.storage.sends import Send, SendState

REP = 2
GREEN = next(iter(GREEN_IDS))
LINES = ("sales", "branch", GREEN)  # WAHA, Evolution, GREEN-API
STRANGER = "+79261112234"
PLACES = [(1, ORDERS_MOSCOW.phone), (2, ORDERS_MOSCOW.phone), (3, ORDERS_MOSCOW.phone), (3, RUSTAM.phone)]
MADE_UP = (
    "1:99999999999:z",
    "9999999999:0",
    "9999999999:",
    "1000:99999999999:",
    "9999999999~1:99999999999:z",
    "x",
    ":",
)


def message(name: str, at: int, *, mine: bool, text: str = "", ack: Ack = Ack.SENT) -> Message:
    return Message(name, name, at, mine, text or name, ack=ack if mine else Ack.NONE)


def send(name: str, text: str = "", at: float = 100.0, state: SendState = SendState.SENT) -> Send:
    return Send(1, 1, 1, f"key-{name}", REP, text or name, state, "", name, at, at)


@pytest.mark.parametrize(
    ("whole", "written", "theirs"),
    [
        ([], [], True),
        ([message("a", 100, mine=True)], [send("a")], True),
        ([message("b", 101, mine=False), message("a", 100, mine=True)], [send("a")], True),
        ([message("a", 100, mine=True)], [], False),  # a colleague's
        ([message("b", 99, mine=False)], [send("a")], False),  # the client's, before anything of theirs
        ([message("a", 100, mine=True), message("b", 99, mine=False)], [send("a")], False),
        ([message("b", 100, mine=False), message("a", 100, mine=True)], [send("a")], True),
        ([message("c", 102, mine=True), message("a", 100, mine=True)], [send("a")], False),
        # What never arrived has no answer.
        ([message("b", 101, mine=False), message("a", 100, mine=True, ack=Ack.FAILED)], [send("a")], False),
        ([message("b", 101, mine=False), message("a", 100, mine=True, ack=Ack.PENDING)], [send("a")], False),
        # What failed is none of the messages, whatever their words.
        ([message("x", 101, mine=True, text="a")], [send("ours", "a", state=SendState.FAILED)], False),
        # A send whose answer was lost is known by its words and time, and only once.
        ([message("x", 101, mine=True, text="a")], [send("ours", "a", state=SendState.UNKNOWN)], True),
        ([message("x", 901, mine=True, text="a")], [send("ours", "a", state=SendState.UNKNOWN)], False),
        ([message("y", 102, mine=True, text="a"), message("x", 101, mine=True, text="a")], [send("ours", "a")], False),
    ],
)
def test_a_chat_is_a_reps_if_all_in_it_is_theirs_or_an_answer(
    whole: list[Message], written: list[Send], theirs: bool
) -> None:
    assert is_theirs(whole, written) is theirs


@pytest.fixture
def three(make_widget: Any) -> Widget:
    widget: Widget = make_widget(lines=LINES)
    return widget


class Rep:
    """A rep without a card: the app's own page, and what it leads to."""

    def __init__(self, widget: Widget) -> None:
        self.page = widget.open("/app/", user="rep", lang="en")
        self.own = self.page.session = self.page.text.split('data-session="')[1].split('"')[0]
        self.key = self.opening = ""

    def type_number(self, phone: str, line: int) -> CardPage:
        self.page.session = self.own
        headers = {"X-Session": self.own, "X-Opening": self.page.opening_ticket}
        answer = self.page.client.post("/app/number", json={"number": phone, "line": line}, headers=headers)
        page = self.page._take(answer)
        if answer.status_code == 200:
            self.key = page.text.split('data-key="')[1].split('"')[0]
            self.opening = page.text.split('data-opening="')[1].split('"')[0]
        return page

    def open_waiting(self, chat: int) -> CardPage:
        """As from the list of those who wait, with the page's own session."""
        self.page.session = self.own
        headers = {"X-Session": self.own, "X-Opening": self.page.opening_ticket}
        return self.page._take(self.page.client.post(f"/app/waiting/{chat}/open", json={}, headers=headers))

    def renew(self, widget: Widget) -> None:
        token = widget.services.entrance.session_tokens.read_launch(self.page.opening_ticket).access_token
        answer = self.page.client.post("/session", json={"auth": token}, headers={"X-Opening": self.opening})
        self.page.session = answer.headers["X-Session"]


@pytest.mark.parametrize(("line", "phone"), [(1, IVAN.phone), (2, ANNA.phone), (3, OKSANA.phone)])
def test_a_chat_that_lists_leave_out_is_closed_all_the_same(three: Widget, line: int, phone: str) -> None:
    """A last message that failed (WAHA, Evolution), and days of silence (GREEN-API), keep a chat
    out of lists."""
    if line != 3:
        three.outside.answer_as_client(phone, "For a colleague", LINES[line - 1])
        three.outside.write_on_phone(phone, "In vain", LINES[line - 1], failed=True)

    page = Rep(three).type_number(phone, line)

    assert page.answer.status_code == 422
    assert "Open it from the client's card" in page.words


def test_a_chat_that_is_too_long_to_tell_is_closed(three: Widget) -> None:
    rep = Rep(three)
    assert rep.type_number(ORDERS_MOSCOW.phone, 1).answer.status_code == 200
    chat = rep.page.open_chat(rep.key, line=1).chat
    rep.page.send(chat, "Hello", "key-1", confirmed=True)
    for number in range(MAX_MESSAGES):
        three.outside.answer_as_client(ORDERS_MOSCOW.phone, f"Answer {number}")

    assert rep.page.history(chat).answer.status_code == 403


def test_a_cursor_is_good_for_its_own_chat_only(widget: Widget) -> None:
    card = widget.open(lang="en").reveal()
    one = card.open_chat(card.keys["+7 961 951-00-00"], line=1).chat
    cursor = card.history(one).cursor
    other = card.open_chat(card.reveal().keys["+7 926 111-22-33"], line=1).chat

    for before in (*MADE_UP, cursor[:-1], "x" + cursor):
        assert (card.history(one, before).answer.status_code, card.refusal) == (422, "bad_form"), before
    assert card.history(other, cursor).answer.status_code == 422
    assert card.history(one, cursor).answer.status_code == 200


def test_a_message_that_got_lost_in_a_typed_chat_is_sent_again_by_its_writer_and_by_no_other_chat(
    three: Widget,
) -> None:
    rep = Rep(three)
    lost = []
    for key, phone in (("other", STRANGER), ("one", ORDERS_MOSCOW.phone)):
        rep.type_number(phone, 1)
        chat = rep.page.open_chat(rep.key, line=1).chat
        three.outside.break_gateway("http_500", "sendText")
        assert "is-unknown" in rep.page.send(chat, f"Hello {key}", key, confirmed=True).text
        lost.append((chat, rep.page.session))
    three.clock.forward(LOOKED_FOR)
    three.services.chats.unclear_ends.look()
    again = []
    for chat, rep.page.session in lost:
        again.append(rep.page.history(chat).text.split('data-action="send-again" data-ref="')[1].split('"')[0])

    assert rep.page.post(f"/chats/{chat}/messages/{again[0]}/again", {"confirmed": True}).answer.status_code == 404
    assert rep.page.post(f"/chats/{chat}/messages/{again[1]}/again", {"confirmed": True}).answer.status_code == 201
    assert rep.page.history(chat).words.count("Hello one") == 2
    three.outside.write_on_phone(ORDERS_MOSCOW.phone, "For a colleague", LINES[0])
    assert rep.page.post(f"/chats/{chat}/messages/{again[1]}/seen", {}).answer.status_code == 403


class Play:
    """What one rep, their colleagues and a client do in some order, and what the rep may see after
    each step."""

    def __init__(self, widget: Widget, line: int, phone: str) -> None:
        forget_all(widget)
        take_out_of_cards(widget)
        self.widget, self.line, self.phone = widget, line, phone
        self.rep, self.chat, self.count = Rep(widget), 0, 0
        self.mine: set[str] = set()
        self.answers: set[str] | None = None  # of a chat that is the rep's, once they have written
        self.key = "x"

    def type_number(self) -> None:
        if self.rep.type_number(self.phone, self.line).answer.status_code == 200:
            self.key = self.rep.key
            page = self.rep.page.open_chat(self.key, line=self.line)
            self.chat = page.chat if page.answer.status_code in (200, 201) else self.chat

    def read(self, made_up: str = "") -> None:
        if self.chat:
            self.rep.page.history(self.chat, made_up)

    def write(self) -> None:
        if not self.chat:
            return
        text = self.next("mine")
        self.mine.add(text)
        page = self.rep.page.send(self.chat, text, text, confirmed=True)
        if page.answer.status_code == 201 and self.answers is None:
            self.answers = set()

    def renew(self) -> None:
        if self.rep.opening:
            self.rep.renew(self.widget)

    def take(self) -> None:
        if self.chat:
            self.rep.page.post(f"/chats/{self.chat}/take", {})

    def list_waiting(self) -> None:
        typed, self.rep.page.session = self.rep.page.session, self.rep.own
        self.rep.page.post("/app/waiting", {})
        self.look()
        self.rep.page.session = typed

    def open_waiting(self) -> None:
        """A chat of the list, or one whose id is guessed."""
        typed = self.rep.page.session
        if self.rep.open_waiting(self.chat or 1).answer.status_code != 200:
            self.rep.page.session = typed
        self.read()

    def hear_news(self) -> None:
        chat = self.chat or None
        self.rep.page.post("/card/news", {"keys": [self.key], "marks": "", "chat": chat, "since": "0"})

    def look_at_message(self) -> None:
        """Its steps and its file."""
        refs = re.findall(r'data-(?:ref|trail)="(gAAAA[^"]+)"', self.rep.page.text)
        for ref in refs[:1]:
            self.rep.page.get(f"/chats/{self.chat}/messages/{ref}/trail")
            self.look()
            self.rep.page.get(f"/chats/{self.chat}/media/{ref}")

    def client_writes(self) -> None:
        text = self.next("theirs")
        self.widget.outside.answer_as_client(self.phone, text, LINES[self.line - 1])
        if self.answers is not None:
            self.answers.add(text)

    def colleague_writes(self, *, failed: bool = False) -> None:
        text = self.next("colleague")
        self.widget.outside.write_on_phone(self.phone, text, LINES[self.line - 1], failed=failed)
        self.answers = None

    def next(self, whose: str) -> str:
        self.count += 1
        return f"{whose}-{self.count}"

    def look(self) -> None:
        """A file's answer is not a text of a page, and says nothing in these words either."""
        shown = set(re.findall(r"\b(?:mine|theirs|colleague)-\d+\b", self.rep.page.answer.get_data().decode("latin-1")))
        allowed = self.mine | (self.answers or set())
        assert shown <= allowed, shown - allowed


ONES_OWN = (Play.type_number, Play.read, Play.write, Play.read, Play.renew, Play.write)
BY_OTHER_WAYS = (Play.take, Play.list_waiting, Play.open_waiting, Play.hear_news, Play.look_at_message)
BY_OTHERS = (Play.client_writes, Play.colleague_writes, partial(Play.colleague_writes, failed=True))
CURSORS = tuple(partial(Play.read, made_up=cursor) for cursor in MADE_UP[:3])


def take_out_of_cards(widget: Widget) -> None:
    """The typed numbers are in no card: who may read one may read its chats from the list of those
    who wait."""
    for kind, item in ((4, 15), (3, 46), (3, 61)):
        changed = {"change_item": {"entityTypeId": kind, "id": item, "fields": {"fm": []}}}
        widget.outside.http.post(f"{widget.outside.portal}/_sandbox/portals/1", json=changed).raise_for_status()


def forget_all(widget: Widget) -> None:
    widget.outside.reset()
    with widget.services.storage.engine.begin() as connection:
        for table in (sends, messages, chats):
            connection.execute(delete(table))


def test_no_sequence_of_requests_shows_what_is_not_the_reps(three: Widget) -> None:
    @settings(max_examples=examples(8), phases=[Phase.generate])
    @given(
        st.sampled_from(PLACES),
        st.sampled_from(BY_OTHERS),
        st.permutations([*ONES_OWN, *BY_OTHER_WAYS, Play.client_writes, *CURSORS]),
    )
    def play(place: tuple[int, str], by_others: Callable[[Play], None], steps: list[Callable[[Play], None]]) -> None:
        playing = Play(three, *place)
        for step in (
            Play.type_number,
            *steps[:5],
            by_others,
            *steps[5:],
            Play.open_waiting,
            Play.type_number,
            Play.read,
        ):
            step(playing)
            playing.look()

    play()


@pytest.mark.parametrize(("rule", "listed"), [(OwnerRule.MAKER, True), (OwnerRule.NOBODY, False)])
def test_who_wrote_to_a_typed_number_does_not_read_what_others_write_there_later(
    three: Widget, rule: OwnerRule, listed: bool
) -> None:
    """Neither as who answers the chat, nor as who wrote in it once: no card says that they may."""
    take_out_of_cards(three)
    three.services.storage.lines.set_owner_rule(three.portals[0], 1, rule)
    rep = Rep(three)
    rep.type_number(ORDERS_MOSCOW.phone, 1)
    chat = rep.page.open_chat(rep.key, line=1).chat
    assert rep.page.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 201
    three.outside.answer_as_client(ORDERS_MOSCOW.phone, "For who wrote", LINES[0])

    assert (rep.open_waiting(chat).answer.status_code == 200) is listed
    assert ("For who wrote" in rep.page.history(chat).words) is listed
    three.outside.write_on_phone(ORDERS_MOSCOW.phone, "A colleague's", LINES[0])
    assert (rep.open_waiting(chat).answer.status_code == 200) is listed
    assert rep.page.history(chat).answer.status_code == 403


@pytest.mark.parametrize("claim", ["take", "waive", "ignore"])
def test_a_chat_is_not_claimed_by_typing_its_number(three: Widget, claim: str) -> None:
    """Who answers a chat may read it: a number that was typed must not make a rep that."""
    take_out_of_cards(three)
    rep = Rep(three)
    assert rep.type_number(ORDERS_MOSCOW.phone, 1).answer.status_code == 200
    chat = rep.page.open_chat(rep.key, line=1).chat
    assert rep.page.post(f"/chats/{chat}/{claim}", {"confirmed": True}).answer.status_code == 403  # it is empty
    three.outside.write_on_phone(ORDERS_MOSCOW.phone, "For a colleague", LINES[0])
    assert rep.page.post(f"/chats/{chat}/{claim}", {"confirmed": True}).answer.status_code == 403
    assert rep.open_waiting(chat).answer.status_code == 403


def test_a_number_that_is_typed_beside_a_card_is_none_of_that_cards(three: Widget) -> None:
    """A card's requests do not ask whose a chat is: Bitrix24 has said so for all of its numbers."""
    card = three.open(user="rep", lang="en").reveal()
    headers = {"X-Session": card.session, "X-Opening": card.opening_ticket}
    card._take(card.client.post("/app/number", json={"number": ORDERS_MOSCOW.phone, "line": 1}, headers=headers))
    key, opening = (card.text.split(f'data-{name}="')[1].split('"')[0] for name in ("key", "opening"))
    chat = card.open_chat(key, line=1).chat
    assert three.services.entrance.session_tokens.read_launch(opening).entity_id == 0
    assert card.post("/card/news", {"keys": [key], "chat": chat, "since": "0"}).answer.status_code == 403
    assert card.reveal().answer.status_code == 403


def own_chat(widget: Widget, *others: Message) -> WholeChat:
    """A chat that the rep began, read for them with what the gateway has besides."""
    services, line = widget.services, widget.services.storage.lines.of(widget.portals[0])[0]
    gateway = FakeGateway(result=Sent.SENT)
    service = ChatService(cast(Gateways, FakeGateways(gateway)), services.storage.conversations, widget.clock)
    chat, _ = service.open(line, ORDERS_MOSCOW.phone, user_id=REP)
    sent = service.send(service.draft(line, chat, send_key="key-1", user_id=REP), "Hello")
    gateway.messages = [*others, message(sent.message_id, int(widget.clock()), mine=True, text="Hello")]
    return service.typed.read(line, ORDERS_MOSCOW.phone, REP)


def test_an_answer_does_not_bring_along_what_a_colleague_wrote_elsewhere(widget: Widget) -> None:
    later = int(widget.clock()) + 5
    answers = [
        replace(message(f"a{n}", later, mine=False), quote=Quote(text, from_me=True))
        for n, text in enumerate(("Hello", "The price is 100"))
    ]
    whole = own_chat(widget, *answers)
    assert [one.quote and one.quote.text for one in whole.messages] == ["Hello", None, None]


def test_what_only_a_report_told_counts_too(widget: Widget) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    secret = message("theirs", int(widget.clock()) - 60, mine=True, text="The price is 100")
    told = MessageFacts(message=secret, from_me=True)
    widget.services.storage.messages.grow(line.portal_id, line.id, "79261112233@c.us", "theirs", merger(told))

    with pytest.raises(NotTheirs):
        own_chat(widget)


@pytest.mark.parametrize(
    "trouble",
    [GatewayErrorCode.TIMED_OUT, GatewayErrorCode.UNSUPPORTED, GatewayErrorCode.THROTTLED, GatewayErrorCode.LEFT_ALONE],
)
def test_a_gateway_that_cannot_tell_closes_the_chat(widget: Widget, trouble: GatewayErrorCode) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    for gateway in (FakeGateway(trouble=trouble), FakeGateway(depth=Depth.NONE)):
        services, gateways = widget.services, cast(Gateways, FakeGateways(gateway))
        service = ChatService(gateways, services.storage.conversations, widget.clock)
        with pytest.raises(GatewayError):
            service.typed.read(line, ORDERS_MOSCOW.phone, REP)


def test_what_goes_out_later_is_no_way_around_a_typed_number(three: Widget) -> None:
    """Neither a colleague's text that waits is shown, nor does one of the rep's own go out into
    what is not theirs."""
    colleague = three.open(user="admin", lang="en").reveal()
    chat = colleague.open_chat(colleague.keys["+7 926 111-22-33"]).chat
    kept = {"text": "A colleague's", "key": "a-1", "when": "hour"}
    assert colleague.post(f"/chats/{chat}/later", kept).answer.status_code == 201
    take_out_of_cards(three)
    rep = Rep(three)
    assert rep.type_number(ORDERS_MOSCOW.phone, 1).answer.status_code == 200
    assert rep.page.open_chat(rep.key, line=1).chat == chat
    assert "A colleague's" not in rep.page.get(f"/chats/{chat}/later").text

    later = {"text": "From a typed number", "key": "b-1", "when": "hour"}
    assert rep.page.post(f"/chats/{chat}/later", later).answer.status_code == 201
    three.outside.write_on_phone(ORDERS_MOSCOW.phone, "For a colleague", LINES[0])
    assert rep.page.post(f"/chats/{chat}/later/2", {"do": "now"}).answer.status_code == 403
    three.clock.forward(3700)
    three.services.prepared.later.go()
    waits = three.services.storage.scheduled.of_chat(three.portals[0], chat)
    assert [(message.text, message.asks) for message in waits if message.typed] == [("From a typed number", "refused")]
    assert rep.open_waiting(chat).answer.status_code == 403
