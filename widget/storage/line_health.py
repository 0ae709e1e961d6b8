"""What lines went through lately, as their webhooks told it. A gateway may tell hundreds of times a minute that
nothing has changed (one without a network: 214 times in 58 s), so only a change is written."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from widget.storage.schema import line_health

HEARD_EVERY = 60.0  # seconds; how exactly it is known when a webhook last came


@dataclass(frozen=True)
class Health:
    """`state` is a LineState's value, "" if no webhook ever told one; `hook_at` is 0 if none ever came."""

    state: str = ""
    state_at: float = 0.0
    until: float = 0.0
    hook_at: float = 0.0


class LineHealths:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def of(self, portal_id: int, line_id: int) -> Health:
        """One small query."""
        query = select(line_health.c.state, line_health.c.state_at, line_health.c.until, line_health.c.hook_at).where(
            line_health.c.portal_id == portal_id, line_health.c.line_id == line_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Health(*row) if row else Health()

    def heard(self, portal_id: int, line_id: int, *, state: str = "", at: float = 0.0, until: float = 0.0) -> bool:
        """A genuine webhook came, perhaps with the line's state as it was `at`. Says whether that is a change.

        One query; one write for a change, and at most one a minute for what stayed as it was.
        """
        known, now = self.of(portal_id, line_id), self._clock()
        news = bool(state) and at >= known.state_at and (state, until) != (known.state, known.until)
        values: dict[str, float | str] = {"state": state, "state_at": at, "until": until} if news else {}
        if now >= known.hook_at + HEARD_EVERY:
            values["hook_at"] = now
        if values:
            self._write(portal_id, line_id, values)
        return news

    def _write(self, portal_id: int, line_id: int, values: dict[str, float | str]) -> None:
        mine = update(line_health).where(line_health.c.portal_id == portal_id, line_health.c.line_id == line_id)
        with self._engine.begin() as connection:
            if connection.execute(mine.values(values)).rowcount:
                return
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(line_health).values(portal_id=portal_id, line_id=line_id, **values))
        except IntegrityError:  # another thread made the row
            with self._engine.begin() as connection:
                connection.execute(mine.values(values))
