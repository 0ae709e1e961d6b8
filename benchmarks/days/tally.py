"""The score of a way to know who has WhatsApp: its checks, held against the budget, and what its
cards showed."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.days.trace import DAY, Number, Opening, Trace

# The rule that is kept or broken, written here once more: in any 24 hours no more checks than
# messages sent, but 20 are always allowed and more than 100 never (the lines of the trace are old).
FLOOR, CAP = 20, 100
LASTS = {True: 30 * DAY, False: DAY}  # a yes and a no are true answers for so long


@dataclass(frozen=True)
class PaintedAnswer:
    """An answer on a row when the card is first painted."""

    yes: bool
    at: float


class Tally:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        size = trace.size
        self._sent: list[list[float]] = [[] for _ in range(size.lines)]
        self._checked: list[list[float]] = [[] for _ in range(size.lines)]
        self._over: set[tuple[int, int]] = set()
        self._counts: list[Counter[str]] = [Counter() for _ in range(size.days)]
        self._ages: list[float] = []

    def sent(self, line: int, at: float) -> None:
        self._sent[line].append(at)

    def checked(self, line: int, at: float) -> None:
        """A check reached WhatsApp through this line."""
        self._checked[line].append(at)
        if _last_day(self._checked[line], at) > min(CAP, max(FLOOR, _last_day(self._sent[line], at))):
            self._over.add((line, self._trace.day_of(at)))

    def painted(self, opening: Opening, shown: Sequence[PaintedAnswer | None]) -> None:
        """What a card's rows showed at once, in the order of its numbers."""
        counts = self._counts[self._trace.day_of(opening.at)]
        for number, seen in zip(opening.card.numbers, shown, strict=True):
            kind = self._judged(number, seen, opening.at)
            counts["rows"] += 1
            counts[kind] += 1
            if not number.landline:
                counts["mobile rows"] += 1
                counts[f"mobile {kind}"] += 1

    def _judged(self, number: Number, seen: PaintedAnswer | None, now: float) -> str:
        if seen is None:
            return "unknown"
        if seen.at:
            self._ages.append(now - seen.at)
        if seen.yes is not number.on_whatsapp(now):
            return "wrong"
        if not seen.at:
            return "true"  # an open line talks with it: that has no date and does not age
        return "true" if now - seen.at <= LASTS[seen.yes] else "too old"

    def figures(self) -> dict[str, Any]:
        lines = [self._by_day(checked) for checked in self._checked]
        return {
            "checks": {f"line {number}": by_day for number, by_day in enumerate(lines, 1)},
            "checks_a_day": [sum(of_day) for of_day in zip(*lines, strict=True)],
            "checks_in_all": sum(map(sum, lines)),
            "sent": {f"line {number}": self._by_day(sent) for number, sent in enumerate(self._sent, 1)},
            "line_days_over_budget": len(self._over),
            "days_over_budget": len({day for _line, day in self._over}),
            "answered_at_first_paint": [_share(of["true"], of["rows"]) for of in self._counts],
            "answered_at_first_paint_mobile": [_share(of["mobile true"], of["mobile rows"]) for of in self._counts],
            "rows": [of["rows"] for of in self._counts],
            "median_age_seconds": round(median(self._ages), 1) if self._ages else None,
            "wrong_shown": sum(of["wrong"] for of in self._counts),
            "too_old_shown": sum(of["too old"] for of in self._counts),
        }

    def _by_day(self, moments: Sequence[float]) -> list[int]:
        counted = Counter(self._trace.day_of(at) for at in moments)
        return [counted[day] for day in range(self._trace.size.days)]


def _last_day(moments: Sequence[float], now: float) -> int:
    """How many of these (in order) are in the 24 hours up to now."""
    return len(moments) - bisect_right(moments, now - DAY)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
