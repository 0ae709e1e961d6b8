"""Keys that the storage does not know: told once what was spent, whoever tells it."""

import pytest

from ratelimit import Rate, StorageUnavailable, Window

DAY = Window(limit=10, seconds=60)
PACE = Rate(every=3.0, burst=5)


def spent(clock, *pairs):
    return lambda: [(clock() - ago, n) for ago, n in pairs]


def test_what_was_spent_before_counts_as_if_it_had_been_granted_here(new_limiter):
    limiter, clock = new_limiter(DAY)
    before = spent(clock, (50, 4), (10, 3))
    assert limiter.acquire("line", 10, before=before).granted == 3
    clock.passes(10)
    assert limiter.acquire("line", 10, before=before).granted == 4  # the oldest have left


def test_a_known_key_is_not_told_anything(new_limiter):
    limiter, _ = new_limiter(DAY)
    limiter.acquire("line")
    assert limiter.acquire("line", 10, before=lambda: pytest.fail("asked")).granted == 9
    limiter.load("line", [(0.0, 10)])
    assert limiter.peek("line", 10).granted == 0


def test_a_key_that_had_spent_nothing_is_known_from_then_on(new_limiter):
    limiter, clock = new_limiter(DAY)
    asked = []
    for _ in range(3):
        limiter.peek("line", before=lambda: asked.append(1) or [])
    assert asked == [1]
    limiter.load("line", [(clock(), 10)])
    assert limiter.peek("line", 10).granted == 10


def test_of_two_who_tell_the_first_is_heard(new_limiter):
    limiter, clock = new_limiter(DAY)
    limiter.load("line", [(clock(), 2)])
    limiter.load("line", [(clock(), 9)])
    assert limiter.peek("line", 10).granted == 8


def test_times_that_are_still_to_come_are_now(new_limiter):
    limiter, clock = new_limiter(DAY)
    limiter.load("line", [(clock() + 3000, 10)])
    assert limiter.peek("line").wait == 60.0


def test_what_is_too_old_to_matter_is_left_out(new_limiter):
    limiter, clock = new_limiter(DAY)
    limiter.load("line", [(clock() - 60, 10), (clock() - 3600, 500)])
    assert limiter.peek("line", 10).granted == 10


def test_a_rate_owes_no_more_than_its_burst(new_limiter):
    """All of an hour may be told as of now, and it did keep to the pace."""
    limiter, clock = new_limiter(PACE)
    assert limiter.acquire("line", before=spent(clock, (0, 400))).wait == 3.0
    clock.passes(3)
    assert limiter.acquire("line").granted == 1


def test_a_rate_knows_what_is_paid_already(new_limiter):
    limiter, clock = new_limiter(PACE)
    assert limiter.acquire("line", 10, before=spent(clock, (100, 4), (6, 4))).granted == 3  # two of the last are paid


def test_a_loss_between_two_calls_is_noticed(new_limiter):
    limiter, clock = new_limiter(DAY)
    assert limiter.acquire("line", 6, before=list).granted == 6
    limiter.reset("line")
    assert limiter.acquire("line", 6, before=spent(clock, (0, 6))).granted == 4


def test_permits_from_before_a_loss_hold_nothing_to_give(new_limiter):
    limiter, clock = new_limiter(DAY)
    permits = limiter.acquire("line", 6)
    limiter.reset("line")
    limiter.load("line", [(clock(), 6)])
    limiter.refund("line", permits, 6)
    assert limiter.peek("line", 10).granted == 4


def test_when_the_book_cannot_be_read_nothing_is_granted(new_limiter):
    limiter, _ = new_limiter(DAY)

    def burnt():
        raise OSError

    with pytest.raises(OSError):
        limiter.acquire("line", before=burnt)
    assert limiter.acquire("line", 10, before=list).granted == 10


def test_a_storage_that_forgets_at_once_grants_nothing(new_limiter):
    limiter, _ = new_limiter(DAY)
    limiter._storage.load = lambda *args, **more: None
    try:
        with pytest.raises(StorageUnavailable):
            limiter.acquire("line", before=list)
    finally:
        del limiter._storage.load
