"""Is a message ever lost, sent twice, or left without an end? Sends while everything around them is
killed.

    python -m benchmarks.kills [--sends 10000] [--seed n] [--json]

Two web workers, one job worker, Redis and a gateway that cuts, hangs and answers 500 (cutting.py),
each killed at random. A rep who gets no answer presses again: the same key. 2,000 sends take five
to seven minutes. The job's time after the last send is at most as long as the sending took, and two
minutes: pauses between two looks for a send double. Sends without a clear end then are looked for
once more, as it is a day later.
"""

import argparse
import json
import os
import queue
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import RowMapping, create_engine, select

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.pace import goal
from benchmarks.visitor import hidden_page
from widget.storage.schema import lines, sends
from widget.storage.sends import WENT_OUT, SendState, steps_in

SENDS = 2000
REPS = 16  # each of a company of its own, with its own line
PAUSE = 0.25  # seconds between two sends of one rep
PARTS = ("web", "web", "worker", "redis", "gateway")  # of which one is killed each time
KILL_EVERY = (0.6, 2.4)  # seconds between two kills
BACK_AFTER = (0.1, 1.0)  # seconds until what was killed is started again
TRIES = 60  # of one send, with one key, by a rep who gets no answer
AGAIN = 0.5  # seconds between two of them
MAX_SECONDS = 3600.0  # seconds for all sends: then the rest is left
AFTER = 120.0  # seconds that the job has after the last send, beside as many as the sending took
KEY = re.compile(r'<li class="phone" data-key="([^"]+)"')
CHAT = re.compile(r'data-chat="(\d+)"')
CLEAR = {state.value for state in SendState} - {SendState.SENDING.value, SendState.UNKNOWN.value}
WENT = {state.value for state in WENT_OUT}
SETTINGS = {
    "SEND_TIMEOUT": "5",
    "FIRSTS_PER_DAY": "500",
    "YOUNG_FIRSTS_PER_DAY": "500",
    "SENDS_PER_DAY": "5000",
    "REST_LOG_DAYS": "0",
}
# The worker's rounds as they would be made a day later, when nothing else happens any more.
A_DAY_LATER = """
import os, time
from widget import create_app
from widget.config import Config
app = create_app(Config.from_environ(os.environ), clock=lambda: time.time() + 86_500)
with app.app_context():
    here = app.extensions["widget"]
    for _round in range(2000):
        if not here.storage.sends.lines_unclear():
            break
        here.chats.unclear_ends.look()
"""


class ShakyStand(Environment):
    """The stand with the cutting gateway behind every line, and each part to be killed."""

    def __init__(self, seed: int, more_ports: Sequence[str] = ()) -> None:
        super().__init__(SETTINGS, ("gateway", *more_ports))
        self._seed_number = seed
        self._starts = 0

    @property
    def journal(self) -> Path:
        return self._data / "journal"

    @property
    def database(self) -> str:
        return self._database

    def calm(self) -> None:
        """From now on the gateway does as it should."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['gateway']}/_calm", b"{}")
        urllib.request.urlopen(request, timeout=10).read()

    def start_gateway(self) -> None:
        self._starts += 1
        port, seed = str(self.ports["gateway"]), str(self._seed_number + self._starts)
        options = ["--port", port, "--journal", str(self.journal), "--seed", seed]
        self._run("gateway", [sys.executable, "-m", "benchmarks.cutting", *options])
        self._await("gateway", f"http://127.0.0.1:{self.ports['gateway']}/api/sessions/s1")

    def kill(self, what: str, back_after: float) -> None:
        """SIGKILL, and start it again after so many seconds. gunicorn starts its own workers."""
        if what == "web":
            if self._programs["widget"].poll() is not None:
                raise RuntimeError(f"gunicorn ended:\n{(self._data / 'widget.log').read_text()[-2000:]}")
            workers = self.workers("widget")
            if workers:
                os.kill(workers[len(workers) // 2], signal.SIGKILL)
            return
        if what == "redis":
            self._valkey.kill()
            time.sleep(back_after)
            self._valkey.start()
            return
        program = self._programs[what]
        program.kill()
        program.wait()
        time.sleep(back_after)
        if what == "gateway":
            self.start_gateway()
        else:
            self._run("worker", [sys.executable, "-m", "flask", "--app", "wsgi", "worker"])

    def a_day_later(self) -> None:
        command = [sys.executable, "-c", A_DAY_LATER]
        subprocess.run(command, env=self._environment, check=True, capture_output=True)

    def _start(self) -> None:
        super()._start()
        self.start_gateway()

    def _seed(self) -> None:
        super()._seed()
        engine = create_engine(self._database)
        with engine.begin() as connection:
            connection.execute(lines.update().values(address=f"http://127.0.0.1:{self.ports['gateway']}"))
        engine.dispose()


@dataclass
class SendingReps:
    """What the reps sent, and what they were told of it."""

    environment: ShakyStand
    answered: dict[str, str] = field(default_factory=dict)  # text -> HTTP status and state of its bubble
    pressed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_all(self, number: int, meanwhile: Callable[[Callable[[], bool]], None]) -> None:
        """Every send of the run, by all reps together. `meanwhile` is called when all have opened
        their chats, and told how to see that they are still sending."""
        self._left: queue.SimpleQueue[int] = queue.SimpleQueue()
        for each in range(number):
            self._left.put(each)
        self._ends = time.monotonic() + MAX_SECONDS
        ready = threading.Barrier(REPS + 1)
        threads = [threading.Thread(target=self._work, args=(portal, ready)) for portal in range(1, REPS + 1)]
        for thread in threads:
            thread.start()
        ready.wait(timeout=120)
        meanwhile(lambda: any(thread.is_alive() for thread in threads))
        for thread in threads:
            thread.join()

    def _work(self, portal: int, ready: threading.Barrier) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.environment.ports['widget']}", timeout=40) as client:
            session, chats = self._open(client, portal)
            ready.wait(timeout=120)
            time.sleep(PAUSE * portal / REPS)
            while time.monotonic() < self._ends:
                try:
                    number = self._left.get_nowait()
                except queue.Empty:
                    return
                self._send(client, session, chats[number % len(chats)], f"send {number} of {portal}")
                time.sleep(PAUSE)

    def _open(self, client: httpx.Client, portal: int) -> tuple[str, list[int]]:
        """The card's chats, all opened, before anything is killed."""
        page = hidden_page(self.environment.session_tokens, portal)
        card = client.post("/card", json={"pressed": True}, headers={"X-Opening": page.ticket}).raise_for_status()
        session = card.headers["X-Session"]
        keys, chats = KEY.findall(card.text), []
        for key in keys:
            opened = client.post("/chats", json={"phone": key}, headers={"X-Session": session}).raise_for_status()
            chats.append(int(CHAT.findall(opened.text)[0]))
        return session, chats

    def _send(self, client: httpx.Client, session: str, chat: int, text: str) -> None:
        body = {"text": text, "key": f"key {text}", "confirmed": True}
        for _try in range(TRIES):
            try:
                told = client.post(f"/chats/{chat}/messages", json=body, headers={"X-Session": session})
            except httpx.HTTPError:
                told = None
            with self._lock:
                self.pressed += 1
                if told is not None and told.status_code == 201:
                    self.answered[text] = told.text
                    return
            time.sleep(AGAIN)


class Killer:
    """Kills one part after the other. In the main thread: Linux ends a Redis when the thread that
    started it ends."""

    def __init__(
        self,
        environment: ShakyStand,
        seed: int,
        *,
        parts: Sequence[str] = PARTS,
        every: tuple[float, float] = KILL_EVERY,
    ) -> None:
        self._stand = environment
        self._parts = parts
        self._every = every
        self._chance = random.Random(seed)
        self.kills: Counter[str] = Counter()

    def work(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            time.sleep(self._chance.uniform(*self._every))
            what = self._chance.choice(self._parts)
            self._stand.kill(what, self._chance.uniform(*BACK_AFTER))
            self.kills[what] += 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    parser.add_argument("--sends", type=int, default=SENDS)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with ShakyStand(given.seed) as environment:
        figures = measure(environment, given.sends, given.seed)
    tables.say(figures, show(figures), as_json=given.json)


def measure(environment: ShakyStand, number: int, seed: int) -> dict[str, Any]:
    began = time.monotonic()
    reps, killer = SendingReps(environment), Killer(environment, seed)
    reps.send_all(number, killer.work)
    sending = time.monotonic() - began
    environment.calm()
    ends = time.monotonic() + sending + AFTER
    while (after_job := judged(environment, reps))["unclear_but_sent"] and time.monotonic() < ends:
        time.sleep(5)
    environment.a_day_later()
    found = judged(environment, reps)
    found |= {
        "kills": dict(killer.kills),
        "killed": sum(killer.kills.values()),
        "pressed": reps.pressed,
        "looked_for_still": after_job["unclear"],
        "of_which_sent": after_job["unclear_but_sent"],
        "sending_seconds": round(sending, 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    return found | {"goals": goals_of(found)}


def judged(environment: ShakyStand, reps: SendingReps) -> dict[str, Any]:
    """What the widget says of each send, beside what the gateway really sent."""
    sent = Counter(json.loads(line)["body"] for line in environment.journal.read_text().splitlines())
    rows = _rows(environment)
    states = Counter(row["state"] for row in rows.values())
    unclear = [text for text, row in rows.items() if row["state"] not in CLEAR]
    ends = [row["clear_after"] for row in rows.values() if row["clear_after"] is not None]
    late = [seconds for seconds in ends if seconds > 6]
    return {
        "sends": len(rows),
        "really_sent": len(sent),
        "lost": sum(row["state"] in WENT and not sent[text] for text, row in rows.items())
        + sum(text not in rows for text in reps.answered),
        "doubled": sum(times > 1 for times in sent.values()),
        "said_not_sent_though_it_was": sum(row["state"] == "failed" and sent[t] > 0 for t, row in rows.items())
        + sum(row["state"] == "missing" and sent[text] > 0 for text, row in rows.items()),
        "unclear": len(unclear),
        "unclear_but_sent": sum(sent[text] > 0 for text in unclear),
        "not_found": states["missing"],
        "states": dict(states),
        "median_seconds_to_a_clear_end": round(median(ends), 3) if ends else None,
        "median_seconds_where_the_answer_was_lost": round(median(late), 1) if late else None,
        "longest_seconds": round(max(ends), 1) if ends else None,
    }


def _rows(environment: ShakyStand) -> dict[str, dict[str, Any]]:
    """Each send by its text, with how many seconds it took to a clear end."""
    secret_box = environment.secret_box
    engine = create_engine(environment.database)
    with engine.connect() as connection:
        found = list(connection.execute(select(sends)).mappings())
    engine.dispose()
    return {
        secret_box.decrypt_or_empty(row["text"]): {"state": row["state"], "clear_after": _clear_after(row)}
        for row in found
    }


def _clear_after(row: RowMapping) -> float | None:
    """Seconds until the send had a clear end, None if it has none; not those of a day later."""
    ends = (step.at for step in steps_in(row["steps"]) if step.what in CLEAR and step.at < time.time())
    return next((at - row["created_at"] for at in ends), None)


def goals_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        goal("messages that the widget calls sent and the gateway never had", found["lost"], found["lost"] == 0),
        goal("messages sent twice", found["doubled"], found["doubled"] == 0),
        goal(
            "messages that are out and called not sent",
            found["said_not_sent_though_it_was"],
            found["said_not_sent_though_it_was"] == 0,
        ),
        goal("messages that are out and unclear after the job", found["of_which_sent"], found["of_which_sent"] == 0),
        goal("messages without an end a day later", found["unclear"], found["unclear"] == 0),
    ]


def show(figures: dict[str, Any]) -> str:
    rows = [
        [name.replace("_", " "), "–" if figures[name] is None else figures[name]]
        for name in (
            *("sends", "really_sent", "lost", "doubled", "said_not_sent_though_it_was", "looked_for_still", "unclear"),
            *("not_found", "median_seconds_to_a_clear_end", "median_seconds_where_the_answer_was_lost"),
            "longest_seconds",
        )
    ]
    kills = ", ".join(f"{what} {times}" for what, times in sorted(figures["kills"].items()))
    return "\n".join(
        [
            tables.table("Sends while everything is killed", ["", ""], rows),
            tables.notes(
                f"{figures['killed']} kills in {figures['sending_seconds']:.0f} s: {kills}",
                f"{figures['pressed']} presses; states: {figures['states']}",
            ),
            tables.goals(figures["goals"]),
        ]
    )


if __name__ == "__main__":
    main()
