"""Events of portals that wait for work. The row is the truth; a queue only wakes the worker."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, insert, or_, select, update

from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import events
from widget.storage.transaction import transaction
from widget.storage.tries import MAX_ERROR, NEWER, TRIES, due, put_back, take

UNPROVED = "UNPROVED"  # the name of a row that may be one of another: webhooks/vouching.py
DONE_DAYS = 7.0
GIVEN_UP_DAYS = 30.0
DAY = 86_400


@dataclass(frozen=True)
class StoredEvent:
    """`body` are the fields that are worked on; what is a secret is sealed in it. `attempts` counts
    a running one too."""

    id: int
    portal_id: int
    name: str
    body: Mapping[str, Any]
    received_at: float
    attempts: int
    error: str


class Events:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, portal_id: int, name: str, body: Mapping[str, Any]) -> int:
        """Store an event that was verified. Returns its id. One statement."""
        values = {"portal_id": portal_id, "name": name, "body": json.dumps(dict(body)), "received_at": self._clock()}
        with transaction(self._engine) as connection:
            row = connection.execute(insert(events).values(**values, done_at=0.0, attempts=0, error=""))
        return int(row.inserted_primary_key[0]) if row.inserted_primary_key else 0

    def begin(self, event_id: int) -> StoredEvent | None:
        """Take an event that is due, for this caller alone; None if it is done, given up, not due
        yet or taken. One statement."""
        mine = and_(events.c.id == event_id, events.c.done_at == 0)
        with transaction(self._engine) as connection:
            row = take(connection, events, mine, self._clock())
        return _event(row) if row else None

    def due(self, limit: int = 100) -> list[int]:
        """The ids of unfinished events whose next try has come, those first that wait for it
        longest. One query."""
        left = events.c.done_at == 0, due(events, self._clock())
        query = select(events.c.id).where(*left).order_by(events.c.next_try_at, events.c.id).limit(limit)
        with transaction(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def unfinished(self, portal_id: int, name: str) -> list[StoredEvent]:
        """A portal's events of one name that were not worked on, those given up too. One query."""
        mine = and_(events.c.portal_id == portal_id, events.c.name == name, events.c.done_at == 0)
        with transaction(self._engine) as connection:
            return [_event(row) for row in connection.execute(select(events).where(mine)).mappings()]

    def finish(self, event_id: int) -> None:
        self._finish(events.c.id == event_id)

    def drop(self, event_id: int) -> None:
        """Delete a finished event whose contents are stored elsewhere now. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(delete(events).where(events.c.id == event_id))

    def become(self, event_id: int, name: str) -> None:
        """Rename a stored event that proved to be this one, without fields; it is due now. One
        statement."""
        values = {"name": name, "body": "{}", "attempts": 0, "next_try_at": 0.0, "error": ""}
        with transaction(self._engine) as connection:
            connection.execute(update(events).where(events.c.id == event_id).values(values))

    def finish_same(self, portal_id: int, names: Iterable[str], *, up_to: int) -> None:
        """Finish all the portal's events of these names up to this id: one piece of work did them.
        One statement."""
        self._finish(and_(events.c.portal_id == portal_id, events.c.name.in_(list(names)), events.c.id <= up_to))

    def fail(self, event_id: int, error: str) -> None:
        """Note why it was not finished; it comes up again until its tries are used up. One
        statement."""
        with transaction(self._engine) as connection:
            connection.execute(update(events).where(events.c.id == event_id).values(error=error[:MAX_ERROR]))

    def put_back(self, event: StoredEvent) -> None:
        """Leave it to a worker of a newer version. One statement."""
        put_back(self._engine, events.c.id, event.id, event.attempts, self._clock())

    def forget_done(self) -> int:
        """Delete what was finished a week ago, and what came a month ago and was given up, or left
        to a newer version that never came. Returns how many."""
        now = self._clock()
        done = and_(events.c.done_at > 0, events.c.done_at < now - DONE_DAYS * DAY)
        given_up = or_(events.c.attempts >= len(TRIES), events.c.error == NEWER)
        old = events.c.done_at == 0, events.c.received_at < now - GIVEN_UP_DAYS * DAY
        return prune(self._engine, events, or_(done, and_(given_up, *old)))

    def forget_all(self, name: str) -> int:
        """Delete what came a week ago under this name, finished or given up. Returns how many."""
        old = and_(events.c.name == name, events.c.received_at < self._clock() - DONE_DAYS * DAY)
        return prune(self._engine, events, old)

    def _finish(self, which: ColumnElement[bool]) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(events).where(which, events.c.done_at == 0).values(done_at=self._clock(), error="")
            )


_event = reader(StoredEvent, events, body=json.loads)
