"""Is a message between WhatsApp and an open line of Bitrix24 ever lost, doubled, or told back to
the client?

    python -m benchmarks.mirror [--messages 2000] [--quick] [--seed n] [--json]

So many messages each way: clients' into the open line, and to clients what operators answer there
and, one in four, what reps write in cards. Meanwhile two web workers, the job worker, Redis, the
gateway and the portal are killed at random; the gateway and the portal also cut, hang and answer
500, and the portal tells each event once (centre.py). A gateway repeats its reports until they are
taken. 2,000 messages each way take ten minutes and more, --quick (200) four.
"""

import argparse
import hashlib
import hmac
import json
import queue
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Row, Select, create_engine, select

from benchmarks import stub, tables
from benchmarks.centre import OPERATOR, TOKEN, CuttingCentre
from benchmarks.kills import AGAIN, PAUSE, REPS, TRIES, WENT, Killer, SendingReps, ShakyStand, _rows
from benchmarks.pace import goal
from benchmarks.visitor import USER
from widget.bitrix24.installer.userfield import names_of
from widget.storage.database import open_database
from widget.storage.lines import Lines, Mirroring
from widget.storage.portals import Installation, Portals
from widget.storage.schema import chats, inbox, mirrored
from widget.storage.sends import SendState
from widget.storage.tokens import Token, Tokens

MESSAGES, QUICK = 2000, 200  # each way
INSTALLER = 1
BY_REPS = 4  # one in so many of those to clients is written in a card
# Seconds between two kills: the worker must come up between two of them, or nothing would move but
# its start.
KILL_EVERY = (2.0, 6.0)
PARTS = ("web", "web", "worker", "redis", "gateway", "portal")
NOT_OUT = (SendState.FAILED.value, SendState.MISSING.value)  # a rep sees it in the card
SETTLED_SECONDS = 600.0  # for the worker at most, after the last message: a line sends one every two seconds
# The worker's rounds of the next hours, when nothing else happens any more.
LATER = """
import os, time
from widget import create_app
from widget.config import Config
ahead = [0.0]
app = create_app(Config.from_environ(os.environ), clock=lambda: time.time() + ahead[0])
with app.app_context():
    here = app.extensions["widget"]
    for ahead[0] in (150, 900, 6_000, 30_000, 86_500):
        here.webhooks.ingest.work_on_what_was_left()
        here.chats.unclear_ends.look()
        here.open_lines.lost.go()
        for _round in range(20):
            if not here.open_lines.work.work_on_what_was_left():
                break
"""


class MirrorStand(ShakyStand):
    """The stand with a portal of its own that has open lines, each line of ours mirrored into
    one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, ("portal",))
        self._others["AUTH_SERVERS"] = f"{self.portal}/oauth"

    @property
    def portal(self) -> str:
        return f"http://127.0.0.1:{self.ports['portal']}"

    @property
    def centre_journal(self) -> Path:
        return self._data / "centre"

    @property
    def connector(self) -> str:
        return names_of(stub.CLIENT_ID).type_id

    def start_portal(self) -> None:
        self._starts += 1
        hook = f"http://127.0.0.1:{self.ports['widget']}/hooks/bitrix24"
        options = ["--port", str(self.ports["portal"]), "--journal", str(self.centre_journal), "--hook", hook]
        more = ["--connector", self.connector, "--seed", str(self._seed_number + self._starts)]
        self._run("portal", [sys.executable, "-m", "benchmarks.centre", *options, *more])
        self._await("portal", f"{self.portal}/_calls")

    def kill(self, what: str, back_after: float) -> None:
        if what != "portal":
            super().kill(what, back_after)
            return
        self._programs[what].kill()
        self._programs[what].wait()
        time.sleep(back_after)
        self.start_portal()

    def calm(self) -> None:
        super().calm()
        urllib.request.urlopen(f"{self.portal}/_calm", b"{}", timeout=10).read()

    def later(self) -> None:
        with (self._data / "later.log").open("wb") as log:
            subprocess.run([sys.executable, "-c", LATER], env=self._environment, check=True, stdout=log, stderr=log)

    def _start(self) -> None:
        super()._start()
        self.start_portal()

    def _seed(self) -> None:
        super()._seed()
        engine = open_database(self.database)
        portals, tokens = Portals(engine, self.secret_box, time.time), Tokens(engine, self.secret_box)
        lines = Lines(engine, self.secret_box, time.time)
        for number in range(1, REPS + 1):
            told = Installation(
                member_id=stub.member_of(number),
                domain=stub.domain_of(number),
                endpoint=f"{self.portal}/p{number}/rest/",
                application_token=TOKEN,
                auth_server=f"{self.portal}/oauth",
                scopes=frozenset({"crm", "im", "imconnector", "imopenlines"}),
                status="L",
                installer_id=INSTALLER,
            )
            portal_id = portals.install(told, country="RU").id
            for user in (INSTALLER, USER):
                tokens.put(portal_id, user, Token(f"{number}.{user}.known", "r", time.time() + 1e6))
            (line,) = lines.all_of(portal_id)
            lines.make_hook(portal_id, line.id)
            lines.set_mirroring(portal_id, line.id, Mirroring.ON, open_line=1)
        engine.dispose()


@dataclass
class TalkingReps(SendingReps):
    """Clients, operators and reps of every company, and what they have said."""

    clients: list[str] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)
    reps: list[str] = field(default_factory=list)

    def _work(self, portal: int, ready: threading.Barrier) -> None:
        stand = self.environment
        assert isinstance(stand, MirrorStand)
        chance = random.Random(portal)
        with httpx.Client(base_url=f"http://127.0.0.1:{stand.ports['widget']}", timeout=40) as client:
            session, opened = self._open(client, portal)
            places = _places(stand, portal)
            ready.wait(timeout=120)
            time.sleep(PAUSE * portal / REPS)
            while time.monotonic() < self._ends:
                try:
                    number = self._left.get_nowait()
                except queue.Empty:
                    return
                place = places[opened[number % len(opened)]]
                self._client_writes(client, place, f"client {number} of {portal}", twice=chance.random() < 0.1)
                if number % BY_REPS:
                    self._operator_writes(stand, place, f"operator {number} of {portal}")
                else:
                    self.reps.append(f"rep {number} of {portal}")
                    self._send(client, session, place.chat, self.reps[-1])
                time.sleep(PAUSE)

    def _client_writes(self, client: httpx.Client, place: "_Place", text: str, *, twice: bool) -> None:
        self.clients.append(text)
        digits = place.phone.removeprefix("+")
        message = {
            "id": f"false_{digits}@c.us_{_name_of(text)}",
            **{"timestamp": int(time.time()), "from": f"{digits}@c.us", "fromMe": False, "to": "79990000000@c.us"},
            **{"body": text, "hasMedia": False, "ack": 1},
        }
        body = json.dumps({"event": "message", "session": place.session, "payload": message}).encode()
        mac = hmac.new(place.secret.encode(), body, hashlib.sha512).hexdigest()
        headers = {"X-Webhook-Hmac": mac, "Content-Type": "application/json"}
        for _ in range(1 + twice):
            _until_taken(lambda: client.post(f"/hooks/gateway/{place.hook}", content=body, headers=headers))

    def _operator_writes(self, stand: MirrorStand, place: "_Place", text: str) -> None:
        """In a chat that is there: the client's message has to come first."""
        body = {"portal": place.portal, "chat": f"{place.line}-{place.chat}", "text": text}
        with httpx.Client(timeout=10) as client:
            if _until_taken(lambda: client.post(f"{stand.portal}/_operator", json=body)):
                self.operators.append(text)  # else there was no chat to answer in within two minutes


@dataclass(frozen=True)
class _Place:
    """A chat, and where its client's messages are reported."""

    chat: int
    portal: int
    line: int
    phone: str
    session: str
    hook: str
    secret: str


def _name_of(text: str) -> str:
    """The id of a client's message."""
    return hashlib.sha256(text.encode()).hexdigest()[:20].upper()


def _places(stand: MirrorStand, portal: int) -> dict[int, _Place]:
    engine = open_database(stand.database)
    (line,) = Lines(engine, stand.secret_box, time.time).all_of(portal)
    with engine.connect() as connection:
        rows = connection.execute(select(chats.c.id, chats.c.phone).where(chats.c.portal_id == portal)).all()
    engine.dispose()
    about = {"session": line.session, "hook": line.hook_key, "secret": line.hook_secret}
    return {row.id: _Place(row.id, portal, line.id, row.phone, **about) for row in rows}


def _until_taken(post: Callable[[], httpx.Response]) -> bool:
    for _try in range(4 * TRIES):
        try:
            if post().status_code in (200, 201):
                return True
        except httpx.HTTPError:
            pass
        time.sleep(AGAIN)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mirror", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="each way")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} messages each way")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with MirrorStand(given.seed) as environment:
        figures = measure(environment, QUICK if given.quick else given.messages, given.seed)
    tables.say(figures, show(figures), as_json=given.json)


def measure(environment: MirrorStand, number: int, seed: int) -> dict[str, Any]:
    began = time.monotonic()
    reps, killer = TalkingReps(environment), Killer(environment, seed, parts=PARTS, every=KILL_EVERY)
    reps.send_all(number, killer.work)
    talking = time.monotonic() - began
    environment.calm()
    waiting = select(mirrored.c.id).where(mirrored.c.state.in_(("waiting", "asked")))
    wait_until_none(environment, SETTLED_SECONDS, waiting, select(inbox.c.id))  # what was lost is looked for later
    at_once = judged(environment, reps)
    environment.later()
    found = judged(environment, reps)
    found |= {
        "kills": dict(killer.kills),
        "killed": sum(killer.kills.values()),
        "not_there_yet_when_all_was_calm": at_once["lost_in"] + at_once["lost_out"],
        "talking_seconds": round(talking, 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    return found | {"goals": goals_of(found)}


def wait_until_none(environment: ShakyStand, seconds: float, *left: Select[Any]) -> None:
    """Until none of these finds a row any more, or the time is over."""
    engine = create_engine(environment.database)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with engine.connect() as connection:
            if not any(connection.execute(query.limit(1)).first() for query in left):
                break
        time.sleep(2)
    engine.dispose()


def judged(environment: MirrorStand, reps: TalkingReps) -> dict[str, Any]:
    """What stands in the open lines and at the clients, beside what was said and what was told of
    it.

    A message that never went out is lost where its writer was not told: an operator by a line in
    that chat, a rep by the state of the message in the card.
    """
    there = _chats_there(environment)
    texts = Counter(message["text"].rpartition("\n")[2] for message in there)
    sent = Counter(json.loads(line)["body"] for line in environment.journal.read_text().splitlines())
    states = {text: row["state"] for text, row in _rows(environment).items()}
    pieces = _pieces(environment)
    im_ids = {message["text"]: message["id"] for message in there if message["author"] == OPERATOR}
    told = {text for text in reps.operators if _stands_there(pieces.get(f"failed:im:{im_ids[text]}"), there)}
    told |= {text for text in reps.answered if states.get(text) in NOT_OUT}
    outgoing, went = [*reps.operators, *reps.answered], {text for text, state in states.items() if state in WENT}
    said = [*reps.clients, *reps.operators, *reps.reps]
    # What is not where it should be, with the key of what the widget knows of it.
    missing = {
        **{text: f"in:{_name_of(text)}" for text in reps.clients if not texts[text]},
        **{text: f"card:key {text}" for text in reps.answered if text in went and not texts[text]},
        **{text: f"operator:{im_ids[text]}" for text in reps.operators if not sent[text] and text not in told},
        **{text: f"send:key {text}" for text in reps.answered if not sent[text] and text not in told},
    }
    return {
        "to_the_open_line": len(reps.clients),
        "to_clients": len(reps.operators) + len(reps.reps),
        "of_which_from_cards": len(reps.reps),
        "lost_in": sum(not texts[text] for text in reps.clients),
        "lost_in_of_cards": sum(not texts[text] for text in reps.answered if text in went),
        "lost_out": sum(not sent[text] and text not in told for text in outgoing),
        "not_out_and_their_writer_was_told": sum(not sent[text] for text in outgoing if text in told),
        "out_and_called_not_out": sum(sent[text] > 0 for text in told),
        "doubled_in": sum(texts[text] > 1 for text in said),
        "doubled_out": sum(times > 1 for times in sent.values()),
        "echoes": sum(not text.startswith(("operator ", "rep ")) for text in sent),
        "still_spinning": sum(
            bool(message["sending"]) and message["author"] == OPERATOR and message["text"] not in told
            for message in there
        ),
        "why": dict(_why(missing, pieces, states)),
        "told_because": dict(
            Counter(pieces[f"operator:{im_ids[text]}"].error for text in reps.operators if text in told)
        ),
    }


def _chats_there(environment: MirrorStand) -> list[dict[str, Any]]:
    centre = CuttingCentre(environment.centre_journal, "", environment.connector, 0)
    return [message for chat in centre.chats.values() for message in chat.messages]


def _pieces(environment: MirrorStand) -> dict[str, Row[Any]]:
    """What the widget has of each message, by its key."""
    engine = open_database(environment.database)
    with engine.connect() as connection:
        rows = connection.execute(select(mirrored)).all()
    engine.dispose()
    return {row.key: row for row in rows}


def _stands_there(note: Row[Any] | None, there: Sequence[Mapping[str, Any]]) -> bool:
    return note is not None and any(f"note-{note.id}" in message["outside"] for message in there)


def _why(missing: Mapping[str, str], pieces: Mapping[str, Row[Any]], states: Mapping[str, str]) -> Counter[str]:
    """What the widget's own rows say of messages that are not there."""

    def said(key: str) -> str:
        piece = pieces.get(key)
        return f"{piece.kind} {piece.state} {piece.error}".strip() if piece else f"{key.partition(':')[0]} no piece"

    return Counter(f"{said(key)}, send {states.get(text, 'none')}" for text, key in missing.items())


def goals_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    names = {
        "lost_in": "clients' messages that never came into the open line",
        "lost_in_of_cards": "messages from cards that went out and never came into the open line",
        "lost_out": "messages that never came to the client, and their writer was not told",
        "out_and_called_not_out": "messages that came to the client, and their writer was told otherwise",
        "doubled_in": "messages that stand in the open line twice",
        "doubled_out": "messages that the client has twice",
        "echoes": "messages that were told back to the client",
    }
    return [goal(text, found[name], found[name] == 0) for name, text in names.items()]


def show(figures: dict[str, Any]) -> str:
    left_out = ("kills", "goals", "killed", "seconds", "talking_seconds", "why", "told_because")
    rows = [[name.replace("_", " "), value] for name, value in figures.items() if name not in left_out]
    kills = ", ".join(f"{what} {times}" for what, times in sorted(figures["kills"].items()))
    return "\n".join(
        [
            tables.table("A chat and its open line while everything is killed", ["", ""], rows),
            tables.notes(
                f"{figures['killed']} kills in {figures['talking_seconds']:.0f} s: {kills}",
                *(f"not there, {times} times: {why}" for why, times in sorted(figures["why"].items())),
                *(f"an operator was told {times} times: {why}" for why, times in figures["told_because"].items()),
            ),
            tables.goals(figures["goals"]),
        ]
    )


if __name__ == "__main__":
    main()
