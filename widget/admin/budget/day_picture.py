"""The last 24 hours of a line as a small picture (pure): where each bar stands in the drawing, in
its own units.

Both rows of bars add up: each hour stands on those before it. So the last bar of the checks is what
is used of the budget, its distance from the rule is what is left, and checks above messages are
seen at a glance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from widget.storage.usage import Counts

HOURS = 24
WIDTH, HEIGHT = 312, 96
TOP, BOTTOM = 14, 80  # of the bars; hours are written below them
STEP = WIDTH / HOURS
BAR = 5
NOTHING = Counts()


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Hour:
    """One hour (unix seconds // 3600): what happened in it, and its two bars."""

    hour: int
    counts: Counts
    checks: Bar
    sent: Bar


@dataclass(frozen=True)
class DayPicture:
    """`rule` is where the budget ends; None where it cannot be told."""

    hours: tuple[Hour, ...]
    checks: int
    sent: int
    rule: float | None

    @property
    def busy(self) -> list[Hour]:
        """The hours in which something happened, for a table."""
        return [hour for hour in self.hours if hour.counts.checks or hour.counts.sent]


def day_picture(counted: Mapping[int, Counts], *, until: int, budget: int | None) -> DayPicture:
    """The 24 hours that end with hour `until`, which may not be over."""
    hours = range(until - HOURS + 1, until + 1)
    counts = [counted.get(hour, NOTHING) for hour in hours]
    checks = list(accumulate(max(0, of.checks) for of in counts))
    sent = list(accumulate(max(0, of.sent) for of in counts))
    highest = max(checks[-1], sent[-1], budget or 0, 1)
    return DayPicture(
        hours=tuple(
            Hour(hour, counts[at], _bar(at, 0, checks[at], highest), _bar(at, 1, sent[at], highest))
            for at, hour in enumerate(hours)
        ),
        checks=checks[-1],
        sent=sent[-1],
        rule=None if budget is None else _y(budget, highest),
    )


def _bar(at: int, place: int, value: int, highest: int) -> Bar:
    y = _y(value, highest)
    return Bar(x=round(at * STEP + 1 + place * (BAR + 0.5), 1), y=y, height=round(BOTTOM - y, 1))


def _y(value: int, highest: int) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value / highest, 1)
