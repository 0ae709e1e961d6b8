"""Hourly counters of the last days, by line and without phone numbers: for budgets, forecasts and
pictures.

An hour is unix seconds // 3600; line 0 stands for what is not a line's (an opened page knows none
yet).
"""

import logging
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from widget.storage.lines import Line
from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import usage
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.timing import timer_of

log = logging.getLogger(__name__)

HOUR = 3600
DAYS_KEPT = 9  # a week, the day that is not over, and the day before: what a budget counts at the week's first hour
FLUSH_SECONDS = 5.0  # what a killed process may lose of the counts that no account depends on


@dataclass(frozen=True)
class Counts:
    """What is counted. `openings` are pages, on line 0. `new_numbers` were unknown or out of date
    when a card first showed them, by the card's line. A reveal is a press; it is answered by its
    first send. `checks` and `sent` are what a budget is made of, `sent` by any device. `firsts`
    went out from here to numbers without a chat."""

    openings: int = 0
    new_numbers: int = 0
    reveals: int = 0
    answered_reveals: int = 0
    checks: int = 0
    sent: int = 0
    received: int = 0
    firsts: int = 0


_counts = reader(Counts, usage)
LineHour = tuple[int, int, int]  # portal, line, hour


class Usage:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._timer = timer_of(clock)
        self._waiting: dict[LineHour, Counter[str]] = {}
        self._flushed_at = self._timer()
        self._lock = threading.Lock()

    def hour(self) -> int:
        return int(self._clock() // HOUR)

    def add(self, portal_id: int, line_id: int, *, hour: int | None = None, **counts: int) -> None:
        """Count in SQL at once, so that it lasts if this process ends. A negative count takes back.
        One upsert.

        A portal that was deleted meanwhile counts nothing.
        """
        self._write((portal_id, line_id, self.hour() if hour is None else hour), counts)

    def count(self, portal_id: int, line_id: int, **counts: int) -> None:
        """Count in memory, written down within seconds: for what every opening counts. Never
        raises."""
        place = (portal_id, line_id, self.hour())
        with self._lock:
            self._waiting.setdefault(place, Counter()).update(counts)
            due = self._timer() >= self._flushed_at + FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Write down what waits. One upsert for each line and hour. Never raises: these are not
        worth a card."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._flushed_at = self._timer()
        if not waiting:
            return
        try:
            for place, counts in sorted(waiting.items()):
                self._write(place, counts)
        except SQLAlchemyError as error:
            log.warning("usage.openings_lost error=%s", type(error).__name__)

    def hours(self, portal_id: int, *, since: int, line_id: int | None = None) -> dict[tuple[int, int], Counts]:
        """By line and hour, from hour `since` on; of one line or of all. One query."""
        where = (usage.c.portal_id == portal_id) & (usage.c.hour >= since)
        if line_id is not None:
            where &= usage.c.line_id == line_id
        with transaction(self._engine) as connection:
            rows = connection.execute(select(usage).where(where).order_by(usage.c.hour)).mappings().all()
        return {(row["line_id"], row["hour"]): _counts(row) for row in rows}

    def hours_of_account(self, line: Line, *, since: int) -> dict[tuple[int, int], Counts]:
        """The same of all lines of this one's account. One query for each."""
        each = (self.hours(line.portal_id, since=since, line_id=line_id) for line_id in line.one_account)
        return {place: counts for found in each for place, counts in found.items()}

    def total(self, portal_id: int, line_id: int, name: str, *, since: int) -> int:
        """One count of one line, from hour `since` on. One query."""
        where = (usage.c.portal_id == portal_id) & (usage.c.line_id == line_id) & (usage.c.hour >= since)
        with transaction(self._engine) as connection:
            found = connection.execute(select(func.sum(usage.c[name])).where(where)).scalar()
        return int(found or 0)

    def purge(self) -> None:
        """Forget what is older than the days kept; nightly."""
        prune(self._engine, usage, usage.c.hour < self.hour() - DAYS_KEPT * 24)

    def _write(self, place: LineHour, counts: Mapping[str, int]) -> None:
        portal_id, line_id, hour = place
        try:
            with transaction(self._engine) as connection:
                row = insert_into(connection, usage).values(portal_id=portal_id, line_id=line_id, hour=hour, **counts)
                added = {name: usage.c[name] + count for name, count in counts.items()}
                connection.execute(
                    row.on_conflict_do_update(
                        index_elements=[usage.c.portal_id, usage.c.line_id, usage.c.hour], set_=added
                    )
                )
        except IntegrityError:
            log.info("usage.portal_gone portal=%s", portal_id)


def flush_at_exit(usage: "weakref.ref[Usage]") -> None:
    """What waits is written down when the process ends; a service that is gone already has nothing
    waiting."""
    alive = usage()
    if alive:
        alive.flush()
