"""Lines: the company's WhatsApp accounts, each reached through one gateway."""

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

from cachetools import TTLCache
from sqlalchemy import Engine, select, update

from widget.storage.rows import reader
from widget.storage.schema import lines
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into
from widget.timing import timer_of

REMEMBERED_SECONDS = 10


class OwnerRule(Enum):
    """Which employee becomes the owner of a chat without one when a rep first writes in it."""

    MAKER = "maker"  # the rep who writes
    RESPONSIBLE = "responsible"  # the card's responsible employee
    NOBODY = "nobody"  # none, until an employee takes it


@dataclass(frozen=True)
class Grantee:
    """Who may use a line: a Bitrix24 access code (U1 a user, D5 or DR5 a department, …) and its
    name when chosen."""

    id: str
    name: str


def grantees_json(grantees: Iterable[Grantee]) -> str:
    return json.dumps([asdict(grantee) for grantee in grantees])


def read_grantees(text: str) -> tuple[Grantee, ...]:
    """Those that `grantees_json` wrote."""
    return tuple(Grantee(**grantee) for grantee in json.loads(text))


def codes_of(grantees: Iterable[Grantee]) -> tuple[str, ...]:
    """An access list as Bitrix24 is asked about it; the same people are the same list."""
    return tuple(sorted(grantee.id for grantee in grantees))


@dataclass(frozen=True)
class LineLimits:
    """What differs from the service's limits for this line; None is the service's."""

    burst: int | None = None
    every: float | None = None  # seconds from one check to the next
    per_day: int | None = None  # never more than this in 24 hours, however much the line sends
    floor: int | None = None  # at least this many, however little it sends
    young_per_day: int | None = None  # never more than this while the line is young
    firsts_per_day: int | None = None  # messages to strangers in 24 hours
    young_firsts_per_day: int | None = None  # the same while the line is young; between the two it grows
    sends_per_day: int | None = None  # all messages from here in 24 hours


class Mirroring(Enum):
    """What of a line is shown in an open line of Bitrix24."""

    OFF = "off"
    ON = "on"
    INCOMING = "incoming"  # what clients write, and what operators answer; nothing that is written elsewhere
    STOPPED = "stopped"  # Bitrix24 said that the connector or the open line is gone


@dataclass(frozen=True)
class Line:
    """A line without `access` is open to all users. `key` is the gateway's secret, opened; it goes
    to that gateway alone.

    A line that is not `active` was switched off, or `removed`, and then its key is gone: nothing is
    sent by it, its chats stay readable.

    A webhook comes to an address that ends in `hook_key`, and proves itself with `hook_secret`.

    `account` are all lines of the same WhatsApp account, as far as their numbers say so, the oldest
    first: a phone may be linked to several gateways, and WhatsApp counts what all of them do.
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
    open_line: int = 0
    mirroring: Mirroring = Mirroring.OFF
    mirrored_since: float = 0.0
    owner_rule: OwnerRule = OwnerRule.MAKER
    link_previews: bool = False
    account: tuple[int, ...] = ()

    @property
    def one_account(self) -> tuple[int, ...]:
        """The ids of the lines that share this one's limits, this one's among them."""
        return self.account if self.id in self.account else (self.id,)

    @property
    def budget_key(self) -> str:
        """The limiters' key of the line's account. A line that was removed and added again goes on
        counting."""
        return str(self.one_account[0])

    @property
    def access_list(self) -> tuple[str, ...]:
        """Who may use it, as Bitrix24's codes of users, departments and groups; () for
        everybody."""
        return codes_of(self.access)

    @property
    def mirrored(self) -> bool:
        """Whether what clients write goes into an open line."""
        return self.active and self.open_line > 0 and self.mirroring in (Mirroring.ON, Mirroring.INCOMING)

    @property
    def mirrors_ours(self) -> bool:
        """Whether what is written from cards and on the phone goes there too."""
        return self.mirrored and self.mirroring is Mirroring.ON

    def __repr__(self) -> str:
        return f"Line(id={self.id}, gateway={self.gateway!r})"


class Lines:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._remembered: TTLCache[int, tuple[tuple[Line, ...], tuple[Line, ...]]] = TTLCache(
            2048, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._hooks: TTLCache[str, Line] = TTLCache(2048, REMEMBERED_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()
        self._line = reader(
            Line,
            lines,
            columns={"removed": "removed_at", "account": "id"},
            key=secret_box.decrypt_or_empty,
            access=read_grantees,
            limits=lambda text: LineLimits(**json.loads(text)),
            hook_secret=secret_box.decrypt_or_empty,
            removed=bool,
            mirroring=Mirroring,
            owner_rule=OwnerRule,
            account=lambda line_id: (line_id,),
        )

    def of(self, portal_id: int) -> tuple[Line, ...]:
        """The portal's active lines, oldest first."""
        return self._both(portal_id)[0]

    def kept(self, portal_id: int) -> tuple[Line, ...]:
        """Every line that the portal ever had, oldest first: those switched off and removed keep
        their chats."""
        return self._both(portal_id)[1]

    def all_of(self, portal_id: int) -> tuple[Line, ...]:
        """The switched-off ones too, but none that was removed. One query."""
        return tuple(line for line in self._stored(portal_id) if not line.removed)

    def get(self, portal_id: int, line_id: int, *, refresh: bool = False) -> Line | None:
        """A line that was not removed, some seconds old at most. No query for one that is
        remembered; `refresh` reads it anew, for what is lost where another process has just changed
        the line."""
        known = None if refresh else next((line for line in self.kept(portal_id) if line.id == line_id), None)
        if known is None:  # perhaps it was made a moment ago
            known = next((line for line in self._stored(portal_id) if line.id == line_id), None)
        return None if known is None or known.removed else known

    def _both(self, portal_id: int) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """The active ones and all, remembered for some seconds: every warm card wants them."""
        with self._lock, suppress(KeyError):  # not looked for first: it may end between two looks
            return self._remembered[portal_id]
        kept = self._stored(portal_id)
        found = tuple(line for line in kept if line.active), kept
        with self._lock:
            self._remembered[portal_id] = found
        return found

    def _stored(self, portal_id: int) -> tuple[Line, ...]:
        query = select(lines).where(lines.c.portal_id == portal_id).order_by(lines.c.id)
        with transaction(self._engine) as connection:
            found = [self._line(row) for row in connection.execute(query).mappings()]
        return tuple(replace(line, account=_same_account(line, found)) for line in found)

    def by_hook(self, hook_key: str, *, refresh: bool = False) -> Line | None:
        """The line whose webhook has this key, switched off or on. Remembered for some seconds;
        `refresh` reads it anew, for a webhook that is not proved by what is remembered. One query
        at most."""
        if not hook_key:
            return None
        with self._lock:
            known = None if refresh else self._hooks.get(hook_key)
        if known:
            return known
        query = select(lines).where(lines.c.hook_key == hook_key, lines.c.removed_at == 0)
        with transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        found = self._line(row) if row else None
        if found:
            found = replace(found, account=_same_account(found, self.kept(found.portal_id)))
        with self._lock:
            self._hooks.pop(hook_key, None)
            if found:
                self._hooks[hook_key] = found
        return found

    def make_hook(self, portal_id: int, line_id: int) -> None:
        """A new secret for the line's webhook; what the old one brings is refused from now on.

        Its address stays, once it has one: a gateway that keeps several webhooks then has one of
        ours, not two.
        """
        known = next((line.hook_key for line in self.all_of(portal_id) if line.id == line_id), "")
        secret = self._secret_box.encrypt(secrets.token_urlsafe(32))
        self._change(portal_id, line_id, hook_key=known or secrets.token_urlsafe(24), hook_secret=secret)

    def rename(self, portal_id: int, line_id: int, *, name: str, number: str) -> None:
        self._change(portal_id, line_id, name=name, number=number)

    def set_active(self, portal_id: int, line_id: int, *, active: bool) -> None:
        self._change(portal_id, line_id, active=active)

    def set_access(self, portal_id: int, line_id: int, access: Sequence[Grantee]) -> None:
        self._change(portal_id, line_id, access=grantees_json(access))

    def set_limits(self, portal_id: int, line_id: int, limits: LineLimits) -> None:
        self._change(portal_id, line_id, limits=json.dumps(asdict(limits)))

    def set_mirroring(self, portal_id: int, line_id: int, mirroring: Mirroring, *, open_line: int) -> None:
        """Switch mirroring. What was written before it was switched on is not mirrored."""
        known = next((line for line in self.all_of(portal_id) if line.id == line_id), None)
        since = known.mirrored_since if known and known.mirrored and known.open_line == open_line else self._clock()
        self._change(portal_id, line_id, mirroring=mirroring.value, open_line=open_line, mirrored_since=since)

    def stopped(self) -> set[int]:
        """The portals that have a line whose open line is gone. One query."""
        query = select(lines.c.portal_id).where(lines.c.mirroring == Mirroring.STOPPED.value, lines.c.removed_at == 0)
        with transaction(self._engine) as connection:
            return set(connection.execute(query.distinct()).scalars())

    def set_owner_rule(self, portal_id: int, line_id: int, rule: OwnerRule) -> None:
        self._change(portal_id, line_id, owner_rule=rule.value)

    def set_link_previews(self, portal_id: int, line_id: int, *, on: bool) -> None:
        """Whether the gateway may look at links that are sent from here."""
        self._change(portal_id, line_id, link_previews=on)

    def remove(self, portal_id: int, line_id: int) -> None:
        """Out of every list; the row stays, because its chats and sends hang on it. Its key is
        forgotten."""
        self._change(
            portal_id,
            line_id,
            active=False,
            mirroring=Mirroring.OFF.value,
            removed_at=self._clock(),
            key=self._secret_box.encrypt(""),
        )

    def _change(self, portal_id: int, line_id: int, **values: Any) -> None:
        with transaction(self._engine) as connection:
            connection.execute(
                update(lines).where(lines.c.portal_id == portal_id, lines.c.id == line_id).values(values)
            )
        self._forget()

    def add(
        self, portal_id: int, *, name: str, gateway: str, address: str, session: str, key: str, number: str = ""
    ) -> int:
        """Store a line or correct the stored one (same gateway, address and session). Returns its
        id. One upsert."""
        same = {"portal_id": portal_id, "gateway": gateway, "address": address, "session": session}
        values = {
            "name": name,
            "key": self._secret_box.encrypt(key),
            "number": number,
            "active": True,
            "removed_at": 0.0,
        }
        with transaction(self._engine) as connection:
            row = insert_into(connection, lines).values(**same, **values, created_at=self._clock())
            stored = row.on_conflict_do_update(index_elements=list(same), set_=values).returning(lines.c.id)
            line_id = connection.execute(stored).scalar_one()
        self._forget()
        return int(line_id)

    def _forget(self) -> None:
        with self._lock:
            self._remembered.clear()
            self._hooks.clear()


def _same_account(line: Line, lines: Sequence[Line]) -> tuple[int, ...]:
    """The ids of those of the portal's lines that have this one's number (pure)."""
    same = [other.id for other in lines if line.number and other.number == line.number]
    return tuple(same) or (line.id,)
