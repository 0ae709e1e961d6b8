"""Verifies an event and writes down what is left to do about it. No outside call, except for an
event with new tokens. vouching.py has those that bring a secret of their own.

An event proves itself with the application_token, a secret that only the portal and we know
(bitrix24/b24restdocs, api-reference/events/safe-event-handlers.md). What is in it is a hint and no
more: jobs ask the portal.
"""

import hmac
import logging
from collections.abc import Callable
from typing import Protocol

from widget.bitrix24.events import CARD_EVENTS, DYNAMIC_ITEM, INSTALLED, UPDATED, Event, work_of
from widget.bitrix24.installer.desired import APP_VERSION
from widget.bitrix24.own_writes import OwnWrites
from widget.cache import Cache, StoreGone
from widget.card.cache import CardCache
from widget.errors import ErrorCode, Refused
from widget.storage.events import Events
from widget.storage.portals import Portal, Portals
from widget.webhooks.vouching import Vouching

log = logging.getLogger(__name__)


class Hears(Protocol):
    """Takes events of open lines: writes them down, makes no outside call, returns False for other
    events."""

    def on_portal_event(self, portal: Portal, event: Event) -> bool: ...


class Receiver:
    def __init__(
        self,
        portals: Portals,
        events: Events,
        vouching: Vouching,
        cache: Cache,
        *,
        card_seconds: float,
        enqueue: Callable[[int], object],
        open_lines: Hears | None = None,
    ) -> None:
        self._portals = portals
        self._events = events
        self._vouching = vouching
        self._cache = cache
        self._own_writes = OwnWrites(cache)
        self._card_seconds = card_seconds
        self._enqueue = enqueue
        self._open_lines = open_lines

    def receive(self, event: Event) -> None:
        """Verify an event, then write down what has to be done. Raises Refused(UNKNOWN_PORTAL) with
        nothing stored.

        A changed card is dropped here and now: that is one write to the cache, less than a row and
        a wake-up.
        """
        portal = self._portals.find(event.member_id)
        if portal is None:
            raise Refused(ErrorCode.UNKNOWN_PORTAL, reason="event of an unknown portal")
        if not _same(self._portals.application_token(portal.id), event.application_token):
            event_id = self._vouching.receive(portal, event)
            if event_id:
                self._enqueue(event_id)
            return
        if self._open_lines and self._open_lines.on_portal_event(portal, event):
            log.info("event.of_open_lines kind=%s portal=%s", event.name, portal.id)
            return
        work = work_of(event)
        log.info("event.stored kind=%s portal=%s to_do=%s", event.name, portal.id, work is not None)
        if work is None:
            return
        if event.name in (UPDATED, INSTALLED):
            self._vouching.take_tokens(portal, event)
        if event.name in CARD_EVENTS or event.name == DYNAMIC_ITEM:
            if event.name.endswith("UPDATE") and self._own_writes.is_ours(
                portal.id, int(work["type"]), int(work["id"])
            ):
                return
            try:
                self._cache.set_many(
                    CardCache.dropped(portal.id, int(work["type"]), int(work["id"])), 2 * self._card_seconds
                )
                return
            except StoreGone:
                log.warning("event.card_not_dropped")
        if event.name == INSTALLED and portal.app_version == APP_VERSION:
            return  # everything was in place before the installation was finished
        self._enqueue(self._events.add(portal.id, event.name, work))


def _same(known: str, given: str) -> bool:
    """Whether the secrets are the same, in constant time; False for a portal without a known
    one."""
    return bool(known) and hmac.compare_digest(known.encode(), given.encode())
