"""The health of lines: the state that their webhooks told, the pauses of their checks, and what the
application's page shows of both.

A gateway may tell hundreds of times a minute that nothing has changed (one without a network: 214
times in 58 s), so only a change is written. How long checks pause is decided by
presence/cooldown_policy.py.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Engine, and_, bindparam, func, outerjoin, select, update

from widget.storage.rows import reader
from widget.storage.schema import chats, line_health, lines
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.timing import timer_of

HEARD_EVERY = 60.0  # seconds; how exactly it is known when a webhook last came
REMEMBERED_SECONDS = 10  # for how long another process may not know of a pause that begins or ends


@dataclass(frozen=True)
class Health:
    """`state` is a LineState's value, "" if no webhook ever told one; `hook_at` is 0 if none ever
    came."""

    state: str = ""
    state_at: float = 0.0
    until: float = 0.0
    hook_at: float = 0.0


@dataclass(frozen=True)
class Cooldown:
    """No check before `until`; half the budget before `halved_until`. `why` is a GatewayErrorCode
    or a LineState, `step` how often the pause has grown."""

    until: float = 0.0
    why: str = ""
    step: int = 0
    halved_until: float = 0.0


@dataclass(frozen=True)
class LinePast:
    """Unix seconds, 0 for never. `reported_at` is of the last genuine webhook since its way was set
    up, `used_at` of the newest message that is known in any chat of the line. `why` is a
    GatewayErrorCode's or a LineState's value."""

    reported_at: float = 0.0
    used_at: float = 0.0
    cooldown_until: float = 0.0
    why: str = ""
    halved_until: float = 0.0


# Built once: each check asks for it.
_OF_LINE = select(line_health).where(
    line_health.c.portal_id == bindparam("portal_id"), line_health.c.line_id == bindparam("line_id")
)
NONE = Cooldown()
NOTHING = LinePast()


class LineHealths:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._remembered: TTLCache[tuple[int, int], tuple[Health, Cooldown]] = TTLCache(
            2048, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def of(self, portal_id: int, line_id: int) -> Health:
        """What webhooks told, as it is now. One query by primary key."""
        return self._read(portal_id, line_id)[0]

    def last_hook(self) -> float:
        """When a genuine webhook last came to any line (unix seconds, 0 never), to a minute. One
        query."""
        with transaction(self._engine) as connection:
            return float(connection.execute(select(func.max(line_health.c.hook_at))).scalar_one() or 0.0)

    def cooldown_of(self, portal_id: int, line_id: int) -> Cooldown:
        """A few seconds old at most. One query by primary key, none for a line that was just asked
        about."""
        return self._lately(portal_id, line_id)[1]

    def cooldown_now(self, portal_id: int, line_id: int) -> Cooldown:
        """As it is now. One query."""
        return self._read(portal_id, line_id)[1]

    def record_webhook(
        self, portal_id: int, line_id: int, *, state: str = "", at: float = 0.0, until: float = 0.0
    ) -> bool:
        """Record a verified webhook and the line state it carried, as it was `at` (unix seconds).
        Returns True if the state changed.

        One query where a state was told, else at most one every few seconds; one write for a
        change, and at most one a minute for what stayed as it was.
        """
        (known, cooldown), now = (self._read if state else self._lately)(portal_id, line_id), self._clock()
        news = bool(state) and at >= known.state_at and (state, until) != (known.state, known.until)
        values: dict[str, Any] = {"state": state, "state_at": at, "until": until} if news else {}
        if now >= known.hook_at + HEARD_EVERY:
            values["hook_at"] = now
        if values:
            self._write(portal_id, line_id, values)
            with self._lock:
                self._remembered[portal_id, line_id] = replace(known, **values), cooldown
        return news

    def replace_cooldown(self, portal_id: int, line_id: int, old: Cooldown, new: Cooldown) -> bool:
        """Write `new` where `old` still stands: of ten checks that are throttled at once one makes
        the pause grow.

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
        with transaction(self._engine) as connection:
            insert = insert_into(connection, line_health).values(portal_id=portal_id, line_id=line_id, **values)
            write = insert.on_conflict_do_update(
                index_elements=[line_health.c.line_id], set_=values, where=unchanged
            ).returning(line_health.c.line_id)  # PostgreSQL's driver counts no rows of an insert
            written = connection.execute(write).first() is not None
        self._forget(portal_id, line_id)
        return written

    def end_cooldown(self, portal_id: int, line_id: int) -> None:
        """Checks go on now; what the line has gone through is not forgotten, and a halved budget
        stays halved. One statement."""
        now = self._clock()
        running = and_(
            line_health.c.portal_id == portal_id,
            line_health.c.line_id == line_id,
            line_health.c.cooldown_until > now,
        )
        with transaction(self._engine) as connection:
            connection.execute(update(line_health).where(running).values(cooldown_until=now))
        self._forget(portal_id, line_id)

    def pasts(self, portal_id: int) -> Mapping[int, LinePast]:
        """Of every line that is not removed, by its id. One query, which looks through the portal's
        chats."""
        used = (
            select(chats.c.line_id, func.max(chats.c.last_at).label("at"))
            .where(chats.c.portal_id == portal_id)
            .group_by(chats.c.line_id)
            .subquery()
        )
        mine = and_(line_health.c.line_id == lines.c.id, line_health.c.portal_id == lines.c.portal_id)
        joined = outerjoin(outerjoin(lines, line_health, mine), used, used.c.line_id == lines.c.id)
        query = (
            select(
                lines.c.id,
                func.coalesce(line_health.c.hook_at, 0.0),
                func.coalesce(used.c.at, 0.0),
                func.coalesce(line_health.c.cooldown_until, 0.0),
                func.coalesce(line_health.c.cooldown_why, ""),
                func.coalesce(line_health.c.halved_until, 0.0),
            )
            .select_from(joined)
            .where(lines.c.portal_id == portal_id, lines.c.removed_at == 0)
        )
        with transaction(self._engine) as connection:
            return {row[0]: LinePast(*row[1:]) for row in connection.execute(query)}

    def forget_reports(self, portal_id: int, line_id: int) -> None:
        """From now on only what comes next proves that reports arrive. A line without a row has
        nothing to forget. One statement."""
        mine = (line_health.c.portal_id == portal_id) & (line_health.c.line_id == line_id)
        with transaction(self._engine) as connection:
            connection.execute(update(line_health).where(mine).values(hook_at=0.0))
        self._forget(portal_id, line_id)

    def _lately(self, portal_id: int, line_id: int) -> tuple[Health, Cooldown]:
        with self._lock:
            known = self._remembered.get((portal_id, line_id))
        return known or self._read(portal_id, line_id)

    def _read(self, portal_id: int, line_id: int) -> tuple[Health, Cooldown]:
        with transaction(self._engine) as connection:
            row = connection.execute(_OF_LINE, {"portal_id": portal_id, "line_id": line_id}).mappings().first()
        found = (_health(row), _cooldown(row)) if row else (Health(), NONE)
        with self._lock:
            self._remembered[portal_id, line_id] = found
        return found

    def _write(self, portal_id: int, line_id: int, values: Mapping[str, Any]) -> None:
        with transaction(self._engine) as connection:
            row = insert_into(connection, line_health).values(portal_id=portal_id, line_id=line_id, **values)
            connection.execute(row.on_conflict_do_update(index_elements=[line_health.c.line_id], set_=dict(values)))

    def _forget(self, portal_id: int, line_id: int) -> None:
        with self._lock:
            self._remembered.pop((portal_id, line_id), None)


_health = reader(Health, line_health)
_cooldown = reader(
    Cooldown, line_health, columns={"until": "cooldown_until", "why": "cooldown_why", "step": "cooldown_step"}
)
