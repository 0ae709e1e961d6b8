from dataclasses import replace

import pytest

from ratelimit import Rate
from tests.presence.conftest import LINE
from tests.stand import NOON
from widget.presence.budget import CheckPriority, Remaining, Terms, window
from widget.storage.lines import LineLimits

TERMS = Terms(burst=10, every=3.0, per_day=100, floor=20, young_per_day=20, young_days=10)
DAY = 86_400


def allowed(sent, line=LINE, **more):
    return TERMS.allowed(line, sent=sent, now=NOON, **more)


@pytest.mark.parametrize(("sent", "checks"), [(0, 20), (20, 20), (21, 21), (60, 60), (100, 100), (5000, 100)])
def test_a_line_may_check_as_many_as_it_sends_between_the_floor_and_the_cap(sent, checks):
    assert allowed(sent) == checks


def test_a_line_may_have_its_own_floor_and_cap():
    line = replace(LINE, limits=LineLimits(per_day=300, floor=50))
    assert [allowed(sent, line) for sent in (0, 70, 900)] == [50, 70, 300]


def test_a_floor_never_lifts_the_cap():
    assert allowed(0, replace(LINE, limits=LineLimits(per_day=5))) == 5


def test_a_young_line_is_kept_calm_however_much_it_sends():
    young = replace(LINE, created_at=NOON - 10 * DAY + 1)
    assert allowed(90, young) == 20
    assert allowed(90, replace(young, limits=LineLimits(young_per_day=40))) == 40
    assert allowed(90, replace(LINE, created_at=NOON - 10 * DAY)) == 90


def test_after_a_restriction_half_is_left_but_never_nothing():
    assert allowed(60, halved_until=NOON + 1) == 30
    assert allowed(60, halved_until=NOON) == 60
    assert allowed(0, replace(LINE, limits=LineLimits(per_day=1)), halved_until=NOON + 1) == 1


@pytest.mark.parametrize(
    ("priority", "of_hundred"),
    [(CheckPriority.CLICK, 100), (CheckPriority.NEW, 80), (CheckPriority.STALE_NO, 65), (CheckPriority.STALE_YES, 50)],
)
def test_each_kind_of_asking_may_use_up_its_share_of_the_day(priority, of_hundred):
    assert (window(100, priority).limit, window(100, priority).seconds) == (of_hundred, DAY)


def test_a_budget_of_one_is_there_for_every_kind():
    assert {window(1, priority).limit for priority in CheckPriority} == {1}


def test_the_pace_is_the_lines_own_where_it_has_one():
    assert TERMS.pace(LINE) == Rate(every=3.0, burst=10)
    assert TERMS.pace(replace(LINE, limits=LineLimits(burst=2))) == Rate(every=3.0, burst=2)


@pytest.mark.parametrize(("left", "short"), [(0, True), (4, True), (5, False), (20, False)])
def test_a_fifth_or_less_is_short(left, short):
    assert Remaining(left, 20).short is short
