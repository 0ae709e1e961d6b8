"""A gateway that cuts, hangs and answers 500: what it took is in a file, so that it knows it again
after it was killed.

    python -m benchmarks.cutting --port 9000 --journal file [--seed n]
    POST /_calm     from now on it does as it should

A message is on its way to WhatsApp as soon as its line is in the file; each line is one. Linked to
nothing of ours.
"""

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.http import HttpMessage, answer, serve

# How many of a hundred sends go wrong, and how. The rest goes well.
CUT_BEFORE, CUT_AFTER, HANGS_AFTER, FAILS_BEFORE, FAILS_AFTER = 4, 4, 1, 4, 4
READS_FAIL = 5  # of a hundred look-ups


class Cutting:
    """The gateway's state and its answers."""

    def __init__(self, journal: Path, seed: int) -> None:
        self._journal = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._chance = random.Random(seed)
        self._calm = False
        self._sent: dict[str, list[dict[str, Any]]] = {}
        for line in journal.read_text().splitlines():
            self._know(json.loads(line))

    def answer(self, request: HttpMessage) -> bytes | None:
        """The answer; b"" cuts the connection, None is never given."""
        _method, address, _version = request.start.split(" ")
        url = urlsplit(address)
        if url.path == "/_calm":
            self._calm = True
            return answer(200, b"{}")
        if url.path == "/api/sendText":
            return self._send(json.loads(request.body))
        if "/messages" in url.path:
            if not self._calm and self._chance.random() * 100 < READS_FAIL:
                return answer(500, b"{}")
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return self._read([unquote(part) for part in url.path.split("/")], query)
        name = url.path.rpartition("/")[2]
        told: Any = [] if url.path.endswith(("/chats", "/lids")) else _session(name)
        return answer(200, json.dumps(told).encode())

    def _send(self, asked: Mapping[str, Any]) -> bytes | None:
        lot = 100.0 if self._calm else self._chance.random() * 100
        for share, before in ((CUT_BEFORE, b""), (FAILS_BEFORE, answer(500, b"{}"))):
            if lot < share:
                return before
            lot -= share
        message = self._take(asked)
        for share, after in ((CUT_AFTER, b""), (HANGS_AFTER, None), (FAILS_AFTER, answer(500, b"{}"))):
            if lot < share:
                return after
            lot -= share
        return answer(201, json.dumps(message).encode())

    def _take(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        chat, number = str(asked["chatId"]), str(asked["id"])
        message = {
            "id": f"true_{chat}_{number}",
            "timestamp": int(time.time()),
            "from": "me",
            "to": chat,
            "fromMe": True,
            "body": asked["text"],
            "ack": 1,
        }
        os.write(self._journal, json.dumps(message).encode() + b"\n")
        self._know(message)
        return message

    def _know(self, message: dict[str, Any]) -> None:
        self._sent.setdefault(message["to"], []).append(message)

    def _read(self, parts: list[str], query: Mapping[str, str]) -> bytes:
        """/api/{session}/chats/{chat}/messages[/{id}]"""
        here = self._sent.get(parts[4], [])
        if len(parts) > 6:
            found = next((message for message in here if message["id"] == parts[6]), None)
            return answer(200 if found else 404, json.dumps(found or {"statusCode": 404}).encode())
        until = float(query.get("filter.timestamp.lte", "inf"))
        newest = [message for message in reversed(here) if message["timestamp"] <= until]
        offset = int(query.get("offset", 0))
        return answer(200, json.dumps(newest[offset : offset + int(query.get("limit", 10))]).encode())


def _session(name: str) -> dict[str, Any]:
    return {"name": name, "status": "WORKING", "engine": {"engine": "GOWS"}, "me": {"id": "79990000000@c.us"}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.journal.touch()
    gateway = Cutting(given.journal, given.seed)
    asyncio.run(serve(given.port, lambda request: (0.0, gateway.answer(request))))
