"""Clients whom a line or the whole portal ignores: own employees, personal chats.

A row holds a keyed hash to be found by, and the client's name sealed, to be read by an
administrator.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from cachetools import TTLCache
from sqlalchemy import Engine, bindparam, delete, select

from widget.keys import PhoneKeys
from widget.storage.rows import reader
from widget.storage.schema import ignored
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.timing import timer_of

EVERY_LINE = 0
REMEMBERED_SECONDS = 10
MAX_IGNORED = 5000  # of one portal
# Built once: each cold card asks for it.
_OF_CLIENTS = (
    select(ignored)
    .where(
        ignored.c.portal_id == bindparam("portal_id"),
        ignored.c.line_id.in_(bindparam("line_ids", expanding=True)),
        ignored.c.client_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(ignored.c.id)
)


@dataclass(frozen=True)
class Ignored:
    """`client` is a phone in E.164 or an id of WhatsApp's; `line_id` 0 is every line."""

    id: int
    line_id: int
    client: str = field(repr=False)
    user_id: int
    at: float


class Ignores:
    def __init__(
        self,
        engine: Engine,
        secret_box: SecretBox,
        keys: PhoneKeys,
        clock: Callable[[], float],
        tell: Callable[[int, str], None],
    ) -> None:
        """`tell` is told of a portal and a client of it who is ignored from now on, or no longer.
        Must not raise."""
        self._engine = engine
        self._secret_box = secret_box
        self._keys = keys
        self._clock = clock
        self._tell = tell
        self._read = reader(Ignored, ignored, columns={"client": "sealed"}, client=secret_box.decrypt_or_empty)
        self._remembered: TTLCache[int, frozenset[tuple[int, str]]] = TTLCache(
            2048, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def ignores(self, portal_id: int, line_id: int, clients: Collection[str]) -> bool:
        """Whether a client of one of these names is ignored on this line. Some seconds late at most
        in another process. One query where nothing is remembered."""
        known = self._known(portal_id)
        keys = self._keys_of(portal_id, clients) if known else ()
        return any((each, key) in known for key in keys for each in (EVERY_LINE, line_id))

    def of(self, portal_id: int) -> list[Ignored]:
        """The last ignored first, each once, by their phone where it is among their names. One
        query."""
        query = select(ignored).where(ignored.c.portal_id == portal_id).order_by(ignored.c.id.desc()).limit(MAX_IGNORED)
        found: dict[tuple[object, ...], Ignored] = {}
        with transaction(self._engine) as connection:
            for each in map(self._read, connection.execute(query).mappings()):
                press = each.line_id, each.user_id, each.at
                if press not in found or each.client.startswith("+"):
                    found[press] = each
        return list(found.values())

    def of_clients(self, portal_id: int, clients: Collection[str], line_ids: Collection[int]) -> list[Ignored]:
        """Which of these clients are ignored on these lines or on all, and by whom. One query, none
        for no clients."""
        if not clients:
            return []
        wanted = {
            "portal_id": portal_id,
            "line_ids": [EVERY_LINE, *line_ids],
            "keys": self._keys_of(portal_id, clients),
        }
        with transaction(self._engine) as connection:
            return [self._read(row) for row in connection.execute(_OF_CLIENTS, wanted).mappings()]

    def add(self, portal_id: int, line_id: int, clients: Collection[str], user_id: int) -> None:
        """Ignore a client of these names. A statement a name; none is added twice."""
        self._add(portal_id, line_id, clients, user_id, self._clock())

    def extend(self, portal_id: int, line_id: int, clients: Collection[str]) -> None:
        """All names of one client: where they are ignored by one, they are by all. One query where
        a client is known by a name that is not ignored, and a statement for each of those."""
        if len({self.ignores(portal_id, line_id, [client]) for client in clients}) < 2:
            return
        for each in self.of_clients(portal_id, clients, [line_id]):
            self._add(portal_id, each.line_id, clients, each.user_id, each.at)

    def remove(self, portal_id: int, ignored_id: int) -> Ignored | None:
        """Ignore a client no longer, by none of the names that were ignored at once. Returns what
        was; None where there is no such row. Two statements."""
        this = select(ignored).where(ignored.c.portal_id == portal_id, ignored.c.id == ignored_id).subquery()
        same = (ignored.c[name] == this.c[name] for name in ("portal_id", "line_id", "user_id", "at"))
        ids = select(ignored.c.id).where(*same)
        mine = ignored.c.portal_id == portal_id, ignored.c.id.in_(ids)
        with transaction(self._engine) as connection:
            rows = connection.execute(delete(ignored).where(*mine).returning(*ignored.c)).mappings().all()
        self._forget(portal_id)
        gone = [self._read(row) for row in rows]
        for each in gone:
            self._tell(portal_id, each.client)
        return next((each for each in gone if each.id == ignored_id), None)

    def _add(self, portal_id: int, line_id: int, clients: Collection[str], user_id: int, at: float) -> None:
        with transaction(self._engine) as connection:
            for client in dict.fromkeys(clients):
                values = {
                    "portal_id": portal_id,
                    "line_id": line_id,
                    "client_key": self._keys.key(portal_id, client),
                    "sealed": self._secret_box.encrypt(client),
                    "user_id": user_id,
                    "at": at,
                }
                connection.execute(insert_into(connection, ignored).values(values).on_conflict_do_nothing())
        self._forget(portal_id)
        for client in clients:
            self._tell(portal_id, client)

    def _keys_of(self, portal_id: int, clients: Collection[str]) -> list[str]:
        return [key for client in clients for key in self._keys.keys(portal_id, client)]

    def _known(self, portal_id: int) -> frozenset[tuple[int, str]]:
        with self._lock:
            known = self._remembered.get(portal_id)
        if known is None:
            query = select(ignored.c.line_id, ignored.c.client_key).where(ignored.c.portal_id == portal_id)
            with transaction(self._engine) as connection:
                known = frozenset((row.line_id, row.client_key) for row in connection.execute(query))
            with self._lock:
                self._remembered[portal_id] = known
        return known

    def _forget(self, portal_id: int) -> None:
        with self._lock:
            self._remembered.pop(portal_id, None)
