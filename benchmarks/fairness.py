"""Does one company's slow gateway hold up the others? Cards of 32 companies, alone and while 90
reps of another wait.

    python -m benchmarks.fairness [--json]

The widget runs as in real life: gunicorn with two workers, loopback. About half a minute.
"""

import argparse
import asyncio
import itertools
from typing import Any

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.http import request
from benchmarks.load import Connection, Visit, closed, constant
from benchmarks.pace import FULL, goal
from benchmarks.visitor import hidden_page, see

SICK = 1  # the portal whose gateway is slow
ANSWERS_IN = 14.0  # seconds
REPS = 90  # of it, each with a card of their own
AGAIN = 2.0  # seconds until a refused page tries again, as static/api.js does
OTHERS = range(2, 34)
RATE = 4.0  # cards of others a second, far from what two cores serve
SECONDS = 6.0
MAX_TIMES = 1.5
# A check is waited for as long as its gateway takes, and a company may have what it may have in
# real life.
SETTINGS = {"CHECK_TIMEOUT": "20", "PORTAL_REQUESTS": "8"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    arguments = parser.parse_args()
    with Environment(SETTINGS) as environment:
        figures = asyncio.run(measure(environment))
    tables.say(figures, show(figures), as_json=arguments.json)


async def measure(environment: Environment) -> dict[str, Any]:
    port = environment.ports["widget"]
    await closed(cards_of_others(environment), port=port, visitors=4, visits=2 * len(OTHERS))  # every token proved
    environment.delays(portal=FULL.portal, gateway=FULL.gateway)
    alone = await beside(environment)
    environment.slow({f"s{SICK}": ANSWERS_IN})
    reps = SlowCompanyReps(environment)
    crowd = asyncio.create_task(closed(reps.visit, port=port, visitors=REPS, seconds=600))
    await asyncio.sleep(AGAIN)  # until the reps really wait
    crowded = await beside(environment)
    crowd.cancel()
    await asyncio.gather(crowd, return_exceptions=True)
    times = crowded["cards"]["p50_ms"] / alone["cards"]["p50_ms"]
    text = (
        f"p50 of others' cards at most {MAX_TIMES} times as long while one company's gateway takes {ANSWERS_IN:.0f} s"
    )
    return {
        "alone": alone,
        "beside": crowded,
        "refused_at_once": reps.refused,
        "times": round(times, 3),
        "goals": [goal(text, times, times <= MAX_TIMES, "x")],
    }


async def beside(environment: Environment) -> dict[str, dict[str, float]]:
    """Cards of others at a fixed pace, and the health check, beside all else."""
    port = environment.ports["widget"]
    cards, live = await asyncio.gather(
        constant(cards_of_others(environment), port=port, rate=RATE, seconds=SECONDS),
        constant(is_alive, port=port, rate=5.0, seconds=SECONDS),
    )
    return {"cards": cards.summary(), "live": live.summary()}


def cards_of_others(environment: Environment) -> Visit:
    portals = itertools.cycle(OTHERS)

    async def visit(connection: Connection) -> bool:
        return await see(connection, hidden_page(environment.session_tokens, next(portals)))

    return visit


class SlowCompanyReps:
    """Of the company with the slow gateway."""

    def __init__(self, environment: Environment) -> None:
        self._session_tokens = environment.session_tokens
        self.refused = 0

    async def visit(self, connection: Connection) -> bool:
        began = asyncio.get_running_loop().time()
        seen = await see(connection, hidden_page(self._session_tokens, SICK))
        if not seen and asyncio.get_running_loop().time() - began < ANSWERS_IN / 2:
            self.refused += 1
            await asyncio.sleep(AGAIN)
        return seen


async def is_alive(connection: Connection) -> bool:
    return (await connection.ask(request("GET", "/health/live"))).status == 200


def show(figures: dict[str, Any]) -> str:
    columns = ("per_second", "p50_ms", "p99_ms", "max_ms", "failed")
    rows = [
        [f"{what}, {when}", *(figures[when][what][column] for column in columns)]
        for what in ("cards", "live")
        for when in ("alone", "beside")
    ]
    return "\n".join(
        [
            tables.table(
                "One company's slow gateway", ["", "per second", "p50 ms", "p99 ms", "max ms", "failed"], rows
            ),
            tables.notes(
                f"{REPS} reps of one company check cards at a gateway that answers in {ANSWERS_IN:.0f} s",
                f"{figures['refused_at_once']} of their requests were refused at once, to be tried again",
            ),
            tables.goals(figures["goals"]),
        ]
    )


if __name__ == "__main__":
    main()
