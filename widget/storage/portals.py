"""Portals: one row for each Bitrix24 installation, found by member_id and called at its stored address."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from cachetools import TTLCache
from sqlalchemy import Engine, RowMapping, insert, select, update

from widget.storage.schema import portals

# A changed setting is seen by every worker within this time; the reading costs a query a card otherwise.
REMEMBERED_SECONDS = 10


class Visibility(Enum):
    """How much of a card is drawn before the rep asks."""

    BUTTON = "button"  # one button, no calls
    FACTS = "facts"  # numbers, region, operator, time; WhatsApp after the button
    ALWAYS = "always"


@dataclass(frozen=True)
class Portal:
    id: int
    member_id: str
    domain: str
    endpoint: str
    country: str
    visibility: Visibility

    @property
    def origin(self) -> str:
        """The origin of the portal's pages, the only one that may frame us."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


class Portals:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._remembered: TTLCache[tuple[str, Any], Portal] = TTLCache(2048, REMEMBERED_SECONDS, timer=clock)
        self._lock = threading.Lock()

    def find(self, member_id: str) -> Portal | None:
        return self._remember(("member_id", member_id), portals.c.member_id == member_id)

    def get(self, portal_id: int) -> Portal | None:
        return self._remember(("id", portal_id), portals.c.id == portal_id)

    def all(self) -> list[Portal]:
        with self._engine.connect() as connection:
            return [_portal(row) for row in connection.execute(select(portals)).mappings()]

    def add(self, *, member_id: str, domain: str, endpoint: str, country: str) -> Portal:
        """Store a portal, or correct the stored one: running it twice leaves one row."""
        values = {"domain": domain, "endpoint": endpoint, "country": country}
        with self._engine.begin() as connection:
            changed = connection.execute(update(portals).where(portals.c.member_id == member_id).values(values))
            if not changed.rowcount:
                connection.execute(
                    insert(portals).values(
                        member_id=member_id, visibility=Visibility.BUTTON.value, created_at=self._clock(), **values
                    )
                )
        self._forget()
        portal = self.find(member_id)
        assert portal  # noqa: S101 - just stored
        return portal

    def move(self, portal_id: int, *, domain: str, endpoint: str) -> None:
        """The portal was renamed; only called with what the authorisation server said."""
        self._change(portal_id, domain=domain, endpoint=endpoint)

    def set_visibility(self, portal_id: int, visibility: Visibility) -> None:
        self._change(portal_id, visibility=visibility.value)

    def _change(self, portal_id: int, **values: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(portals).where(portals.c.id == portal_id).values(values))
        self._forget()

    def _remember(self, key: tuple[str, Any], condition: Any) -> Portal | None:
        with self._lock:
            if key in self._remembered:
                return self._remembered[key]
        with self._engine.connect() as connection:
            row = connection.execute(select(portals).where(condition)).mappings().first()
        if row is None:
            return None
        with self._lock:
            self._remembered[key] = _portal(row)
        return _portal(row)

    def _forget(self) -> None:
        with self._lock:
            self._remembered.clear()


def _portal(row: RowMapping) -> Portal:
    return Portal(
        id=row["id"],
        member_id=row["member_id"],
        domain=row["domain"],
        endpoint=row["endpoint"],
        country=row["country"],
        visibility=Visibility(row["visibility"]),
    )
