"""How long to measure, and at what delays."""

from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class RunSize:
    """`rounds` of what is compared, one after the other, so that a noisy minute is noisy for both;
    then the median."""

    rounds: int
    seconds: float  # for one side of one round
    cards: int  # cold cards for each visitor in one round
    crowds: tuple[int, ...] = (1, 16, 64)  # so many cold cards at once
    portal: float = 0.080
    gateway: float = 0.150
    in_flight: int = 24  # cold cards, beside warm ones


FULL = RunSize(rounds=5, seconds=1.5, cards=3)
QUICK = RunSize(rounds=1, seconds=0.6, cards=2)
# For tests: the figures mean nothing.
MICRO = RunSize(rounds=1, seconds=0.05, cards=1, crowds=(1, 2), portal=0.002, gateway=0.003, in_flight=3)


def middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds; what is counted is added up."""
    sums = ("done", "failed")
    return {
        name: round(sum(values) if name in sums else median(values), 3)
        for name in rounds[0]
        for values in [[each[name] for each in rounds]]
    }


def goal(text: str, measured: float, met: bool, unit: str = "") -> dict[str, Any]:
    return {"goal": text, "measured": round(measured, 3), "unit": unit, "met": met}
