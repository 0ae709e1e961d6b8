"""What time it is for the client, and whether that is a time to write."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Light(Enum):
    """May one write now? The value is what the page's colours and texts are keyed by."""

    RED = "red"  # the client sleeps
    AMBER = "amber"  # early or late
    GREEN = "green"
    UNKNOWN = "unknown"  # the time zone is not known: for templates; `local_time` returns None then


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the client's clock: red before `red_until` and from `amber_late_until`, green from
    `amber_until` to `green_until`, amber between."""

    red_until: int = 7
    amber_until: int = 8
    green_until: int = 19
    amber_late_until: int = 21

    def __post_init__(self) -> None:
        borders = (0, self.red_until, self.amber_until, self.green_until, self.amber_late_until, 24)
        if list(borders) != sorted(borders):
            raise ValueError(f"hours must not go backwards and lie between 0 and 24: {borders[1:-1]}")

    def light_at(self, hour: int) -> Light:
        if self.amber_until <= hour < self.green_until:
            return Light.GREEN
        if self.red_until <= hour < self.amber_late_until:
            return Light.AMBER
        return Light.RED


DEFAULT_HOURS = Hours()


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The client's clock. Where a number has several zones it is a range, and `certain` is False.

    `light` is the zones' common one; where they disagree it is amber, a note that blocks nothing:
    with one zone awake it cannot be said that the client sleeps.
    """

    earliest: datetime
    latest: datetime
    light: Light
    certain: bool

    @property
    def asleep(self) -> bool:
        """True if it is red in every possible zone: the only case in which a send asks for a
        confirmation."""
        return self.light is Light.RED


def local_time(zones: tuple[str, ...], now: datetime, hours: Hours = DEFAULT_HOURS) -> LocalTime | None:
    """The client's clock at `now`, which must know its own zone; None without a zone of the
    client's. Raises ValueError."""
    clocks = clocks_in(zones, now)
    if not clocks:
        return None
    lights = {hours.light_at(clock.hour) for clock in clocks}
    return LocalTime(
        earliest=clocks[0],
        latest=clocks[-1],
        light=lights.pop() if len(lights) == 1 else Light.AMBER,
        certain=clocks[0].utcoffset() == clocks[-1].utcoffset(),
    )


def clocks_in(zones: tuple[str, ...], now: datetime) -> list[datetime]:
    """`now` on the clocks of these zones, one for each offset, the most western first; unknown
    zones are left out. Raises ValueError for a `now` without a zone."""
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    by_offset: dict[object, datetime] = {}
    for name in zones:
        try:
            clock = now.astimezone(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):  # a name newer than this machine's zone data
            continue
        by_offset.setdefault(clock.utcoffset(), clock)
    return sorted(by_offset.values(), key=lambda clock: clock.replace(tzinfo=None))
