"""What lines went through lately, as the application's page shows it. Written elsewhere, but for what an administrator
takes back."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, and_, func, outerjoin, select, update

from widget.storage.schema import chats, line_health, lines


@dataclass(frozen=True)
class LinePast:
    """Unix seconds, 0 for never. `reported_at` is of the last genuine webhook since its way was set up, `used_at` of
    the newest message that is known in any chat of the line. `why` is a Trouble's or a LineState's value."""

    reported_at: float = 0.0
    used_at: float = 0.0
    cooldown_until: float = 0.0
    why: str = ""
    halved_until: float = 0.0


NOTHING = LinePast()


class LinePasts:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_portal(self, portal_id: int) -> Mapping[int, LinePast]:
        """Of every line that is not removed, by its id. One query, which looks through the portal's chats."""
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
        with self._engine.connect() as connection:
            return {row[0]: LinePast(*row[1:]) for row in connection.execute(query)}

    def forget_reports(self, portal_id: int, line_id: int) -> None:
        """From now on only what comes next proves that reports arrive. A line without a row has nothing to forget."""
        mine = (line_health.c.portal_id == portal_id) & (line_health.c.line_id == line_id)
        with self._engine.begin() as connection:
            connection.execute(update(line_health).where(mine).values(hook_at=0.0))
