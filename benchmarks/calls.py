"""What a card costs outside: how often the portal and the gateway are called. Measured without the
worker, so after all that needs it."""

import asyncio
from typing import Any

from benchmarks import tables
from benchmarks.environment import PORTALS, Environment
from benchmarks.load import Connection
from benchmarks.pace import RunSize
from benchmarks.visitor import TICKET, HiddenCard, check, hidden_page, next_card, placement, reveal, see, to_ask

PORTAL = PORTALS + 1  # unused by the other tables: its token is not proved, its line's state not known
TOGETHER = 20
NAMES = ("app.info", "batch", "state", "chats", "check")


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    environment.end_worker()  # its rounds ask outside too
    environment.calls()
    environment.delays(portal=pace.portal, gateway=pace.gateway)
    figures: dict[str, Any] = {}
    connection = Connection(environment.ports["widget"])
    card = next_card()
    opened = await connection.ask(placement(PORTAL, card))
    figures["hidden_opening"] = environment.calls()
    revealed = await connection.ask(reveal(opening=TICKET.findall(opened.text)[0]))
    figures["first_reveal"] = environment.calls()
    session = revealed.headers["x-session"]
    await connection.ask(check(to_ask(revealed), session))
    figures["check"] = environment.calls()
    await connection.ask(reveal(session=session))
    figures["warm_reveal"] = environment.calls()
    connection.close()
    figures["parallel_20"] = await _together(environment)
    environment.delays(portal=0, gateway=0)
    return figures | {"goals": []}


def show(figures: dict[str, Any]) -> str:
    names = {
        "hidden_opening": "hidden opening",
        "first_reveal": "reveal, token not proved before",
        "check": "check of its 10 numbers",
        "warm_reveal": "warm reveal",
        "parallel_20": f"{TOGETHER} reveals and checks of one cold card at once, two workers",
    }
    rows = [[text, *(figures[name].get(call, 0) for call in NAMES)] for name, text in names.items()]
    return tables.table("Outside calls", ["", *NAMES], rows)


async def _together(environment: Environment) -> dict[str, int]:
    card = next_card()
    pages: list[HiddenCard] = [hidden_page(environment.session_tokens, PORTAL, card=card) for _ in range(TOGETHER)]
    connections = [Connection(environment.ports["widget"]) for _ in pages]
    await asyncio.gather(*(see(each, page) for each, page in zip(connections, pages, strict=True)))
    for each in connections:
        each.close()
    return environment.calls()
