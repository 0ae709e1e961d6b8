"""Employees of a portal: their names as last seen here, and whether they still work there."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cachetools import TTLCache
from sqlalchemy import Engine, select

from widget.storage.rows import reader
from widget.storage.schema import staff
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.timing import timer_of

REMEMBERED_SECONDS = 10


@dataclass(frozen=True)
class Employee:
    """`active` is False for a dismissed one. The name is "" where it was never told."""

    user_id: int
    name: str
    active: bool
    admin: bool = False  # when they were last seen here


class Staff:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._read = reader(Employee, staff)
        self._remembered: TTLCache[int, dict[int, Employee]] = TTLCache(2048, REMEMBERED_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def of(self, portal_id: int) -> Mapping[int, Employee]:
        """By user id, some seconds old at most. One query where they are not remembered."""
        with self._lock:
            known = self._remembered.get(portal_id)
        if known is None:
            with transaction(self._engine) as connection:
                rows = connection.execute(select(staff).where(staff.c.portal_id == portal_id)).mappings()
                known = {row["user_id"]: self._read(row) for row in rows}
            with self._lock:
                self._remembered[portal_id] = known
        return known

    def remembered(self, portal_id: int) -> Collection[Employee]:
        """Those that are remembered. No query."""
        with self._lock:
            return self._remembered.get(portal_id, {}).values()

    def seen(self, portal_id: int, user_id: int, name: str, *, active: bool = True, admin: bool | None = None) -> None:
        """An employee, as Bitrix24 names them now; whether they are an administrator stays as it
        was without `admin`. One statement where that is news."""
        known = self.of(portal_id).get(user_id)
        if admin is None:
            admin = known.admin if known else False
        if known == Employee(user_id, name[:200], active, admin):
            return
        values = {"name": name[:200], "active": active, "admin": admin}
        with transaction(self._engine) as connection:
            row = insert_into(connection, staff).values(portal_id=portal_id, user_id=user_id, **values)
            keys = [staff.c.portal_id, staff.c.user_id]
            connection.execute(row.on_conflict_do_update(index_elements=keys, set_=values))
        with self._lock:
            self._remembered.pop(portal_id, None)
