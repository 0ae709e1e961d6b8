"""Start the demo's programs, seed the widget through its own commands, and stop everything
together."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from urllib.parse import urlencode

from cryptography.fernet import Fernet

from sandbox.people import API_KEY
from sandbox.portal.credentials import AUTH_PREFIXES, CLIENT_ID, CLIENT_SECRET, PORTALS, auth_server
from sandbox.server import tied_to_parent
from sandbox.valkey import Valkey, ValkeyMissing

ROOT = Path(__file__).resolve().parent.parent
# What each is called at its gateway, what reps call it, its number, and the kind of gateway.
LINES = (
    ("sales", "Отдел продаж", "+79638477312", "waha"),
    ("support", "Поддержка", "+79638477313", "waha"),
    ("archive", "Архивная линия", "", "waha"),
    ("branch", "Филиал", "+79638477315", "evolution"),
    ("1101000001", "Выездные замеры", "+79638477316", "green"),
)
ADD_LINES = """from flask import current_app
run = current_app.test_cli_runner().invoke
ended = [run(args=words, input={key!r}) for words in {commands!r}]
print([each.output for each in ended if each.exit_code] or "all lines added")
"""
PATIENCE = 300.0  # seconds for a program to answer: one that ended is seen at once, and a busy machine is not a fault


@dataclass(frozen=True)
class Ports:
    widget: int = 8000
    portal: int = 8001
    gateway: int = 8002

    @classmethod
    def from_environ(cls) -> "Ports":
        names = {"widget": "WIDGET_PORT", "portal": "PORTAL_PORT", "gateway": "GATEWAY_PORT"}
        values = {}
        for field, name in names.items():
            given = os.environ.get(name, "")
            if given and not (given.isdecimal() and 1024 <= int(given) <= 65_000):
                sys.exit(f"{name}={given} is not a port between 1024 and 65000.")
            if given:
                values[field] = int(given)
        ports = cls(**values)
        taken: dict[int, str] = {}
        for port, name in ports.all():
            if port in taken:
                sys.exit(
                    f"{taken[port]} and {name} need the same port, {port}. The second portal is at PORTAL_PORT + 100."
                )
            taken[port] = name
        return ports

    def all(self) -> Iterator[tuple[int, str]]:
        """Every port that is needed, with the setting that moves it. The second portal is 100 above
        the first."""
        yield self.widget, "WIDGET_PORT"
        yield self.portal, "PORTAL_PORT"
        yield self.portal + 100, "PORTAL_PORT"
        yield self.gateway, "GATEWAY_PORT"


# Set by Ctrl+C: the exception alone can be lost, where Python raises it in a destructor or a
# callback.
STOPPED = threading.Event()


def stop(_signal: int, _frame: FrameType | None) -> None:
    """The handler of Ctrl+C and of `kill`."""
    STOPPED.set()
    raise KeyboardInterrupt


def keep_quiet(lost: "sys.UnraisableHookArgs") -> None:
    """Python's hook for an exception that is lost: that of Ctrl+C is in STOPPED, and its stack
    trace says nothing."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


class Demo:
    """A running demo, as a context manager. `data` keeps the database and logs, `short` a socket
    with a short path. `redis_options` are what follows the address of its Redis, such as
    `?socket_timeout=60`."""

    def __init__(
        self,
        ports: Ports,
        data: Path,
        *,
        workers: int = 2,
        say: Callable[[str], None] = print,
        settings: dict[str, str] | None = None,
        redis_options: str = "",
    ) -> None:
        self.ports = ports
        self.widget = f"http://localhost:{ports.widget}"
        self.portal = f"http://127.0.0.1:{ports.portal}"
        self.gateway = f"http://127.0.0.1:{ports.gateway}"
        self.card = f"{self.portal}/crm/deal/details/7045/"
        self._data = data
        self._workers = workers
        self._say = say
        self._redis_options = redis_options
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._valkey = self._redis()
        self.environment = {**os.environ, **self._settings(), **(settings or {})}

    def __enter__(self) -> "Demo":
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

    def wait(self) -> str:
        """Until Ctrl+C, or until a program stops by itself: then its name."""
        try:
            while not STOPPED.is_set():
                for name, program in self._programs.items():
                    if program.poll() is not None:
                        return name
                time.sleep(0.3)
        except KeyboardInterrupt:
            pass
        return ""

    def flask(self, *words: str, stdin: str = "") -> str:
        """Run one of the widget's commands as an operator would."""
        command = [sys.executable, "-m", "flask", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"flask {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def restart_widget(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self._halt("widget")
        meanwhile()
        self._start_widget()

    def _redis(self) -> Valkey | None:
        try:
            return Valkey()
        except ValkeyMissing as missing:
            self._say(f"No Redis-compatible server ({missing}): cache and limits live in one process.")
            return None

    def _start(self) -> None:
        if self._valkey:
            self._valkey.start()
            self.environment.setdefault("REDIS_URL", self._valkey.url + self._redis_options)
        self._run("portal", [sys.executable, "-m", "sandbox.portal", "--port", str(self.ports.portal)])
        self._run("gateway", [sys.executable, "-m", "sandbox.gateway", "--port", str(self.ports.gateway)])
        self.flask("upgrade")
        self._await("gateway", f"{self.gateway}/_sandbox/calls")
        self._await("portal", f"{self.portal}/_sandbox/calls")
        self._start_widget()
        for portal in PORTALS:  # each time: the simulated portals forget everything when they stop
            self._install(portal.origin(self.ports.portal))
        self._add_lines()

    def _start_widget(self) -> None:
        # Two workers would each keep limits of their own without a Redis.
        workers = self._workers if self.environment.get("REDIS_URL") else 1
        self._run("widget", [
            *(sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{self.ports.widget}"),
            *("--workers", str(workers), "--log-level", "warning", "--graceful-timeout", "2"),
        ])  # fmt: skip
        self._await("widget", f"http://127.0.0.1:{self.ports.widget}/health/ready")
        if "worker" not in self._programs:
            self._run("worker", [sys.executable, "-m", "flask", "worker"])

    def _add_lines(self) -> None:
        """Once, with `flask line add`, all in one process: each start of the program costs a
        second."""
        seeded = self._data / "seeded"
        if seeded.exists():
            return
        commands = [
            [
                *("line", "add", "--portal", portal.member_id, "--name", name, "--address", self.gateway),
                *("--gateway", kind, "--session", session, "--number", phone, "--key-file", "-"),
            ]
            for number, portal in enumerate(PORTALS)
            for session, name, phone, kind in (LINES if number == 0 else LINES[:1])
        ]
        said = self.flask("shell", stdin=ADD_LINES.format(commands=commands, key=API_KEY))
        if "all lines added" not in said:
            raise RuntimeError(f"flask line add: {said.strip()}")
        seeded.touch()

    def _install(self, portal: str) -> None:
        """Post to the installer what the portal would post into the frame of an administrator."""
        query = urlencode({"path": "/app/", "user": "admin"})
        with urllib.request.urlopen(f"{portal}/opening?{query}", data=b"") as answer:
            opening = json.load(answer)
        address = opening["action"].replace("/app?", "/install?").replace("//localhost:", "//127.0.0.1:")
        with urllib.request.urlopen(address, data=urlencode(opening["fields"]).encode()) as answer:
            answer.read()

    def _settings(self) -> dict[str, str]:
        return {
            **self._secrets(),
            "FLASK_APP": "wsgi.py",
            "BITRIX_CLIENT_ID": CLIENT_ID,
            "BITRIX_CLIENT_SECRET": CLIENT_SECRET,
            "AUTH_SERVERS": ",".join(auth_server(self.ports.portal, number) for number in AUTH_PREFIXES),
            "ALLOW_HTTP": "True",
            "ALLOW_PRIVATE_LINES": "True",
            "PUBLIC_URL": self.widget,
            "DATABASE_URL": f"sqlite:///{self._data / 'widget.sqlite3'}",
            "JOBS_FILE": str(self._data / "jobs.sqlite3"),
            "WIDGET_URL": self.widget,
        }

    def _secrets(self) -> dict[str, str]:
        """Made once and kept beside the database they encrypt."""
        file = self._data / "secrets.json"
        if not file.exists():
            file.write_text(
                json.dumps({"SECRET_KEY": os.urandom(32).hex(), "ENCRYPTION_KEYS": Fernet.generate_key().decode()})
            )
            file.chmod(0o600)
        secrets: dict[str, str] = json.loads(file.read_text())
        return secrets

    def _run(self, name: str, command: list[str]) -> None:
        with (self._data / f"{name}.log").open("wb") as log:
            self._programs[name] = subprocess.Popen(
                [*tied_to_parent(), *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await(self, name: str, address: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if STOPPED.is_set():
                raise KeyboardInterrupt
            if self._programs[name].poll() is not None:
                break
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        log = (self._data / f"{name}.log").read_text(errors="replace").strip()
        sys.exit(f"The {name} did not start:\n{log[-2000:]}")

    def _halt(self, name: str) -> None:
        program = self._programs.pop(name)
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
        try:
            program.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()

    def _stop(self) -> None:
        for name in list(self._programs):
            self._halt(name)
        if self._valkey:
            self._valkey.stop()
