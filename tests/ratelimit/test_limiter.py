"""What a limiter promises, whatever it counts in."""

import math

import pytest

from ratelimit import Limiter, MemoryStorage, Rate, Window

DAY = 86_400
PACE = Rate(every=3.0, burst=10)
BUDGET = Window(limit=100, seconds=DAY)


def test_a_line_is_never_asked_more_than_its_burst_at_once(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    assert checks.acquire("line", 7).granted == 7
    permits = checks.acquire("line", 7)
    assert (permits.granted, permits.refused) == (3, 4)
    assert checks.acquire("line").granted == 0


def test_after_the_burst_one_permit_comes_every_three_seconds(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    checks.acquire("line", 10)
    for _ in range(20):
        clock.passes(3.0)
        assert checks.acquire("line", 10).granted == 1


def test_the_burst_is_whole_again_after_a_pause(new_limiter):
    checks, clock = new_limiter(PACE)
    checks.acquire("line", 10)
    clock.passes(300)
    assert checks.acquire("line", 50).granted == 10


def test_no_more_than_a_hundred_in_any_day(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    granted = 0
    for _ in range(400):
        granted += checks.acquire("line", 10).granted
        clock.passes(60)
    assert granted == 100
    clock.passes(DAY - 400 * 60)
    assert checks.acquire("line", 10).granted == 10  # the first ten are a day old
    assert checks.acquire("line").granted == 0


def test_a_full_window_frees_permits_when_they_are_old_and_not_at_midnight(new_limiter):
    checks, clock = new_limiter(Window(limit=2, seconds=10))
    checks.acquire("line")
    clock.passes(9)
    checks.acquire("line")
    clock.passes(1)
    assert checks.acquire("line", 2).granted == 1


@pytest.mark.parametrize("limit", [PACE, Window(limit=10, seconds=30)])
def test_the_wait_is_exact_to_a_microsecond(new_limiter, limit):
    checks, clock = new_limiter(limit)
    wait = checks.acquire("line", 10).wait
    clock.passes(wait, microseconds=-1)
    assert checks.acquire("line").granted == 0
    assert checks.peek("line").wait == 0.000001
    clock.passes(microseconds=1)
    assert checks.acquire("line").granted == 1


def test_the_wait_is_zero_while_one_is_free(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    assert checks.acquire("line", 9).wait == 0.0
    assert checks.acquire("line", 1).wait == 3.0


def test_the_slowest_of_all_limits_decides_the_wait(new_limiter):
    checks, _ = new_limiter(Rate(every=3.0, burst=5), Rate(every=10.0, burst=5), Window(limit=5, seconds=60))
    permits = checks.acquire("line", 6)
    assert (permits.granted, permits.wait) == (5, 60.0)


def test_all_or_nothing_spends_nothing_when_it_cannot_have_all(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    permits = checks.acquire("line", 11, all_or_nothing=True)
    assert (permits.granted, permits.refused, permits.wait) == (0, 11, 0.0)
    assert checks.acquire("line", 10, all_or_nothing=True).granted == 10


def test_a_look_says_what_an_acquire_would_answer_and_spends_nothing(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    checks.acquire("line", 4)
    looks = [checks.peek("line", 8) for _ in range(3)]
    permits = checks.acquire("line", 8)
    assert {(look.granted, look.wait) for look in looks} == {(permits.granted, permits.wait)} == {(6, 3.0)}


def test_what_is_left_of_the_day_can_be_looked_up_apart_from_the_pace(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    checks.acquire("line", 10)
    assert checks.peek("line", 100, limits=[BUDGET]).granted == 90


def test_lines_do_not_spend_each_others_permits(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    checks.acquire("line", 10)
    assert checks.acquire("other", 10).granted == 10


def test_limiters_of_one_storage_are_told_apart_by_their_prefix():
    storage = MemoryStorage()
    checks, sends = Limiter(storage, [PACE], prefix="checks"), Limiter(storage, [PACE], prefix="sends")
    checks.acquire("line", 10)
    assert sends.acquire("line", 10).granted == 10
    assert Limiter(storage, [PACE], prefix="checks").acquire("line").granted == 0


def test_permits_given_back_can_be_used_at_once(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    permits = checks.acquire("line", 10)
    checks.refund("line", permits, 4)
    assert checks.acquire("line", 10).granted == 4
    assert checks.peek("line", 100, limits=[BUDGET]).granted == 90


def test_giving_back_twice_is_giving_back_once(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    permits = checks.acquire("line", 10)
    checks.refund("line", permits, 4)
    checks.refund("line", permits, 4)
    assert checks.peek("line", 10).granted == 4


def test_a_later_larger_number_gives_back_the_difference(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    permits = checks.acquire("line", 10)
    checks.refund("line", permits, 4)
    checks.refund("line", permits, 6)
    assert checks.peek("line", 10).granted == 6


def test_giving_back_more_than_was_granted_gives_back_what_was_granted(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    checks.acquire("line", 6)
    permits = checks.acquire("line", 10)
    checks.refund("line", permits, 10)
    assert checks.peek("line", 10).granted == 4


def test_permits_that_time_brought_back_already_are_not_given_back_again(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    unused = checks.acquire("line", 10)
    clock.passes(30)
    checks.acquire("line", 10)
    checks.refund("line", unused, 10)
    assert checks.acquire("line", 10).granted == 0


def test_permits_that_time_brought_back_in_part_are_given_back_in_part(new_limiter):
    checks, clock = new_limiter(PACE)
    unused = checks.acquire("line", 10)
    clock.passes(15)
    assert checks.acquire("line", 10).granted == 5
    checks.refund("line", unused, 10)
    assert checks.acquire("line", 10).granted == 5


def test_an_hour_later_the_day_still_gets_its_permits_back(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    permits = checks.acquire("line", 10)
    clock.passes(3600)
    checks.refund("line", permits, 10)
    assert checks.peek("line", 100, limits=[BUDGET]).granted == 100


def test_a_look_and_a_refusal_have_nothing_to_give_back(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    looked = checks.peek("line", 10)
    checks.acquire("line", 10)
    refused = checks.acquire("line", 10)
    checks.refund("line", looked, 10)
    checks.refund("line", refused, 10)
    assert checks.peek("line", 10).granted == 0


def test_permits_from_before_a_reset_have_nothing_to_give_back(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    before = checks.acquire("line", 10)
    checks.reset("line")
    assert checks.acquire("line", 10).granted == 10
    checks.refund("line", before, 10)
    assert checks.acquire("line").granted == 0


def test_another_lines_permits_are_not_taken_back(new_limiter):
    checks, _ = new_limiter(PACE)
    permits = checks.acquire("line", 10)
    with pytest.raises(ValueError, match="another key"):
        checks.refund("other", permits, 10)


def test_a_lowered_limit_counts_what_was_spent_before(new_limiter):
    checks, clock = new_limiter(Window(limit=100, seconds=DAY))
    checks.acquire("line", 30)
    strict = [Window(limit=20, seconds=DAY)]
    assert checks.acquire("line", limits=strict).granted == 0
    assert checks.peek("line", limits=strict).wait == DAY
    clock.passes(DAY)
    assert checks.acquire("line", 100, limits=strict).granted == 20


def test_a_raised_limit_counts_what_was_spent_before(new_limiter):
    checks, _ = new_limiter(Window(limit=20, seconds=DAY))
    checks.acquire("line", 20)
    assert checks.acquire("line", 100, limits=[Window(limit=50, seconds=DAY)]).granted == 30


def test_a_call_with_a_shorter_window_does_not_make_a_longer_one_forget(new_limiter):
    checks, clock = new_limiter(Window(limit=20, seconds=DAY))
    checks.acquire("line", 20)
    clock.passes(120)
    assert checks.acquire("line", 5, limits=[Window(limit=5, seconds=60)]).granted == 5
    assert checks.acquire("line").granted == 0


def test_a_slower_pace_does_not_forgive_what_is_owed(new_limiter):
    checks, clock = new_limiter(Rate(every=3.0, burst=10))
    slow = [Rate(every=60.0, burst=11)]
    checks.acquire("line", 10)
    assert checks.acquire("line", 10, limits=slow).granted == 1
    assert checks.peek("line", limits=slow).wait == 60.0
    clock.passes(60)
    assert checks.acquire("line", 10, limits=slow).granted == 1


def test_a_faster_pace_pays_off_sooner(new_limiter):
    checks, _ = new_limiter(Rate(every=60.0, burst=10))
    checks.acquire("line", 10)
    assert checks.peek("line", limits=[Rate(every=3.0, burst=10)]).wait == 3.0


def test_a_smaller_burst_waits_until_enough_is_paid(new_limiter):
    checks, _ = new_limiter(Rate(every=3.0, burst=10))
    checks.acquire("line", 10)
    assert checks.peek("line", limits=[Rate(every=3.0, burst=4)]).wait == 21.0


def test_permits_from_before_a_change_of_pace_do_not_become_more(new_limiter):
    checks, clock = new_limiter(Rate(every=3.0, burst=10))
    slow = [Rate(every=60.0, burst=11)]
    before = checks.acquire("line", 10)
    clock.passes(1)
    assert checks.acquire("line", 10, limits=slow).granted == 1
    clock.passes(1)
    checks.refund("line", before, 10)
    assert checks.acquire("line", limits=slow).granted == 0


def test_a_reset_line_starts_anew(new_limiter):
    checks, _ = new_limiter(PACE, BUDGET)
    checks.acquire("line", 10)
    checks.reset("line")
    assert checks.peek("line", 100).granted == 10
    assert checks.peek("line", 100, limits=[BUDGET]).granted == 100


def test_a_clock_put_back_grants_nothing_extra_and_the_wait_says_how_long_that_lasts(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    checks.acquire("line", 10)
    clock.passes(-3600)
    permits = checks.acquire("line", 10)
    assert (permits.granted, permits.wait) == (0, 3603.0)
    clock.passes(permits.wait)
    assert checks.acquire("line", 10).granted == 1


def test_a_clock_put_back_and_forth_gives_no_second_burst(new_limiter):
    checks, clock = new_limiter(PACE)
    granted = checks.acquire("line", 5).granted
    for _ in range(5):
        clock.passes(-30)
        granted += checks.acquire("line", 10).granted
        clock.passes(30)
        granted += checks.acquire("line", 10).granted
    assert granted == 10


def test_what_is_free_may_be_had_while_the_clock_is_behind(new_limiter):
    checks, clock = new_limiter(PACE, BUDGET)
    checks.acquire("line", 4)
    clock.passes(-3600)
    assert checks.acquire("line", 10).granted == 6


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rate(every=0),
        lambda: Rate(every=-1.0),
        lambda: Rate(every=math.nan),
        lambda: Rate(every=math.inf),
        lambda: Rate(every=0.0000001),
        lambda: Rate(every=86_401),
        lambda: Rate(every=3.0, burst=0),
        lambda: Rate(every=3.0, burst=1.5),
        lambda: Rate(every=3.0, burst=10_001),
        lambda: Window(limit=0, seconds=60),
        lambda: Window(limit=1, seconds=0),
        lambda: Window(limit=1, seconds=math.inf),
        lambda: Limiter(MemoryStorage(), limits=()),
        lambda: Limiter(MemoryStorage(), limits=["3/s"]),
        lambda: Limiter(MemoryStorage(), limits=[PACE], prefix=""),
        lambda: Limiter(MemoryStorage(), limits=[PACE], prefix="{a}"),
        lambda: Limiter(MemoryStorage(), limits=[PACE]).acquire(""),
        lambda: Limiter(MemoryStorage(), limits=[PACE]).acquire("line", 0),
        lambda: Limiter(MemoryStorage(), limits=[PACE]).acquire("line", 1.5),
        lambda: Limiter(MemoryStorage(), limits=[PACE]).acquire("line", limits=[]),
        lambda: Limiter(MemoryStorage(), limits=[PACE]).peek("line", -1),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_edge(make):
    with pytest.raises(ValueError, match=r"must|needed|a limit is|a prefix is"):
        make()


def test_a_negative_number_cannot_be_given_back():
    checks = Limiter(MemoryStorage(), [PACE])
    with pytest.raises(ValueError, match="negative"):
        checks.refund("line", checks.acquire("line"), -1)
