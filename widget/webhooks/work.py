"""Work on a portal's events, later and as often as it takes. Everything here may be done twice."""

import logging
from collections.abc import Callable

from widget.bitrix24.events import CARD_EVENTS, DYNAMIC_ITEM, INSTALLED, PAID, TYPE_EVENTS, UNINSTALLED, UPDATED
from widget.bitrix24.installer.installer import Installer, NoAddress
from widget.cache import Cache, StoreGone
from widget.card.cache import CardCache
from widget.errors import ErrorCode, Refused
from widget.storage.events import UNPROVED, Events, StoredEvent
from widget.storage.portals import Portal, Portals, PortalState
from widget.version import NewerVersion
from widget.webhooks.vouching import Vouching

log = logging.getLogger(__name__)

# Each of these is answered by bringing everything in order: what a type event says is only the id
# of a row.
ASK_FOR_REPAIR = (UPDATED, INSTALLED, *TYPE_EVENTS)


class EventWork:
    def __init__(
        self,
        events: Events,
        portals: Portals,
        installer: Installer,
        cache: Cache,
        vouching: Vouching,
        *,
        card_seconds: float,
        removed: Callable[[int], object] = lambda _portal_id: None,
    ) -> None:
        """`removed` is called with a portal that removed the application, before its data is
        deleted."""
        self._events = events
        self._portals = portals
        self._installer = installer
        self._cache = cache
        self._vouching = vouching
        self._card_seconds = card_seconds
        self._removed = removed

    def work(self, event_id: int) -> None:
        """One event, if it is due and no other worker has it. Never raises: what fails is noted and
        comes up again."""
        event = self._events.begin(event_id)
        if event is None:
            return
        try:
            self._do(event)
        except Refused as refusal:
            self._failed(event, f"{refusal.code.value} {refusal.reason}")
        except NoAddress:
            self._failed(event, "PUBLIC_URL is not set")
        except NewerVersion:
            log.info("event.newer kind=%s portal=%s row=%s", event.name, event.portal_id, event.id)
            self._events.put_back(event)
        except StoreGone:
            self._failed(event, "cache out of reach")
        except Exception as error:
            log.exception("event.broken event_id=%s", event.id)
            self._failed(event, type(error).__name__)

    def work_on_what_was_left(self) -> int:
        """Everything that is due: lost wake-ups, and what failed before. Returns how many."""
        due = self._events.due()
        for event_id in due:
            self.work(event_id)
        return len(due)

    def update_outdated(self) -> None:
        """Bring portals up to date that an older version of this service installed."""
        for portal in self._installer.outdated():
            try:
                self._installer.repair(portal, portal.installer_id)
            except (Refused, NoAddress) as error:
                log.warning("update.failed portal=%s error=%s", portal.id, error)

    def look_at_subscriptions(self) -> None:
        """What each portal says of the application's term: events about it are never repeated. One
        call a portal."""
        for portal in self._portals.all():
            if portal.is_served:
                try:
                    self._installer.refresh_subscription(portal)
                except Refused as error:
                    log.warning("subscription.failed portal=%s error=%s", portal.id, error)

    def _do(self, event: StoredEvent) -> None:
        portal = self._portals.get(event.portal_id)
        if portal is None:
            return  # its row went with the portal
        if event.name == UNPROVED:
            if self._vouching.settle(portal, event):
                self.work(event.id)
            return
        if event.name == UNINSTALLED:
            self._removed(portal.id)
            self._installer.uninstall(portal.id, clean=event.body.get("clean") == 1)
        elif event.name in CARD_EVENTS or event.name == DYNAMIC_ITEM:
            dropped = CardCache.dropped(portal.id, int(event.body["type"]), int(event.body["id"]))
            self._cache.set_many(dropped, 2 * self._card_seconds)
        elif portal.state is not PortalState.ACTIVE:
            # Not finished: what this process remembers of the portal may be some seconds old.
            raise Refused(ErrorCode.PORTAL_CLOSED, reason=portal.state.value)
        else:
            self._ask_the_portal(event, portal)
        self._events.finish(event.id)

    def _ask_the_portal(self, event: StoredEvent, portal: Portal) -> None:
        if not portal.installer_id:
            raise Refused(ErrorCode.NO_AUTH, reason="no installer")
        if event.name == PAID:
            self._installer.refresh_subscription(portal)
        elif event.name in ASK_FOR_REPAIR:
            report = self._installer.repair(portal, portal.installer_id)
            if not report.complete:
                raise Refused(
                    ErrorCode.PORTAL_FAILED, reason=" ".join(f"{what} {code}" for what, code in report.failed)
                )
            self._events.finish_same(portal.id, ASK_FOR_REPAIR, up_to=event.id)
        else:
            raise NewerVersion(event.name)

    def _failed(self, event: StoredEvent, error: str) -> None:
        log.warning(
            "event.failed kind=%s portal=%s row=%s attempt=%s error=%s",
            event.name,
            event.portal_id,
            event.id,
            event.attempts,
            error,
        )
        self._events.fail(event.id, error)
