"""PostgreSQL databases for one test after another, which saves each a copy of a thousand files."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import make_url

from sandbox.postgres import Postgres
from tests.stand import MIGRATED

SHAPE = """SELECT (SELECT string_agg(version_num, ' ') FROM alembic_version), count(*)
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped"""
ALONE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""
SWEEP = """DO $$ DECLARE it record; BEGIN
  SET session_replication_role = replica; -- rows go in any order
  FOR it IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  LOOP EXECUTE 'DELETE FROM ' || it.name; END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$"""


Connection = psycopg.Connection[tuple[Any, ...]]


class SweptDatabases:
    """Copies of MIGRATED, as many as are in use at once, each with a connection that sweeps it:
    what a connection learns of the tables costs more than the sweeping."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._free: list[Connection] = []
        self._shape: object = None

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a database with all tables and nothing in them. A test that changed the
        tables takes it along."""
        broom = self._free.pop() if self._free else self._new()
        name = broom.info.dbname
        try:
            yield self._server.url(name)
        finally:
            if self._is_swept(broom):
                self._free.append(broom)
            else:
                broom.close()
                self._server.drop(name)

    def _new(self) -> Connection:
        name = self._server.new_database(copy_of=MIGRATED)
        url = make_url(self._server.url(name))
        broom = psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=name, autocommit=True)
        self._shape = broom.execute(SHAPE).fetchone()
        return broom

    def _is_swept(self, broom: Connection) -> bool:
        broom.execute(ALONE)
        try:
            if broom.execute(SHAPE).fetchone() != self._shape:
                return False
        except psycopg.errors.UndefinedTable:
            return False
        broom.execute(SWEEP)
        return True
