"""Cold cards: revealed and ten numbers checked, as the browser does it, with a portal and a gateway
that take time.

Every visitor has a portal and a line of their own (one company never checks so much at once), a
token that was proved a moment ago and a line whose state was read a moment ago; and `first`, where
neither is so.
"""

import itertools
import json
from statistics import median
from typing import Any

from benchmarks import tables
from benchmarks.environment import PORTALS, Environment
from benchmarks.http import request
from benchmarks.load import Connection, Visit, closed
from benchmarks.pace import RunSize, goal, middle
from benchmarks.visitor import JSON, complete, hidden_page, next_card, see

BOTH_WORKERS = 6  # connections are enough to meet both, most of the time
NEAR, FAR = 1.15, 2.0  # of the sum of the delays, alone and for 64 at once
TIMES_NAIVE, A_SECOND = 4, 90  # cards, 64 at once


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    await prove_tokens(environment, max(pace.crowds))
    environment.delays(portal=pace.portal, gateway=pace.gateway)
    figures: dict[str, Any] = {"crowds": pace.crowds, "sequence": {}}
    for visitors in pace.crowds:
        figures[f"at_{visitors}"] = await _beside(environment, pace, visitors)
    first = cold_card(environment, PORTALS, new_tokens=True)
    results = await closed(first, port=environment.ports["widget"], visitors=1, visits=2 * pace.cards)
    figures["first"] = results.summary()
    figures["sequence"]["usual"] = await _sequence(environment, cold_card(environment, 1), before=1)
    figures["sequence"]["first"] = await _sequence(environment, first)
    environment.delays(portal=0, gateway=0)
    wanted = 1000 * (pace.portal + pace.gateway)
    alone, most = figures["at_1"]["widget"]["p50_ms"], max(pace.crowds)
    first_ms, crowd = figures["first"]["p50_ms"], figures[f"at_{most}"]
    served = crowd["widget"]
    figures["sum_ms"] = wanted
    figures["goals"] = [
        goal(f"p50 alone within 15 % of {wanted:.0f} ms", alone, alone <= NEAR * wanted, " ms"),
        goal("the same, first of a token and a line", first_ms, first_ms <= NEAR * wanted, " ms"),
        goal(
            f"p50 of {most} at once within twice {wanted:.0f} ms",
            served["p50_ms"],
            served["p50_ms"] <= FAR * wanted,
            " ms",
        ),
        goal(f"{most} at once against the naive version", crowd["ratio"], crowd["ratio"] >= TIMES_NAIVE, "x"),
        goal(f"{most} at once: cards a second", served["per_second"], served["per_second"] >= A_SECOND),
        goal(f"{most} at once: incomplete", served["failed"], served["failed"] == 0),
    ]
    return figures


def show(figures: dict[str, Any]) -> str:
    columns = ("per_second", "p50_ms", "p99_ms", "max_ms", "failed", "processor_ms")
    rows = [
        [f"{visitors} at once: {name}", *(figures[f"at_{visitors}"][name][column] for column in columns)]
        for visitors in figures["crowds"]
        for name in ("widget", "naive")
    ]
    rows.append(["1 at once: widget, first", *(figures["first"].get(column, "") for column in columns)])
    ratios = ", ".join(f"{figures[f'at_{visitors}']['ratio']:.1f}x at {visitors}" for visitors in figures["crowds"])
    return "\n".join(
        [
            tables.table(
                "Cold cards", ["", "per second", "p50 ms", "p99 ms", "max ms", "incomplete", "processor ms"], rows
            ),
            tables.notes(
                f"cards a second against the naive one: {ratios}",
                f"outside calls one after another: {_chain(figures['sequence']['usual'])}",
                f"first card of a token and a line: {_chain(figures['sequence']['first'])}",
            ),
            tables.goals(figures["goals"]),
        ]
    )


def cold_card(environment: Environment, portals: int, *, new_tokens: bool = False) -> Visit:
    """A card that was not asked for before, in turn from so many portals."""
    session_tokens = environment.session_tokens
    turn = itertools.cycle(range(1, portals + 1))

    async def visit(connection: Connection) -> bool:
        token = f"new{next(_tokens)}" if new_tokens else "known"
        return await see(connection, hidden_page(session_tokens, next(turn), token=token))

    return visit


_tokens = itertools.count()


async def prove_tokens(environment: Environment, portals: int) -> None:
    """Both workers remember every portal's token, as they do of a rep who opened another card
    before."""
    await closed(
        cold_card(environment, portals), port=environment.ports["widget"], visitors=portals, visits=4 * portals
    )


def naive_card() -> Visit:
    async def visit(connection: Connection) -> bool:
        body = json.dumps({"portal": 1, "card": next_card()}).encode()
        return complete(await connection.ask(request("POST", "/card", body, content_type=JSON)))

    return visit


async def _beside(environment: Environment, pace: RunSize, visitors: int) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, float]]] = {"widget": [], "naive": []}
    widget, naive = cold_card(environment, visitors), naive_card()
    for _ in range(pace.rounds):
        both = max(visitors, BOTH_WORKERS)  # learn the lines' states; they hold for five seconds
        await closed(widget, port=environment.ports["widget"], visitors=both, visits=both)
        for name, server, visit, cards in (("widget", "widget", widget, pace.cards), ("naive", "beside", naive, 1)):
            before = environment.processor(server)
            result = await closed(visit, port=environment.ports[server], visitors=visitors, visits=visitors * cards)
            spent = environment.processor(server) - before
            rounds[name].append({**result.summary(), "processor_ms": round(1000 * spent / len(result.seconds), 3)})
    pairs = zip(rounds["widget"], rounds["naive"], strict=True)
    ratio = median(mine["per_second"] / its["per_second"] for mine, its in pairs)
    return {name: middle(each) for name, each in rounds.items()} | {"ratio": round(ratio, 2)}


async def _sequence(environment: Environment, visit: Visit, *, before: int = 0) -> list[dict[str, Any]]:
    """The calls of one cold card as the outside saw them, those that overlapped together."""
    connection = Connection(environment.ports["widget"])
    for _ in range(before):
        await visit(connection)
    environment.calls()
    await visit(connection)
    connection.close()
    steps: list[dict[str, Any]] = []
    ends = 0.0
    for name, begun, ended in sorted(environment.spans(), key=lambda span: span[1]):
        if not steps or begun >= ends:
            steps.append({"calls": {}, "ms": 0.0, "begun": begun})
        ends = max(ends, ended)
        step = steps[-1]
        step["calls"][name] = step["calls"].get(name, 0) + 1
        step["ms"] = round(1000 * (ends - step["begun"]), 1)
    return [{"calls": step["calls"], "ms": step["ms"]} for step in steps]


def _chain(steps: list[dict[str, Any]]) -> str:
    parts = [" and ".join(f"{n} {name}" for name, n in step["calls"].items()) + f" {step['ms']:.0f}" for step in steps]
    return f"{' -> '.join(parts)} = {sum(step['ms'] for step in steps):.0f} ms"
