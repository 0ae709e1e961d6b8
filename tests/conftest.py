"""What every test may ask for: the outside world, a Redis, a database, a clock, and the widget on
them."""

import atexit
import gc
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from sandbox.gateway import webhooks
from sandbox.postgres import Postgres, PostgresMissing
from sandbox.valkey import Valkey
from tests import statements
from tests.stand import (
    EXAMPLES,
    MIGRATED,
    PATIENCE,
    Clock,
    Outside,
    Widget,
    config_for,
    leave,
    start_outside,
    start_widget,
)
from tests.swept import SweptDatabases
from widget.redis_clients import REDIS_OPTIONS
from widget.storage import database, postgresql
from widget.storage.database import open_database, upgrade
from widget.storage.usage import flush_at_exit

pytest.register_assert_rewrite("tests.browser.pages")  # what its assertions compared is shown
# The same examples on each run: what fails fails again. `make test-wild` looks for others, and for
# more of them.
settings.register_profile(
    "usual",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("wild", settings.get_profile("usual"), derandomize=False, max_examples=2000)
settings.load_profile("usual")
# Who stands still for some seconds here, where all run on one busy machine, is neither gone nor
# silent.
REDIS_OPTIONS.update(socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
database.WRITER_SECONDS = PATIENCE
postgresql.PATIENCE.update(dict.fromkeys(postgresql.PATIENCE, "59s"))  # SHOW writes 60 s as "1min"
postgresql.CONNECTING["connect_timeout"] = round(PATIENCE)
webhooks.TIMEOUT = PATIENCE
statements.compile_once()
gc.disable()  # until all tests are collected: they stay, and looking through them again and again is a third of that
SERVERS = {"redis": {"valkey", "own_valkey", "redis_url"}, "postgresql": {"postgres"}}  # the fixtures that start one


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out; what searches at random is marked by hypothesis
    itself."""
    for item in items:
        for server, fixtures in SERVERS.items():
            if (
                fixtures & set(getattr(item, "fixturenames", ()))
                or f"[{server}" in item.name
                or f"-{server}" in item.name
            ):
                item.add_marker(server)


def pytest_collection_finish() -> None:
    """What is there now stays: the collector of garbage need not look through thousands of tests
    again and again. Nor need it look for cycles after each 700 objects, of which a test makes a
    hundred thousand."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_sessionfinish() -> None:
    """The databases are gone that a process would write its last counts of openings to."""
    atexit.unregister(flush_at_exit)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how each failure is run alone, and leave the numbers for tools/test.py."""
    stats = terminalreporter.stats
    broken = [*stats.get("failed", ()), *stats.get("error", ())]
    for report in broken:
        terminalreporter.write_line(f'alone: make test ARGS="{shlex.quote(report.nodeid)}"')
    if broken and (seed := getattr(terminalreporter.config.option, "randomly_seed", None)):
        terminalreporter.write_line(f"in the same order: --randomly-seed={seed}")
    if tally := os.environ.get("TEST_TALLY"):
        outcomes = ("passed", "failed", "error", "skipped")
        Path(tally).write_text("".join(f"{outcome} {len(stats.get(outcome, ()))}\n" for outcome in outcomes))


@pytest.fixture(scope="session")
def outside_world() -> Iterator[Outside]:
    with ExitStack() as stack:
        yield start_outside(stack)


@pytest.fixture
def outside(outside_world: Outside) -> Iterator[Outside]:
    """The sandbox as it was seeded, with no calls counted and nothing broken."""
    outside_world.reset()
    yield outside_world
    leave()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of our own; its database MIGRATED has all tables, to be copied."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(Postgres())
        except PostgresMissing as missing:
            pytest.skip(str(missing))
        engine = open_database(server.url(server.new_database(MIGRATED)))
        upgrade(engine)
        engine.dispose()
        yield server


@pytest.fixture(scope="session")
def swept_databases(postgres: Postgres) -> SweptDatabases:
    return SweptDatabases(postgres)


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of this test's own, which start_widget fills: an SQLite file, and a
    PostgreSQL one with `make test DATABASE=postgresql`."""
    if os.environ.get("DATABASE") != "postgresql":
        yield f"sqlite:///{tmp_path / 'widget.sqlite3'}"
        return
    swept: SweptDatabases = request.getfixturevalue("swept_databases")
    with swept.one() as address:
        yield address


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_widget(outside: Outside, clock: Clock, empty_database: str) -> Callable[..., Widget]:
    """A widget with other settings, lines or a Redis: make_widget(redis_url=…, lines=("sales",
    "support"), …)."""

    def make(
        *, lines: tuple[str, ...] = ("sales",), portals: bool = True, database: str = "", **settings: Any
    ) -> Widget:
        config = config_for(outside, database or empty_database, **settings)
        return start_widget(outside, config, clock, lines=lines, portals=portals)

    return make


@pytest.fixture
def widget(make_widget: Callable[..., Widget]) -> Widget:
    """The usual one: one line, no Redis, one process."""
    return make_widget()
