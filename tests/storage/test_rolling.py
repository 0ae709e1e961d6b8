"""A rolling update runs old and new code side by side: a migration only adds what old code need not
know of, and what old code writes is taken after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Index, MetaData, Table, UniqueConstraint

from widget.storage.database import MIGRATIONS, open_database, upgrade

# From before there was anything to update. What may be taken away at last is named here, with the
# version that had stopped to use it.
CONTRACTS: dict[str, set[str]] = {}
FIRST_RULED = "0008"

Tables = dict[str, dict[str, Any]]


def revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [each.revision for each in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def reflected(engine: Engine) -> MetaData:
    found = MetaData()
    found.reflect(engine)
    return found


def tables_of(known: MetaData) -> Tables:
    return {
        table.name: {
            "columns": {
                column.name: {"nullable": column.nullable, "default": column.server_default} for column in table.c
            },
            "unique": {
                tuple(column.name for column in each.columns)
                for each in (*table.constraints, *table.indexes)
                if isinstance(each, UniqueConstraint) or (isinstance(each, Index) and each.unique)
            },
            "points": {tuple(each.column_keys) for each in table.foreign_key_constraints},
        }
        for table in known.tables.values()
        if table.name != "alembic_version"
    }


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Tables, Tables]]]:
    """What the tables were before and after each migration."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('rolling') / 'widget.sqlite3'}")
    old = [each for each in revisions() if each < FIRST_RULED]
    upgrade(engine, to=old[-1])
    steps, known = {}, reflected(engine)  # what code of the version before knows
    for revision in revisions()[len(old) :]:
        upgrade(engine, to=revision)
        write_as_before(engine, known)
        now = reflected(engine)
        steps[revision] = tables_of(known), tables_of(now)
        known = now
    yield steps
    engine.dispose()


def write_as_before(engine: Engine, known: MetaData) -> None:
    """A row into each table, with the columns alone that code of the version before must give, and
    a change of each."""
    with engine.connect() as connection:
        for table in known.sorted_tables:
            if table.name != "alembic_version":
                connection.execute(table.insert().values(least(table)))
                connection.execute(
                    table.update().values({table.c[name]: value for name, value in least(table).items()})
                )
        connection.rollback()


def least(table: Table) -> dict[str, Any]:
    """A value for each column that has none of its own; ids are 1, so that each names the other."""
    needed = [column for column in table.c if column.server_default is None and not column.nullable]
    return {column.name: column.type.python_type(1) for column in needed}


def breaks(before: Tables, after: Tables) -> set[str]:
    """What code of the version before would stumble over: things that are gone, and rows that it
    cannot write."""
    found = {f"{table} is gone" for table in before.keys() - after.keys()}
    for table in before.keys() & after.keys():
        old, new = before[table]["columns"], after[table]["columns"]
        found |= {f"{table}.{name} is gone" for name in old.keys() - new.keys()}
        found |= {
            f"{table}.{name} must be written"
            for name, column in new.items()
            if name not in old and not column["nullable"] and column["default"] is None
        }
        found |= {
            f"{table}.{name} must not be null any more"
            for name in old.keys() & new.keys()
            if old[name]["nullable"] and not new[name]["nullable"]
        }
        found |= {
            f"{table} {columns} must be unique now" for columns in after[table]["unique"] - before[table]["unique"]
        }
        found |= {
            f"{table} {columns} must be there now"
            for columns in after[table]["points"] - before[table]["points"]
            if set(columns) <= old.keys()
        }
    return found


@pytest.mark.parametrize("revision", [each for each in revisions() if each >= FIRST_RULED])
def test_code_of_the_version_before_runs_on_after_each_migration(
    steps: dict[str, tuple[Tables, Tables]], revision: str
) -> None:
    assert breaks(*steps[revision]) == CONTRACTS.get(revision, set())


def test_what_would_break_old_code_is_noticed() -> None:
    column: dict[str, Any] = {"nullable": True, "default": None}
    before: Tables = {
        "a": {"columns": {"x": column, "y": column}, "unique": set(), "points": set()},
        "b": {"columns": {}, "unique": set(), "points": set()},
    }
    must = {**column, "nullable": False}
    after: Tables = {"a": {"columns": {"y": must, "z": must}, "unique": {("y",)}, "points": {("y",), ("z",)}}}
    assert len(breaks(before, after)) == 6
