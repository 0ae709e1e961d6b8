"""What makes a line's checks pause, for how long, and what is left afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.presence.conftest import LINE, SUPPORT
from widget.gateways.base import GatewayErrorCode, LineState
from widget.presence.records import PresenceAnswer, UnknownReason

IVAN, MARIA = "+79619510000", "+79123456789"
MINUTE, HOUR, DAY = 60, 3600, 86_400


def pause(desk):
    """Minutes until checks go on."""
    return max(0.0, desk.cooldown_policy.of(LINE).until - desk.clock()) / MINUTE


def check(desk, *phones, **how):
    return desk.checker.check(LINE, phones, **how).answers


def test_a_throttled_check_pauses_all_checks_for_a_quarter_of_an_hour(desk, clock):
    desk.gateway.says = {IVAN: GatewayErrorCode.THROTTLED}
    found = check(desk, IVAN)[IVAN]
    assert (found.why, found.until) == (UnknownReason.THROTTLED, clock() + 15 * MINUTE)
    desk.gateway.says = {}
    asked = desk.gateway.states, desk.gateway.listed, len(desk.gateway.checked)
    clock.forward(15 * MINUTE - 1)
    assert check(desk, MARIA)[MARIA].why is UnknownReason.THROTTLED
    assert (desk.gateway.states, desk.gateway.listed, len(desk.gateway.checked)) == asked  # known before any call
    clock.forward(1)
    assert check(desk, MARIA)[MARIA].answer is PresenceAnswer.NO


def test_a_throttled_question_about_the_lines_state_is_the_gateways_own_limit_and_no_pause(desk, clock):
    """GREEN-API allows one a second (green-api.com/en/docs/api/ratelimiter). No state is asked of
    WhatsApp."""
    desk.gateway.state = GatewayErrorCode.THROTTLED
    found = check(desk, IVAN)[IVAN]
    assert (found.answer, found.why, found.until) == (PresenceAnswer.UNKNOWN, UnknownReason.THROTTLED, 0.0)
    assert (pause(desk), desk.gateway.checked) == (0, [])
    desk.gateway.state = LineState.READY
    clock.forward(1)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO


@pytest.mark.parametrize("begins", ["before the check", "while the line is listed"])
def test_a_pause_that_another_process_heard_of_holds_here_at_once(make_desk, gateway, begins):
    here, there = make_desk(), make_desk()
    check(here, IVAN)  # remembers for seconds that there is no pause
    if begins == "before the check":
        there.cooldown_policy.throttled(LINE)
    else:
        listing = gateway.chats_of
        gateway.chats_of = lambda phones: (there.cooldown_policy.throttled(LINE), listing(phones))[1]
    assert check(here, MARIA)[MARIA].why is UnknownReason.THROTTLED
    assert (gateway.checked, here.spent()) == ([IVAN], 1)


def test_the_next_check_waits_for_the_end_of_a_pause(make_desk):
    desk, there = make_desk(burst=1), make_desk()
    assert desk.checker.wait(LINE) == 0.0
    there.cooldown_policy.throttled(LINE)
    assert desk.checker.wait(LINE) == 15 * MINUTE
    desk.cooldowns.end_cooldown(LINE.portal_id, LINE.id)
    check(desk, IVAN)
    assert desk.checker.wait(LINE) == 3.0


def test_the_pause_doubles_each_time_up_to_a_day(desk, clock):
    pauses = []
    for _ in range(9):
        desk.cooldown_policy.throttled(LINE)
        pauses.append(pause(desk))
        clock.forward(pause(desk) * MINUTE)
    assert pauses == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_after_a_quiet_day_the_next_one_is_a_first_one(desk, clock):
    desk.cooldown_policy.throttled(LINE)
    clock.forward(15 * MINUTE + DAY - 1)
    desk.cooldown_policy.throttled(LINE)
    assert pause(desk) == 30
    clock.forward(30 * MINUTE + DAY)
    desk.cooldown_policy.throttled(LINE)
    assert pause(desk) == 15


def test_ten_complaints_at_once_are_one(desk):
    with ThreadPoolExecutor(5) as pool:
        for _ in range(10):
            pool.submit(desk.cooldown_policy.throttled, LINE)
    assert pause(desk) == 15


def test_ten_throttled_checks_of_one_card_are_one(desk):
    phones = [f"+790155501{n:02}" for n in range(10)]
    desk.gateway.says = dict.fromkeys(phones, GatewayErrorCode.THROTTLED)
    check(desk, *phones)
    assert pause(desk) == 15


@pytest.mark.parametrize("state", [LineState.RESTRICTED, LineState.BANNED])
def test_a_restricted_or_closed_account_pauses_for_a_day_where_nobody_says_how_long(desk, clock, state):
    desk.gateway.state = state
    assert check(desk, IVAN)[IVAN].why is UnknownReason.RESTRICTED
    desk.gateway.state = LineState.READY
    clock.forward(DAY - 1)
    assert check(desk, IVAN)[IVAN].why is UnknownReason.RESTRICTED
    assert desk.gateway.checked == []
    clock.forward(1)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO


def test_a_restriction_lasts_until_its_end_and_then_half_the_budget_for_a_week(make_desk, clock):
    desk = make_desk(day=100, floor=60)
    desk.cooldown_policy.restricted(LINE, until=clock() + 2 * HOUR)
    assert pause(desk) == 120
    assert desk.check_budget.allowed(LINE) == 30
    clock.forward(2 * HOUR + 7 * DAY - 1)
    assert desk.check_budget.allowed(LINE) == 30
    clock.forward(10)
    assert desk.check_budget.allowed(LINE) == 60


def test_the_same_restriction_told_again_does_not_grow(desk, clock):
    desk.cooldown_policy.restricted(LINE)
    clock.forward(HOUR)
    desk.cooldown_policy.restricted(LINE)
    assert pause(desk) == 23 * 60
    desk.cooldown_policy.restricted(LINE, until=clock() + HOUR)  # now its end is known
    assert pause(desk) == 60


def test_a_restriction_takes_the_place_of_a_shorter_pause(desk):
    desk.cooldown_policy.throttled(LINE)
    desk.cooldown_policy.restricted(LINE)
    assert pause(desk) == 24 * 60
    desk.cooldown_policy.throttled(LINE)
    assert pause(desk) == 24 * 60


@pytest.mark.parametrize("trouble", [t for t in GatewayErrorCode if t.value not in ("throttled", "restricted")])
def test_no_other_trouble_pauses_anything(desk, trouble):
    desk.gateway.says = {IVAN: trouble}
    check(desk, IVAN)
    desk.cooldown_policy.record(LINE, trouble)
    assert pause(desk) == 0


def test_other_lines_go_on(desk):
    desk.cooldown_policy.throttled(LINE)
    assert desk.checker.check(SUPPORT, [IVAN]).answers[IVAN].answer is PresenceAnswer.NO


def test_an_administrator_may_end_a_pause_early_and_the_next_one_is_longer_all_the_same(desk, clock):
    desk.cooldown_policy.throttled(LINE)
    clock.forward(MINUTE)
    desk.cooldowns.end_cooldown(LINE.portal_id, LINE.id)
    assert check(desk, IVAN)[IVAN].answer is PresenceAnswer.NO
    clock.forward(1)
    desk.cooldown_policy.throttled(LINE)
    assert pause(desk) == 30


def test_while_checks_pause_an_old_answer_is_still_given(desk, clock):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN)
    desk.cooldown_policy.throttled(LINE)
    clock.forward(HOUR / 6)
    found = check(desk, IVAN)[IVAN]
    assert (found.answer, found.why) == (PresenceAnswer.YES, UnknownReason.THROTTLED)


def test_logs_say_which_line_and_for_how_long(desk, caplog):
    desk.cooldown_policy.throttled(LINE)
    assert "presence.paused line=1 minutes=15 reason=throttled" in caplog.text
