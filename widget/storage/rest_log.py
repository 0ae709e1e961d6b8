"""The log of REST calls, masked before it is written: what was asked of a portal, and what it
answered.

A call only puts its line into a queue; masking and writing happen half a second later in a thread
of their own, many lines in one transaction. A killed process loses that half second, and a database
in trouble loses lines, never calls.
"""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from widget.masking import masked_body, masked_json
from widget.storage.confirmations import confirmed_by, read_all, write_news
from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import rest_log

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.5  # lines that come within it are written together
MAX_WAITING = 500  # lines; older ones are given up when a portal is busier than the disk
MAX_BODY = 64 * 1024  # of a larger answer only the size is kept


@dataclass(frozen=True)
class Call:
    """One call. `outcome` is ok, an error code or why there was no answer."""

    portal_id: int
    user_id: int
    at: float
    method: str
    outcome: str
    milliseconds: int
    request: Any
    answer: bytes


@dataclass(frozen=True)
class RestLogEntry:
    """One kept line; `request` and `answer` are masked."""

    at: float
    user_id: int
    method: str
    outcome: str
    milliseconds: int
    request: str
    answer: str


_entry = reader(RestLogEntry, rest_log)


class RestLog:
    def __init__(self, engine: Engine, *, keep: bool, wait: float = WAIT_SECONDS) -> None:
        """`wait` is seconds until lines are written together."""
        self._engine = engine
        self._keep = keep
        self._wait = wait
        self._waiting: deque[Call] = deque(maxlen=MAX_WAITING)
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def write(self, call: Call) -> None:
        """Keep a call. Costs some microseconds; never raises."""
        if not self._keep:
            return
        with self._lock:
            self._waiting.append(call)
            if self._timer is None:
                self._timer = threading.Timer(self._wait, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits, now; a command calls it before it ends. Never raises."""
        with self._lock:
            calls, self._timer = list(self._waiting), None
            self._waiting.clear()
        rows = [_row(call) for call in calls]
        if not rows:
            return
        try:
            self._insert(rows)
            self._confirm(calls)
        except SQLAlchemyError as error:
            log.warning("rest_log.not_written lines=%d error=%s", len(rows), type(error).__name__)

    def of(self, portal_id: int, limit: int) -> list[RestLogEntry]:
        """A portal's last calls, newest first. One query."""
        query = (
            select(rest_log)
            .where(rest_log.c.portal_id == portal_id)
            .order_by(rest_log.c.at.desc(), rest_log.c.id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return list(map(_entry, rows))

    def confirmed(self, portal_id: int) -> dict[str, float]:
        """Methods, events and placements that an answer of this portal has confirmed, and when;
        kept when the log is wiped. Writes what waits; two queries."""
        self.flush()
        with self._engine.connect() as connection:
            return read_all(connection, portal_id)

    def wipe(self, before: float) -> int:
        """Forget older lines, of all portals. Returns how many."""
        return prune(self._engine, rest_log, rest_log.c.at < before)

    def _confirm(self, calls: list[Call]) -> None:
        """What the answers confirm of what we believe of Bitrix24, in a transaction for each
        portal."""
        found: dict[int, set[str]] = {}
        for call in calls:
            if len(call.answer) <= MAX_BODY:
                found.setdefault(call.portal_id, set()).update(confirmed_by(call.method, call.request, call.answer))
        for portal_id, names in found.items():
            with contextlib.suppress(IntegrityError), self._engine.begin() as connection:  # deleted, or told twice
                write_news(connection, portal_id, names, calls[-1].at)

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(rest_log), rows)
        except IntegrityError:  # a portal was deleted meanwhile: its lines belong to no portal, the others stay
            for row in rows if len(rows) > 1 else []:
                self._insert([row])


def _row(call: Call) -> dict[str, Any]:
    large = len(call.answer) > MAX_BODY
    return {
        "portal_id": call.portal_id,
        "user_id": call.user_id,
        "at": call.at,
        "method": call.method[:100],
        "outcome": call.outcome[:100],
        "milliseconds": call.milliseconds,
        "request": masked_json(call.request) if isinstance(call.request, Mapping) else "",
        "answer": f"{len(call.answer) // 1024} kB" if large else masked_body(call.answer) if call.answer else "",
    }
