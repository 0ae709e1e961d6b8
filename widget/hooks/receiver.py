"""Is this event real, and what is left to do about it? No outside call, except when an event brings new tokens.

An event proves itself with the application_token, a secret that only the portal and we know (bitrix24/b24restdocs,
api-reference/events/safe-event-handlers.md). What is in it is a hint and no more: jobs ask the portal.
"""

import hmac
import logging
from collections.abc import Callable

from widget.answers import Answers, StoreGone
from widget.bitrix24.events import CARD_EVENTS, DYNAMIC_ITEM, INSTALLED, UPDATED, Event, work_of
from widget.bitrix24.oauth import Home, OAuth
from widget.bitrix24.rest import Rest
from widget.card.memory import CardMemory
from widget.errors import Refusal, Refused
from widget.storage.events import Events
from widget.storage.portals import Portal, Portals, PortalState
from widget.storage.tokens import Token, Tokens

log = logging.getLogger(__name__)


class Receiver:
    def __init__(
        self,
        portals: Portals,
        tokens: Tokens,
        events: Events,
        oauth: OAuth,
        rest: Rest,
        answers: Answers,
        *,
        card_seconds: float,
        wake: Callable[[int], object],
        clock: Callable[[], float],
    ) -> None:
        self._portals = portals
        self._tokens = tokens
        self._events = events
        self._oauth = oauth
        self._rest = rest
        self._answers = answers
        self._card_seconds = card_seconds
        self._wake = wake
        self._clock = clock

    def receive(self, event: Event) -> None:
        """Verify an event, then write down what has to be done. Raises Refused(UNKNOWN_PORTAL) with nothing stored.

        A changed card is dropped here and now: that is one write to the cache, less than a row and a wake-up.
        """
        portal = self._portals.find(event.member_id)
        if portal is None:
            raise Refused(Refusal.UNKNOWN_PORTAL, 403, "event of an unknown portal")
        known = self._portals.application_token(portal.id)
        if not _same(known, event.application_token) and not self._vouched_for(portal, event):
            raise Refused(Refusal.UNKNOWN_PORTAL, 403, "application_token")
        work = work_of(event)
        log.info("event %s portal=%s%s", event.name, portal.id, "" if work is not None else ", nothing to do")
        if work is None:
            return
        if event.name in (UPDATED, INSTALLED) and _same(known, event.application_token):
            self._take_tokens(portal, event)
        if event.name in CARD_EVENTS or event.name == DYNAMIC_ITEM:
            try:
                self._answers.set_many(
                    CardMemory.dropped(portal.id, int(work["type"]), int(work["id"])), 2 * self._card_seconds
                )
                return
            except StoreGone:
                log.warning("event: the cache is out of reach, the card is dropped later")
        if event.name != INSTALLED:
            self._wake(self._events.add(portal.id, event.name, work))

    def _vouched_for(self, portal: Portal, event: Event) -> bool:
        """After an update the application_token may be a new one; an older box tells it first with ONAPPINSTALL.

        Then it is believed from an administrator: the access token in the event is proved at the authorisation
        server, and the portal is asked whether its user is one. Anybody else with a token of their own could set a
        secret they know, and then remove the portal's data with it.
        """
        if event.name not in (UPDATED, INSTALLED) or not event.application_token:
            return False
        if portal.state is not PortalState.ACTIVE:
            return False
        user_id = self._take_tokens(portal, event)
        if not user_id or self._rest.call(portal, user_id, "user.admin", {}) is not True:
            return False
        self._portals.set_application_token(portal.id, event.application_token)
        return True

    def _take_tokens(self, portal: Portal, event: Event) -> int:
        """Store the new pair that came with an event of an active portal, if the authorisation server says whose it
        is. Whose, or 0.

        They are sealed here, in the request, because the row of an event never holds a token. One outside call.
        """
        if not event.access_token or not event.refresh_token:
            return 0
        try:
            identity = self._oauth.prove(
                event.access_token, member_id=portal.member_id, home=Home(portal.domain, portal.auth_server)
            )
        except Refused as refusal:
            log.warning("event %s portal=%s: its tokens are not taken (%s)", event.name, portal.id, refusal.reason)
            return 0
        pair = Token(event.access_token, event.refresh_token, self._clock() + event.expires_in)
        still = self._portals.find(portal.member_id, again=True)
        if still is None or still.state is not PortalState.ACTIVE:  # removed or closed, perhaps while we asked
            log.warning("event %s portal=%s: its tokens are not taken (not active)", event.name, portal.id)
            return 0
        self._tokens.put(portal.id, identity.user_id, pair)
        return identity.user_id


def _same(known: str, told: str) -> bool:
    """In constant time; a portal without a known token has no events."""
    return bool(known) and hmac.compare_digest(known.encode(), told.encode())
