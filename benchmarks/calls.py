"""What a card costs outside: how often the portal and the gateway are called."""

import asyncio
from typing import Any

from benchmarks import tables
from benchmarks.load import Connection
from benchmarks.pace import Pace
from benchmarks.stand import PORTALS, Stand
from benchmarks.visitor import TICKET, Page, check, hidden_page, next_card, placement, reveal, see, to_ask

PORTAL = PORTALS + 1  # which no other table uses: its token is not proved, its line's state not known
TOGETHER = 20
NAMES = ("app.info", "batch", "state", "chats", "check")


async def measure(stand: Stand, pace: Pace) -> dict[str, Any]:
    stand.calls()
    stand.delays(portal=pace.portal, gateway=pace.gateway)
    figures: dict[str, Any] = {}
    connection = Connection(stand.ports["widget"])
    card = next_card()
    opened = await connection.ask(placement(PORTAL, card))
    figures["hidden_opening"] = stand.calls()
    revealed = await connection.ask(reveal(opening=TICKET.findall(opened.text)[0]))
    figures["first_reveal"] = stand.calls()
    session = revealed.headers["x-session"]
    await connection.ask(check(to_ask(revealed), session))
    figures["check"] = stand.calls()
    await connection.ask(reveal(session=session))
    figures["warm_reveal"] = stand.calls()
    connection.close()
    figures["parallel_20"] = await _together(stand)
    stand.delays(portal=0, gateway=0)
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


async def _together(stand: Stand) -> dict[str, int]:
    card = next_card()
    pages: list[Page] = [hidden_page(stand.tickets, PORTAL, card=card) for _ in range(TOGETHER)]
    connections = [Connection(stand.ports["widget"]) for _ in pages]
    await asyncio.gather(*(see(each, page) for each, page in zip(connections, pages, strict=True)))
    for each in connections:
        each.close()
    return stand.calls()
