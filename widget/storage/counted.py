"""Which messages of a line were counted as sent, so that a send, its echo and its ticks count as
one.

The hourly counters themselves are in storage/usage.py; both are written in one transaction.
"""

from enum import Flag, auto

from sqlalchemy import Connection, Engine, and_, select, update

from widget.storage.database import RowRefused
from widget.storage.pruning import prune
from widget.storage.schema import counted
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.storage.usage import DAYS_KEPT, HOUR, Usage

TRIES = 20  # writers that may be quicker than we are, one after the other


class Went(Flag):
    """What is known of a message of ours going out."""

    OUT = auto()  # a gateway took it, or a device wrote it
    REFUSED = auto()
    ARRIVED = auto()  # after all, though it was refused


class Counted:
    def __init__(self, engine: Engine, usage: Usage) -> None:
        self._engine = engine
        self._usage = usage

    def note(self, portal_id: int, line_id: int, message_id: str, went: Went, *, at: float) -> None:
        """Join what is known of a message of ours with `went`, told of `at` (unix seconds), and
        count the change.

        The facts are put together, so a message counts once, told in any order and any number of
        times. What was refused is taken back from the hour in which it was counted. Two statements
        for news, more for a message that is known.
        """
        now = self._usage.hour()
        with transaction(self._engine) as connection:
            hour, change = self._join(connection, (portal_id, line_id, message_id), went, min(int(at // HOUR), now))
            if change and hour >= now - DAYS_KEPT * 24:  # nothing is counted in hours that were forgotten
                self._usage.add(portal_id, line_id, hour=hour, sent=change)

    def forget(self, before: float) -> None:
        """Forget the messages that were counted before this time; nightly."""
        prune(self._engine, counted, counted.c.hour < int(before // HOUR))

    def _join(self, connection: Connection, name: tuple[int, int, str], went: Went, hour: int) -> tuple[int, int]:
        """The hour, and by how much the messages sent in it change: 1, 0 or -1."""
        columns = (counted.c.portal_id, counted.c.line_id, counted.c.message_id)
        named = dict(zip((column.name for column in columns), name, strict=True))
        new = insert_into(connection, counted).values(**named, went=went.value, hour=hour)
        mine = and_(*(column == part for column, part in zip(columns, name, strict=True)))
        for _attempt in range(TRIES):
            if connection.execute(new.on_conflict_do_nothing().returning(counted.c.hour)).first():
                return hour, int(_was_sent(went))
            row = connection.execute(select(counted.c.went, counted.c.hour).where(mine)).first()
            if row is None:
                continue  # forgotten meanwhile
            before = Went(row.went)
            after, since = before | went, row.hour if Went.OUT in before else hour
            same = and_(mine, counted.c.went == row.went)
            grown = update(counted).where(same).values(went=after.value, hour=since)
            if after == before or connection.execute(grown).rowcount:
                return since, int(_was_sent(after)) - int(_was_sent(before))
        raise RowRefused("a message can neither be counted nor found")


def _was_sent(went: Went) -> bool:
    return Went.OUT in went and (Went.REFUSED not in went or Went.ARRIVED in went)
