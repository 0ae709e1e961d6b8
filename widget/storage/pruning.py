"""Old rows go a few thousand at a time: a night's worth of a large service in one statement would
be stopped for taking too long, night after night, and meanwhile keep all others from the rows it
has locked."""

from sqlalchemy import ColumnElement, Delete, Engine, Table, Update, delete, select, tuple_

ROWS = 2000  # in one transaction


def prune(engine: Engine, table: Table, old: ColumnElement[bool]) -> int:
    """Delete the rows that `old` is true of. Returns how many. One transaction for each `ROWS` of
    them."""
    return in_parts(engine, table, old, delete(table))


def in_parts(engine: Engine, table: Table, old: ColumnElement[bool], change: Delete | Update) -> int:
    """Make a change to the rows that `old` is true of; the change must make it false. Returns how
    many. One transaction for each `ROWS` of them."""
    key = table.primary_key.columns
    part = select(*key).where(old).limit(ROWS)
    done = 0
    while True:
        with engine.begin() as connection:
            changed = connection.execute(change.where(tuple_(*key).in_(part))).rowcount
        done += changed
        if changed < ROWS:
            return done
