"""Does it get slower as it grows? Queries of the hot paths over small and large tables, in one run on one machine.

    python -m benchmarks.growth [--json] [--largest 100000] [--portals 1000] [--database sqlite|postgresql|both]

The repositories themselves are asked, as a card, a page of history, a webhook and a send ask them: medians in
microseconds, and the ratio of large to small. A million messages and ten thousand portals are
`--largest 1000000 --portals 10000`.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Engine, insert, text

from benchmarks import tables
from benchmarks.pace import goal
from sandbox.postgres import Postgres
from widget.storage import schema
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database, upgrade
from widget.storage.hidden_clients import HiddenClients
from widget.storage.inbox import Inbox
from widget.storage.lines import Lines
from widget.storage.messages import Body, Messages
from widget.storage.portals import Portals
from widget.storage.presences import Presences
from widget.storage.secret_box import SecretBox
from widget.storage.sends import Sends, SendState
from widget.storage.usage import Usage

MOST = 1.2
TIMES = 300
ROWS = 5000  # in one insert
OF_A_CHAT = 50  # messages


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--largest", type=int, default=100_000, help="messages of the large portal")
    parser.add_argument("--portals", type=int, default=1000, help="portals of the large service")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    arguments = parser.parse_args()
    kinds = ("sqlite", "postgresql") if arguments.database == "both" else (arguments.database,)
    found = {kind: measure(kind, arguments.largest, arguments.portals) for kind in kinds}
    worst = max(each["ratio"] for kind in found.values() for each in kind.values())
    text_ = f"a query over the large tables takes at most {MOST} of what it takes over the small ones"
    figures = {
        "messages": [1000, arguments.largest],
        "portals": [10, arguments.portals],
        "databases": found,
        "goals": [goal(text_, worst, worst <= MOST, "x")],
    }
    print(show(figures), file=sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        print(json.dumps(figures, indent=2))


def measure(kind: str, largest: int, portals: int) -> dict[str, dict[str, float]]:
    with database(kind) as small, database(kind) as large:
        tried = [Service(small), Service(large)]
        tried[0].fill(messages=1000, portals=10)
        tried[1].fill(messages=largest, portals=portals)
        return compared(*tried)


def compared(small: "Service", large: "Service") -> dict[str, dict[str, float]]:
    """The two in turn, so that a noisy moment is noisy for both."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in small.works()}
    for number in range(TIMES):
        for side, service in enumerate((small, large)):
            for name, work in service.works().items():
                began = time.perf_counter()
                work(number)
                times[name][side].append(time.perf_counter() - began)
    found = {}
    for name, sides in times.items():
        few, many = (1e6 * median(side) for side in sides)
        found[name] = {"small_us": round(few, 1), "large_us": round(many, 1), "ratio": round(many / few, 3)}
    return found


class Service:
    """The repositories over one database, and what a card, a history, a webhook and a send do with them."""

    def __init__(self, engine: Engine) -> None:
        clock = time.time
        self.engine, secret_box = engine, SecretBox([Fernet.generate_key().decode()])
        self.portals, self.lines = Portals(engine, secret_box, clock), Lines(engine, secret_box, clock)
        self.chats, self.messages = Chats(engine, clock), Messages(engine, secret_box, clock)
        self.sends, self.usage = Sends(engine, secret_box, clock), Usage(engine, clock)
        self.presences, self.inbox = Presences(engine, clock), Inbox(engine, secret_box, clock)
        counted = Counted(engine, self.usage)
        hidden = HiddenClients(engine, secret_box, clock, self.chats.changed)
        self.conversations = Conversations(engine, self.chats, self.sends, self.messages, counted, hidden)

    def fill(self, *, messages: int, portals: int) -> None:
        """The first portal has half of all messages, the others share the rest."""
        upgrade(self.engine)
        self.ids = [
            self.portals.add(
                member_id=f"{number:032x}",
                domain=f"p{number}.example",
                endpoint="https://p.example/rest/",
                country="RU",
            ).id
            for number in range(portals)
        ]
        where = {"name": "Sales", "gateway": "waha", "address": "https://gw.example", "session": "sales", "key": "key"}
        self.lines_of = [self.lines.add(portal, **where) for portal in self.ids]
        self.chats_of_first = max(1, messages // OF_A_CHAT // 2)
        places = [(self.ids[0], self.lines_of[0], number) for number in range(self.chats_of_first)]
        others = list(zip(self.ids[1:], self.lines_of[1:], strict=True))
        rest = messages // OF_A_CHAT - self.chats_of_first
        places += [(*others[number % len(others)], number) for number in range(rest)]
        self._insert(schema.chats, (_chat(*place) for place in places))
        self._insert(schema.messages, (_message(*place, at) for place in places for at in range(OF_A_CHAT)))
        self._insert(schema.presences, (_presence(portal, number) for portal, _line, number in places))
        if self.engine.dialect.name == "postgresql":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))

    def works(self) -> dict[str, Callable[[int], object]]:
        portal, line = self.ids[0], self.lines_of[0]

        def phone(number: int) -> str:
            return _phone(number % self.chats_of_first)

        def send(number: int) -> None:
            chat, _new = self.chats.remember(portal, line, phone(number))
            key = f"{time.monotonic_ns()}"
            row, _new = self.sends.begin(portal, chat.id, send_key=key, user_id=1, text="text", message_id=key)
            self.sends.settle(row, SendState.SENT)

        def webhook(number: int) -> None:
            row = self.inbox.add(portal, line, "[]")
            self.inbox.take(row)
            name = f"new{time.monotonic_ns()}"
            self.messages.grow(
                portal, line, _chat_id(number % self.chats_of_first), name, lambda _known: Body("t", 1.0, True)
            )
            self.inbox.drop(row)

        def history(number: int) -> None:
            chat, _new = self.chats.remember(portal, line, phone(number))
            self.messages.of_chat(portal, line, chat.chat_ids)
            self.sends.recent(portal, chat.id, since=0.0)

        return {
            "card": lambda number: (
                self.portals.get(portal, again=True),
                self.chats.of_phones(portal, [phone(number + at) for at in range(10)]),
                self.presences.get_many(portal, "whatsapp", [f"key{number + at}" for at in range(10)]),
            ),
            "history": history,
            "webhook": webhook,
            "send": send,
        }

    def _insert(self, table: Any, rows: Iterator[dict[str, Any]]) -> None:
        part: list[dict[str, Any]] = []
        with self.engine.begin() as connection:
            for row in rows:
                part.append(row)
                if len(part) == ROWS:
                    connection.execute(insert(table), part)
                    part = []
            if part:
                connection.execute(insert(table), part)


def _phone(number: int) -> str:
    return f"+7903{number:07d}"


def _chat_id(number: int) -> str:
    return f"7903{number:07d}@c.us"


def _chat(portal: int, line: int, number: int) -> dict[str, Any]:
    return {
        **{"portal_id": portal, "line_id": line, "phone": _phone(number), "chat_ids": json.dumps([_chat_id(number)])},
        **{"proved": True, "last_at": 1.0, "created_by": 0, "created_at": 1.0},
    }


def _message(portal: int, line: int, number: int, at: int) -> dict[str, Any]:
    return {
        **{"portal_id": portal, "line_id": line, "chat_id": _chat_id(number), "message_id": f"m{number}-{at}"},
        **{"at": 1.0 + at, "from_me": bool(at % 2), "body": "", "changed_at": time.time()},
    }


def _presence(portal: int, number: int) -> dict[str, Any]:
    return {"portal_id": portal, "network": "whatsapp", "phone_key": f"key{number}", "record": "{}", "until": 4e9}


@contextmanager
def database(kind: str) -> Iterator[Engine]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            engine = open_database(f"sqlite:///{Path(folder) / 'growth.sqlite3'}")
            yield engine
            engine.dispose()
        return
    with Postgres() as server:
        engine = open_database(server.url(server.new_database("growth")))
        yield engine
        engine.dispose()


def show(figures: dict[str, Any]) -> str:
    rows = [
        [f"{kind}: {name}", each["small_us"], each["large_us"], each["ratio"]]
        for kind, works in figures["databases"].items()
        for name, each in works.items()
    ]
    messages, portals = figures["messages"], figures["portals"]
    title = f"{messages[0]:,} messages and {portals[0]} portals, {messages[1]:,} messages and {portals[1]:,} portals"
    return "\n".join([tables.table(title, ["", "small µs", "large µs", "ratio"], rows), tables.goals(figures["goals"])])


if __name__ == "__main__":
    main()
