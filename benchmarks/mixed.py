"""Do cold cards hold up warm ones? Warm cards come at a fixed pace, alone and while cold ones are
in flight."""

import asyncio
from statistics import median
from typing import Any

from benchmarks import tables
from benchmarks.cold import cold_card
from benchmarks.environment import Environment
from benchmarks.load import closed, constant
from benchmarks.pace import RunSize, goal, middle
from benchmarks.warm import warm_card

RATE = 50.0  # warm cards a second, far from what the widget can serve
MAX_MORE = 3.0  # ms


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    warm, _size = await warm_card(environment)
    cold = cold_card(environment, pace.in_flight)
    port = environment.ports["widget"]
    seconds = 2 * pace.seconds
    environment.delays(portal=pace.portal, gateway=pace.gateway)
    rounds: dict[str, list[dict[str, float]]] = {"alone": [], "beside_cold": [], "cold": []}
    for _ in range(pace.rounds):
        rounds["alone"].append((await constant(warm, port=port, rate=RATE, seconds=seconds)).summary())
        stop = asyncio.Event()
        background = asyncio.create_task(closed(cold, port=port, visitors=pace.in_flight, stop=stop))
        await asyncio.sleep(2 * (pace.portal + pace.gateway))  # until they are really in flight
        rounds["beside_cold"].append((await constant(warm, port=port, rate=RATE, seconds=seconds)).summary())
        stop.set()
        rounds["cold"].append((await background).summary())
    environment.delays(portal=0, gateway=0)
    pairs = zip(rounds["alone"], rounds["beside_cold"], strict=True)
    more = median(beside["p50_ms"] - alone["p50_ms"] for alone, beside in pairs)
    text = f"p50 of warm cards beside {pace.in_flight} cold ones is less than {MAX_MORE:.0f} ms more than alone"
    return {name: middle(each) for name, each in rounds.items()} | {
        "in_flight": pace.in_flight,
        "more_ms": round(more, 3),
        "goals": [goal(text, more, more < MAX_MORE, " ms more")],
    }


def show(figures: dict[str, Any]) -> str:
    names = {
        "alone": "warm, alone",
        "beside_cold": f"warm, {figures['in_flight']} cold in flight",
        "cold": "those cold ones",
    }
    columns = ("per_second", "p50_ms", "p99_ms", "max_ms", "failed")
    rows = [[text, *(figures[name][column] for column in columns)] for name, text in names.items()]
    return "\n".join(
        [
            tables.table("Warm beside cold", ["", "per second", "p50 ms", "p99 ms", "max ms", "incomplete"], rows),
            tables.notes(f"{RATE:.0f} warm cards a second at a fixed pace, each timed from when it was due"),
            tables.goals(figures["goals"]),
        ]
    )
