"""When a line's checks pause, and why. How long is decided by presence/cooling.py."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache
from sqlalchemy import Engine, RowMapping, and_, select, update

from widget.storage.schema import line_health
from widget.storage.upsert import insert_into
from widget.timing import timer_of

REMEMBERED_SECONDS = 10  # for how long another process may not know of a pause that begins or ends


@dataclass(frozen=True)
class Cooldown:
    """No check before `until`; half the budget before `halved_until`. `why` is a Trouble or a LineState, `step` how
    often the pause has grown."""

    until: float = 0.0
    why: str = ""
    step: int = 0
    halved_until: float = 0.0


NONE = Cooldown()


class Cooldowns:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._remembered: TTLCache[tuple[int, int], Cooldown] = TTLCache(
            2048, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def of(self, portal_id: int, line_id: int) -> Cooldown:
        """A few seconds old at most. One query by primary key, none for a line that was just asked about."""
        with self._lock:
            if (portal_id, line_id) in self._remembered:
                return self._remembered[portal_id, line_id]
        return self.read(portal_id, line_id)

    def read(self, portal_id: int, line_id: int) -> Cooldown:
        """As it is now. One query."""
        query = select(line_health).where(line_health.c.portal_id == portal_id, line_health.c.line_id == line_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        found = _cooldown(row) if row else NONE
        with self._lock:
            self._remembered[portal_id, line_id] = found
        return found

    def of_portal(self, portal_id: int) -> dict[int, Cooldown]:
        """Of every line that ever had one. One query."""
        query = select(line_health).where(line_health.c.portal_id == portal_id)
        with self._engine.connect() as connection:
            return {row["line_id"]: _cooldown(row) for row in connection.execute(query).mappings()}

    def replace(self, portal_id: int, line_id: int, old: Cooldown, new: Cooldown) -> bool:
        """Write `new` where `old` still stands: of ten checks that are throttled at once one makes the pause grow.

        Says if it did. One statement.
        """
        values = {
            "cooldown_until": new.until,
            "cooldown_why": new.why,
            "cooldown_step": new.step,
            "halved_until": new.halved_until,
        }
        unchanged = and_(
            line_health.c.portal_id == portal_id,
            line_health.c.cooldown_until == old.until,
            line_health.c.cooldown_step == old.step,
            line_health.c.halved_until == old.halved_until,
        )
        with self._engine.begin() as connection:
            insert = insert_into(connection, line_health).values(portal_id=portal_id, line_id=line_id, **values)
            write = insert.on_conflict_do_update(
                index_elements=[line_health.c.line_id], set_=values, where=unchanged
            ).returning(line_health.c.line_id)  # PostgreSQL's driver counts no rows of an insert
            written = connection.execute(write).first() is not None
        self._forget(portal_id, line_id)
        return written

    def end_cooldown(self, portal_id: int, line_id: int) -> None:
        """Checks go on now; what the line has gone through is not forgotten, and a halved budget stays halved."""
        now = self._clock()
        running = and_(
            line_health.c.portal_id == portal_id,
            line_health.c.line_id == line_id,
            line_health.c.cooldown_until > now,
        )
        with self._engine.begin() as connection:
            connection.execute(update(line_health).where(running).values(cooldown_until=now))
        self._forget(portal_id, line_id)

    def _forget(self, portal_id: int, line_id: int) -> None:
        with self._lock:
            self._remembered.pop((portal_id, line_id), None)


def _cooldown(row: RowMapping) -> Cooldown:
    return Cooldown(row["cooldown_until"], row["cooldown_why"], row["cooldown_step"], row["halved_until"])
