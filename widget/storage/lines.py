"""Lines: the company's WhatsApp accounts, each reached through one gateway."""

import json
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Engine, RowMapping, select, update

from widget.storage.schema import lines
from widget.storage.upsert import insert_into
from widget.storage.vault import Vault
from widget.timing import timer_of

REMEMBERED_SECONDS = 10


@dataclass(frozen=True)
class Grantee:
    """Who may use a line: a Bitrix24 access code (U1 a user, D5 or DR5 a department, …) and its name when chosen."""

    id: str
    name: str


@dataclass(frozen=True)
class LineLimits:
    """What differs from the service's limits for this line; None is the service's."""

    burst: int | None = None
    every: float | None = None
    per_day: int | None = None  # never more than this in 24 hours, however much the line sends
    floor: int | None = None  # at least this many, however little it sends
    young_per_day: int | None = None  # never more than this while the line is young
    firsts_per_day: int | None = None  # messages to strangers in 24 hours
    young_firsts_per_day: int | None = None  # the same while the line is young; between the two it grows
    sends_per_day: int | None = None  # all messages from here in 24 hours


@dataclass(frozen=True)
class Line:
    """No `access` means everybody. `key` is the gateway's secret, opened; it goes to that gateway and nowhere else.

    A line that is not `active` was switched off, or `removed`, and then its key is gone: nothing is sent by it, its
    chats stay readable.

    A webhook comes to an address that ends in `hook_key`, and proves itself with `hook_secret`.
    """

    id: int
    portal_id: int
    name: str
    gateway: str
    address: str
    session: str
    key: str
    number: str
    active: bool = True
    access: tuple[Grantee, ...] = ()
    limits: LineLimits = field(default_factory=LineLimits)
    created_at: float = 0.0
    hook_key: str = ""
    hook_secret: str = ""
    removed: bool = False

    def __repr__(self) -> str:
        return f"Line(id={self.id}, gateway={self.gateway!r})"


class Lines:
    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._remembered: TTLCache[int, tuple[tuple[Line, ...], tuple[Line, ...]]] = TTLCache(
            2048, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def of(self, portal_id: int) -> tuple[Line, ...]:
        """The portal's active lines, oldest first."""
        return self._both(portal_id)[0]

    def kept(self, portal_id: int) -> tuple[Line, ...]:
        """Every line that the portal ever had, oldest first: those switched off and removed keep their chats."""
        return self._both(portal_id)[1]

    def all_of(self, portal_id: int) -> tuple[Line, ...]:
        """The switched-off ones too, but none that was removed. One query."""
        return tuple(line for line in self._stored(portal_id) if not line.removed)

    def _both(self, portal_id: int) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """The active ones and all, remembered for some seconds: every warm card wants them."""
        with self._lock:
            if portal_id in self._remembered:
                return self._remembered[portal_id]
        kept = self._stored(portal_id)
        found = tuple(line for line in kept if line.active), kept
        with self._lock:
            self._remembered[portal_id] = found
        return found

    def _stored(self, portal_id: int) -> tuple[Line, ...]:
        query = select(lines).where(lines.c.portal_id == portal_id).order_by(lines.c.id)
        with self._engine.connect() as connection:
            return tuple(self._line(row) for row in connection.execute(query).mappings())

    def by_hook(self, hook_key: str) -> Line | None:
        """The line whose webhook has this key, switched off or on. One query."""
        if not hook_key:
            return None
        query = select(lines).where(lines.c.hook_key == hook_key, lines.c.removed_at == 0)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return self._line(row) if row else None

    def make_hook(self, portal_id: int, line_id: int) -> None:
        """A new secret for the line's webhook; what the old one brings is refused from now on.

        Its address stays, once it has one: a gateway that keeps several webhooks then has one of ours, not two.
        """
        known = next((line.hook_key for line in self.all_of(portal_id) if line.id == line_id), "")
        secret = self._vault.seal(secrets.token_urlsafe(32))
        self._change(portal_id, line_id, hook_key=known or secrets.token_urlsafe(24), hook_secret=secret)

    def rename(self, portal_id: int, line_id: int, *, name: str, number: str) -> None:
        self._change(portal_id, line_id, name=name, number=number)

    def set_active(self, portal_id: int, line_id: int, *, active: bool) -> None:
        self._change(portal_id, line_id, active=active)

    def set_access(self, portal_id: int, line_id: int, access: Sequence[Grantee]) -> None:
        self._change(portal_id, line_id, access=json.dumps([asdict(grantee) for grantee in access]))

    def set_limits(self, portal_id: int, line_id: int, limits: LineLimits) -> None:
        self._change(portal_id, line_id, limits=json.dumps(asdict(limits)))

    def remove(self, portal_id: int, line_id: int) -> None:
        """Out of every list; the row stays, because its chats and sends hang on it. Its key is forgotten."""
        self._change(portal_id, line_id, active=False, removed_at=self._clock(), key=self._vault.seal(""))

    def _change(self, portal_id: int, line_id: int, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(lines).where(lines.c.portal_id == portal_id, lines.c.id == line_id).values(values)
            )
        with self._lock:
            self._remembered.clear()

    def add(
        self, portal_id: int, *, name: str, gateway: str, address: str, session: str, key: str, number: str = ""
    ) -> int:
        """Store a line or correct the stored one (same gateway, address and session). Returns its id."""
        same = {"portal_id": portal_id, "gateway": gateway, "address": address, "session": session}
        values = {"name": name, "key": self._vault.seal(key), "number": number, "active": True, "removed_at": 0.0}
        with self._engine.begin() as connection:
            row = insert_into(connection, lines).values(**same, **values, created_at=self._clock())
            stored = row.on_conflict_do_update(index_elements=list(same), set_=values).returning(lines.c.id)
            line_id = connection.execute(stored).scalar_one()
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
            key=self._vault.opened(row["key"]),
            number=row["number"],
            active=row["active"],
            access=tuple(Grantee(**grantee) for grantee in json.loads(row["access"])),
            limits=LineLimits(**json.loads(row["limits"])),
            created_at=row["created_at"],
            hook_key=row["hook_key"],
            hook_secret=self._vault.opened(row["hook_secret"]),
            removed=row["removed_at"] > 0,
        )
