"""Portals: one row for each Bitrix24 installation, found by member_id and called at its stored
address."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from cachetools import TTLCache
from sqlalchemy import ColumnElement, Engine, delete, select, update

from widget.errors import ErrorCode, Refused
from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import metadata, portals
from widget.storage.secret_box import SecretBox
from widget.storage.upsert import insert_into
from widget.timing import timer_of

# A changed setting is seen by every worker within this time; the reading costs a query a card
# otherwise.
REMEMBERED_SECONDS = 10


class Visibility(Enum):
    """How much of a card is drawn before the rep asks."""

    BUTTON = "button"  # one button, no calls
    FACTS = "facts"  # numbers, region, operator, time; WhatsApp after the button
    ALWAYS = "always"


class PortalState(Enum):
    ACTIVE = "active"
    CLOSED = "closed"  # Bitrix24 says it is gone, unpaid or without us; opened again by a working token
    REMOVED = "removed"  # the application was uninstalled; its data stay unless the portal asked to clear them


@dataclass(frozen=True)
class Installation:
    """What an installation tells about its portal, all of it proved."""

    member_id: str
    domain: str
    endpoint: str
    application_token: str
    auth_server: str
    scopes: frozenset[str]
    status: str
    installer_id: int


@dataclass(frozen=True)
class Portal:
    """`language` "" is each user's own, `light_hours` () the service's, `days_left` None without a
    term."""

    id: int
    member_id: str
    domain: str
    endpoint: str
    country: str
    visibility: Visibility
    state: PortalState
    closed_reason: str
    auth_server: str
    scopes: frozenset[str]
    status: str
    days_left: int | None
    installer_id: int
    app_version: int
    language: str
    light_hours: tuple[int, ...]
    waiting_minutes: int = 15  # a client who waits longer is shown in red
    notices: bool = False  # employees are told of waiting clients, lines and sends in trouble
    later_per_hour: int = 20  # scheduled messages of one line

    @property
    def origin(self) -> str:
        """The origin of the portal's pages, the only one that may frame us."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_served(self) -> bool:
        """Whether the worker may act for it: the application is there, and as whom it calls is
        known."""
        return self.state is PortalState.ACTIVE and self.installer_id != 0

    def require_active(self) -> None:
        """Raises Refused(PORTAL_CLOSED) where the application is switched off or was removed."""
        if self.state is not PortalState.ACTIVE:
            raise Refused(ErrorCode.PORTAL_CLOSED, reason=self.closed_reason or self.state.value)


class Portals:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._remembered: TTLCache[tuple[str, Any], Portal] = TTLCache(2048, REMEMBERED_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def find(self, member_id: str, *, refresh: bool = False) -> Portal | None:
        """The portal of this member_id, from memory some seconds old at most, None if unknown;
        `refresh` reads it anew. One query at most."""
        if refresh:
            with self._lock:
                self._remembered.pop(("member_id", member_id), None)
        return self._remember(("member_id", member_id))

    def get(self, portal_id: int, *, refresh: bool = False) -> Portal | None:
        """The portal of this id, None if unknown; `refresh` as in `find`. One query at most."""
        if refresh:
            with self._lock:
                self._remembered.pop(("id", portal_id), None)
        return self._remember(("id", portal_id))

    def require(self, portal_id: int) -> Portal:
        """The portal of a session. Refused(UNKNOWN_PORTAL) where it was deleted,
        Refused(PORTAL_CLOSED) where it is closed or removed; both at most 10 s later than in the
        process that did it."""
        portal = self.get(portal_id)
        if portal is None:
            raise Refused(ErrorCode.UNKNOWN_PORTAL, reason="session's portal is gone")
        portal.require_active()
        return portal

    def all(self) -> list[Portal]:
        """Every portal, also closed and removed ones, oldest first. One query."""
        with self._engine.connect() as connection:
            return [_portal(row) for row in connection.execute(select(portals).order_by(portals.c.id)).mappings()]

    def add(self, *, member_id: str, domain: str, endpoint: str, country: str) -> Portal:
        """Store a portal, or correct the stored one: running it twice leaves one row. One upsert
        and a query."""
        values = {"domain": domain, "endpoint": endpoint, "country": country}
        with self._engine.begin() as connection:
            row = insert_into(connection, portals).values(
                member_id=member_id, visibility=Visibility.BUTTON.value, created_at=self._clock(), **values
            )
            connection.execute(row.on_conflict_do_update(index_elements=[portals.c.member_id], set_=values))
        self._forget()
        return self._must_find(member_id)

    def move(self, portal_id: int, *, domain: str, endpoint: str) -> None:
        """The portal was renamed; only called with what the authorisation server said."""
        self._change(portal_id, domain=domain, endpoint=endpoint)

    def set_visibility(self, portal_id: int, visibility: Visibility) -> None:
        self._change(portal_id, visibility=visibility.value)

    def install(self, given: Installation, *, country: str) -> Portal:
        """Store a portal or what changed about it; an installation opens a closed or removed one
        again.

        The country is kept where an administrator has set one.
        """
        known = self.find(given.member_id)
        portal = self.add(
            member_id=given.member_id,
            domain=given.domain,
            endpoint=given.endpoint,
            country=known.country if known else country,
        )
        self._change(
            portal.id,
            state=PortalState.ACTIVE.value,
            closed_reason="",
            application_token=self._secret_box.encrypt(given.application_token) if given.application_token else "",
            auth_server=given.auth_server,
            scopes=",".join(sorted(given.scopes)),
            status=given.status,
            installer_id=given.installer_id,
        )
        return self._must_find(given.member_id)

    def application_token(self, portal_id: int) -> str:
        """The token that proves an event of this portal, "" if it was never told. One query."""
        with self._engine.connect() as connection:
            sealed = connection.execute(
                select(portals.c.application_token).where(portals.c.id == portal_id)
            ).scalar_one_or_none()
        return self._secret_box.decrypt_or_empty(sealed or "")

    def set_application_token(self, portal_id: int, token: str) -> None:
        self._change(portal_id, application_token=self._secret_box.encrypt(token))

    def moving(self, portal_id: int) -> str:
        """What a move of fields has to put back, "" when none is under way. One query."""
        query = select(portals.c.moving).where(portals.c.id == portal_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def set_moving(self, portal_id: int, text: str) -> None:
        self._change(portal_id, moving=text)

    def set_app_version(self, portal_id: int, version: int) -> None:
        """Our placements, handlers and types of this version are in place; of none, 0, when
        something is missing."""
        self._change(portal_id, app_version=version)

    def set_waiting_minutes(self, portal_id: int, minutes: int) -> None:
        self._change(portal_id, waiting_minutes=minutes)

    def set_later_per_hour(self, portal_id: int, most: int) -> None:
        self._change(portal_id, later_per_hour=most)

    def set_notices(self, portal_id: int, *, on: bool) -> None:
        self._change(portal_id, notices=on)

    def set_subscription(self, portal_id: int, *, status: str, days_left: int | None) -> None:
        self._change(portal_id, status=status, days_left=days_left)

    def set_auth_server(self, portal_id: int, auth_server: str) -> None:
        """Note the authorisation server that knew this portal; it is asked first from now on. One
        statement."""
        self._change(portal_id, auth_server=auth_server)

    def set_installer(self, portal_id: int, user_id: int) -> None:
        """Note the user whose token works in the background from now on. One statement."""
        self._change(portal_id, installer_id=user_id)

    def set_scopes(self, portal_id: int, scopes: frozenset[str]) -> None:
        self._change(portal_id, scopes=",".join(sorted(scopes)))

    def close(self, portal_id: int, reason: str) -> None:
        """Close an active portal. A removed one stays removed: a call of before its removal fails
        with the same error."""
        not_removed = portals.c.state != PortalState.REMOVED.value
        self._change(portal_id, not_removed, state=PortalState.CLOSED.value, closed_reason=reason[:40])

    def reopen(self, portal_id: int) -> None:
        self._change(portal_id, state=PortalState.ACTIVE.value, closed_reason="")

    def mark_removed(self, portal_id: int) -> None:
        """Note that the application was uninstalled, and forget the token that proved this portal's
        events."""
        self._change(portal_id, state=PortalState.REMOVED.value, application_token="", app_version=0)

    def delete(self, portal_id: int) -> None:
        """Everything of this portal, for ever: its lines, chats, sends, tokens, settings and logs,
        and the row at last. In parts, each a transaction: one that was interrupted goes on when it
        is called again."""
        for table in reversed(metadata.sorted_tables):
            if "portal_id" in table.c:
                prune(self._engine, table, table.c.portal_id == portal_id)
        with self._engine.begin() as connection:
            connection.execute(delete(portals).where(portals.c.id == portal_id))
        self._forget()

    def set_defaults(self, portal_id: int, *, country: str, language: str, light_hours: tuple[int, ...]) -> None:
        self._change(
            portal_id, country=country, language=language, light_hours=",".join(str(hour) for hour in light_hours)
        )

    def _must_find(self, member_id: str) -> Portal:
        portal = self.find(member_id)
        assert portal  # noqa: S101 - it was just stored
        return portal

    def _change(self, portal_id: int, *only_if: ColumnElement[bool], **values: str | int | None) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(portals).where(portals.c.id == portal_id, *only_if).values(values))
        self._forget()

    def _remember(self, key: tuple[str, Any]) -> Portal | None:
        with self._lock, suppress(KeyError):  # not looked for first: it may end between two looks
            return self._remembered[key]
        name, value = key
        with self._engine.connect() as connection:
            row = connection.execute(select(portals).where(portals.c[name] == value)).mappings().first()
        if row is None:
            return None
        portal = _portal(row)
        with self._lock:
            self._remembered[key] = portal
        return portal

    def _forget(self) -> None:
        with self._lock:
            self._remembered.clear()


def _listed(text: str) -> list[str]:
    """The parts of a comma-separated text."""
    return [part for part in text.split(",") if part]


_portal = reader(
    Portal,
    portals,
    visibility=Visibility,
    state=PortalState,
    scopes=lambda text: frozenset(_listed(text)),
    light_hours=lambda text: tuple(int(hour) for hour in _listed(text)),
)
