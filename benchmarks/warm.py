"""Warm cards: remembered, every number's answer fresh. Beside a bare Flask page of the same size
and server."""

from statistics import median
from typing import Any

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.http import request
from benchmarks.load import Connection, Visit, closed
from benchmarks.pace import RunSize, goal, middle
from benchmarks.visitor import JSON, hidden_page, reveal, see

VISITORS = (1, 32)
BUSY = 32
SHARE = 0.6  # of the bare page
COLUMNS = ("per_second", "p50_ms", "p99_ms", "max_ms", "processor_ms")


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    card, size = await warm_card(environment)
    bare = always(request("POST", f"/bare/{size}", b'{"pressed":true}', content_type=JSON))
    figures: dict[str, Any] = {"bytes": size}
    for visitors in VISITORS:
        rounds: dict[str, list[dict[str, float]]] = {"widget": [], "bare": []}
        for _ in range(pace.rounds):
            for name, server, visit in (("widget", "widget", card), ("bare", "beside", bare)):
                port = environment.ports[server]
                before = environment.processor(server)
                result = await closed(visit, port=port, visitors=visitors, seconds=pace.seconds)
                spent = environment.processor(server) - before
                rounds[name].append({**result.summary(), "processor_ms": round(1000 * spent / len(result.seconds), 3)})
        pairs = zip(rounds["widget"], rounds["bare"], strict=True)
        ratio = median(mine["per_second"] / its["per_second"] for mine, its in pairs)
        figures[f"at_{visitors}"] = {name: middle(each) for name, each in rounds.items()} | {"ratio": round(ratio, 3)}
    figures["redis"] = await _redis(environment, card)
    ratio, trips = figures[f"at_{BUSY}"]["ratio"], figures["redis"]["round_trips"]
    figures["goals"] = [
        goal(f"warm cards a second are at least {SHARE} of the bare page's, {BUSY} at once", ratio, ratio >= SHARE),
        goal("Redis round trips of a warm card: one", trips, round(trips, 1) == 1),
    ]
    return figures


def show(figures: dict[str, Any]) -> str:
    rows = [
        [f"{visitors} at once: {name}", *(each[column] for column in COLUMNS)]
        for visitors in VISITORS
        for name in ("widget", "bare")
        for each in [figures[f"at_{visitors}"][name]]
    ]
    ratios = ", ".join(f"{figures[f'at_{visitors}']['ratio']:.2f} at {visitors}" for visitors in VISITORS)
    return "\n".join(
        [
            tables.table(
                f"Warm cards ({figures['bytes']:,} bytes)",
                ["", "per second", "p50 ms", "p99 ms", "max ms", "processor ms"],
                rows,
            ),
            tables.notes(
                f"share of the bare page: {ratios}",
                f"Redis commands of one: {figures['redis']['commands']}",
                "the generator and Redis run on the same cores and cost the widget's side a little more",
            ),
            tables.goals(figures["goals"]),
        ]
    )


async def warm_card(environment: Environment, *, visitors: int = 16) -> tuple[Visit, int]:
    """A card that both workers remember and whose numbers were checked, and its size."""
    page = hidden_page(environment.session_tokens, 1)
    connection = Connection(environment.ports["widget"])
    await see(connection, page)
    revealed = await connection.ask(reveal(opening=page.ticket))
    connection.close()
    visit = always(reveal(session=revealed.headers["x-session"]))
    # A connection stays with one worker; so many reach both.
    await closed(visit, port=environment.ports["widget"], visitors=visitors, visits=4 * visitors)
    return visit, len(revealed.body)


def always(asked: bytes) -> Visit:
    """The same request every time."""

    async def visit(connection: Connection) -> bool:
        return (await connection.ask(asked)).status == 200

    return visit


async def _redis(environment: Environment, card: Visit) -> dict[str, Any]:
    """What Redis counted itself; INFO is the one command that is ours."""
    cards = 100
    with environment.redis as client:
        client.config_resetstat()
        await closed(card, port=environment.ports["widget"], visitors=4, visits=cards)
        counted: dict[str, Any] = client.info("commandstats")
    commands = {
        name.removeprefix("cmdstat_"): round(each["calls"] / cards, 2)
        for name, each in counted.items()
        if not name.startswith(("cmdstat_config", "cmdstat_client", "cmdstat_hello", "cmdstat_info"))
    }
    return {"commands": commands, "round_trips": round(sum(commands.values()), 2)}
