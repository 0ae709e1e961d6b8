"""An empty database, migrated as at every start: SQLite, and PostgreSQL where this machine can run one."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from tests.stand import Clock
from widget.storage.chats import Chats
from widget.storage.database import open_database, upgrade
from widget.storage.lines import Lines
from widget.storage.portals import Portals
from widget.storage.sends import Sends
from widget.storage.tokens import Tokens
from widget.storage.vault import Vault

KEY = Fernet.generate_key().decode()
NO_POSTGRES = (
    "no PostgreSQL server on this machine"
    if not (shutil.which("pg_ctl") and shutil.which("initdb"))
    else "no PostgreSQL driver (psycopg) is installed"
    if importlib.util.find_spec("psycopg") is None
    else ""
)


@dataclass
class Store:
    """The repositories over one database, with two portals that have a line each."""

    engine: Engine
    clock: Clock

    def __post_init__(self) -> None:
        self.vault = Vault([KEY])
        self.portals, self.tokens = Portals(self.engine, self.vault, self.clock), Tokens(self.engine, self.vault)
        self.lines, self.chats = Lines(self.engine, self.vault, self.clock), Chats(self.engine, self.clock)
        self.sends = Sends(self.engine, self.vault, self.clock)

    def fill(self) -> "Store":
        self.one, self.two = (
            self.portals.add(
                member_id=name, domain=f"{name}.example", endpoint=f"https://{name}.example/rest/", country="RU"
            ).id
            for name in ("one", "two")
        )
        self.line_one, self.line_two = (self.add_line(portal) for portal in (self.one, self.two))
        return self

    def add_line(self, portal: int, session: str = "sales", **changes: str) -> int:
        values = {"name": "Sales", "gateway": "waha", "address": "https://gw.example", "key": "gateway-key", **changes}
        return self.lines.add(portal, session=session, **values)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, on a socket in a temporary directory."""
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    nobody: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(home, "nobody")
        nobody = {"user": "nobody", "cwd": "/"}
    try:
        _run(["initdb", "-D", home / "data", "-U", "tests", "-A", "trust", "--no-sync"], **nobody)
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        _run(["pg_ctl", "-D", home / "data", "-o", options, "-w", "start"], **nobody)
        yield f"postgresql+psycopg://tests@/postgres?host={home}"
        _run(["pg_ctl", "-D", home / "data", "-m", "immediate", "stop"], **nobody)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"PostgreSQL does not start here: {error}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(command: list[Any], **more: Any) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, stderr=quiet, timeout=60, **more)


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "widget.sqlite3"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file after the migrations; each test gets a copy."""
    path = tmp_path_factory.mktemp("migrated") / "widget.sqlite3"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()  # which also moves the log into the file
    return path


@pytest.fixture(params=["sqlite"] if NO_POSTGRES else ["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, database_file: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), database_file)
        opened = open_database(f"sqlite:///{database_file}")
    else:
        opened = open_database(request.getfixturevalue("postgres"))
        with opened.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Store:
    return Store(engine, clock).fill()
