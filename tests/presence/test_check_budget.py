"""What a line may spend: by what it sends, by who asks, and across restarts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import redis
from flask import Flask

from ratelimit import MemoryStorage, RedisStorage, StorageUnavailable
from tests.presence.conftest import LINE, SUPPORT
from tests.stand import PATIENCE
from widget.cache import Cache
from widget.gateways.base import GatewayErrorCode
from widget.presence.budget import AskedBy, CheckPriority
from widget.presence.records import PresenceAnswer, UnknownReason
from widget.storage.usage import HOUR

DAY = 86_400
MANY = [f"+79015550{n:03}" for n in range(200)]
FAST = {"burst": 1000, "every": 0.001, "day": 100}


def spend(desk, n, priority=CheckPriority.CLICK):
    return desk.check_budget.reserve(LINE, n, priority).granted


def send(desk, n):
    desk.usage.add(LINE.portal_id, LINE.id, sent=n)
    desk.clock.forward(10)  # another process may know of it as late as this


def test_a_line_that_sends_nothing_has_the_floor_and_each_message_sent_allows_a_check(make_desk):
    desk = make_desk(**FAST, floor=20)
    assert spend(desk, 50) == 20
    send(desk, 25)
    assert spend(desk, 50) == 5
    send(desk, 500)
    assert spend(desk, 200) == 75


def test_two_lines_of_one_whatsapp_account_spend_from_one_budget(make_desk):
    """A phone may be linked to two gateways; WhatsApp counts what both of them ask."""
    desk = make_desk(**FAST, floor=20)
    one, other = replace(LINE, account=(1, 3)), replace(SUPPORT, account=(1, 3))
    assert desk.check_budget.reserve(one, 15, CheckPriority.CLICK).granted == 15
    assert desk.check_budget.reserve(other, 15, CheckPriority.CLICK).granted == 5
    desk.limiter.reset(one.budget_key)
    desk.clock.forward(10)
    assert desk.check_budget.reserve(other, 1, CheckPriority.CLICK).granted == 0  # as SQL knows
    alone = replace(SUPPORT, id=4)
    assert desk.check_budget.reserve(alone, 1, CheckPriority.CLICK).granted == 1  # of an account of its own


def test_messages_that_come_in_allow_nothing(make_desk):
    desk = make_desk(**FAST, floor=20)
    desk.usage.add(LINE.portal_id, LINE.id, received=500)
    assert spend(desk, 50) == 20


def test_messages_of_the_day_before_no_longer_count(make_desk, clock):
    desk = make_desk(**FAST, floor=20)
    send(desk, 60)
    clock.forward(DAY)
    assert desk.check_budget.allowed(LINE) == 20


def test_the_page_itself_stops_where_clicks_may_still_go_on(make_desk):
    desk = make_desk(**FAST)
    assert spend(desk, 200, CheckPriority.STALE_YES) == 50
    assert spend(desk, 200, CheckPriority.STALE_NO) == 15
    assert spend(desk, 200, CheckPriority.NEW) == 15
    assert spend(desk, 200) == 20
    assert spend(desk, 1) == 0


def test_what_is_less_urgent_gets_nothing_once_the_urgent_has_used_its_share(make_desk):
    desk = make_desk(**FAST)
    assert spend(desk, 60, CheckPriority.NEW) == 60
    assert spend(desk, 1, CheckPriority.STALE_YES) == 0
    assert spend(desk, 200, CheckPriority.NEW) == 20


def test_every_granted_check_is_written_down_in_its_hour_and_nothing_else(make_desk):
    desk = make_desk(**FAST)
    spend(desk, 90)
    spend(desk, 90)
    spend(desk, 90)
    assert desk.spent() == 100


def test_a_check_given_back_is_taken_back_from_its_own_hour(make_desk, clock):
    desk = make_desk(**FAST)
    grant = desk.check_budget.reserve(LINE, 30, CheckPriority.CLICK)
    clock.forward(HOUR)
    desk.check_budget.refund(grant, 12)
    assert desk.spent() == 18
    assert desk.check_budget.remaining(LINE).left == 82


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_a_restart_does_not_give_the_budget_back(make_desk, clock, redis_url, kind):
    with redis.Redis.from_url(redis_url) as client:

        def storage():
            client.flushall()
            return RedisStorage(client, clock) if kind == "redis" else MemoryStorage(clock)

        assert spend(make_desk(**FAST, storage=storage()), 70) == 70
        clock.forward(2 * HOUR)
        assert spend(make_desk(**FAST, storage=storage()), 70) == 30
        clock.forward(2 * HOUR)
        restarted = make_desk(**FAST, storage=storage())
        assert restarted.check_budget.remaining(LINE).left == 0
        assert spend(restarted, 1) == 0
        clock.forward(DAY - 3 * HOUR)  # the first seventy have left, at the latest by the end of their hour
        assert spend(make_desk(**FAST, storage=storage()), 200) == 70


@pytest.mark.parametrize("asked_by", ["a press", "a send that was checked"])
def test_processes_that_ask_at_once_after_a_loss_spend_each_check_once(make_desk, clock, asked_by):
    storage, together = MemoryStorage(clock), threading.Barrier(4)
    desks = [make_desk(**FAST, storage=storage) for _ in range(4)]
    for desk in desks:
        add = desk.usage.add

        def add_together(*args, _add=add, **counts):
            _add(*args, **counts)
            together.wait(PATIENCE)  # all have written it down before anybody asks the limiter

        desk.usage.add = add_together

    def ask(desk):
        return spend(desk, 10) if asked_by == "a press" else desk.check_budget.count(LINE, 10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, desks))
    assert (desks[0].spent(), desks[0].check_budget.remaining(LINE).left) == (40, 60)


def test_a_limiter_that_forgets_while_a_check_is_being_written_down_is_told_of_all_others(make_desk):
    desk = make_desk(**FAST)
    spend(desk, 60)
    add = desk.usage.add

    def add_and_lose(*args, **counts):
        add(*args, **counts)
        desk.limiter.reset(str(LINE.id))
        desk.usage.add = add

    desk.usage.add = add_and_lose
    assert spend(desk, 30) == 30
    assert (desk.spent(), desk.check_budget.remaining(LINE).left, spend(desk, 50)) == (90, 10, 10)


def test_a_limiter_flushed_under_a_running_process_is_told_what_was_spent(make_desk, clock, redis_url):
    with redis.Redis.from_url(redis_url) as client:
        desk = make_desk(**FAST, storage=RedisStorage(client, clock))
        assert spend(desk, 60) == 60
        client.flushall()
        assert spend(desk, 60) == 40
        assert desk.spent() == 100


def test_a_line_that_ran_dry_is_not_asked_for_more_for_a_moment(make_desk, clock):
    desk = make_desk(**FAST)
    spend(desk, 100)
    spend(desk, 1)
    written = []
    desk.usage.add = lambda *args, **counts: written.append(counts)
    assert desk.check_budget.reserve(LINE, 1, CheckPriority.CLICK).wait == pytest.approx(DAY)
    assert written == []
    clock.forward(5)
    spend(desk, 1)
    assert written == []  # nor is it written down where it is asked and has nothing


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_what_returns_to_an_idle_line_stays_returned(make_desk, clock, redis_url, kind):
    """SQL knows the hour of a check and not its minute: who reads it too early takes back what had
    returned."""
    with redis.Redis.from_url(redis_url) as client:
        storage = RedisStorage(client, clock) if kind == "redis" else MemoryStorage(clock)
        desk = make_desk(**FAST, storage=storage)
        clock.now = clock() // HOUR * HOUR + 60
        assert spend(desk, 100) == 100
        clock.forward(DAY)
        if kind == "redis":  # its keys live in the server's time
            lives = [client.pttl(key) / 1000 for key in client.scan_iter()]
            assert min(lives) > DAY + HOUR
        for _ in range(90):
            assert desk.check_budget.remaining(LINE).left == 100
            clock.forward(60)


def test_what_is_left_is_told_with_the_time_of_the_next(make_desk, clock):
    desk = make_desk(**FAST)
    assert desk.check_budget.last_remaining(LINE) is None
    spend(desk, 85)
    assert (desk.check_budget.remaining(LINE).left, desk.check_budget.remaining(LINE).allowed) == (15, 100)
    spend(desk, 15)
    clock.forward(HOUR)
    assert desk.check_budget.remaining(LINE).returns_at == pytest.approx(clock() + DAY - HOUR)
    assert desk.check_budget.last_remaining(LINE).left == 0


class Gone:
    """A storage that does not answer."""

    def acquire(self, *args, **more):
        raise StorageUnavailable

    refund = reset = load = acquire


def test_when_permits_cannot_be_counted_nothing_is_spent_and_nothing_is_counted_twice(make_desk, clock):
    broken = make_desk(**FAST, storage=Gone())
    with pytest.raises(StorageUnavailable):
        spend(broken, 10)
    assert broken.spent() == 0
    assert spend(make_desk(**FAST), 200) == 100


def test_a_lost_permit_stays_counted_where_the_limiter_cannot_take_it_back(make_desk):
    desk = make_desk(**FAST)
    grant = desk.check_budget.reserve(LINE, 10, CheckPriority.CLICK)
    desk.limiter._storage = Gone()
    desk.check_budget.refund(grant, 5)
    assert desk.spent() == 10


# Through the checker.


def test_the_page_asks_about_new_numbers_first_then_old_noes_then_old_yeses(make_desk, gateway, clock):
    desk = make_desk(burst=10, every=0.001, day=13)
    gateway.says = dict.fromkeys(MANY[:3], True)
    assert desk.checker.check(LINE, MANY[:5]).checked == 5  # three yes, two no
    clock.forward(301)
    outcome = desk.checker.check(LINE, MANY[:6], by=AskedBy.PAGE)
    asked = gateway.checked[5:]
    assert (set(asked), outcome.checked) == ({MANY[5], MANY[3], MANY[4]}, 3)  # eight of thirteen are spent
    assert outcome.answers[MANY[0]].why is UnknownReason.SAVED
    assert outcome.answers[MANY[0]].answer is PresenceAnswer.YES


def test_above_the_soft_limit_a_new_number_waits_for_a_click(make_desk):
    desk = make_desk(burst=100, every=0.001, day=10)
    found = desk.checker.check(LINE, MANY[:10], by=AskedBy.PAGE)
    assert found.checked == 8
    assert {found.answers[phone].why for phone in MANY[8:10]} == {UnknownReason.SAVED}
    assert desk.checker.check(LINE, MANY[8:10]).checked == 2
    assert desk.checker.check(LINE, MANY[10:11]).answers[MANY[10]].why is UnknownReason.LIMIT


def test_a_pace_that_is_used_up_is_no_reason_to_wait_for_a_click(make_desk, clock):
    desk = make_desk(burst=3)
    found = desk.checker.check(LINE, MANY[:4], by=AskedBy.PAGE).answers[MANY[3]]
    assert (found.why, found.until) == (UnknownReason.LIMIT, clock() + 3.0)


@pytest.mark.parametrize(
    "trouble", [GatewayErrorCode.UNREACHABLE, GatewayErrorCode.LEFT_ALONE, GatewayErrorCode.UNSUPPORTED]
)
def test_a_question_that_never_left_costs_nothing(make_desk, gateway, trouble):
    desk = make_desk(**FAST)
    gateway.sent = False
    gateway.says = {MANY[0]: trouble}
    assert desk.checker.check(LINE, MANY[:3]).checked == 2
    assert desk.spent() == 2


def test_a_question_whose_answer_was_lost_stays_spent(make_desk, gateway):
    desk = make_desk(**FAST)
    gateway.says = dict.fromkeys(MANY[:3], GatewayErrorCode.TIMED_OUT)
    assert desk.checker.check(LINE, MANY[:3]).checked == 3
    assert desk.spent() == 3


def test_after_redis_came_back_the_same_checks_are_not_counted_twice(make_desk, clock, redis_url):
    with redis.Redis.from_url(redis_url) as client:
        desk = make_desk(**FAST, answers=Cache(Flask("r"), redis_url), storage=RedisStorage(client, clock))
        desk.checker.check(LINE, MANY[:10])
        gone = make_desk(**FAST, answers=Cache(Flask("g"), "redis://127.0.0.1:1/0"), storage=Gone())
        assert gone.checker.check(LINE, MANY[10:12]).answers[MANY[10]].why is UnknownReason.CANNOT_COUNT
        client.flushall()
        assert desk.checker.check(LINE, MANY[10:12]).checked == 2
        assert desk.spent() == 12
        assert desk.check_budget.remaining(LINE).left == 88


def test_a_line_limit_of_its_own_holds_at_once(make_desk):
    desk = make_desk(**FAST)
    tight = replace(LINE, limits=replace(LINE.limits, per_day=2))
    assert desk.checker.check(tight, MANY[:5]).checked == 2
