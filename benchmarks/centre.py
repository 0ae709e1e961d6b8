"""A portal's open lines that cut, hang and answer 500. What they took is in a file, so that it is
there again after a kill.

    python -m benchmarks.centre --port 9001 --journal file --hook ADDRESS [--seed n]
    POST /_calm       from now on they do as they should
    POST /_operator   {"portal": 1, "chat": "1-2", "text": "…"}: an operator answers there;
                      the same text again is one

Each portal has one open line, and a chat of it one session that never ends. An event is sent once,
now and then twice, and never again: where the widget does not listen, or the portal is killed
before it sends, it is lost. The rest of the portals (cards, the proof of a token) is stub.py's.
"""

import argparse
import asyncio
import json
import random
import re
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from benchmarks import stub
from benchmarks.http import HttpMessage, answer, serve

# How many of a hundred calls that change something go wrong, and how. The rest goes well.
CUT_BEFORE, FAILS_BEFORE, CUT_AFTER, FAILS_AFTER, HANGS_AFTER = 3, 3, 3, 3, 1
TWICE = 10  # of a hundred events
ANSWERS_LATE = 0.05  # seconds after the event of the call
CHANGING = ("imconnector.send.messages", "im.message.add", "imconnector.send.status.delivery")
TOKEN = "events of the benchmark"
OPERATOR = 5


@dataclass
class CentreChat:
    id: int
    portal: int
    outside: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def client(self) -> int:
        return self.id + 1


class CuttingCentre:
    """The portals' state, as its journal tells it, and its answers."""

    def __init__(self, journal: Path, hook: str, connector: str, seed: int) -> None:
        self._journal = journal.open("a", encoding="utf-8")
        self._hook, self._connector = hook, connector
        self._chance = random.Random(seed)
        self._calm = False
        self._stub = stub.Outside()
        self._ids = 1000
        self.chats: dict[tuple[int, str], CentreChat] = {}
        for line in journal.read_text("utf-8").splitlines():
            self._know(json.loads(line))

    def answer(self, request: HttpMessage) -> tuple[float, bytes | None]:
        """The answer and the seconds until it is given; b"" cuts the connection, None is never
        given."""
        path = urlsplit(request.start.split(" ")[1]).path
        if path == "/_calm":
            self._calm = True
            return 0.0, _said(True)
        if path == "/_operator":
            return 0.0, self._operator(json.loads(request.body))
        found = re.fullmatch(r"/p(\d+)/rest/([\w.]+)", path)
        if found is None or (found[2] == "batch" and b'"item"' in request.body):
            return stub.say(self._stub, request)
        return self._rest(int(found[1]), found[2], json.loads(request.body))

    def _rest(self, portal: int, method: str, asked: dict[str, Any]) -> tuple[float, bytes | None]:
        lot = 100.0 if self._calm or method not in CHANGING else self._chance.random() * 100
        for share, before in ((CUT_BEFORE, b""), (FAILS_BEFORE, answer(500, b"{}"))):
            if lot < share:
                return 0.0, before
            lot -= share
        told = _said(self._do(portal, method, asked))
        for share, after in ((CUT_AFTER, b""), (FAILS_AFTER, answer(500, b"{}")), (HANGS_AFTER, None)):
            if lot < share:
                return 0.0, after
            lot -= share
        return (ANSWERS_LATE if method == "im.message.add" else 0.0), told

    def _do(self, portal: int, method: str, asked: dict[str, Any]) -> Any:
        if method == "batch":
            results = {name: self._command(portal, text) for name, text in asked["cmd"].items()}
            return {"result": results, "result_error": [], "result_time": []}
        if method.startswith("imconnector."):
            return self._connector_call(portal, method, asked["MESSAGES"][0])
        chat = self._chat(int(re.sub(r"\D", "", str(asked.get("CHAT_ID") or asked.get("DIALOG_ID") or 0)) or 0))
        if method == "im.message.add" and chat:
            return self._say(chat, int(asked["auth"].split(".")[1]), asked["MESSAGE"], asked["TEMPLATE_ID"])
        if method == "im.chat.get":
            client = int(asked["ENTITY_ID"].rpartition("|")[2])
            return next(({"ID": one.id} for one in self.chats.values() if one.client == client), None)
        if method == "imopenlines.session.history.get" and chat:
            return _history(chat)
        return {"owner": OPERATOR} if method == "imopenlines.dialog.get" else True

    def _command(self, portal: int, text: str) -> Any:
        method, _, query = text.partition("?")
        params = {name: values[0] for name, values in parse_qs(unquote(query)).items()}
        return self._do(portal, method, params)

    def _connector_call(self, portal: int, method: str, told: dict[str, Any]) -> Any:
        chat = self._chat_of(portal, told["chat"]["id"])
        row: dict[str, Any] = {"SUCCESS": True, "user": str(chat.client)}
        if method == "imconnector.send.messages":
            author = 0 if told["message"].get("user_id") == 0 else chat.client
            self._write("message", chat, author, told["message"]["text"], outside=[told["message"]["id"]])
            row["session"] = {"ID": str(chat.id + 2), "CHAT_ID": str(chat.id)}
        if method == "imconnector.send.status.delivery":
            self._note("delivered", portal, chat.outside, int(told["im"]["message_id"]), told["message"]["id"])
        return {"SUCCESS": True, "DATA": {"RESULT": [row]}}

    def _operator(self, told: dict[str, Any]) -> bytes:
        chat = self.chats.get((told["portal"], told["chat"]))
        if chat is None:
            return answer(404, b"{}")
        return _said(self._say(chat, OPERATOR, told["text"], told["text"]))

    def _say(self, chat: CentreChat, author: int, text: str, template: str) -> int:
        known = next((one for one in chat.messages if one["template"] == template), None)
        if known:
            return int(known["id"])
        made = self._write("message", chat, author, text, template=template)
        for _ in range(1 if self._chance.random() * 100 >= TWICE else 2):
            asyncio.get_running_loop().run_in_executor(None, self._tell, chat, made)
        return int(made["id"])

    def _tell(self, chat: CentreChat, message: dict[str, Any]) -> None:
        about = "data[MESSAGES][0]"
        form = {
            "event": "ONIMCONNECTORMESSAGEADD",
            "auth[member_id]": stub.member_of(chat.portal),
            "auth[application_token]": TOKEN,
            "data[CONNECTOR]": self._connector,
            "data[LINE]": "1",
            f"{about}[im][chat_id]": str(chat.id),
            f"{about}[im][message_id]": str(message["id"]),
            f"{about}[message][user_id]": str(message["author"]),
            f"{about}[message][text]": message["text"],
            f"{about}[chat][id]": chat.outside,
        }
        try:
            urllib.request.urlopen(self._hook, urlencode(form).encode(), timeout=5).read()
        except OSError:
            return  # it is lost

    def _chat(self, chat_id: int) -> CentreChat | None:
        return next((one for one in self.chats.values() if one.id == chat_id), None)

    def _chat_of(self, portal: int, outside: str) -> CentreChat:
        if (portal, outside) not in self.chats:
            self._note("chat", portal, outside, self._ids + 10)
        return self.chats[portal, outside]

    def _write(self, kind: str, chat: CentreChat, author: int, text: str, **more: Any) -> dict[str, Any]:
        message = {
            "id": self._ids + 10,
            "author": author,
            "text": text,
            "at": time.time(),
            "outside": [],
            "template": "",
        }
        self._note(kind, chat.portal, chat.outside, message | more)
        return chat.messages[-1]

    def _note(self, *row: Any) -> None:
        self._journal.write(json.dumps(row) + "\n")
        self._journal.flush()
        self._know(json.loads(json.dumps(row)))

    def _know(self, row: list[Any]) -> None:
        kind, portal, outside, told, *more = row
        if kind == "chat":
            self.chats[portal, outside] = CentreChat(told, portal, outside)
            self._ids = max(self._ids, told)
        elif kind == "message":
            self.chats[portal, outside].messages.append({**told, "sending": True})
            self._ids = max(self._ids, told["id"])
        else:
            for message in self.chats[portal, outside].messages:
                if message["id"] == told:
                    message["sending"], message["outside"] = False, message["outside"] or more[0]


def _history(chat: CentreChat) -> dict[str, Any]:
    rows = {}
    for one in chat.messages:
        sending = {"sending": "Y"} if one["sending"] and one["author"] not in (0, chat.client) else {}
        params = {**sending, **({"connectorMid": one["outside"]} if one["outside"] else {})}
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(one["at"]))
        rows[str(one["id"])] = {
            **{"id": str(one["id"]), "senderid": str(one["author"]), "text": one["text"]},
            **{"date": at, "params": params or []},
        }
    return {"chatId": chat.id, "sessionId": chat.id + 2, "message": rows or [], "files": []}


def _said(result: Any) -> bytes:
    return answer(200, json.dumps({"result": result, "time": {"operating": 0}}).encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--hook", required=True)
    parser.add_argument("--connector", required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.journal.touch()
    centre = CuttingCentre(given.journal, given.hook, given.connector, given.seed)
    asyncio.run(serve(given.port, centre.answer))
