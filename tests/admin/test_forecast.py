"""What an administrator is told before «everything at once»: the last days, replayed hour by
hour."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from widget.admin.budget.forecast import USUAL_NUMBERS, Budgeted, Forecast, LineForecast, forecast
from widget.storage.usage import DAYS_KEPT, HOUR, Counts

SALES, SUPPORT = 1, 2
TODAY = datetime(2026, 3, 11, 12, tzinfo=UTC)  # a Wednesday
TWENTY = Budgeted(SALES, lambda _sent: 20)


def at(day: int, hour: int) -> int:
    """That hour of so many days ago."""
    return int(TODAY.timestamp()) // HOUR - 24 * day + hour - TODAY.hour


def told(hours: dict, *lines: Budgeted, zone=UTC, **more) -> Forecast:
    found = forecast(hours, lines or (TWENTY,), now=TODAY.timestamp(), zone=zone, **more)
    assert found
    return found


def only(found: Forecast) -> LineForecast:
    (line,) = found.lines
    return line


def a_day(day: int, *, openings: int, new: int, reveals: int, hours=(9, 10, 11, 12)) -> dict:
    """So many openings in each of these hours, and in the first of them the reveals."""
    counted = {(0, at(day, hour)): Counts(openings=openings) for hour in hours}
    return counted | {(SALES, at(day, hours[0])): Counts(new_numbers=new, reveals=reveals)}


@pytest.mark.parametrize("hour", range(24))
def test_the_forecast_is_the_same_at_every_hour_of_the_day(hour):
    """What is kept reaches back to the messages that the week's first hours had their budget
    from."""
    hours = {}
    for day in range(12):
        hours |= a_day(day, openings=20, new=60, reveals=80)
        hours |= {(SALES, at(day, late)): Counts(sent=20) for late in range(14, 19)}
    now = at(0, hour)
    kept = {place: counts for place, counts in hours.items() if now - DAYS_KEPT * 24 <= place[1] < at(0, 0)}
    line = Budgeted(SALES, lambda sent: min(100, max(20, sent)))
    found = forecast(kept, [line], now=now * HOUR)
    assert found
    assert (only(found).allowed, only(found).exhausted_days) == (100, 0)


def test_nothing_is_said_where_nothing_is_counted():
    assert forecast({}, [TWENTY], now=TODAY.timestamp()) is None
    assert forecast({(SALES, at(1, 9)): Counts(sent=5)}, [TWENTY], now=TODAY.timestamp()) is None


def test_every_opening_is_taken_for_a_reveal_and_its_new_numbers():
    found = told(a_day(1, openings=4, new=6, reveals=3))

    assert (found.openings, found.numbers, found.wanted) == (16, 2.0, 32.0)
    assert not found.assumed


def test_a_line_runs_dry_in_the_hour_in_which_its_budget_ends():
    """Eight checks an hour against twenty: the third hour has only four."""
    line = only(told(a_day(1, openings=4, new=2, reveals=1)))

    assert (line.wanted, line.allowed, line.unasked) == (32.0, 20.0, 12.0)
    assert (line.exhausted_days, line.exhausted_hour) == (1, 11)


def test_the_hour_is_the_readers():
    line = only(told(a_day(1, openings=4, new=2, reveals=1), zone=ZoneInfo("Asia/Yekaterinburg")))
    assert line.exhausted_hour == 16


def test_a_budget_that_is_enough_is_never_used_up():
    line = only(told(a_day(1, openings=1, new=2, reveals=1)))
    assert (line.unasked, line.exhausted_days, line.exhausted_hour) == (0.0, 0, None)


def test_messages_make_the_budget_grow_within_the_day_and_for_a_day():
    hours = a_day(1, openings=10, new=1, reveals=1, hours=(9, 10, 15))
    hours[SALES, at(1, 14)] = Counts(sent=30)
    line = only(told(hours, Budgeted(SALES, lambda sent: max(10, sent))))

    assert line.unasked == 10.0  # those of ten o'clock: at nine the ten were spent, at fifteen there are thirty
    assert (line.exhausted_hour, line.allowed) == (10, 30.0)


def test_what_was_spent_comes_back_a_day_later_and_not_at_midnight():
    late = a_day(2, openings=20, new=1, reveals=1, hours=(22,))
    early = a_day(1, openings=20, new=1, reveals=1, hours=(8, 23))
    line = only(told(late | early))

    assert line.unasked * 2 == 20.0  # at eight the evening's twenty are still spent, at twenty-three they are not
    assert line.exhausted_hour == 8


def test_days_are_averaged_over_those_that_are_worked():
    days: dict = {}
    for day in (1, 2, 5, 6, 7):  # not at the weekend
        days |= a_day(day, openings=1, new=2, reveals=1)
    found = told(days)

    assert (found.days, found.working_days, found.openings) == (7, 5, 4.0)


@pytest.mark.parametrize(("days", "known"), [((1,), 1), ((1, 2), 2), ((1, 3), 3), ((1, 7), 7)])
def test_fewer_than_seven_days_are_said_to_be_fewer(days, known):
    counted: dict = {}
    for day in days:
        counted |= a_day(day, openings=1, new=2, reveals=1)
    assert told(counted).days == known


def test_today_counts_only_where_nothing_else_is_known():
    today = a_day(0, openings=3, new=2, reveals=1)
    alone = told(today)
    assert (alone.today, alone.days, alone.openings) == (True, 0, 12.0)

    after_a_day = told(today | a_day(1, openings=1, new=2, reveals=1))
    assert (after_a_day.today, after_a_day.days, after_a_day.openings) == (False, 1, 4.0)


def test_each_line_gets_the_numbers_of_its_own_cards():
    hours = a_day(1, openings=2, new=3, reveals=2, hours=(9,))
    hours[SUPPORT, at(1, 9)] = Counts(new_numbers=1, reveals=2)
    found = told(hours, TWENTY, Budgeted(SUPPORT, lambda _sent: 20))

    assert [(line.line_id, line.wanted) for line in found.lines] == [(SALES, 1.5), (SUPPORT, 0.5)]


def test_where_nobody_has_revealed_a_card_the_usual_number_is_taken_and_said_to_be_that():
    found = told({(0, at(1, 9)): Counts(openings=5)}, TWENTY, Budgeted(SUPPORT, lambda _sent: 20))

    assert found.assumed
    assert found.numbers == USUAL_NUMBERS
    assert [line.wanted for line in found.lines] == [5.0, 5.0]
    assert found.answered_share is None


def test_cards_that_show_their_numbers_at_once_count_by_openings():
    hours = {(0, at(1, 9)): Counts(openings=10), (SALES, at(1, 9)): Counts(new_numbers=5, reveals=1)}
    assert told(hours, shown_at_once=True).numbers == 0.5


def test_the_share_of_reveals_that_ended_in_a_message():
    hours = a_day(1, openings=2, new=3, reveals=8, hours=(9,))
    hours[SUPPORT, at(1, 10)] = Counts(answered_reveals=2)
    assert told(hours).answered_share == 0.25


def test_a_portal_without_lines_wants_no_checks():
    found = forecast(a_day(1, openings=2, new=0, reveals=1), [], now=TODAY.timestamp())
    assert found
    assert (found.wanted, found.lines) == (0, ())
