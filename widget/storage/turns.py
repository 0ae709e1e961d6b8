"""Turns for work that is done by the clock: of any number of workers on any hosts one does each
piece, once.

A turn is a lease in SQL. The worker that has it keeps it alive while it works; one that was killed
loses it within `LEASE_SECONDS`, and the next worker whose clock strikes goes on. Hosts must agree
on the time to some seconds (NTP). While two versions run side by side, what an older worker has
done is done by a newer one as well.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, and_, or_, select, update

from widget.storage.rows import reader
from widget.storage.schema import turns
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.version import NUMBER

LEASE_SECONDS = 90.0
KEEP_ALIVE_SECONDS = 20.0  # between two renewals


@dataclass(frozen=True)
class Turn:
    """When a piece of work was last begun and ended (unix seconds, 0 never)."""

    name: str
    began_at: float
    ended_at: float


class Turns:
    def __init__(self, engine: Engine, clock: Callable[[], float], version: int = NUMBER) -> None:
        self._engine = engine
        self._clock = clock
        self._version = version
        self._me = secrets.token_hex(8)
        self._held: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, name: str, rest: float) -> Iterator[bool]:
        """Whether the work is the caller's now. It rests for `rest` seconds from its beginning once
        it has ended, by success or error. Two statements; one where it is another's turn."""
        began = self._clock()
        if not self._take(name, began):
            yield False
            return
        try:
            yield True
        finally:
            self._end(name, until=began + rest)

    def keep(self) -> None:
        """Keep what is being done here alive; every `KEEP_ALIVE_SECONDS`. One statement, none where
        nothing is."""
        with self._lock:
            held = list(self._held)
        if not held:
            return
        mine = turns.c.name.in_(held), turns.c.holder == self._me
        with transaction(self._engine) as connection:
            connection.execute(update(turns).where(*mine).values(until=self._clock() + LEASE_SECONDS))

    def all(self) -> list[Turn]:
        """The last turn of each piece of work. One query."""
        with transaction(self._engine) as connection:
            return [_turn(row) for row in connection.execute(select(turns).order_by(turns.c.name)).mappings()]

    def _take(self, name: str, now: float) -> bool:
        values = {"holder": self._me, "until": now + LEASE_SECONDS, "began_at": now, "version": self._version}
        # What an older worker has done, and rests from: it may have left what it does not know.
        outdated = and_(turns.c.version < self._version, turns.c.ended_at >= turns.c.began_at)
        with transaction(self._engine) as connection:
            row = insert_into(connection, turns).values(name=name, **values)
            free = row.on_conflict_do_update(
                index_elements=[turns.c.name], set_=values, where=or_(turns.c.until <= now, outdated)
            )
            taken = connection.execute(free.returning(turns.c.name)).scalar_one_or_none() is not None
        if taken:
            with self._lock:
                self._held.add(name)
        return taken

    def _end(self, name: str, *, until: float) -> None:
        with self._lock:
            self._held.discard(name)
        mine = turns.c.name == name, turns.c.holder == self._me
        with transaction(self._engine) as connection:
            connection.execute(update(turns).where(*mine).values(until=until, ended_at=self._clock()))


_turn = reader(Turn, turns)
