"""Events of portals that wait for work. The row is the truth; a queue only wakes whoever works on it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, and_, delete, insert, or_, select, update

from widget.storage.schema import events

# Seconds before an event's first, second, … try, each counted from the try before: a worker that was away for a day
# must not use them all up at once. After the last it is given up and kept for a month, with the error, for the
# operator.
TRIES = (0.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0)
UNPROVED = "UNPROVED"  # the name of a row that may be one of another: hooks/vouching.py
DONE_DAYS = 7.0
GIVEN_UP_DAYS = 30.0
DAY = 86_400
LONGEST_ERROR = 200


@dataclass(frozen=True)
class StoredEvent:
    """`body` are the fields that are worked on; what is a secret or a client's words is sealed in it."""

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
        """Store an event that was verified. Returns its id."""
        values = {"portal_id": portal_id, "name": name, "body": json.dumps(dict(body)), "received_at": self._clock()}
        with self._engine.begin() as connection:
            row = connection.execute(insert(events).values(**values, done_at=0.0, attempts=0, error=""))
        return int(row.inserted_primary_key[0]) if row.inserted_primary_key else 0

    def begin(self, event_id: int) -> StoredEvent | None:
        """Take an event that is due, for this caller alone; None if it is done, given up, not due yet or taken."""
        now = self._clock()
        mine = and_(events.c.id == event_id, _due(now))
        with self._engine.begin() as connection:
            row = connection.execute(select(events).where(mine)).mappings().first()
            if row is None:
                return None
            same = and_(events.c.id == event_id, events.c.done_at == 0, events.c.attempts == row["attempts"])
            attempts = row["attempts"] + 1
            pause = TRIES[attempts] if attempts < len(TRIES) else 0.0
            taken = update(events).where(same).values(attempts=attempts, next_try_at=now + pause)
            if not connection.execute(taken).rowcount:
                return None
        return _event(row)

    def due(self, limit: int = 100) -> list[int]:
        """What was left: events that nobody finished and whose next try has come, oldest first."""
        query = select(events.c.id).where(_due(self._clock())).order_by(events.c.id).limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def unfinished(self, portal_id: int, name: str) -> list[StoredEvent]:
        """A portal's events of one name that were not worked on, those given up too."""
        mine = and_(events.c.portal_id == portal_id, events.c.name == name, events.c.done_at == 0)
        with self._engine.connect() as connection:
            return [_event(row) for row in connection.execute(select(events).where(mine)).mappings()]

    def finish(self, event_id: int) -> None:
        self._finish(events.c.id == event_id)

    def drop(self, event_id: int) -> None:
        """Finished, and not to be kept: what it held is stored where it belongs now."""
        with self._engine.begin() as connection:
            connection.execute(delete(events).where(events.c.id == event_id))

    def become(self, event_id: int, name: str) -> None:
        """What was stored under another name proved to be this event, with no fields; it is due now."""
        values = {"name": name, "body": "{}", "attempts": 0, "next_try_at": 0.0, "error": ""}
        with self._engine.begin() as connection:
            connection.execute(update(events).where(events.c.id == event_id).values(values))

    def finish_same(self, portal_id: int, names: Iterable[str], *, up_to: int) -> None:
        """One piece of work answered for all of these that came before."""
        self._finish(and_(events.c.portal_id == portal_id, events.c.name.in_(list(names)), events.c.id <= up_to))

    def fail(self, event_id: int, error: str) -> None:
        """Note why it was not finished; it comes up again until its tries are used up."""
        with self._engine.begin() as connection:
            connection.execute(update(events).where(events.c.id == event_id).values(error=error[:LONGEST_ERROR]))

    def forget_done(self) -> int:
        """Delete what was finished a week ago, and what came a month ago and was given up. Returns how many."""
        now = self._clock()
        done = and_(events.c.done_at > 0, events.c.done_at < now - DONE_DAYS * DAY)
        given_up = and_(events.c.attempts >= len(TRIES), events.c.received_at < now - GIVEN_UP_DAYS * DAY)
        with self._engine.begin() as connection:
            return connection.execute(delete(events).where(or_(done, given_up))).rowcount

    def forget_all(self, name: str) -> int:
        """Delete what came a week ago under this name, finished or given up. Returns how many."""
        old = and_(events.c.name == name, events.c.received_at < self._clock() - DONE_DAYS * DAY)
        with self._engine.begin() as connection:
            return connection.execute(delete(events).where(old)).rowcount

    def _finish(self, which: ColumnElement[bool]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(events).where(which, events.c.done_at == 0).values(done_at=self._clock(), error="")
            )


def _due(now: float) -> ColumnElement[bool]:
    return and_(events.c.done_at == 0, events.c.attempts < len(TRIES), events.c.next_try_at <= now)


def _event(row: RowMapping) -> StoredEvent:
    return StoredEvent(
        id=row["id"],
        portal_id=row["portal_id"],
        name=row["name"],
        body=json.loads(row["body"]),
        received_at=row["received_at"],
        attempts=row["attempts"],
        error=row["error"],
    )
