"""Clients whom a line or the whole portal ignores: own employees, personal chats.

A row holds a keyed hash to be found by, and the client's name sealed, to be read by an administrator.
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
        """`tell` is told of a portal and a client of it who is ignored from now on, or no longer. Must not raise."""
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
        """Whether a client of one of these names is ignored on this line. Some seconds late at most in another
        process. One query where nothing is remembered."""
        known = self._known(portal_id)
        keys = self._keys_of(portal_id, clients) if known else ()
        return any((each, key) in known for key in keys for each in (EVERY_LINE, line_id))

    def of(self, portal_id: int) -> list[Ignored]:
        """The last ignored first. One query."""
        query = select(ignored).where(ignored.c.portal_id == portal_id).order_by(ignored.c.id.desc()).limit(MAX_IGNORED)
        with transaction(self._engine) as connection:
            return [self._read(row) for row in connection.execute(query).mappings()]

    def of_clients(self, portal_id: int, clients: Collection[str], line_ids: Collection[int]) -> list[Ignored]:
        """Which of these clients are ignored on these lines or on all, and by whom. One query, none for no clients."""
        if not clients:
            return []
        wanted = {
            "portal_id": portal_id,
            "line_ids": [EVERY_LINE, *line_ids],
            "keys": self._keys_of(portal_id, clients),
        }
        with transaction(self._engine) as connection:
            return [self._read(row) for row in connection.execute(_OF_CLIENTS, wanted).mappings()]

    def add(self, portal_id: int, line_id: int, client: str, user_id: int) -> None:
        """One statement; none is added twice."""
        values = {
            "portal_id": portal_id,
            "line_id": line_id,
            "client_key": self._keys.key(portal_id, client),
            "sealed": self._secret_box.encrypt(client),
            "user_id": user_id,
            "at": self._clock(),
        }
        with transaction(self._engine) as connection:
            connection.execute(insert_into(connection, ignored).values(values).on_conflict_do_nothing())
        self._forget(portal_id)
        self._tell(portal_id, client)

    def remove(self, portal_id: int, ignored_id: int) -> Ignored | None:
        """What was ignored and no longer is; None where there is no such row. One statement."""
        mine = ignored.c.portal_id == portal_id, ignored.c.id == ignored_id
        with transaction(self._engine) as connection:
            row = connection.execute(delete(ignored).where(*mine).returning(*ignored.c)).mappings().first()
        self._forget(portal_id)
        gone = self._read(row) if row else None
        if gone:
            self._tell(portal_id, gone.client)
        return gone

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
