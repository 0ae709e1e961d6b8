"""How rows that wait for work are taken: by one caller at a time, and again after growing pauses
until one succeeds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Subquery,
    Table,
    and_,
    case,
    func,
    select,
    update,
)

from widget.storage.schema import events, inbox
from widget.storage.transaction import transaction

# Seconds before a row's first, second, … try, each counted from the try before: a worker that was
# away for a day must not use them all up at once. After the last it is given up and kept for a
# while, with the error, for the operator.
TRIES = (0.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0)
MAX_ERROR = 200
NEWER = "newer version"  # the error of a row that is left to one


def due(table: Table, now: float) -> ColumnElement[bool]:
    """The condition for rows whose next try has come; `now` is unix seconds."""
    return and_(table.c.attempts < len(TRIES), table.c.next_try_at <= now)


def take(connection: Connection, table: Table, which: ColumnElement[bool], now: float) -> RowMapping | None:
    """The row, if it is due, counting this try; None if it is not, or if another caller was
    quicker. One statement."""
    pauses: dict[Any, float] = {before: TRIES[before + 1] for before in range(len(TRIES) - 1)}
    pause = case(pauses, value=table.c.attempts, else_=0.0)
    taken = update(table).where(which, due(table, now)).values(attempts=table.c.attempts + 1, next_try_at=now + pause)
    return connection.execute(taken.returning(*table.c)).mappings().first()


def put_back(engine: Engine, row: Column[int], row_id: int, attempts: int, now: float) -> None:
    """Leave a row to a worker of a newer version: the try that was begun, `attempts` with it, is
    none. It is due again after the first pause. One statement."""
    values = {"attempts": attempts - 1, "next_try_at": now + TRIES[1], "error": NEWER}
    with transaction(engine) as connection:
        connection.execute(update(row.table).where(row == row_id).values(values))


def in_turn(
    whose: Column[int], which: tuple[ColumnElement[bool], ...], order: Sequence[ColumnElement[Any]]
) -> Subquery:
    """Rows of many, as `id`, `whose` and `place`: how many of the same one come before each, from
    one on. Ordered by place, one that has much to do holds up no other."""
    place = func.row_number().over(partition_by=whose, order_by=order).label("place")
    return select(whose.table.c.id, whose.label("whose"), place).where(*which).subquery()


def oldest_waiting(engine: Engine) -> dict[str, tuple[int, float]]:
    """By kind, what a worker still has to do: how many rows, and when the oldest came (unix
    seconds, 0 if none). Two queries."""
    waits = {
        "event": and_(events.c.done_at == 0, events.c.attempts < len(TRIES)),
        "webhook": inbox.c.attempts < len(TRIES),
    }
    found = {}
    with transaction(engine) as connection:
        for (kind, which), table in zip(waits.items(), (events, inbox), strict=True):
            query = select(func.count(), func.min(table.c.received_at)).where(which)
            number, at = connection.execute(query).one()
            found[kind] = (int(number), float(at or 0.0))
    return found
