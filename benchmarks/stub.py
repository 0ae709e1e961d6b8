"""A portal, its authorisation server and a gateway in one: any number of portals and cards, a
stated delay, little CPU.

It speaks the wire forms of the sandbox and makes every card up from its number: four contacts and a
company with ten phones that no other card has. Portal 3 is at /p3/rest/, its token is
`3.<user>.<anything>`. Odd numbers have WhatsApp.

    GET  /_calls    {"calls": {"name": n}, "spans": [[name, begun, ended], ...]}, and forgets them
    POST /_delays   {"portal": seconds, "gateway": seconds}
    POST /_slow     {"s3": seconds}: how much longer it takes for these sessions
    POST /_down     {"seconds": n}: for so long the gateway does what it is asked and
                    hangs up instead of answering
    GET  /_sent     {"text": times}: what it was given to send
"""

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.http import HttpMessage, answer, serve

CLIENT_ID = "local.benchmark"
GATEWAY = "waha"  # the protocol that this stub and cutting.py speak, and so the kind of every line here
FOREIGN = 900_000  # cards from here on have no Russian number
FOREIGN_NUMBERS = ("+4915112345", "+447800123", "+998901234")  # three digits to come
PHONES = 10
MAX_SPANS = 100


class Outside:
    """The stub's state and its answers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, float]] = []
        self.delays = {"portal": 0.0, "gateway": 0.0}
        self.slow: dict[str, float] = {}
        self.down_until = 0.0
        self.sent: dict[str, list[dict[str, Any]]] = {}

    def answer(self, request: HttpMessage) -> tuple[float, Any]:
        """Seconds to wait and what to say then; None is to hang up."""
        _method, address, _version = request.start.split(" ")
        url = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/_calls":
            seen, self.calls = self.calls, []
            return 0.0, {"calls": Counter(name for name, _, _ in seen), "spans": seen[-MAX_SPANS:]}
        if url.path == "/_delays":
            self.delays |= json.loads(request.body)
            return 0.0, self.delays
        if url.path == "/_slow":
            self.slow = json.loads(request.body)
            return 0.0, self.slow
        if url.path == "/_down":
            self.down_until = time.monotonic() + json.loads(request.body)["seconds"]
            return 0.0, {}
        if url.path == "/_sent":
            return 0.0, Counter(each["body"] for chat in self.sent.values() for each in chat)
        who, name, body = self._outside(url.path, query, request)
        now = time.monotonic()
        if who == "gateway" and now < self.down_until:
            return 0.0, None
        words = re.split(r"\W+", address) if self.slow and who == "gateway" else ()
        delay = self.delays[who] + max((self.slow.get(word, 0.0) for word in words), default=0.0)
        self.calls.append((name, now, now + delay))
        return delay, body

    def _outside(self, path: str, query: dict[str, str], request: HttpMessage) -> tuple[str, str, Any]:
        if path == "/oauth/rest/app.info":
            return "portal", "app.info", _app_info(query["auth"], request.headers["host"])
        if path.endswith("/rest/batch"):
            asked = json.loads(request.body)
            return "portal", "batch", _batch(asked["auth"], asked["cmd"])
        if path == "/api/contacts/check-exists":
            return "gateway", "check", _checked(query["phone"])
        if path == "/api/sendText":
            return "gateway", "send", self._send(json.loads(request.body))
        if path.endswith("/messages"):
            return "gateway", "messages", self.sent.get(unquote(path).split("/")[-2], [])[::-1][:30]
        if path.endswith("/chats"):
            return "gateway", "chats", []
        return "gateway", "state", {"name": path.rpartition("/")[2], "status": "WORKING", "engine": {"engine": "GOWS"}}

    def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
        message_id = f"true_{asked['chatId']}_{asked['id']}"
        told = {"id": message_id, "timestamp": int(time.time()), "fromMe": True, "body": asked["text"], "ack": 1}
        self.sent.setdefault(asked["chatId"], []).append(told)
        return told


def domain_of(portal: int) -> str:
    return f"p{portal}.bench.example"


def member_of(portal: int) -> str:
    return f"{portal:032x}"


def numbers_of(card: int) -> list[str]:
    """The card's ten phones, its own alone."""
    if card >= FOREIGN:
        return [f"{FOREIGN_NUMBERS[at % 3]}{(card * PHONES + at) % 1000:03d}" for at in range(PHONES)]
    return [f"+7903{card * PHONES + at:07d}" for at in range(PHONES)]


def _app_info(token: str, host: str) -> dict[str, Any]:
    portal, user, _ = token.split(".", 2)
    install = {
        "installed": True,
        "version": "1",
        "status": "L",
        "domain": domain_of(int(portal)),
        "client_endpoint": f"http://{host}/p{portal}/rest/",
        "member_id": member_of(int(portal)),
    }
    return {"result": {"client_id": CLIENT_ID, "scope": "crm,user", "install": install, "user_id": user}}


def _batch(token: str, commands: dict[str, str]) -> dict[str, Any]:
    card = int(re.findall(r"\bid=(\d+)", unquote(commands["item"]))[0])
    user = token.split(".")[1]
    contact_ids, company_id = [card * 10 + at for at in range(1, 5)], card * 10
    numbers = numbers_of(card)
    contacts = [
        {"id": each, "name": "Иван", "lastName": f"Петров {each}", "companyId": company_id, "fm": _fm(numbers[at::5])}
        for at, each in enumerate(contact_ids)
    ]
    company = {"id": company_id, "title": f"ООО «Сделка {card}»", "fm": _fm(numbers[4::5])}
    links = {"contactId": contact_ids[0], "contactIds": contact_ids, "companyId": company_id}
    results = {
        "item": {"item": {"id": card, "title": f"Сделка {card}", "entityTypeId": 2, **links}},
        "contacts": {"items": contacts},
        "companies": {"items": [company]},
        "me": {"ID": user, "ADMIN": False, "NAME": "Анна", "LAST_NAME": "Орлова", "TIME_ZONE": "Europe/Moscow"},
    }
    told = {"result": results, "result_error": [], "result_total": [], "result_next": [], "result_time": []}
    return {"result": told, "time": {"start": time.time(), "operating": 0}}


def _fm(numbers: list[str]) -> list[dict[str, Any]]:
    return [{"id": at, "typeId": "PHONE", "valueType": "MOBILE", "value": each} for at, each in enumerate(numbers)]


def _checked(phone: str) -> dict[str, Any]:
    return {"numberExists": True, "chatId": f"{phone}@c.us"} if int(phone[-1]) % 2 else {"numberExists": False}


def say(outside: Outside, request: HttpMessage) -> tuple[float, bytes]:
    """The same as bytes; b"" is to hang up."""
    delay, said = outside.answer(request)
    return delay, b"" if said is None else answer(200, json.dumps(said).encode())


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    asyncio.run(serve(arguments.parse_args().port, partial(say, Outside())))
