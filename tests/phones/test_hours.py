from datetime import UTC, datetime, timedelta

import pytest

from widget.phones.facts import Hours, Light, local_time

LONDON = ("Europe/London",)
YAKUTIA = ("Asia/Yakutsk", "Asia/Vladivostok", "Asia/Srednekolymsk")  # UTC+9, +10, +11


def utc(hour, minute=0, month=7):
    return datetime(2026, month, 15, hour, minute, tzinfo=UTC)


def test_london_keeps_summer_time_in_july_and_not_in_january():
    assert local_time(LONDON, utc(12)).earliest.hour == 13
    assert local_time(LONDON, utc(12, month=1)).earliest.hour == 12


def test_summer_time_changes_within_the_night_it_changes():
    before, after = (
        local_time(LONDON, datetime(2026, 3, 29, 0, 59, tzinfo=UTC) + timedelta(minutes=m)) for m in (0, 1)
    )
    assert (before.earliest.hour, after.earliest.hour) == (0, 2)


@pytest.mark.parametrize(
    ("hour", "minute", "light"),
    [
        (0, 0, Light.RED),
        (6, 59, Light.RED),
        (7, 0, Light.AMBER),
        (7, 59, Light.AMBER),
        (8, 0, Light.GREEN),
        (18, 59, Light.GREEN),
        (19, 0, Light.AMBER),
        (20, 59, Light.AMBER),
        (21, 0, Light.RED),
        (23, 59, Light.RED),
    ],
)
def test_the_light_changes_at_each_hour_of_the_bands(hour, minute, light):
    found = local_time(("Etc/UTC",), utc(hour, minute))
    assert (found.light, found.asleep, found.certain) == (light, light is Light.RED, True)


def test_an_admin_may_set_other_hours():
    assert local_time(("Etc/UTC",), utc(22), Hours(6, 9, 20, 23)).light is Light.AMBER
    assert Hours(0, 0, 24, 24).light_at(3) is Light.GREEN


@pytest.mark.parametrize("hours", [(8, 7, 19, 21), (-1, 8, 19, 21), (7, 8, 19, 25), (7, 20, 19, 21)])
def test_hours_that_go_backwards_are_refused(hours):
    with pytest.raises(ValueError, match="hours"):
        Hours(*hours)


def test_several_zones_are_a_range():
    found = local_time(YAKUTIA, utc(3))
    assert (found.earliest.hour, found.latest.hour, found.certain) == (12, 14, False)
    assert (found.light, found.asleep) == (Light.GREEN, False)


def test_zones_that_disagree_are_amber_and_block_nothing():
    found = local_time(YAKUTIA, utc(11))  # 20:00 to 22:00
    assert (found.light, found.asleep) == (Light.AMBER, False)
    almost_green = local_time(YAKUTIA, utc(9))  # 18:00 to 20:00
    assert almost_green.light is Light.AMBER


def test_a_client_sleeps_only_if_every_possible_zone_sleeps():
    assert local_time(YAKUTIA, utc(14)).asleep  # 23:00 to 01:00
    assert not local_time(YAKUTIA, utc(21)).asleep  # 06:00 to 08:00


def test_a_range_over_midnight_starts_in_the_west():
    found = local_time(YAKUTIA[::-1], utc(14))
    assert (found.earliest.hour, found.latest.hour) == (23, 1)
    assert found.earliest.date() < found.latest.date()


def test_zones_with_one_time_are_one_time():
    assert local_time(("Europe/Moscow", "Europe/Simferopol"), utc(3)).certain


def test_no_zone_is_no_time():
    assert local_time((), utc(3)) is None
    assert local_time(("Mars/Olympus", "../etc/passwd"), utc(3)) is None


def test_a_clock_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="zone"):
        local_time(LONDON, datetime(2026, 7, 1, 12))
