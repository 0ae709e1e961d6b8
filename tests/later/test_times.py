"""When a message is due: at the client's nine, never early, never at night, across changes of the
clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.later.times import at_wall, awake_from, is_early, is_night, moment_of
from widget.phones.hours import DEFAULT_HOURS, Hours

RUSSIA = ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Yakutsk", "Asia/Kamchatka")
ZONES = st.sampled_from(
    [("Europe/Moscow",), ("Europe/Berlin",), ("America/New_York",), ("Asia/Kolkata",), ("Australia/Lord_Howe",), RUSSIA]
)
NOW = st.floats(datetime(2026, 1, 1, tzinfo=UTC).timestamp(), datetime(2028, 1, 1, tzinfo=UTC).timestamp())


@given(ZONES, NOW)
def test_it_is_nine_or_later_in_every_zone_and_night_in_none(zones: tuple[str, ...], now: float) -> None:
    due = at_wall(zones, "09:00", now, DEFAULT_HOURS)

    assert due
    assert now < due <= now + 2 * 86_400
    for zone in zones:
        clock = datetime.fromtimestamp(due, ZoneInfo(zone))
        assert 9 <= clock.hour < 21
    assert not is_early(zones, "09:00", due, due)
    if len(zones) == 1:
        assert datetime.fromtimestamp(due, ZoneInfo(zones[0])).strftime("%H:%M") == "09:00"


@given(ZONES, NOW)
def test_what_would_go_out_at_night_waits_for_the_first_hour_that_is_none(zones: tuple[str, ...], now: float) -> None:
    due = awake_from(zones, now, DEFAULT_HOURS)
    assert due
    assert due >= now
    assert not is_night(zones, due, DEFAULT_HOURS)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2027-03-27T20:00+01:00", "2027-03-28T09:00+02:00"),  # clocks go forward in that night
        ("2027-10-30T20:00+02:00", "2027-10-31T09:00+01:00"),  # and back
    ],
)
def test_nine_is_nine_after_the_clocks_were_changed(now: str, due: str) -> None:
    found = at_wall(("Europe/Berlin",), "09:00", datetime.fromisoformat(now).timestamp(), DEFAULT_HOURS)
    assert found == datetime.fromisoformat(due).timestamp()


def test_a_time_that_the_clocks_skip_is_after_the_gap_and_one_shown_twice_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    gap, twice = datetime(2027, 3, 28, 2, 30), datetime(2027, 10, 31, 2, 30)
    assert moment_of(gap.date(), gap.time(), berlin) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC).timestamp()
    assert moment_of(twice.date(), twice.time(), berlin) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC).timestamp()


def test_without_a_zone_or_a_day_there_is_no_morning() -> None:
    assert at_wall((), "09:00", 1e9, DEFAULT_HOURS) is None
    assert at_wall(("No/Where",), "09:00", 1e9, DEFAULT_HOURS) is None
    assert at_wall(("Europe/Moscow",), "09:00", 1e9, Hours(24, 24, 24, 24)) is None
