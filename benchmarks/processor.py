"""What one card costs in processor time and in round trips, measured within one process: nothing
waits there.

The portal and the gateways answer at once and in the process (stub.py), and what their answers cost
is not counted; Redis and SQLite are real, and the clients for outside calls are the widget's own. A
warm card is measured beside a page of the same size that does nothing, through the same Flask.
"""

import itertools
import json
import logging
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from cryptography.fernet import Fernet
from flask import Flask
from huey import MemoryHuey
from redis.connection import AbstractConnection
from sqlalchemy import event

from benchmarks import stub, tables
from benchmarks.http import HttpMessage
from benchmarks.pace import RunSize, goal
from benchmarks.visitor import hidden_page
from widget import create_app
from widget.config import Config
from widget.http import make_client
from widget.storage.database import upgrade

OUTSIDE = "http://outside.bench"
LINES = 3
COLD_MS, WARM_MS, SHARE = 16.0, 0.5, 0.6


class Cards:
    """The widget in this process, its browser, and what a card asks of SQL and Redis."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.counts: Counter[str] = Counter()
        self.outside_seconds = 0.0  # of processor, in which the portal and the gateways made up their answers
        self._lock = threading.Lock()
        self._outside = stub.Outside()
        self.app = create_app(_config(folder, redis_url), client=self._client, queue=MemoryHuey(immediate=True))
        logging.disable(logging.INFO)
        self.services = self.app.extensions["widget"]
        self._add_portal()
        self._browser = self.app.test_client()
        self._tokens = itertools.count()
        event.listen(self.services.storage.engine, "before_cursor_execute", self._sql)

    def see(self) -> str:
        """A cold card: reveal it and check its ten numbers. Returns its session."""
        page = hidden_page(self.services.entrance.session_tokens, 1)
        revealed = self.post("/card", {"pressed": True}, **{"X-Opening": page.ticket})
        session = str(revealed.headers["X-Session"])
        keys = revealed.text.partition('data-ask="')[2].partition('"')[0].split()
        self.post("/card/check", {"keys": keys, "line": None}, **{"X-Session": session})
        return session

    def post(self, path: str, body: Any, **headers: str) -> Any:
        answer = self._browser.post(path, json=body, headers=headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """SQL statements and Redis round trips of what is done within."""
        send: Any = AbstractConnection.send_packed_command

        def counting(connection: Any, *args: Any, **kwargs: Any) -> None:
            self.counts["redis"] += 1
            send(connection, *args, **kwargs)

        self.counts.clear()
        AbstractConnection.send_packed_command = counting  # type: ignore[assignment, method-assign]
        try:
            yield self.counts
        finally:
            AbstractConnection.send_packed_command = send  # type: ignore[method-assign]

    def _sql(self, *_args: Any) -> None:
        self.counts["sql"] += 1

    def _add_portal(self) -> None:
        upgrade(self.services.storage.engine)
        portal = self.services.storage.portals.add(
            member_id=stub.member_of(1), domain=stub.domain_of(1), endpoint=f"{OUTSIDE}/p1/rest/", country="RU"
        )
        for number in range(LINES):
            line_id = self.services.storage.lines.add(
                portal.id, name=f"Line {number}", gateway=stub.GATEWAY, address=OUTSIDE, session=f"s{number}", key="key"
            )
            self.services.storage.line_health.record_webhook(portal.id, line_id)  # its reports arrive

    def _client(self) -> httpx.Client:
        return make_client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        began = time.thread_time()
        url = request.url.raw_path.decode()
        asked = HttpMessage(f"{request.method} {url} HTTP/1.1", {"host": "outside.bench"}, request.content)
        response = httpx.Response(200, json=self._outside.answer(asked)[1])
        with self._lock:
            self.outside_seconds += time.thread_time() - began
        return response


def _config(folder: Path, redis_url: str) -> Config:
    return Config(
        secret_key="s" * 40,
        encryption_keys=(Fernet.generate_key().decode(),),
        bitrix_client_id=stub.CLIENT_ID,
        bitrix_client_secret="benchmark",
        database_url=f"sqlite:///{folder / 'widget.sqlite3'}",
        redis_url=redis_url,
        auth_servers=(f"{OUTSIDE}/oauth",),
        allow_http=True,
        allow_private_lines=True,
        check_burst=10_000,
        check_every=0.001,
        checks_per_day=10_000,
        checks_floor=10_000,
        young_checks_per_day=10_000,
    )


def _figures(cards: Cards, pace: RunSize) -> dict[str, Any]:
    times = max(5, round(40 * pace.seconds))
    cards.services.presence.rounds.go()  # as the worker does
    for _ in range(3):
        session = cards.see()

    def warm() -> None:
        cards.post("/card", {"pressed": True}, **{"X-Session": session})

    size = len(cards.post("/card", {"pressed": True}, **{"X-Session": session}).data)
    bare = Flask("bare")
    bare.add_url_rule("/card", view_func=lambda: "x" * size, methods=["POST"])
    browser = bare.test_client()
    with cards.counted() as counts:
        warm()
        counted = {"warm": dict(counts)}
    with cards.counted() as counts:
        cards.see()
        counted["cold"] = dict(counts)
    rounds = [
        (_ms(warm, 10 * times), _ms(lambda: browser.post("/card", json={"pressed": True}), 10 * times))
        for _ in range(pace.rounds)
    ]
    figures: dict[str, Any] = {
        "cold_ms": _cold_ms(cards, times),
        "warm_ms": round(median(each for each, _bare in rounds), 3),
        "bare_ms": round(median(each for _warm, each in rounds), 3),
        "share": round(median(one / other for other, one in rounds), 3),
        "round_trips": counted,
    }
    figures["goals"] = [
        goal("processor of a cold card", figures["cold_ms"], figures["cold_ms"] <= COLD_MS, " ms"),
        goal("processor of a warm card", figures["warm_ms"], figures["warm_ms"] <= WARM_MS, " ms"),
        goal("a warm card against a bare Flask page", figures["share"], figures["share"] >= SHARE),
    ]
    return figures


def _cold_ms(cards: Cards, times: int) -> float:
    """Of the widget alone: what the outside takes to make up its answers is taken off."""
    cards.see()
    cards.outside_seconds, began = 0.0, time.process_time()
    for _ in range(times):
        cards.see()
    return round(1000 * (time.process_time() - began - cards.outside_seconds) / times, 3)


def _ms(act: Callable[[], object], times: int) -> float:
    """Processor time of this process, all its threads, for one `act`."""
    act()
    began = time.process_time()
    for _ in range(times):
        act()
    return round(1000 * (time.process_time() - began) / times, 3)


def show(figures: dict[str, Any]) -> str:
    rows = [
        ["cold card, revealed and checked", figures["cold_ms"], *_trips(figures, "cold")],
        ["warm card", figures["warm_ms"], *_trips(figures, "warm")],
        ["bare Flask page", figures["bare_ms"], 0, 0],
    ]
    columns = ["", "processor ms", "SQL", "Redis"]
    return "\n".join([tables.table("Processor, one process", columns, rows), tables.goals(figures["goals"])])


def _trips(figures: dict[str, Any], what: str) -> list[int]:
    counted = figures["round_trips"][what]
    return [counted.get("sql", 0), counted.get("redis", 0)]


if __name__ == "__main__":
    from benchmarks.pace import QUICK
    from sandbox.valkey import Valkey

    with tempfile.TemporaryDirectory() as place, Valkey() as server:
        measured = _figures(Cards(Path(place), server.url), QUICK)
    print(json.dumps(measured, indent=2) if "--json" in sys.argv else show(measured))
