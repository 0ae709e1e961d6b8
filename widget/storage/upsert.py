"""INSERT … ON CONFLICT, which SQLite and PostgreSQL share and SQLAlchemy spells once for each."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_do_update` and `excluded`, in the words of this
    database."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
