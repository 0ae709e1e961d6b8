"""Open the database and bring its tables up to date."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError

from widget.storage.secret_box import SecretBox

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 0x77696467  # a number that other programs in this database do not take
WRITER_SECONDS = 5.0  # that another's write to an SQLite file may take
OTHERS_SECONDS = 120  # that an upgrade on another host may take


# What a database raises that answers and takes no writes: its disk is full, or it has become a
# replica.
NOT_WRITTEN = (OperationalError, InternalError)


class RowRefused(RuntimeError):
    """A row can neither be made nor found, however often it is tried: what it belongs to may be
    deleted."""


def open_database(url: str) -> Engine:
    """An engine with as many connections as a worker has threads. For PostgreSQL's patience see
    postgresql.py."""
    # Errors must not carry numbers and texts into a log.
    options: dict[str, Any] = {"pool_size": 16, "max_overflow": 24, "hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        from widget.storage.postgresql import tuned  # noqa: PLC0415 - a driver that SQLite does without

        return tuned(create_engine(url, pool_pre_ping=True, **options))
    engine = create_engine(url, connect_args={"timeout": WRITER_SECONDS, "check_same_thread": False}, **options)
    event.listen(engine, "connect", _tune_sqlite)
    return engine


def upgrade(engine: Engine, secret_box: SecretBox | None = None, *, to: str = "head") -> str:
    """Create or migrate the tables. Safe to run at every start, and on several hosts at once: one
    works, the others wait and find nothing to do. Tables of a newer version stay as they are: it
    lets the version before run beside it, so a host that restarts meanwhile, or goes back, starts.
    Returns the migration they are at then, "" for our own. `secret_box` opens what an older version
    kept sealed and this one does not. Takes as long as its migrations; two queries where there are
    none."""
    # Its import is a twentieth of a start, and only this needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        _wait_for_the_others(connection)
        at, newest = revisions(connection)
        if at and at > newest:
            return at
        config.attributes |= {"connection": connection, "secret_box": secret_box}
        command.upgrade(config, to)
    return ""


def revisions(connection: Connection) -> tuple[str | None, str]:
    """The migration that the tables are at, None where there are none, and the one that this
    version needs."""
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest = str(ScriptDirectory.from_config(config).get_current_head())
    return MigrationContext.configure(connection).get_current_revision(), newest


def takes_writes(engine: Engine) -> bool:
    """Whether something can be stored now: a full disk and a replica answer too. One small write,
    to no table. One statement."""
    try:
        with engine.begin() as connection:
            done = connection.exec_driver_sql(_SMALL_WRITE[connection.dialect.name])
            return not done.returns_rows or done.scalar() is not None
    except SQLAlchemyError:
        return False


# Neither changes anything that is ever read; both are on disk when they have ended.
_SMALL_WRITE = {
    "sqlite": "PRAGMA user_version = 1",
    "postgresql": """SELECT CASE current_setting('transaction_read_only') WHEN 'off'
                     THEN pg_logical_emit_message(true, 'widget', 'ready') END""",
}


def _wait_for_the_others(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Tables are rewritten without haste, but one that stays locked ends the upgrade, instead of
        # holding up everybody behind it. The lock of ours lasts as long as this transaction.
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{OTHERS_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver itself begins only at the first write


def _tune_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
