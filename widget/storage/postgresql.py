"""What PostgreSQL needs to be told: how long to wait, and what to do with a NUL, which it cannot
store."""

from typing import Any

from psycopg import Connection as DriverConnection
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Engine, event

# A page waits for a gateway for up to 30 s; a statement that takes longer than this is stuck, and
# so is a lock. A transaction that was forgotten would keep its locks for ever.
PATIENCE = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s"}
# Seconds until a server that is gone is given up, where the address does not say otherwise.
CONNECTING: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 15_000, "keepalives_idle": 30}


class WithoutNul(StrDumperUnknown):
    """Gateways' ids and texts may hold a NUL. SQLite keeps it, PostgreSQL refuses the whole
    statement."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)


def tuned(engine: Engine) -> Engine:
    """The same engine, whose connections have our patience."""
    event.listen(engine, "do_connect", _connect_in_time)
    event.listen(engine, "connect", _tune)
    return engine


def _connect_in_time(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
    for name, value in CONNECTING.items():
        parameters.setdefault(name, value)


def _tune(connection: DriverConnection[Any], _record: object) -> None:
    connection.adapters.register_dumper(str, WithoutNul)
    # A pooler gives each transaction another connection of the server, which knows no statement
    # prepared on this one; and a table that a migration has changed would fail the statements that
    # others prepared before.
    connection.prepare_threshold = None
    # Not as `options` of the connection: poolers such as PgBouncer refuse those.
    with connection.transaction():
        for name, value in PATIENCE.items():
            connection.execute(f"SET {name} = '{value}'".encode())
