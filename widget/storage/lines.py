"""Lines: the company's WhatsApp accounts, each reached through one gateway."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache
from sqlalchemy import Engine, RowMapping, insert, select, update

from widget.storage.schema import lines
from widget.storage.vault import Vault

REMEMBERED_SECONDS = 10


@dataclass(frozen=True)
class Line:
    """`key` is the gateway's secret, opened; it never leaves this process but to that gateway."""

    id: int
    portal_id: int
    name: str
    gateway: str
    address: str
    session: str
    key: str
    number: str

    def __repr__(self) -> str:
        return f"Line(id={self.id}, gateway={self.gateway!r})"


class Lines:
    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._remembered: TTLCache[int, tuple[Line, ...]] = TTLCache(2048, REMEMBERED_SECONDS, timer=clock)
        self._lock = threading.Lock()

    def of(self, portal_id: int) -> tuple[Line, ...]:
        """The portal's active lines, oldest first."""
        with self._lock:
            if portal_id in self._remembered:
                return self._remembered[portal_id]
        query = select(lines).where(lines.c.portal_id == portal_id, lines.c.active).order_by(lines.c.id)
        with self._engine.connect() as connection:
            found = tuple(self._line(row) for row in connection.execute(query).mappings())
        with self._lock:
            self._remembered[portal_id] = found
        return found

    def add(
        self, portal_id: int, *, name: str, gateway: str, address: str, session: str, key: str, number: str = ""
    ) -> int:
        """Store a line or correct the stored one (same gateway, address and session). Returns its id."""
        same = (
            (lines.c.portal_id == portal_id)
            & (lines.c.gateway == gateway)
            & (lines.c.address == address)
            & (lines.c.session == session)
        )
        values = {"name": name, "key": self._vault.seal(key), "number": number, "active": True}
        with self._engine.begin() as connection:
            if not connection.execute(update(lines).where(same).values(values)).rowcount:
                connection.execute(
                    insert(lines).values(
                        portal_id=portal_id,
                        gateway=gateway,
                        address=address,
                        session=session,
                        created_at=self._clock(),
                        **values,
                    )
                )
            line_id = connection.execute(select(lines.c.id).where(same)).scalar_one()
        with self._lock:
            self._remembered.clear()
        return int(line_id)

    def _line(self, row: RowMapping) -> Line:
        return Line(
            id=row["id"],
            portal_id=row["portal_id"],
            name=row["name"],
            gateway=row["gateway"],
            address=row["address"],
            session=row["session"],
            key=self._vault.open(row["key"]),
            number=row["number"],
        )
