"""Several web processes and workers over one PostgreSQL and one Valkey: what they carry, and what
each part costs.

    python -m benchmarks.cluster [--load] [--json] [--quick]

Without --load it starts everything, opens a card through each web process, and one more when the
first was killed: the short form, half a minute on a busy machine. With --load 1, 2 and 4 web
processes are measured one after another; on fewer cores than processes the goal is held to as many
as there are cores, and a simulation with the measured costs says what more takes
(benchmarks/fleet.py).
"""

import argparse
import asyncio
import itertools
import json
import os
import sys
import time
from typing import Any

from benchmarks import tables
from benchmarks.environment import PORTALS
from benchmarks.fleet import CARDS_A_SECOND, COMPANIES, POLLS_A_SECOND, REPS, costs_of, until_enough
from benchmarks.http import request
from benchmarks.load import Connection, Visit, closed
from benchmarks.pace import goal
from benchmarks.topology import Topology
from benchmarks.visitor import JSON, hidden_page, reveal, see

STEPS = (4, 2, 1)  # web processes; taken away one after another
VISITORS = 24
SHARE = 0.8  # of linear
HEADROOM = 0.6  # of a core that is planned to be used


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--load", action="store_true", help="measure 1, 2 and 4 web processes")
    parser.add_argument("--quick", action="store_true", help="two seconds for each figure")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    arguments = parser.parse_args()
    with Topology(web=max(STEPS) if arguments.load else 2) as topology:
        figures = asyncio.run(load(topology, 2.0 if arguments.quick else 6.0) if arguments.load else rehearse(topology))
    tables.say(figures, show(figures), as_json=arguments.json)
    if not all(each["met"] for each in figures["goals"]) and not arguments.load:
        sys.exit(1)


async def rehearse(topology: Topology) -> dict[str, Any]:
    """Everything once: a card by each web process, and one that goes on when the other is
    killed."""
    seen = 0
    for name in topology.web:
        connection = Connection(topology.ports[name])
        seen += await see(connection, hidden_page(topology.session_tokens, 1))
        connection.close()
    topology.kill(topology.web[0])
    topology.kill(topology.background[0])
    left = Connection(topology.ports[topology.web[1]])
    seen += await see(left, hidden_page(topology.session_tokens, 2))
    left.close()
    return {
        "web": len(topology.web),
        "workers": len(topology.background),
        "proxy": topology.proxied,
        "pool": topology.pooled,
        "goals": [
            goal("cards seen whole through two web processes, and one when the other is killed", seen, seen == 3)
        ],
    }


async def load(topology: Topology, seconds: float) -> dict[str, Any]:
    steps: dict[str, Any] = {}
    for count in STEPS:
        topology.stop_web(count)
        await closed(cold(topology), port=topology.door, visitors=8, visits=3 * PORTALS)  # every token proved
        steps[str(count)] = {
            "cold_cards": await measured(topology, cold(topology), seconds),
            "warm_cards": await measured(topology, await warm(topology), seconds),
            "polls": await measured(topology, await polls(topology), seconds),
        }
    cores = os.cpu_count() or 1
    most = max(count for count in STEPS if count <= cores)
    times = steps[str(most)]["warm_cards"]["per_second"] / steps["1"]["warm_cards"]["per_second"]
    text = f"{most} web processes on {cores} cores carry at least {SHARE} × {most} of one"
    figures = {
        "cores": cores,
        "web": steps,
        "times": round(times, 2),
        "goals": [goal(text, times, times >= SHARE * most, "x")],
        "fleet": [vars(each) for each in until_enough(costs_of({"web": steps}))],
    }
    return {**figures, "proxy": topology.proxied, "pool": topology.pooled, "estimate": estimate(steps["1"])}


async def measured(topology: Topology, visit: Visit, seconds: float) -> dict[str, Any]:
    """Visits a second, and what one visit cost each part, in milliseconds of a processor."""
    before, began = topology.seconds(), time.monotonic()
    result = await closed(visit, port=topology.door, visitors=VISITORS, seconds=seconds)
    used, elapsed = topology.seconds(), time.monotonic() - began
    done = max(1, len(result.seconds) - result.failed)
    cost = {part: round(1000 * (used[part] - before.get(part, 0.0)) / done, 3) for part in used}
    busy = {part: round((used[part] - before.get(part, 0.0)) / elapsed, 2) for part in used}
    return {**result.summary(), "ms_of_a_core": cost, "cores_busy": busy}


def cold(topology: Topology) -> Visit:
    portals = itertools.cycle(range(1, PORTALS + 1))

    async def visit(connection: Connection) -> bool:
        return await see(connection, hidden_page(topology.session_tokens, next(portals)))

    return visit


async def warm(topology: Topology) -> Visit:
    """Cards that every web process remembers, of many companies: one has a share of the threads."""
    asked = [reveal(session=session) for session, _version in await opened(topology)]
    return in_turn(asked, 200)


async def polls(topology: Topology) -> Visit:
    """What each card on a screen asks once a minute."""
    asked = []
    for session, version in await opened(topology):
        body = json.dumps({"version": version, "line": None, "remembered": True}).encode()
        asked.append(request("POST", "/card/again", body, content_type=JSON, X_Session=session))
    return in_turn(asked, 204)


async def opened(topology: Topology) -> list[tuple[str, str]]:
    """Sessions of opened cards, with the version that each page shows."""
    found, connection = [], Connection(topology.door)
    for portal in range(1, 17):
        page = hidden_page(topology.session_tokens, portal)
        await see(connection, page)
        revealed = await connection.ask(reveal(opening=page.ticket))
        found.append((revealed.headers["x-session"], revealed.text.partition('data-version="')[2].partition('"')[0]))
    connection.close()
    return found


def in_turn(asked: list[bytes], status: int) -> Visit:
    turns = itertools.cycle(asked)

    async def visit(connection: Connection) -> bool:
        return (await connection.ask(next(turns))).status == status

    return visit


def estimate(one: dict[str, Any]) -> dict[str, Any]:
    """What 50,000 reps of 10,000 companies need, from what each request cost one web process
    here."""
    cards, polled = CARDS_A_SECOND, POLLS_A_SECOND
    lines = COMPANIES / 60  # states asked a second, one line a company
    cores = {
        part: round(
            (cards * one["cold_cards"]["ms_of_a_core"][part] + polled * one["polls"]["ms_of_a_core"][part])
            / 1000
            / HEADROOM,
            2,
        )
        for part in ("web", "postgresql", "valkey", "pool", "proxy")
        if part in one["cold_cards"]["ms_of_a_core"]
    }
    return {
        "reps": REPS,
        "companies": COMPANIES,
        "cards_a_second": round(cards, 1),
        "polls_a_second": round(polled, 1),
        "line_states_a_second": round(lines, 1),
        "cores": cores,
    }


def show(figures: dict[str, Any]) -> str:
    if "web" not in figures or not isinstance(figures["web"], dict):
        return tables.goals(figures["goals"])
    rows = [
        [f"{count} web: {what}", each["per_second"], each["p50_ms"], each["p99_ms"], each["failed"], *costs(each)]
        for count, step in sorted(figures["web"].items())
        for what, each in step.items()
    ]
    columns = ["", "per second", "p50 ms", "p99 ms", "failed", "web", "postgresql", "valkey", "proxy, pool"]
    needs = ", ".join(f"{part} {cores}" for part, cores in figures["estimate"]["cores"].items())
    told = figures["estimate"]
    return "\n".join(
        [
            tables.table("Web processes over one PostgreSQL and one Valkey; ms of a core for each", columns, rows),
            tables.notes(
                f"on {figures['cores']} cores, the generator and the world outside on the same ones",
                f"{REPS:,} reps: {told['cards_a_second']} cards and {told['polls_a_second']} polls a second",
                f"cores for that: {needs}",
                f"web processes for that, simulated: {figures['fleet'][-1]['processes']}",
            ),
            tables.goals(figures["goals"]),
        ]
    )


def costs(measured: dict[str, Any]) -> list[float]:
    of = measured["ms_of_a_core"]
    return [of["web"], of["postgresql"], of["valkey"], of.get("proxy", 0.0) + of.get("pool", 0.0)]


if __name__ == "__main__":
    main()
