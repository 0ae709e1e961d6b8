"""What is measured, started: Redis, the stub, the widget, and on the same kind of server what it is
measured beside."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import redis
from cryptography.fernet import Fernet, MultiFernet

from benchmarks import stub
from sandbox.portal.background import free_ports
from sandbox.valkey import Valkey
from widget.session import SessionTokens
from widget.storage.database import open_database, upgrade
from widget.storage.line_health import LineHealths
from widget.storage.lines import Lines
from widget.storage.portals import Portals
from widget.storage.secret_box import SecretBox

ROOT = Path(__file__).resolve().parent.parent
# As docs/operating.md runs it, so that both are served alike.
SERVER = ("--log-level", "error", "--graceful-timeout", "1")  # the rest is in gunicorn.conf.py, as in real life
# One line checks ten numbers at once and then one every three seconds. Here that must not be what
# is measured.
NO_LIMITS = {
    "CHECK_BURST": "10000",
    "CHECK_EVERY": "0.001",
    "CHECKS_PER_DAY": "10000",
    "CHECKS_FLOOR": "10000",
    "YOUNG_CHECKS_PER_DAY": "10000",
    "PORTAL_REQUESTS": "10000",
}
PORTALS = 64  # each with one line: that many cards at once come from many companies, never from one
PATIENCE = 120.0  # seconds for a program to start or to end, on a machine that has much else to do
ROUND = "from wsgi import app; app.extensions['widget'].presence.rounds.go()"


class Environment:
    """Everything that is measured, as a context manager."""

    def __init__(self, settings: Mapping[str, str] = MappingProxyType({}), more_ports: Sequence[str] = ()) -> None:
        """`settings` are others than the usual; `more_ports` are names of further ones."""
        self._others = dict(settings)
        self._stack = ExitStack()
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._secret = os.urandom(32).hex()
        self._encryption_key = Fernet.generate_key().decode()
        names = ("widget", "beside", *more_ports)
        self.outside, *ports = free_ports(1 + len(names))
        self.ports = dict(zip(names, ports, strict=True))

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def session_tokens(self) -> SessionTokens:
        """Makes the same tickets as the widget does."""
        return SessionTokens(self._secret, MultiFernet([Fernet(self._encryption_key)]), 3600)

    @property
    def secret_box(self) -> SecretBox:
        """Opens what the widget sealed."""
        return SecretBox([self._encryption_key])

    @property
    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.redis_url)

    @property
    def redis_url(self) -> str:
        return self._valkey.url

    def calls(self) -> dict[str, int]:
        """The outside calls since this was last asked."""
        calls: dict[str, int] = self._tell_outside("/_calls")["calls"]
        return calls

    def spans(self) -> list[tuple[str, float, float]]:
        """The outside calls since this was last asked, as (name, begun, ended)."""
        return [tuple(span) for span in self._tell_outside("/_calls")["spans"]]

    def delays(self, *, portal: float, gateway: float) -> None:
        self._tell_outside("/_delays", {"portal": portal, "gateway": gateway})

    def slow(self, sessions: Mapping[str, float]) -> None:
        """How many seconds longer the gateway takes for these lines."""
        self._tell_outside("/_slow", dict(sessions))

    def end_worker(self) -> None:
        """Let it end what it is at: from now on only cards ask outside."""
        worker = self._programs["worker"]
        worker.terminate()
        worker.wait(PATIENCE)

    def workers(self, name: str) -> list[int]:
        """Process ids of a server's workers."""
        master = self._programs[name].pid
        return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def processor(self, name: str) -> float:
        """Seconds of processor time that a server's workers have taken so far."""
        ticks = 0
        for pid in self.workers(name):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _start(self) -> None:
        self._data = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self._valkey = self._stack.enter_context(Valkey())
        self._environment = {**os.environ, **self._settings()}
        self._run("outside", [sys.executable, "-m", "benchmarks.stub", "--port", str(self.outside)])
        self._seed()
        self._await("outside", f"http://127.0.0.1:{self.outside}/_calls")
        # The worker's first round, which would come with the next minute; then the worker itself.
        subprocess.run([sys.executable, "-c", ROUND], cwd=ROOT, env=self._environment, check=True, capture_output=True)
        self._run("worker", [sys.executable, "-m", "flask", "--app", "wsgi", "worker"])
        self._start_server("beside", "benchmarks.beside:app")
        self._start_server("widget", "wsgi:app")
        self._await("beside", self._address("beside", "/bare/1"))
        self._await("widget", self._address("widget", "/health/ready"))

    def _stop(self) -> None:
        for program in reversed(self._programs.values()):
            _end(program)
        self._stack.close()

    def _settings(self) -> dict[str, str]:
        outside = f"http://127.0.0.1:{self.outside}"
        return {
            **NO_LIMITS,
            "SECRET_KEY": self._secret,
            "ENCRYPTION_KEYS": self._encryption_key,
            "BITRIX_CLIENT_ID": stub.CLIENT_ID,
            "BITRIX_CLIENT_SECRET": "benchmark",
            "AUTH_SERVERS": f"{outside}/oauth",
            "ALLOW_HTTP": "True",
            "ALLOW_PRIVATE_LINES": "True",
            "DATABASE_URL": self._database,
            "REDIS_URL": self.redis_url,
            "OUTSIDE": outside,
            **self._others,
        }

    @property
    def _database(self) -> str:
        return f"sqlite:///{self._data / 'widget.sqlite3'}"

    def _seed(self) -> None:
        engine = open_database(self._database)
        upgrade(engine)
        secret_box = SecretBox([self._encryption_key])
        portals, lines = Portals(engine, secret_box, time.time), Lines(engine, secret_box, time.time)
        health = LineHealths(engine, time.time)
        outside = f"http://127.0.0.1:{self.outside}"
        for number in range(1, PORTALS + 2):
            added = portals.add(
                member_id=stub.member_of(number),
                domain=stub.domain_of(number),
                endpoint=f"{outside}/p{number}/rest/",
                country="RU",
            )
            line_id = lines.add(
                added.id, name="Sales", gateway=stub.GATEWAY, address=outside, session=f"s{number}", key="key"
            )
            health.record_webhook(added.id, line_id)  # its reports arrive
        engine.dispose()

    def _tell_outside(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.outside}{path}", data, timeout=PATIENCE) as told:
            return json.loads(told.read())

    def _start_server(self, name: str, app: str) -> None:
        bind = ("--bind", f"127.0.0.1:{self.ports[name]}")
        self._run(name, [sys.executable, "-m", "gunicorn", app, *bind, *SERVER])

    def _address(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def _run(self, name: str, command: list[str]) -> None:
        with (self._data / f"{name}.log").open("wb") as log:
            self._programs[name] = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def _await(self, name: str, address: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._programs[name].poll() is None:
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{name} did not start:\n{(self._data / f'{name}.log').read_text()[-2000:]}")


def _end(program: subprocess.Popen[bytes]) -> None:
    if program.poll() is None:
        os.killpg(program.pid, signal.SIGTERM)
    try:
        program.wait(timeout=5)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
