"""Open the database and bring its tables up to date."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

MIGRATIONS = Path(__file__).parent / "migrations"


class RowRefused(RuntimeError):
    """A row can neither be made nor found, however often it is tried: what it belongs to may be deleted."""


def open_database(url: str) -> Engine:
    """An engine with as many connections as a worker has threads; SQLite waits for a writer up to 5 s."""
    # Errors must not carry numbers and texts into a log.
    options: dict[str, Any] = {"pool_size": 16, "max_overflow": 24, "hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **options)
    engine = create_engine(url, connect_args={"timeout": 5, "check_same_thread": False}, **options)
    event.listen(engine, "connect", _tune_sqlite)
    return engine


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables. Safe to run at every start."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _tune_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
