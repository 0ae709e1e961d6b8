import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask import Flask

from ratelimit import RedisStorage
from ratelimit.errors import StorageUnavailable
from sandbox.valkey import Valkey
from tests.presence.conftest import LINE, OTHER_PORTALS_LINE, SURE, UNSURE
from tests.stand import PATIENCE
from widget.cache import Cache
from widget.gateways.base import CheckResult, GatewayErrorCode, LineState, ListedChat
from widget.presence.budget import AskedBy
from widget.presence.records import PresenceAnswer, Source, UnknownReason
from widget.redis_clients import open_redis

IVAN, ORDERS, MARIA = "+79619510000", "+79261112233", "+79123456789"
JOAO, RUSTAM = "+5531988887777", "+998901234567"
MANY = [f"+790155501{n:02}" for n in range(20)]


def check(desk, *phones, line=LINE, **how):
    return desk.checker.check(line, phones, **how).answers


def read(desk, *phones, portal=1):
    return desk.known(*phones, portal=portal)


# Each answer.


def test_a_yes_has_its_time_and_the_gateways_own_id_of_the_chat(desk, clock):
    desk.gateway.says = {ORDERS: CheckResult(True, "79261112233@c.us"), JOAO: CheckResult(True, "553188887777@c.us")}
    found = check(desk, ORDERS, JOAO)
    assert (found[ORDERS].answer, found[ORDERS].how, found[ORDERS].at) == (PresenceAnswer.YES, Source.CHECK, clock())
    assert found[ORDERS].chat_id == ""  # just the number's
    assert found[JOAO].chat_id == "553188887777"  # WhatsApp spells it without the ninth digit


def test_a_no_has_its_time(desk, clock):
    found = check(desk, MARIA)[MARIA]
    assert (found.answer, found.at, found.chat_id) == (PresenceAnswer.NO, clock(), "")


def test_a_chat_proves_presence_without_a_check_and_is_remembered(desk):
    desk.gateway.chats = {IVAN: ListedChat("1@lid", 1000.0, has_messages=True)}
    found = check(desk, IVAN, MARIA)
    assert (found[IVAN].answer, found[IVAN].how, found[IVAN].chat_id) == (PresenceAnswer.YES, Source.CHAT, "waha:1@lid")
    assert desk.gateway.checked == [MARIA]
    assert (found[IVAN].line_id, found[IVAN].last_at) == (1, 1000.0)


def test_an_empty_chat_proves_nothing(desk):
    desk.gateway.chats = {IVAN: ListedChat("1@lid", 0.0, has_messages=False)}
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO
    assert desk.chats.remembered == []


def test_when_chats_cannot_be_listed_the_checks_decide(desk):
    desk.gateway.listing = GatewayErrorCode.BROKEN_ANSWER
    desk.gateway.says = {IVAN: True}
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.YES


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (GatewayErrorCode.LINE_DOWN, UnknownReason.LINE_DOWN),
        (GatewayErrorCode.THROTTLED, UnknownReason.THROTTLED),
        (GatewayErrorCode.RESTRICTED, UnknownReason.RESTRICTED),
        (GatewayErrorCode.UNSUPPORTED, UnknownReason.CANNOT_CHECK),
        (GatewayErrorCode.QUOTA, UnknownReason.QUOTA),
        (GatewayErrorCode.LEFT_ALONE, UnknownReason.LEFT_ALONE),
        (GatewayErrorCode.CREDENTIALS, UnknownReason.CREDENTIALS),
        (GatewayErrorCode.MALFORMED, UnknownReason.FAILED),
        (GatewayErrorCode.TIMED_OUT, UnknownReason.FAILED),
        (GatewayErrorCode.UNREACHABLE, UnknownReason.FAILED),
        (GatewayErrorCode.BROKEN_ANSWER, UnknownReason.FAILED),
        (GatewayErrorCode.NO_SUCH_THING, UnknownReason.FAILED),
        (GatewayErrorCode.NOT_ON_WHATSAPP, UnknownReason.FAILED),
    ],
)
def test_a_gateway_in_trouble_makes_an_unknown_with_a_reason_and_never_a_no(make_desk, gateway, trouble, why):
    desk = make_desk()
    gateway.says = {IVAN: trouble, ORDERS: True}
    found = check(desk, IVAN, ORDERS)
    assert (found[IVAN].answer, found[IVAN].why) == (PresenceAnswer.UNKNOWN, why)
    assert found[ORDERS].answer is PresenceAnswer.YES  # one bad answer spoils no other


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (LineState.CONNECTING, UnknownReason.LINE_DOWN),
        (LineState.SCAN_QR, UnknownReason.LINE_DOWN),
        (LineState.OFFLINE, UnknownReason.LINE_DOWN),
        (LineState.UNKNOWN, UnknownReason.LINE_DOWN),
        (LineState.RESTRICTED, UnknownReason.RESTRICTED),
        (GatewayErrorCode.CREDENTIALS, UnknownReason.CREDENTIALS),
        (GatewayErrorCode.LEFT_ALONE, UnknownReason.LEFT_ALONE),
        (GatewayErrorCode.QUOTA, UnknownReason.QUOTA),
        (GatewayErrorCode.UNREACHABLE, UnknownReason.FAILED),
        (GatewayErrorCode.TIMED_OUT, UnknownReason.FAILED),
        (GatewayErrorCode.THROTTLED, UnknownReason.THROTTLED),
    ],
)
def test_a_line_that_is_not_ready_is_not_asked_about_anybody(desk, state, why):
    desk.gateway.state = state
    found = check(desk, IVAN, MARIA)
    assert {presence.why for presence in found.values()} == {why}
    assert (desk.gateway.checked, desk.gateway.listed) == ([], 0)
    desk.gateway.state = LineState.READY
    assert desk.limiter.peek("1", 10).granted == 10  # and it cost the line nothing


def test_ten_checks_fly_at_once(make_desk, gateway):
    """Each waits until all ten are there: one after another they would never end."""
    together = threading.Barrier(10)
    check_one = gateway.check
    gateway.check = lambda phone: (together.wait(PATIENCE), check_one(phone))[1]
    assert len(check(make_desk(), *MANY[:10])) == 10


# The limits.


def test_the_first_phones_are_asked_first_when_the_line_may_not_ask_about_all(make_desk, clock):
    desk = make_desk(burst=3)
    found = check(desk, *MANY[:5])
    assert sorted(desk.gateway.checked) == MANY[:3]
    assert [found[phone].why for phone in MANY[3:5]] == [UnknownReason.LIMIT] * 2
    assert {found[phone].until for phone in MANY[3:5]} == {clock() + 3.0}


def test_numbers_with_a_chat_use_up_no_limit(make_desk):
    desk = make_desk(burst=2)
    desk.gateway.chats = {phone: ListedChat("1@lid", 1.0, has_messages=True) for phone in MANY[:5]}
    found = check(desk, *MANY[:7])
    assert {presence.answer for presence in found.values()} == {PresenceAnswer.YES, PresenceAnswer.NO}
    assert sorted(desk.gateway.checked) == MANY[5:7]


def test_a_limit_is_asked_again_as_soon_as_it_allows(make_desk, clock):
    desk = make_desk(burst=1)
    assert check(desk, *MANY[:2])[MANY[1]].why is UnknownReason.LIMIT
    assert desk.checker.wait(LINE) == 3.0
    clock.forward(3)
    assert desk.checker.wait(LINE) == 0.0
    assert check(desk, *MANY[:2])[MANY[1]].answer is PresenceAnswer.NO


def test_a_hundred_a_day_are_enough(make_desk, clock):
    desk = make_desk(burst=10, every=0.001, day=12)
    check(desk, *MANY[:10])
    clock.forward(1)
    found = check(desk, *MANY[10:])
    assert len(desk.gateway.checked) == 12
    assert found[MANY[19]].until == pytest.approx(clock() + 86_399, abs=1)


def test_each_line_has_limits_of_its_own(make_desk):
    desk = make_desk(burst=1)
    check(desk, IVAN)
    assert check(desk, IVAN, line=OTHER_PORTALS_LINE)[IVAN].answer is PresenceAnswer.NO


def test_a_check_that_never_left_gives_its_permit_back(make_desk, gateway):
    desk = make_desk(burst=3)
    gateway.says = {MANY[0]: GatewayErrorCode.UNREACHABLE, MANY[1]: GatewayErrorCode.UNREACHABLE}
    gateway.sent = False
    check(desk, *MANY[:3])
    assert desk.limiter.peek("1", 3).granted == 2


@pytest.mark.parametrize(
    "trouble",
    [
        GatewayErrorCode.TIMED_OUT,
        GatewayErrorCode.BROKEN_ANSWER,
        GatewayErrorCode.THROTTLED,
        GatewayErrorCode.UNREACHABLE,
    ],
)
def test_a_check_that_may_have_been_asked_stays_spent(make_desk, gateway, trouble):
    desk = make_desk(burst=3)
    gateway.says = dict.fromkeys(MANY[:3], trouble)
    check(desk, *MANY[:3])
    assert desk.limiter.peek("1", 3).granted == 0


# How long an answer is good for.


def test_yes_and_no_are_good_for_their_time_and_then_asked_again(desk, clock):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN, MARIA)
    clock.forward(SURE - 1)
    check(desk, IVAN, MARIA)
    assert len(desk.gateway.checked) == 2
    assert desk.gateway.states == 1  # a warm answer asks the gateway nothing at all
    clock.forward(1)
    check(desk, IVAN, MARIA)
    assert len(desk.gateway.checked) == 4


def test_an_unknown_is_shown_for_seconds_only(desk, clock):
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    check(desk, IVAN)
    clock.forward(UNSURE - 1)
    assert read(desk, IVAN)[IVAN].why is UnknownReason.FAILED
    clock.forward(1)
    assert read(desk, IVAN) == {}


def test_who_asks_again_after_a_failure_is_not_told_the_same_again(desk, clock):
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    check(desk, IVAN)
    desk.gateway.says = {IVAN: True}
    clock.forward(1)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.YES
    assert read(desk, IVAN)[IVAN].answer is PresenceAnswer.YES


def test_who_waited_for_the_one_that_failed_is_told_so_and_does_not_ask_too(desk, gateway):
    gateway.hold = threading.Event()
    gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    with ThreadPoolExecutor(5) as openings:
        flying = [openings.submit(check, desk, IVAN) for _ in range(5)]
        gateway.hold.set()
        assert {opening.result(PATIENCE)[IVAN].why for opening in flying} == {UnknownReason.FAILED}
    assert len(gateway.checked) == 1


def test_a_limit_is_not_remembered(make_desk):
    desk = make_desk(burst=1)
    check(desk, IVAN, MARIA)
    assert read(desk, IVAN, MARIA).keys() == {IVAN}


def test_a_refresh_asks_about_fresh_answers_too_but_not_about_proofs(desk, clock):
    desk.gateway.chats = {ORDERS: ListedChat("1@lid", 1.0, has_messages=True)}
    check(desk, IVAN, MARIA, ORDERS)
    clock.forward(1)
    check(desk, IVAN, MARIA, ORDERS, by=AskedBy.REFRESH)
    assert sorted(desk.gateway.checked) == sorted([IVAN, MARIA] * 2)
    assert desk.known(IVAN)[IVAN].at == clock()


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "yes",
        ["yes"],
        ["maybe", 1, "check", "failed", 0, ""],
        {"a": 1},
        [1] * 6,
        ["yes", "x", "check", "failed", 0, ""],
    ],
)
def test_a_record_of_another_version_is_asked_again(desk, record):
    (key,) = desk.memory.keys(1, [IVAN])
    desk.answers.set_many({key: record} if record is not None else {}, 60)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO
    assert desk.gateway.checked == [IVAN]


def test_the_same_number_twice_is_asked_about_once(desk):
    assert set(check(desk, IVAN, IVAN)) == {IVAN}
    assert desk.gateway.checked == [IVAN]


# Who shares what.


def test_answers_of_one_portal_never_reach_another(desk):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN)
    assert read(desk, IVAN, portal=2) == {}
    desk.gateway.says = {IVAN: False}
    assert check(desk, IVAN, line=OTHER_PORTALS_LINE)[IVAN].answer is PresenceAnswer.NO
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.YES


def test_twenty_openings_of_one_card_at_once_ask_once_per_number(desk, gateway):
    gateway.hold = threading.Event()
    with ThreadPoolExecutor(20) as openings:
        flying = [openings.submit(check, desk, *MANY[:5]) for _ in range(20)]
        gateway.hold.set()
        for opening in flying:
            assert {presence.answer for presence in opening.result(PATIENCE).values()} == {PresenceAnswer.NO}
    assert sorted(gateway.checked) == MANY[:5]


def test_two_processes_with_one_redis_ask_once_per_number(make_desk, gateway, redis_url, clock):
    gateway.hold = threading.Event()
    with redis.Redis.from_url(redis_url) as client:
        desks = [
            make_desk(answers=Cache(Flask(name), redis_url), storage=RedisStorage(client, clock)) for name in ("a", "b")
        ]
        with ThreadPoolExecutor(20) as openings:
            flying = [openings.submit(check, desks[n % 2], *MANY[:5]) for n in range(20)]
            gateway.hold.set()
            for opening in flying:
                assert {presence.answer for presence in opening.result(PATIENCE).values()} == {PresenceAnswer.NO}
    assert sorted(gateway.checked) == MANY[:5]


def test_two_processes_with_one_redis_share_one_limit(make_desk, redis_url, clock):
    with redis.Redis.from_url(redis_url) as client:
        storage = RedisStorage(client, clock)
        first, second = (make_desk(burst=3, answers=Cache(Flask(n), redis_url), storage=storage) for n in ("a", "b"))
        check(first, *MANY[:2])
        found = check(second, *MANY[2:6])
    assert [found[phone].why for phone in MANY[3:6]] == [UnknownReason.LIMIT] * 3
    assert len(first.gateway.checked) == 3


# When the store is gone.


class Gone:
    """A storage that does not answer."""

    def acquire(self, *args, **more):
        raise StorageUnavailable

    refund = reset = acquire


def test_when_permits_cannot_be_counted_nothing_is_asked(make_desk):
    desk = make_desk(storage=Gone())
    found = check(desk, IVAN, MARIA)
    assert {(presence.answer, presence.why) for presence in found.values()} == {
        (PresenceAnswer.UNKNOWN, UnknownReason.CANNOT_COUNT)
    }
    assert desk.gateway.checked == []


def test_when_the_cache_is_gone_the_gateway_is_not_even_called(make_desk):
    desk = make_desk(answers=Cache(Flask("gone"), "redis://127.0.0.1:1/0"))
    assert check(desk, IVAN)[IVAN].why is UnknownReason.CANNOT_COUNT
    assert (desk.gateway.checked, desk.gateway.listed, desk.gateway.states) == ([], 0, 0)


def test_when_the_stores_go_away_during_a_check_its_answers_are_told_and_kept(make_desk, gateway, clock):
    with Valkey() as server, open_redis(server.url) as client:
        desk = make_desk(burst=2, answers=Cache(Flask("c"), server.url), storage=RedisStorage(client, clock))
        gateway.at_once, one_call = 10, gateway.check
        gateway.check = lambda phones: (server.kill(), one_call(phones))[1]
        outcome = desk.checker.check(LINE, MANY[:3])
    assert [outcome.answers[phone].answer for phone in MANY[:3]] == [
        PresenceAnswer.NO,
        PresenceAnswer.NO,
        PresenceAnswer.UNKNOWN,
    ]
    assert (outcome.answers[MANY[2]].why, outcome.checked, desk.spent()) == (UnknownReason.LIMIT, 2, 2)
    assert set(desk.memory.without_cache(1, desk.memory.keys(1, MANY[:3]))) == set(desk.memory.keys(1, MANY[:2]))


def test_after_the_store_came_back_everything_is_asked_as_usual(make_desk, redis_url):
    desk = make_desk(storage=Gone())
    check(desk, IVAN)
    assert check(make_desk(), IVAN)[IVAN].answer is PresenceAnswer.NO


# What is stored.


def test_what_lies_in_redis_is_json_without_a_number_and_reads_back_the_same(make_desk, redis_url):
    desk = make_desk(answers=Cache(Flask("redis"), redis_url))
    desk.gateway.says = {
        IVAN: CheckResult(True, "79619510000@c.us"),
        JOAO: CheckResult(True, "553188887777@c.us"),
        ORDERS: GatewayErrorCode.TIMED_OUT,
    }
    desk.gateway.chats = {RUSTAM: ListedChat("187234509871234@lid", 1.0, has_messages=True)}
    asked = check(desk, IVAN, JOAO, RUSTAM, MARIA, ORDERS)
    with open_redis(redis_url) as client:
        stored = {key: client.get(key) for key in client.keys("widget:*")}
    assert len(stored) == 5
    raw = b" ".join(part for pair in stored.items() for part in pair)
    assert all(isinstance(json.loads(value), list) for value in stored.values())
    for number in (IVAN, JOAO, RUSTAM, MARIA, ORDERS, "+553188887777"):
        for digits in (number[1:], number[2:], number[-8:]):
            assert digits.encode() not in raw
    assert read(desk, IVAN, JOAO, RUSTAM, MARIA, ORDERS) == asked
    assert (asked[JOAO].chat_id, asked[RUSTAM].chat_id) == ("553188887777", "waha:187234509871234@lid")


@pytest.mark.parametrize("chat_id", ["553188887777@c.us", "zz", "ff", "0"])
def test_a_chat_id_that_another_version_wrote_is_forgotten_and_not_misread(desk, clock, chat_id):
    (key,) = desk.memory.keys(1, [JOAO])
    desk.answers.set_many({key: ["yes", clock(), "check", "not_asked", 0.0, chat_id]}, 60)
    found = check(desk, JOAO)[JOAO]
    assert found.answer is PresenceAnswer.YES
    assert "@" not in found.chat_id


def test_cache_keys_hold_no_number_and_differ_between_portals(desk):
    (here,), (there,) = desk.memory.keys(1, [IVAN]), desk.memory.keys(2, [IVAN])
    assert here != there
    assert "9619510000" not in here


def test_checks_are_counted_for_the_operator_by_their_answer(desk):
    desk.gateway.says = {IVAN: True, ORDERS: GatewayErrorCode.TIMED_OUT}
    check(desk, IVAN, ORDERS, MARIA)
    told = desk.metrics.text().decode()
    for answer in ("yes", "no", "unknown"):
        assert f'widget_checks_total{{answer="{answer}"}} 1.0' in told


def test_logs_hold_no_number(desk, caplog):
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    desk.gateway.listing = GatewayErrorCode.THROTTLED
    with caplog.at_level("DEBUG"):
        check(desk, IVAN, MARIA)
    assert "presence.checked line=1" in caplog.text
    assert "9619510000" not in caplog.text
