import threading

import pytest

from widget.storage.usage import HOUR, Counts, Usage


@pytest.fixture
def usage(store):
    return Usage(store.engine, store.clock)


def hours(usage, portal, line=None):
    return usage.hours(portal, since=0, line_id=line)


def test_counts_of_one_hour_add_up_and_the_next_hour_has_its_own(usage, store, clock):
    hour = usage.hour()
    usage.add(store.one, store.line_one, checks=3, sent=1)
    usage.add(store.one, store.line_one, checks=2)
    clock.forward(HOUR)
    usage.add(store.one, store.line_one, checks=1)
    assert hours(usage, store.one) == {
        (store.line_one, hour): Counts(checks=5, sent=1),
        (store.line_one, hour + 1): Counts(checks=1),
    }


def test_what_was_never_asked_is_taken_back_from_its_own_hour(usage, store, clock):
    hour = usage.hour()
    usage.add(store.one, store.line_one, checks=5)
    clock.forward(HOUR)
    usage.add(store.one, store.line_one, hour=hour, checks=-2)
    assert hours(usage, store.one) == {(store.line_one, hour): Counts(checks=3)}


def test_lines_and_portals_are_counted_apart(usage, store):
    support = store.add_line(store.one, "support")
    usage.add(store.one, store.line_one, sent=1)
    usage.add(store.one, support, sent=2)
    usage.add(store.two, store.line_two, sent=4)
    assert usage.total(store.one, support, "sent", since=0) == 2
    assert {line for line, _hour in hours(usage, store.one)} == {store.line_one, support}
    assert len(hours(usage, store.one, support)) == 1


def test_a_total_reaches_back_as_far_as_it_is_asked_to(usage, store, clock):
    for _ in range(5):
        usage.add(store.one, store.line_one, sent=1)
        clock.forward(HOUR)
    assert usage.total(store.one, store.line_one, "sent", since=usage.hour() - 2) == 2


def test_many_writers_at_once_lose_nothing(usage, store):
    threads = [
        threading.Thread(target=usage.add, args=(store.one, store.line_one), kwargs={"checks": 1}) for _ in "x" * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert usage.total(store.one, store.line_one, "checks", since=0) == 8


def test_what_every_opening_counts_is_written_down_every_few_seconds(usage, store, clock):
    for _ in range(3):
        usage.count(store.one, 0, openings=1)
    assert hours(usage, store.one) == {}
    clock.forward(5)
    usage.count(store.one, 0, openings=1)
    assert usage.total(store.one, 0, "openings", since=0) == 4


def test_what_waits_is_written_down_at_the_end_in_the_hour_it_was_counted(usage, store, clock):
    hour = usage.hour()
    usage.count(store.one, 0, openings=1)
    clock.forward(HOUR)
    usage.flush()
    usage.flush()
    assert hours(usage, store.one) == {(0, hour): Counts(openings=1)}


def test_a_portal_that_was_deleted_meanwhile_counts_nothing_and_breaks_nothing(usage, store):
    usage.add(999, 1, checks=1)
    usage.count(999, 0, openings=1)
    usage.count(store.one, 0, openings=1)
    usage.flush()
    assert usage.total(store.one, 0, "openings", since=0) == 1


def test_nine_days_are_kept_and_what_is_older_is_forgotten(usage, store, clock):
    usage.add(store.one, store.line_one, sent=1)
    clock.forward(9 * 24 * HOUR)
    usage.add(store.one, store.line_one, sent=1)
    usage.purge()
    assert len(hours(usage, store.one)) == 2
    clock.forward(HOUR)
    usage.purge()
    assert len(hours(usage, store.one)) == 1


def test_a_portals_counts_go_with_it(usage, store):
    usage.add(store.one, store.line_one, sent=1)
    store.portals.delete(store.one)
    assert hours(usage, store.one) == {}
