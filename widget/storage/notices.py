"""Notices in Bitrix24 that are out, or will be if their reason lasts."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, delete, select, update

from widget.storage.rows import reader
from widget.storage.schema import notices
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into


@dataclass(frozen=True)
class Notice:
    """A notice: its user and tag, since when it has a reason (unix seconds), and whether it was
    sent."""

    tag: str
    user_id: int
    at: float
    told: bool


class Notices:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._read = reader(Notice, notices)

    def of(self, portal_id: int) -> dict[tuple[str, int], Notice]:
        """By tag and user. One query."""
        query = select(notices).where(notices.c.portal_id == portal_id)
        with transaction(self._engine) as connection:
            found = [self._read(row) for row in connection.execute(query).mappings()]
        return {(notice.tag, notice.user_id): notice for notice in found}

    def portals(self) -> set[int]:
        """Those that have one. One query."""
        with transaction(self._engine) as connection:
            return set(connection.execute(select(notices.c.portal_id).distinct()).scalars())

    def begin(self, portal_id: int, tag: str, user_id: int) -> None:
        """Note that the notice has a reason from now on. One statement."""
        named = {"portal_id": portal_id, "tag": tag, "user_id": user_id}
        with transaction(self._engine) as connection:
            row = insert_into(connection, notices).values(**named, at=self._clock(), told=False)
            connection.execute(row.on_conflict_do_nothing())

    def tell(self, portal_id: int, notice: Notice) -> bool:
        """Mark the notice as sent, for this caller alone. Returns False if another caller was
        quicker. One statement."""
        with transaction(self._engine) as connection:
            taken = update(notices).where(*_this(portal_id, notice), notices.c.told.is_(False)).values(told=True)
            return bool(connection.execute(taken).rowcount)

    def end(self, portal_id: int, notice: Notice) -> None:
        """Forget the notice: its reason is gone. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(delete(notices).where(*_this(portal_id, notice)))


def _this(portal_id: int, notice: Notice) -> tuple[ColumnElement[bool], ...]:
    mine = notices.c.portal_id == portal_id, notices.c.tag == notice.tag
    return (*mine, notices.c.user_id == notice.user_id)
