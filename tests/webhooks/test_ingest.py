"""What becomes of what gateways tell: the same chat, in whatever order and however often it was
told."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from huey import MemoryHuey
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import people
from tests.stand import Clock, Outside, Widget, config_for, examples, start_widget
from tests.webhooks.gateways import (
    CLIENT,
    LID,
    PHONE,
    Caller,
    PlainWebhooks,
    a_talk,
    about,
    muddled,
    plain,
    tick,
    written,
)
from widget.chats.ingest import Ingest
from widget.chats.sending import message_id_of
from widget.gateways import serialization
from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, SendResult, Sent
from widget.gateways.serialization import events_json
from widget.storage.schema import messages
from widget.storage.sends import SendState
from widget.storage.tries import TRIES

ORDERS = people.ORDERS_MOSCOW.phone
ORDERS_ID = f"{ORDERS[1:]}@c.us"
REP = 2


@pytest.fixture
def start(outside: Outside, clock: Clock, tmp_path, empty_database: str) -> Callable[..., Widget]:
    def make(name: str = "", **parts: object) -> Widget:
        config = config_for(outside, f"sqlite:///{tmp_path / name}.sqlite3" if name else empty_database)
        return start_widget(outside, config, clock, webhooks={"waha": PlainWebhooks()}, **parts)

    return make


@pytest.fixture
def gateway(start: Callable[..., Widget]) -> Caller:
    return Caller(start())


def send(gateway: Caller, key: str, *, phone: str = ORDERS, message_id: str = "", state: SendState = SendState.SENT):
    """A send of ours, as it stands after the gateway has answered."""
    services, line = gateway.widget.services, gateway.line
    chat, _new = services.chats.service.open(line, phone, user_id=REP)
    made = message_id or message_id_of(line.portal_id, key)
    row, _new = services.storage.sends.begin(
        line.portal_id, chat.id, send_key=key, user_id=REP, text="Добрый день", message_id=made
    )
    return services.storage.sends.settle(row, state)


def state_of(gateway: Caller, key: str) -> tuple[SendState, str]:
    found = gateway.widget.services.storage.sends.by_key(gateway.line.portal_id, key)
    return found.state, found.reason


# The order does not matter.


def test_a_talk_in_any_order_and_twice_is_the_same_chat(start: Callable[..., Widget], outside: Outside) -> None:
    """Through the real endpoint, one webhook an event, as far as a rep and the card can see."""
    outside.break_gateway("http_500", "messages", times=None)
    ordered = Caller(start("ordered"))
    talk = a_talk(ordered.widget.clock())
    for event in talk:
        assert ordered.tell(event) == 200
    wanted = [plain(bubble) for bubble in ordered.shown()]
    assert [bubble["text"] for bubble in wanted] == [
        "Здравствуйте",
        "Чем помочь?",
        "Окна и дверь",
        "",
        "Замер завтра",
        "Спасибо",
    ]
    for seed in range(3):
        other = Caller(start(f"muddled{seed}"))
        for event in muddled(talk, random.Random(seed)):
            assert other.tell(event) == 200
        assert [plain(bubble) for bubble in other.shown()] == wanted
        chat, first = other.chat(), ordered.chat()
        assert (chat.proved, chat.last_at, set(chat.chat_ids)) == (first.proved, first.last_at, set(first.chat_ids))
        assert other.rows() == []


@settings(max_examples=examples(8))
@given(chance=st.randoms(use_true_random=False), split=st.integers(min_value=1, max_value=5))
def test_webhooks_that_are_late_and_in_heaps_make_no_difference(
    start: Callable[..., Widget], clock: Clock, chance: random.Random, split: int
) -> None:
    """Some are worked on long after they were taken, when the rest was there already."""
    name = f"heaps-{uuid4()}"
    queue = MemoryHuey(immediate=False)
    gateway = Caller(start(name, queue=queue))
    told = muddled(a_talk(clock()), chance)
    for begin in range(0, len(told), split):
        assert gateway.tell(*told[begin : begin + split]) == 200
    work = gateway.widget.services.webhooks.ingest
    waiting = [row["id"] for row in gateway.rows()]
    chance.shuffle(waiting)
    for event_id in [*waiting, *waiting]:
        work.work(event_id)
    assert [row["id"] for row in gateway.rows()] == []
    chat = gateway.chat()
    assert (chat.proved, chat.last_at, set(chat.chat_ids)) == (True, clock() - 1, {CLIENT, LID})
    bodies = gateway.widget.services.storage.messages.of_chat(gateway.line.portal_id, gateway.line.id, [CLIENT, LID])
    assert {name for name, _body in bodies} == {"C1", "C2", "C3", "C4", "L1", "L2"}


def test_a_tick_that_overtakes_its_message_is_kept(gateway: Caller) -> None:
    now = gateway.widget.clock()
    gateway.tell(tick(Ack.READ, "L1"))
    gateway.tell(written("L1", at=now, from_me=True))
    (bubble,) = [bubble for bubble in gateway.shown() if bubble.id == "L1"]
    assert bubble.state is SendState.READ


# Which chat.


def test_a_number_that_writes_for_the_first_time_gets_a_chat_that_is_proved(gateway: Caller) -> None:
    now = gateway.widget.clock()
    gateway.tell(written(at=now))
    chat = gateway.chat()
    assert (chat.phone, chat.proved, chat.last_at, chat.chat_ids, chat.created_by) == (PHONE, True, now, (CLIENT,), 0)


def test_a_message_of_our_own_proves_nothing_until_it_arrives(gateway: Caller) -> None:
    gateway.tell(written("L1", at=gateway.widget.clock(), from_me=True))
    assert not gateway.chat().proved
    gateway.tell(tick(Ack.SENT, "L1"))
    assert not gateway.chat().proved
    gateway.tell(tick(Ack.DELIVERED, "L1"))
    assert gateway.chat().proved


def test_an_incoming_message_makes_the_cards_number_a_yes_without_any_check(gateway: Caller, outside: Outside) -> None:
    card = gateway.widget.open().reveal()
    gateway.tell(written(at=gateway.widget.clock(), ids=(ORDERS_ID,)))
    outside.reset()
    assert card.reveal().rows["+7 926 111-22-33"] == "yes"
    assert "check-exists" not in outside.calls()


@pytest.mark.parametrize("known_as", ["the check's id", "the number alone"])
def test_the_brazilian_of_the_card_is_the_one_who_writes_without_the_ninth_digit(
    gateway: Caller, known_as: str
) -> None:
    joao, line = people.JOAO, gateway.line
    first, _new = gateway.widget.services.chats.service.open(
        line, joao.phone, user_id=REP, chat_id=joao.canonical if known_as == "the check's id" else ""
    )
    gateway.tell(written("B1", at=gateway.widget.clock(), ids=(joao.canonical,)))
    chat = gateway.chat(joao.phone)
    assert (chat.id, chat.proved, chat.chat_ids) == (first.id, True, (joao.canonical,))
    assert len(gateway.stored["chats"]) == 1


def test_a_brazilian_nobody_knows_yet_is_found_from_a_card_afterwards(gateway: Caller) -> None:
    gateway.tell(written("B1", at=gateway.widget.clock(), ids=(people.JOAO.canonical,)))
    assert gateway.chat(people.JOAO.phone).chat_ids == (people.JOAO.canonical,)


def test_the_digits_of_a_lid_are_nobodys_number(gateway: Caller) -> None:
    gateway.tell(written(at=gateway.widget.clock(), ids=("79619510000@lid",)))
    assert gateway.chat(PHONE) is None
    assert [chat["phone"] for chat in gateway.stored["chats"]] == ["79619510000@lid"]
    assert len(gateway.stored["messages"]) == 1


def test_a_message_of_an_unknown_lid_joins_its_chat_when_the_number_is_known(gateway: Caller) -> None:
    now = gateway.widget.clock()
    gateway.tell(written("C1", "Кто здесь?", at=now - 10, ids=(LID,)))
    gateway.widget.services.chats.service.open(gateway.line, ORDERS, user_id=REP)
    assert gateway.shown(ORDERS) == []
    gateway.tell(written("L1", "Мы", at=now - 20, from_me=True, ids=(ORDERS_ID, LID)))
    assert [bubble.text for bubble in gateway.shown(ORDERS)] == ["Мы", "Кто здесь?"]
    assert (gateway.chat(ORDERS).proved, gateway.chat(ORDERS).last_at) == (True, now - 10)


def test_a_check_that_names_the_lid_is_enough(gateway: Caller) -> None:
    gateway.tell(written("C1", "Кто здесь?", at=gateway.widget.clock(), ids=(LID,)))
    gateway.widget.services.chats.service.open(gateway.line, ORDERS, user_id=REP, chat_id=f"waha:{LID}")
    assert [bubble.text for bubble in gateway.shown(ORDERS)] == ["Кто здесь?"]


@pytest.mark.parametrize("chat_id", ["status@broadcast", "12036304@g.us", "1@newsletter", "x@c.us", "@c.us", "7@c.us"])
def test_an_id_that_is_no_phone_makes_no_chat(gateway: Caller, chat_id: str) -> None:
    assert gateway.tell(written(at=1_700_000_000.0, ids=(chat_id,))) == 200
    assert gateway.stored["chats"] == []


def test_a_message_of_one_portals_line_is_nothing_to_the_other(gateway: Caller) -> None:
    other = Caller(gateway.widget, portal=2)
    gateway.tell(written("C1", "Наше", at=gateway.widget.clock(), ids=(ORDERS_ID,)))
    other.tell(tick(Ack.READ, "C1", ids=(ORDERS_ID,)), about(EventKind.DELETED, "C1", at=1.0, ids=(ORDERS_ID,)))
    gateway.widget.services.chats.service.open(other.line, ORDERS, user_id=REP)
    assert other.shown(ORDERS) == []
    assert [bubble.text for bubble in gateway.shown(ORDERS)] == ["Наше"]


def test_a_line_of_another_session_of_the_same_portal_has_its_own_chats(gateway: Caller) -> None:
    gateway.widget.add_line("support")
    gateway.tell(written("C1", at=gateway.widget.clock()))
    (chat,) = gateway.stored["chats"]
    assert chat["line_id"] == gateway.line.id


# Our own sends.


@pytest.mark.parametrize(
    ("ticks", "state", "reason"),
    [
        ([Ack.SENT], SendState.SENT, ""),
        ([Ack.READ, Ack.DELIVERED, Ack.SENT], SendState.READ, ""),
        ([Ack.FAILED], SendState.FAILED, ""),
        ([Ack.FAILED, Ack.DELIVERED], SendState.DELIVERED, ""),
    ],
)
def test_a_queued_message_moves_on_with_its_ticks_and_never_back(gateway: Caller, ticks, state, reason) -> None:
    row = send(gateway, "k1", state=SendState.QUEUED)
    for ack in ticks:
        gateway.tell(tick(ack, row.message_id, ids=(ORDERS_ID,)))
    assert state_of(gateway, "k1") == (state, reason)


def test_a_message_to_a_number_without_whatsapp_failed_for_that_reason_and_keeps_it(gateway: Caller) -> None:
    row = send(gateway, "k1", state=SendState.QUEUED)
    gateway.tell(tick(Ack.FAILED, row.message_id, ids=(ORDERS_ID,), not_on_whatsapp=True))
    gateway.tell(tick(Ack.FAILED, row.message_id, ids=(ORDERS_ID,)))
    assert state_of(gateway, "k1") == (SendState.FAILED, "not_on_whatsapp")
    assert not gateway.chat(ORDERS).proved


def test_a_send_that_may_have_gone_out_is_settled_by_its_own_echo(gateway: Caller) -> None:
    row = send(gateway, "k1", state=SendState.UNKNOWN)
    gateway.tell(written(row.message_id, at=gateway.widget.clock(), from_me=True, ids=(ORDERS_ID,)))
    assert state_of(gateway, "k1") == (SendState.SENT, "")


def test_a_tick_under_a_lid_that_nobody_knows_yet_finds_its_send(gateway: Caller) -> None:
    row = send(gateway, "k1")
    gateway.tell(tick(Ack.READ, row.message_id, ids=(LID,)))
    assert state_of(gateway, "k1") == (SendState.READ, "")


def test_a_tick_of_another_line_settles_nothing_of_this_one(gateway: Caller) -> None:
    row, other = send(gateway, "k1"), Caller(gateway.widget, portal=2)
    other.tell(tick(Ack.READ, row.message_id, ids=(ORDERS_ID,)))
    other.tell(tick(Ack.READ, row.message_id, ids=(LID,)))
    assert state_of(gateway, "k1") == (SendState.SENT, "")


# Whoever listens.


def test_who_listens_hears_of_each_message_and_each_arrival_once(gateway: Caller) -> None:
    heard: list[tuple[object, ...]] = []
    services, now = gateway.widget.services, gateway.widget.clock()
    work = Ingest(
        services.storage.inbox,
        services.storage.lines,
        services.storage.portals,
        services.storage.conversations,
        listener=lambda line, phone, event, _went: heard.append(
            (line.id, phone, event.kind.value, event.from_me, event.at)
        ),
    )
    told = [
        written("C1", at=now - 9),
        written("L1", at=now - 8, from_me=True),
        tick(Ack.SENT, "L1", at=now - 8),
        tick(Ack.DELIVERED, "L1", at=now - 7),
        tick(Ack.READ, "L1", at=now - 6),
        about(EventKind.REACTION, "C1", at=now - 5, text="👍"),
        written("C9", at=now - 4, ids=(LID,)),
    ]
    for event in [*told, *told]:
        work._learn(gateway.line, event)
    line = gateway.line.id
    assert heard == [
        (line, PHONE, "message", False, now - 9),
        (line, PHONE, "message", True, now - 8),
        (line, PHONE, "ack", True, now - 7),
        (line, "", "message", False, now - 4),
    ]


# What is counted, and what is learned.


@dataclass
class Sender:
    """A rep who writes through the real service to a gateway that answers as it is told to."""

    gateway: Caller

    def __post_init__(self) -> None:
        self.services, self.line = self.gateway.widget.services, self.gateway.line
        self.chat, _new = self.services.chats.service.open(self.line, ORDERS, user_id=REP)

    def send(self, outcome: Sent, given: str = "", *, first: Sequence[GatewayEvent] = (), key: str = "k1") -> str:
        """`first` is worked on before the gateway's answer is known. The message's id."""

        def send_text(
            chat_id: str, text: str, *, message_id: str, reply_to: str = "", preview: bool = False
        ) -> SendResult:
            self.tell(*first)
            return SendResult(outcome, given, GatewayErrorCode.BROKEN_ANSWER if outcome is Sent.REFUSED else None)

        self.services.gateways.of(self.line).send_text = send_text  # type: ignore[method-assign]
        service = self.services.chats.service
        return service.send(service.draft(self.line, self.chat, send_key=key, user_id=REP), "Добрый день").message_id

    def tell(self, *told: GatewayEvent) -> None:
        for event in told:
            assert self.gateway.tell(event) == 200

    @property
    def sent(self) -> int:
        return sum(self.sent_by_hour.values())

    @property
    def sent_by_hour(self) -> dict[int, int]:
        found = self.services.storage.usage.hours(self.line.portal_id, since=0, line_id=self.line.id)
        return {hour: counts.sent for (_line, hour), counts in found.items() if counts.sent}


@pytest.fixture
def desk(gateway: Caller) -> Sender:
    return Sender(gateway)


def echo(name: str, clock: Clock, *, ids: Sequence[str] = (ORDERS_ID,), **more: Any) -> GatewayEvent:
    return written(name, at=clock(), from_me=True, ids=ids, **more)


def test_an_echo_that_overtakes_the_gateways_answer_is_the_same_message(desk: Sender, clock: Clock) -> None:
    desk.send(Sent.SENT, "GIVEN", first=[echo("GIVEN", clock)])
    assert desk.sent == 1
    desk.tell(echo("GIVEN", clock), echo("GIVEN", clock, ids=(LID,)))
    assert desk.sent == 1


@pytest.mark.parametrize("name", ["", "GIVEN"])
def test_an_echo_after_the_answer_is_the_same_message(desk: Sender, clock: Clock, name: str) -> None:
    desk.tell(echo(desk.send(Sent.QUEUED, name), clock))
    assert desk.sent == 1


def test_a_message_from_the_phone_is_counted_once_under_two_ids_of_its_chat(desk: Sender, clock: Clock) -> None:
    desk.tell(echo("P1", clock), echo("P1", clock, ids=(LID,)))
    assert desk.sent == 1


def test_a_message_from_the_phone_is_counted_in_the_hour_in_which_it_was_written(desk: Sender, clock: Clock) -> None:
    late = echo("P1", clock)
    clock.forward(30 * 3600)
    desk.tell(late, written("P2", at=clock() + 9 * 3600, from_me=True, ids=(ORDERS_ID,)))
    assert desk.sent_by_hour == {int(late.at // 3600): 1, int(clock() // 3600): 1}


@pytest.mark.parametrize("tells", ["its echo", "a tick"])
def test_a_send_that_may_have_gone_out_is_counted_when_it_is_seen(desk: Sender, clock: Clock, tells: str) -> None:
    name = desk.send(Sent.UNKNOWN)
    assert desk.sent == 0
    seen = echo(name, clock) if tells == "its echo" else tick(Ack.DELIVERED, name, at=clock(), ids=(ORDERS_ID,))
    desk.tell(seen, seen, echo(name, clock))
    assert (state_of(desk.gateway, "k1")[0] is SendState.UNKNOWN, desk.sent) == (False, 1)


def test_a_queued_message_that_was_refused_is_taken_back_once_from_its_own_hour(desk: Sender, clock: Clock) -> None:
    names = [desk.send(Sent.QUEUED, f"G{number}", key=f"k{number}") for number in range(3)]
    hour = int(clock() // 3600)
    clock.forward(3 * 3600)
    failed = [tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,), not_on_whatsapp=True) for name in names[:2]]
    desk.tell(*failed, *failed, tick(Ack.FAILED, names[0], at=clock(), ids=(LID,)))
    assert desk.sent_by_hour == {hour: 1}


def test_what_is_refused_after_its_hour_was_forgotten_leaves_no_count_below_zero(desk: Sender, clock: Clock) -> None:
    name = desk.send(Sent.QUEUED, "GIVEN")
    clock.forward(9 * 86_400)
    desk.services.storage.usage.purge()
    desk.tell(tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,)))
    assert desk.sent_by_hour == {}


def test_a_message_that_the_gateway_refuses_is_not_counted_for_its_echo(desk: Sender, clock: Clock) -> None:
    name = message_id_of(desk.line.portal_id, "k1")
    desk.send(Sent.REFUSED, first=[echo(name, clock, ack=Ack.PENDING)])
    desk.tell(echo(name, clock))
    assert (state_of(desk.gateway, "k1")[0], desk.sent) == (SendState.FAILED, 0)


def test_what_was_refused_and_arrived_after_all_counts(desk: Sender, clock: Clock) -> None:
    name = desk.send(Sent.QUEUED, "GIVEN")
    desk.tell(tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,)))
    assert desk.sent == 0
    desk.tell(tick(Ack.READ, name, at=clock(), ids=(ORDERS_ID,)))
    assert desk.sent == 1


@settings(max_examples=examples(8))
@given(data=st.data(), outcome=st.sampled_from([Sent.SENT, Sent.QUEUED, Sent.UNKNOWN]), ours=st.booleans())
def test_whatever_comes_first_or_again_a_message_counts_once(
    start: Callable[..., Widget], clock: Clock, data: st.DataObject, outcome: Sent, ours: bool
) -> None:
    """A send and a message from the phone, some of it told before the gateway has answered, some of
    it twice."""
    desk = Sender(Caller(start(f"counts-{uuid4()}")))
    name = message_id_of(desk.line.portal_id, "k1") if ours or outcome is Sent.UNKNOWN else "GIVEN"
    ends = data.draw(st.lists(st.sampled_from([Ack.PENDING, Ack.SENT, Ack.FAILED, Ack.DELIVERED]), max_size=3))
    told = [echo(name, clock), echo("P1", clock), echo("P1", clock, ids=(LID,))]
    told += [tick(ack, name, at=clock(), ids=(ORDERS_ID,)) for ack in ends]
    told = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=3))]))
    before = data.draw(st.integers(min_value=0, max_value=len(told)))
    desk.send(outcome, name, first=told[:before])
    desk.tell(*told[before:])
    failed = Ack.FAILED in ends and Ack.DELIVERED not in ends
    assert desk.sent == 1 + (not failed)


def test_a_number_that_a_webhook_says_has_no_whatsapp_is_a_no_on_the_card(
    desk: Sender, clock: Clock, outside: Outside
) -> None:
    card = desk.gateway.widget.open().reveal().check()
    assert card.rows["+7 926 111-22-33"] == "yes"
    name = desk.send(Sent.QUEUED, "GIVEN")
    clock.forward(60)
    failed = tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,), not_on_whatsapp=True)
    desk.tell(failed)
    outside.reset()
    assert card.reveal().rows["+7 926 111-22-33"] == "no"
    clock.forward(60)
    desk.tell(written("C1", at=clock(), ids=(ORDERS_ID,)), failed)
    assert card.reveal().rows["+7 926 111-22-33"] == "yes"
    assert "check-exists" not in outside.calls()


def test_a_refusal_that_comes_after_the_arrival_says_nothing_of_the_number(desk: Sender, clock: Clock) -> None:
    name = desk.send(Sent.QUEUED, "GIVEN")
    desk.tell(
        tick(Ack.DELIVERED, name, at=clock() - 9, ids=(ORDERS_ID,)),
        tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,), not_on_whatsapp=True),
    )
    assert desk.gateway.widget.open().reveal().rows["+7 926 111-22-33"] == "yes"
    assert desk.sent == 1


def test_a_message_that_a_restriction_made_fail_says_so_and_pauses_the_lines_checks(desk: Sender, clock: Clock) -> None:
    name = desk.send(Sent.SENT, "GIVEN")
    failed = tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,), why=GatewayErrorCode.RESTRICTED)
    desk.tell(failed, tick(Ack.FAILED, name, at=clock(), ids=(ORDERS_ID,)))
    assert state_of(desk.gateway, "k1") == (SendState.FAILED, "restricted")
    cooldown = desk.services.storage.line_health.cooldown_now(desk.line.portal_id, desk.line.id)
    assert (cooldown.why, cooldown.until) == ("restricted", clock() + 86_400)
    clock.forward(2 * 86_400)
    desk.tell(failed)
    assert desk.services.storage.line_health.cooldown_now(desk.line.portal_id, desk.line.id) == cooldown


# When it cannot be done now.


def test_what_failed_is_done_later_and_leaves_no_row(start: Callable[..., Widget], clock: Clock) -> None:
    """A worker that dies between two writes: the next try does what is left."""
    gateway = Caller(start(queue=MemoryHuey(immediate=False)))
    gateway.tell(written(at=clock()))
    services = gateway.widget.services
    (row,) = gateway.rows()
    assert services.storage.inbox.take(row["id"])  # taken by a process that is no more
    services.webhooks.ingest.work(row["id"])
    assert gateway.chat() is None
    clock.forward(61)
    assert services.webhooks.ingest.work_on_what_was_left() == 1
    assert gateway.chat().proved
    assert gateway.rows() == []


def test_texts_that_nobody_worked_on_are_not_kept_for_ever(start: Callable[..., Widget], clock: Clock) -> None:
    gateway = Caller(start(queue=MemoryHuey(immediate=False)))
    gateway.tell(written(at=clock()))
    clock.forward(8 * 86_400)
    assert gateway.widget.services.storage.inbox.forget_old() == 1
    assert gateway.rows() == []


def test_a_webhook_that_waits_for_a_portal_that_closed_is_forgotten(start: Callable[..., Widget], clock: Clock) -> None:
    gateway = Caller(start(queue=MemoryHuey(immediate=False)))
    gateway.tell(written(at=clock()))
    (row,) = gateway.rows()
    gateway.widget.services.storage.portals.close(gateway.line.portal_id, "PAYMENT_REQUIRED")
    gateway.widget.services.webhooks.ingest.work(row["id"])
    assert gateway.rows() == gateway.rows(messages) == []


def test_a_message_is_sealed_and_forgotten_in_time(gateway: Caller, clock: Clock) -> None:
    gateway.tell(written(text="Секрет", at=clock()))
    (row,) = gateway.rows(messages)
    assert "Секрет" not in row["body"]
    store = gateway.widget.services.storage.messages
    assert store.wipe(clock() - 1) == 0
    gateway.tell(about(EventKind.REACTION, at=clock(), text="👍"))
    clock.forward(31 * 86_400)
    gateway.tell(tick(Ack.NONE))  # a word about it today does not keep what was written a month ago
    assert store.wipe(clock() - 30 * 86_400) == 1
    assert gateway.rows(messages) == []


# What names no chat, but a message that is known.


def test_a_tick_that_names_no_chat_reaches_the_send_whose_message_it_is(gateway: Caller) -> None:
    send(gateway, "k", message_id="BAE5")
    gateway.tell(tick(Ack.READ, "BAE5", ids=()))
    assert state_of(gateway, "k") == (SendState.READ, "")


def test_a_tick_of_a_message_that_nobody_knows_is_taken_and_forgotten(gateway: Caller) -> None:
    assert gateway.tell(tick(Ack.READ, "BAE5", ids=())) == 200
    assert gateway.rows(messages) == []


def test_an_edit_that_names_no_chat_changes_the_message_it_names(gateway: Caller) -> None:
    now = gateway.widget.clock()
    gateway.tell(written("A", "Завтра в 9", at=now - 10))
    gateway.tell(about(EventKind.EDITED, "A", at=now - 5, text="Завтра в 10", ids=()))
    shown = [bubble.text for bubble in gateway.shown()]
    assert "Завтра в 10" in shown
    assert "Завтра в 9" not in shown


def test_a_webhook_that_a_newer_version_wrote_down_waits_for_its_worker(
    gateway: Caller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, line = gateway.widget.services, gateway.line
    monkeypatch.setattr(serialization, "VERSION", serialization.VERSION + 1)
    told = events_json([written(at=clock())])
    monkeypatch.undo()
    row = here.storage.inbox.add(line.portal_id, line.id, told)
    for _ in range(2 * len(TRIES)):
        here.webhooks.ingest.work(row)
        assert gateway.rows()[0]["attempts"] == 0
        clock.forward(60)

    monkeypatch.setattr(serialization, "VERSION", serialization.VERSION + 1)
    assert here.webhooks.ingest.work_on_what_was_left() == 1
    assert gateway.shown()
    assert gateway.rows() == []
