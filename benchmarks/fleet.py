"""How many web processes a large service needs: its busiest hour, simulated with measured costs.

    python -m benchmarks.fleet [--costs FILE] [--json]

What a request costs a web process is measured (`benchmarks.cluster --load --json`; FILE is what it
prints, without one the costs of docs/operating.md are taken). The rest is drawn: requests come at
random, the proxy hands them round in turn, and a process works on one after the other, as Python
does; how long each takes is spread as waiting times are, which is worse than it was measured. Calls
outside are not work and are left out: they wait for others.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any

from benchmarks import tables

# A working day of 50,000 reps in 10,000 companies.
REPS, COMPANIES = 50_000, 10_000
CARDS_A_DAY, BUSY_HOUR = 60, 0.18  # of a rep; the share of a day's cards in its busiest hour
POLLS_A_MINUTE, OPEN_CARDS = 1.0, 0.5  # of a card on a screen; the share of reps who have one
CARDS_A_SECOND = REPS * CARDS_A_DAY * BUSY_HOUR / 3600
POLLS_A_SECOND = REPS * OPEN_CARDS * POLLS_A_MINUTE / 60

COSTS = {"cold_cards": 36.3, "polls": 0.82}  # ms of a core in a web process
SIMULATED = 300.0  # seconds of the busiest hour
PATIENCE = 0.5  # seconds that one request in a hundred may wait for its process
SEED = 7


@dataclass(frozen=True)
class Load:
    """How busy the processes are, of 1, and the seconds that a request waits for one."""

    processes: int
    busy: float
    median: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--costs", type=Path, help="what benchmarks.cluster --load --json has printed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    arguments = parser.parse_args()
    costs = costs_of(json.loads(arguments.costs.read_text())) if arguments.costs else COSTS
    tried = list(until_enough(costs))
    figures = {
        "reps": REPS,
        "companies": COMPANIES,
        "cards_a_second": round(CARDS_A_SECOND, 1),
        "polls_a_second": round(POLLS_A_SECOND, 1),
        "ms_of_a_core": costs,
        "web": [vars(each) for each in tried],
        "needs": tried[-1].processes,
    }
    tables.say(figures, show(figures), as_json=arguments.json)


def costs_of(cluster: dict[str, Any]) -> dict[str, float]:
    """The milliseconds that a request cost one web process."""
    return {kind: float(cluster["web"]["1"][kind]["ms_of_a_core"]["web"]) for kind in COSTS}


def until_enough(costs: dict[str, float]) -> Iterator[Load]:
    """Ever more processes, from as many as could just do the work, until no request waits for
    long."""
    busy = (CARDS_A_SECOND * costs["cold_cards"] + POLLS_A_SECOND * costs["polls"]) / 1000
    for processes in count(int(busy) + 1):
        tried = simulated(processes, costs)
        yield tried
        if tried.p99 <= PATIENCE:
            return


def simulated(processes: int, costs: dict[str, float]) -> Load:
    """The busiest hour with so many web processes. Of the same seed always the same."""
    chance = random.Random(SEED)
    free, waits, worked = [0.0] * processes, list[float](), 0.0
    for (at, kind), process in zip(arrivals(chance), cycle(range(processes)), strict=False):
        takes = chance.expovariate(1000 / costs[kind])
        begins = max(at, free[process])
        free[process] = begins + takes
        waits.append(begins - at)
        worked += takes
    waits.sort()
    middle, late = (round(waits[int(share * len(waits))], 3) for share in (0.5, 0.99))
    return Load(processes, round(worked / SIMULATED / processes, 2), middle, late)


def arrivals(chance: random.Random) -> Iterator[tuple[float, str]]:
    """When a request comes, and of which kind."""
    every, at = CARDS_A_SECOND + POLLS_A_SECOND, 0.0
    while (at := at + chance.expovariate(every)) < SIMULATED:
        yield at, "cold_cards" if chance.random() < CARDS_A_SECOND / every else "polls"


def show(figures: dict[str, Any]) -> str:
    rows = [[each["processes"], each["busy"], each["median"], each["p99"]] for each in figures["web"]]
    title = f"{figures['reps']:,} reps of {figures['companies']:,} companies in their busiest hour"
    return "\n".join(
        [
            tables.table(title, ["web processes", "busy", "median wait s", "p99 wait s"], rows),
            tables.notes(
                f"{figures['cards_a_second']} cold cards and {figures['polls_a_second']} polls a second",
                f"with {figures['needs']} one request in a hundred waits {PATIENCE} s for a process, or less",
            ),
        ]
    )


if __name__ == "__main__":
    main()
