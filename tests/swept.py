"""PostgreSQL databases for one test after another: a copy of a thousand files for each costs ten times as much."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import make_url

from sandbox.postgres import Postgres
from tests.stand import MIGRATED

SHAPE = """SELECT (SELECT string_agg(version_num, ' ') FROM alembic_version), count(*)
  FROM information_schema.columns WHERE table_schema = 'public'"""
ALONE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""
SWEEP = """DO $$ DECLARE it record; BEGIN
  SET session_replication_role = replica; -- rows go in any order
  FOR it IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  LOOP EXECUTE 'DELETE FROM ' || it.name; END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$"""


class SweptDatabases:
    """Copies of MIGRATED, as many as are in use at once."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._free: list[str] = []
        self._shape: object = None

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a database with all tables and nothing in them. A test that changed the tables takes it
        along."""
        name = self._free.pop() if self._free else self._new()
        try:
            yield self._server.url(name)
        finally:
            if self._is_swept(name):
                self._free.append(name)
            else:
                self._server.drop(name)

    def _new(self) -> str:
        name = self._server.new_database(copy_of=MIGRATED)
        with self._connection(name) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
        return name

    def _is_swept(self, name: str) -> bool:
        with self._connection(name) as connection:
            connection.execute(ALONE)
            try:
                if connection.execute(SHAPE).fetchone() != self._shape:
                    return False
            except psycopg.errors.UndefinedTable:
                return False
            connection.execute(SWEEP)
            return True

    def _connection(self, name: str) -> "psycopg.Connection[tuple[object, ...]]":
        url = make_url(self._server.url(name))
        return psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=name, autocommit=True)
