"""Does it get slower as it grows? Queries of the hot paths over small and large tables, in one run
on one machine.

    python -m benchmarks.growth [--json] [--largest 100000] [--portals 1000]
        [--database sqlite|postgresql|both]

The repositories themselves are asked, as a card, a page of history, a webhook, a send, the list of
those who wait, a mirror in an open line, a worker's round and a scrape ask them: medians in
microseconds, and the ratio of large to small. A million messages and ten thousand portals are
`--largest 1000000 --portals 10000`: some minutes and a gigabyte of disk.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import Engine, insert, select, text

from benchmarks import tables
from benchmarks.pace import goal
from benchmarks.stub import GATEWAY
from sandbox.postgres import Postgres
from widget.keys import PhoneKeys
from widget.storage import schema
from widget.storage.card_fields import CardFields
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database, upgrade
from widget.storage.hidden_clients import HiddenClients
from widget.storage.ignores import Ignores
from widget.storage.inbox import Inbox
from widget.storage.messages import Body, Messages
from widget.storage.mirrors import Mirrors, New, PieceKind, State
from widget.storage.portals import Portals
from widget.storage.presences import Presences
from widget.storage.secret_box import SecretBox
from widget.storage.sends import Sends, SendState
from widget.storage.timelines import TimelineMode, Timelines, TimelineSettings
from widget.storage.usage import Usage
from widget.storage.waits import Filter

MAX_GROWTH = 1.2
TIMES = 200
ROWS = 5000  # in one insert
OF_A_CHAT = 50  # messages
SENT = 10  # of them from a card
DAILY = TimelineSettings(mode=TimelineMode.DAY)
WAITING = 5  # chats of the first portal, at any size


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--largest", type=int, default=100_000, help="messages of the large portal")
    parser.add_argument("--portals", type=int, default=1000, help="portals of the large service")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    arguments = parser.parse_args()
    kinds = ("sqlite", "postgresql") if arguments.database == "both" else (arguments.database,)
    measured = {kind: measure(kind, arguments.largest, arguments.portals) for kind in kinds}
    found = {kind: works for kind, (works, _seconds) in measured.items()}
    worst = max(each["ratio"] for kind in found.values() for each in kind.values())
    text_ = f"a query over the large tables takes at most {MAX_GROWTH} of what it takes over the small ones"
    figures = {
        "messages": [1000, arguments.largest],
        "portals": [10, arguments.portals],
        "databases": found,
        "large_portal_deleted_seconds": {kind: seconds for kind, (_works, seconds) in measured.items()},
        "goals": [goal(text_, worst, worst <= MAX_GROWTH, "x")],
    }
    tables.say(figures, show(figures), as_json=arguments.json)


def measure(kind: str, largest: int, portals: int) -> tuple[dict[str, dict[str, float]], float]:
    """What each piece of work takes, and in how many seconds the large portal is deleted at
    last."""
    with database(kind) as small, database(kind) as large:
        tried = [Service(small), Service(large)]
        tried[0].fill(messages=1000, portals=10)
        tried[1].fill(messages=largest, portals=portals)
        found = compared(*tried)
        began = time.monotonic()
        tried[1].portals.delete(tried[1].ids[0])
        return found, round(time.monotonic() - began, 1)


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
    """The repositories over one database, and what a card, a history, a webhook and a send do with
    them."""

    def __init__(self, engine: Engine) -> None:
        clock = time.time
        self.engine, secret_box = engine, SecretBox([Fernet.generate_key().decode()])
        self.portals = Portals(engine, secret_box, clock)
        self.chats, self.messages = Chats(engine, clock), Messages(engine, secret_box, clock)
        self.sends, self.usage = Sends(engine, secret_box, clock), Usage(engine, clock)
        self.presences, self.inbox = Presences(engine, clock), Inbox(engine, secret_box, clock)
        counted = Counted(engine, self.usage)
        ignores = Ignores(engine, secret_box, PhoneKeys("s" * 40), clock, lambda _portal, _client: None)
        hidden = HiddenClients(engine, secret_box, clock, self.chats.changed, ignores)
        self.conversations = Conversations(engine, self.chats, self.sends, self.messages, counted, hidden, ignores)
        self.mirrors = Mirrors(engine, secret_box, clock)
        self.timelines, self.card_fields = Timelines(engine, clock), CardFields(engine, secret_box, clock)

    def fill(self, *, messages: int, portals: int) -> None:
        """The first portal has half of all messages, the others share the rest."""
        upgrade(self.engine)
        self.ids = list(range(1, portals + 1))
        self.lines_of = self.ids  # one line each
        self._insert(schema.portals, (_portal(each) for each in self.ids))
        self._insert(schema.lines, (_line(each) for each in self.ids))
        self.chats_of_first = max(1, messages // OF_A_CHAT // 2)
        places = [(self.ids[0], self.lines_of[0], number) for number in range(self.chats_of_first)]
        others = list(zip(self.ids[1:], self.lines_of[1:], strict=True))
        rest = messages // OF_A_CHAT - self.chats_of_first
        places += [(*others[number % len(others)], number) for number in range(rest)]
        self._insert(schema.chats, (_chat(*place, waits=number < WAITING) for number, place in enumerate(places)))
        with self.engine.connect() as connection:
            known = connection.execute(
                select(schema.chats.c.portal_id, schema.chats.c.line_id, schema.chats.c.id)
            ).all()
        self._insert(schema.sends, (_sent(portal, chat, at) for portal, _line, chat in known for at in range(SENT)))
        self._insert(schema.records, (_record(portal, chat) for portal, _line, chat in known))
        self._insert(schema.mirrors, (_mirror(*each) for each in known))
        self._insert(
            schema.mirrored, (_piece(portal, number) for number, (portal, _l, _c) in enumerate(known, start=1))
        )
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
            name, chat_id = f"new{time.monotonic_ns()}", _chat_id(number % self.chats_of_first)
            self.conversations.called(portal, line, [chat_id], [phone(number)], name)
            self.messages.grow(portal, line, chat_id, name, lambda _known: Body("t", 1.0, True))
            self.inbox.drop(row)

        def tick_alone(_number: int) -> None:
            name = f"tick{time.monotonic_ns()}"
            self.messages.chat_ids_of(portal, line, name)
            self.sends.by_message(portal, line, name)

        def mirror(number: int) -> None:
            chat, _new = self.chats.remember(portal, line, phone(number))
            self.mirrors.put(chat, New(f"{time.monotonic_ns()}", PieceKind.CLIENT))
            for _portal, mirror_id in self.mirrors.due():
                taken = self.mirrors.take(mirror_id)
                while taken and (piece := self.mirrors.next(taken)):
                    self.mirrors.end(piece, State.DONE)
                if taken:
                    self.mirrors.release(taken)

        def history(number: int) -> None:
            chat, _new = self.chats.remember(portal, line, phone(number))
            self.messages.of_chat(portal, line, chat.chat_ids)
            self.sends.recent(portal, chat.id, since=0.0)

        return {
            "card": lambda number: (
                self.portals.get(portal, refresh=True),
                self.chats.of_phones(portal, [phone(number + at) for at in range(10)]),
                self.presences.get_many(portal, "whatsapp", [f"key{number + at}" for at in range(10)]),
            ),
            "history": history,
            "webhook": webhook,
            "tick alone": tick_alone,
            "send": send,
            "who waits": lambda _number: self.conversations.waits.waiting(portal, Filter((line,))),
            "mirror": mirror,
            "round": lambda _number: (
                self.timelines.due(portal, DAILY, [line], self.timelines.backlog.since(behind=False)),
                self.card_fields.due(portal, self.card_fields.backlog.since(behind=False)),
                self.timelines.marked(),
                self.conversations.waits.portals(),
            ),
            "scrape": lambda _number: (
                self.conversations.waits.counts(time.time()),
                self.mirrors.waiting(),
                self.sends.count_unclear(),
            ),
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


def _portal(number: int) -> dict[str, Any]:
    return {
        **{"id": number, "member_id": f"{number:032x}", "domain": f"p{number}.example", "created_at": 1.0},
        **{"endpoint": "https://p.example/rest/", "country": "RU", "visibility": "button"},
    }


def _line(number: int) -> dict[str, Any]:
    return {
        **{"id": number, "portal_id": number, "name": "Sales", "gateway": GATEWAY, "address": "https://gw.example"},
        **{"session": "sales", "key": "", "number": "", "active": True, "created_at": 1.0},
    }


def _chat(portal: int, line: int, number: int, *, waits: bool) -> dict[str, Any]:
    return {
        "waiting_since": time.time() if waits else 0.0,
        **{"portal_id": portal, "line_id": line, "phone": _phone(number), "chat_ids": json.dumps([_chat_id(number)])},
        **{"proved": True, "last_at": 1.0, "created_by": 0, "created_at": 1.0},
    }


def _message(portal: int, line: int, number: int, at: int) -> dict[str, Any]:
    return {
        **{"portal_id": portal, "line_id": line, "chat_id": _chat_id(number), "message_id": f"m{number}-{at}"},
        **{"at": 1.0 + at, "from_me": bool(at % 2), "body": "", "changed_at": time.time()},
    }


def _sent(portal: int, chat: int, at: int) -> dict[str, Any]:
    return {
        **{
            "portal_id": portal,
            "chat_id": chat,
            "send_key": f"k{chat}-{at}",
            "user_id": 1,
            "text": "",
            "state": "read",
        },
        **{"reason": "", "message_id": f"s{chat}-{at}", "created_at": 1.0 + at, "changed_at": 1.0},
    }


def _mirror(portal: int, line: int, chat: int) -> dict[str, Any]:
    return {"portal_id": portal, "line_id": line, "chat_id": chat, "portal_chat": chat}


def _record(portal: int, chat: int) -> dict[str, Any]:
    return {"portal_id": portal, "chat_id": chat, "name": "2026-01-15", "begins_at": 1.0, "told_at": 1.0}


def _piece(portal: int, mirror: int) -> dict[str, Any]:
    told = {"portal_id": portal, "mirror_id": mirror, "key": "k", "kind": "client", "state": "done"}
    return {**told, "message_id": "m", "created_at": 1.0}


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
    deleted = f"the large portal deleted, in seconds: {figures['large_portal_deleted_seconds']}"
    parts = tables.table(title, ["", "small µs", "large µs", "ratio"], rows), tables.notes(deleted)
    return "\n".join([*parts, tables.goals(figures["goals"])])


if __name__ == "__main__":
    main()
