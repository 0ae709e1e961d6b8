"""What «always visible» would ask for (pure): the last days' openings, replayed hour by hour
against the budgets.

An estimate that errs upwards: cards that were not revealed are taken for ones like those that were,
and what one day's checks would have taught the next day's cards is left out. It is told to an
administrator before they switch, and decides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from statistics import median_low

from widget.storage.usage import HOUR, Counts

DAYS = 7
HOURS_A_DAY = 24
NO_LINE = 0  # where openings are counted: a page that opens knows no line yet
# New numbers on an opened card, where none has been revealed yet: two, as many as the advice for
# bulk lines reckons with (five reps, 30 cards, two numbers: 300 checks).
USUAL_NUMBERS = 2.0
NOTHING = Counts()
NOTICED = 0.5  # of a number left unasked: less is rounding

CountsByHour = Mapping[tuple[int, int], Counts]  # by line and hour, as storage/usage.py has them


@dataclass(frozen=True)
class Budgeted:
    """One line's part of the question. `allowed` says what the page itself may ask in 24 hours in
    which the line sent so many messages."""

    line_id: int
    allowed: Callable[[int], int]


@dataclass(frozen=True)
class LineForecast:
    """One line on a working day. `exhausted_hour` is the hour, in the reader's zone, in which its
    budget is usually used up, on `exhausted_days` of the days; None if never. An hour of 9 begins
    at nine."""

    line_id: int
    wanted: float
    allowed: float
    unasked: float
    exhausted_days: int
    exhausted_hour: int | None


@dataclass(frozen=True)
class Forecast:
    """`days` are whole days that are known, seven at most; where that is none, `today` alone may
    be. What is «a day» is a working day: one with an opening. `assumed`: no card was revealed, so
    `numbers` an opening is only the usual."""

    days: int
    working_days: int
    today: bool
    openings: float
    numbers: float
    assumed: bool
    reveals: int
    answered: int
    lines: tuple[LineForecast, ...]

    @property
    def wanted(self) -> float:
        return sum(line.wanted for line in self.lines)

    @property
    def unasked(self) -> float:
        return sum(line.unasked for line in self.lines)

    @property
    def answered_share(self) -> float | None:
        """Of the reveals, how many ended in a message; None where there were none."""
        return min(1.0, self.answered / self.reveals) if self.reveals else None


def forecast(
    hours: CountsByHour, lines: Sequence[Budgeted], *, now: float, zone: tzinfo = UTC, shown_at_once: bool = False
) -> Forecast | None:
    """The last seven whole days, as they would have been; None where nothing is counted yet.

    `hours` begin a day before them, so that the first has its messages; `shown_at_once`: cards
    already show their numbers when they are opened, so that new ones are counted at openings and
    not at reveals.
    """
    days = _days(hours, now, zone)
    if not days.known:
        return None
    counted = {place: counts for place, counts in hours.items() if days.of(place[1]) in days.known}
    openings = sum(counts.openings for counts in counted.values())
    reveals = sum(counts.reveals for counts in counted.values())
    shown = openings if shown_at_once else reveals
    rates = _rates(counted, [line.line_id for line in lines], shown)
    working = len({days.of(hour) for (_line, hour), counts in counted.items() if counts.openings}) or 1
    return Forecast(
        days=0 if days.today else len(days.known),
        working_days=working,
        today=days.today,
        openings=openings / working,
        numbers=sum(rates.values()),
        assumed=not shown,
        reveals=reveals,
        answered=sum(counts.answered_reveals for counts in counted.values()),
        lines=tuple(_replayed(line, hours, rates[line.line_id], days, working) for line in lines),
    )


@dataclass(frozen=True)
class _Days:
    """Days of the reader's calendar. `today` says that only the unfinished one is known."""

    known: frozenset[date]
    zone: tzinfo
    today: bool

    def of(self, hour: int) -> date:
        return self.moment(hour).date()

    def moment(self, hour: int) -> datetime:
        return datetime.fromtimestamp(hour * HOUR, self.zone)


def _days(hours: CountsByHour, now: float, zone: tzinfo) -> _Days:
    """The whole days since the first opening was counted, the last seven at most; else today, if it
    has one."""
    opened = [hour for (_line, hour), counts in hours.items() if counts.openings]
    today = datetime.fromtimestamp(now, zone).date()
    if not opened:
        return _Days(frozenset(), zone, today=False)
    first = datetime.fromtimestamp(min(opened) * HOUR, zone).date()
    whole = frozenset(today - timedelta(days=ago) for ago in range(1, DAYS + 1) if today - timedelta(days=ago) >= first)
    return _Days(whole or frozenset({today}), zone, today=not whole)


def _rates(counted: CountsByHour, line_ids: Sequence[int], shown: int) -> dict[int, float]:
    """New numbers of each line for one card that is shown; where none was, the usual number shared
    out evenly."""
    if not shown:
        return dict.fromkeys(line_ids, USUAL_NUMBERS / max(1, len(line_ids)))
    new = dict.fromkeys(line_ids, 0)
    for (line_id, _hour), counts in counted.items():
        if line_id in new:
            new[line_id] += counts.new_numbers
    return {line_id: count / shown for line_id, count in new.items()}


def _replayed(line: Budgeted, hours: CountsByHour, rate: float, days: _Days, working: int) -> LineForecast:
    """The line's budget hour by hour: the checks and messages of the 24 hours up to each count, as
    in a real day."""
    seen = [hour for _line, hour in hours]
    spent: dict[int, float] = {}
    wanted = unasked = 0.0
    allowed: dict[date, int] = {}
    exhausted: dict[date, int] = {}
    for hour in range(min(seen), max(seen) + 1):
        window = range(hour - HOURS_A_DAY + 1, hour + 1)
        budget = line.allowed(sum(_of(hours, line.line_id, at).sent for at in window))
        want = rate * _of(hours, NO_LINE, hour).openings
        room = max(0.0, budget - sum(spent.get(at, 0.0) for at in window))
        spent[hour] = min(want, room)
        day = days.of(hour)
        if day not in days.known:
            continue
        wanted, unasked = wanted + want, unasked + want - spent[hour]
        if want:
            allowed[day] = max(budget, allowed.get(day, 0))
        if want - spent[hour] >= NOTICED:
            exhausted.setdefault(day, days.moment(hour).hour)
    return LineForecast(
        line_id=line.line_id,
        wanted=wanted / working,
        allowed=sum(allowed.values()) / len(allowed) if allowed else float(line.allowed(0)),
        unasked=unasked / working,
        exhausted_days=len(exhausted),
        exhausted_hour=median_low(exhausted.values()) if exhausted else None,
    )


def _of(hours: CountsByHour, line_id: int, hour: int) -> Counts:
    return hours.get((line_id, hour), NOTHING)
