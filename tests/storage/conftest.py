"""An empty database, migrated as at every start: SQLite and PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from tests.stand import Clock
from tests.swept import SweptDatabases
from widget.keys import PhoneKeys
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database, upgrade
from widget.storage.hidden_clients import HiddenClients
from widget.storage.ignores import Ignores
from widget.storage.lines import Lines
from widget.storage.messages import Messages
from widget.storage.portals import Portals
from widget.storage.secret_box import SecretBox
from widget.storage.sends import Sends
from widget.storage.tokens import Tokens
from widget.storage.usage import Usage

KEY = Fernet.generate_key().decode()
KINDS = ["postgresql"] if os.environ.get("DATABASE") == "postgresql" else ["sqlite", "postgresql"]


@dataclass
class Store:
    """The repositories over one database, with two portals that have a line each."""

    engine: Engine
    clock: Clock
    key: str = KEY

    def __post_init__(self) -> None:
        self.secret_box = SecretBox([self.key])
        self.portals, self.tokens = (
            Portals(self.engine, self.secret_box, self.clock),
            Tokens(self.engine, self.secret_box),
        )
        self.lines, self.chats = Lines(self.engine, self.secret_box, self.clock), Chats(self.engine, self.clock)
        self.sends = Sends(self.engine, self.secret_box, self.clock)
        self.messages = Messages(self.engine, self.secret_box, self.clock)
        self.counted = Counted(self.engine, Usage(self.engine, self.clock))
        keys = PhoneKeys("s" * 40)
        self.ignores = Ignores(self.engine, self.secret_box, keys, self.clock, lambda _portal, _client: None)
        hidden = HiddenClients(self.engine, self.secret_box, self.clock, self.chats.changed, self.ignores)
        parts = self.chats, self.sends, self.messages, self.counted, hidden, self.ignores
        self.conversations = Conversations(self.engine, *parts)

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


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, database_file: Path) -> Iterator[Engine]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("migrated_file"), database_file)
            address = f"sqlite:///{database_file}"
        else:
            swept: SweptDatabases = request.getfixturevalue("swept_databases")
            address = stack.enter_context(swept.one())
        opened = open_database(address)
        stack.callback(opened.dispose)
        yield opened


@pytest.fixture
def store(engine: Engine, clock: Clock) -> Store:
    return Store(engine, clock).fill()
