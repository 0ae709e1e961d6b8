"""Which portals have old conversations left to look through. What is new is found by its time, in
an index; only what is old and changed nevertheless, or was never told, wants a look at everything
that a portal has.

A table with a column `behind` says it: true until a look over everything that finds nothing left,
and again when a choice is saved and once an hour.
"""

from collections.abc import Callable

from sqlalchemy import ColumnClause, ColumnElement, Engine, Table, and_, literal_column, select, true, update

from widget.storage.schema import chats
from widget.storage.transaction import transaction

LATELY = 2 * 86_400.0  # seconds: what was written since then is looked at each minute
# An index of a part of the rows is used where its condition stands word for word.
_NEVER: ColumnClause[int] = literal_column("0")


def written_since(portal_id: int, at: float) -> ColumnElement[bool]:
    """The chats of a portal with a message since a time (unix seconds); 0 for all, those without
    one too."""
    mine = chats.c.portal_id == portal_id
    return and_(mine, chats.c.last_at != _NEVER, chats.c.last_at >= at) if at > 0 else mine


class Backlog:
    def __init__(self, engine: Engine, table: Table, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._table = table
        self._clock = clock

    def take(self) -> set[int]:
        """Those that have something left, for a round over everything. What it leaves is
        `put_back`; what is reopened meanwhile stays so. One query, and a statement where there are
        any."""
        behind = self._table.c.behind == true()
        with transaction(self._engine) as connection:
            if connection.execute(select(self._table.c.portal_id).where(behind).limit(1)).first() is None:
                return set()
            taken = update(self._table).where(behind).values(behind=False).returning(self._table.c.portal_id)
            return set(connection.execute(taken).scalars())

    def since(self, *, behind: bool) -> float:
        """From which time on (unix seconds) a portal's conversations are looked at."""
        return 0.0 if behind else self._clock() - LATELY

    def reopen(self) -> None:
        """All may have something left again. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(update(self._table).values(behind=True))

    def put_back(self, portal_id: int) -> None:
        """Something is left. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(update(self._table).where(self._table.c.portal_id == portal_id).values(behind=True))
