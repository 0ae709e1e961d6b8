"""Events that bring a secret of their own: an update may bring a new one, and an older box tells
its first one only with ONAPPINSTALL. Bitrix24 sends an event once, so it is written down before the
outside is asked whether it is real, and asked again later where no answer came.
"""

import json
import logging
from collections.abc import Callable

from widget.bitrix24.events import INSTALLED, UPDATED, Event
from widget.bitrix24.oauth import Home, OAuth
from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.storage.events import UNPROVED, Events, StoredEvent
from widget.storage.portals import Portal, Portals, PortalState
from widget.storage.secret_box import SecretBox
from widget.storage.tokens import Token, Tokens

log = logging.getLogger(__name__)

MAX_WAITING = 5  # of a portal, that neither the authorisation server nor the portal says anything of
NO_ANSWER = 500  # the least status of a refusal that may pass


class Vouching:
    def __init__(
        self,
        portals: Portals,
        tokens: Tokens,
        events: Events,
        oauth: OAuth,
        rest: Rest,
        secret_box: SecretBox,
        clock: Callable[[], float],
    ) -> None:
        self._portals = portals
        self._tokens = tokens
        self._events = events
        self._oauth = oauth
        self._rest = rest
        self._secret_box = secret_box
        self._clock = clock

    def receive(self, portal: Portal, event: Event) -> int:
        """The row of an event that proved to be real and is to be worked on now; 0 where that
        cannot be told yet.

        Raises Refused(UNKNOWN_PORTAL) for one that is not, with nothing stored. Two outside calls,
        three where the authorisation server does not answer.
        """
        event_id = self._keep(portal, event)
        stored = self._events.begin(event_id) if event_id else None
        try:
            real = stored is not None and self.settle(portal, stored)
        except Refused as refusal:
            if self._may_wait(portal, event):
                log.warning("event.not_proved_yet kind=%s portal=%s error=%s", event.name, portal.id, refusal.reason)
                self._events.fail(event_id, f"{refusal.code.value} {refusal.reason}")
                return 0
            self._events.drop(event_id)
            real = False
        if not real:
            raise Refused(ErrorCode.UNKNOWN_PORTAL, reason="application_token")
        return event_id

    def settle(self, portal: Portal, stored: StoredEvent) -> bool:
        """Whether a stored event is real; then its row is one of that event, and its secret the
        portal's. Else it is gone. Raises Refused where no answer came; the tokens in it are good
        for an hour.

        It is believed from an administrator: its access token is proved at the authorisation
        server, and the portal is asked whether its user is one. Any other user with a token of
        their own could set a secret they know, and then remove the portal's data with it. Two
        outside calls.
        """
        fields = json.loads(self._secret_box.decrypt(str(stored.body["sealed"])))
        try:
            user_id = self._take(portal, Token(fields["access"], fields["refresh"], fields["expires_at"]))
            real = bool(user_id) and self._rest.call(portal, user_id, "user.admin", {}) is True
        except Refused as refusal:
            if refusal.status >= NO_ANSWER:
                raise
            log.warning("event.not_proved kind=%s portal=%s error=%s", fields["name"], portal.id, refusal.reason)
            real = False
        if not real:
            self._events.drop(stored.id)
            return False
        self._portals.set_application_token(portal.id, fields["secret"])
        self._events.become(stored.id, fields["name"])
        return True

    def take_tokens(self, portal: Portal, event: Event) -> None:
        """Store the new pair that came with a proved event. They are sealed here, in the request.
        One outside call."""
        if not event.access_token or not event.refresh_token:
            return
        try:
            self._take(portal, _pair(event, self._clock()))
        except Refused as refusal:
            log.warning("event.tokens_not_taken kind=%s portal=%s error=%s", event.name, portal.id, refusal.reason)

    def _keep(self, portal: Portal, event: Event) -> int:
        """Write the event down unproved. Returns its row; 0 if nothing could prove it, or too many
        of the portal's wait."""
        if event.name not in (UPDATED, INSTALLED) or portal.state is not PortalState.ACTIVE:
            return 0
        if not (event.application_token and event.access_token and event.refresh_token):
            return 0
        pair = _pair(event, self._clock())
        fields = {
            "name": event.name,
            "secret": event.application_token,
            "access": pair.access,
            "refresh": pair.refresh,
            "expires_at": pair.expires_at,
        }
        return self._events.add(portal.id, UNPROVED, {"sealed": self._secret_box.encrypt(json.dumps(fields))})

    def _may_wait(self, portal: Portal, event: Event) -> bool:
        """Whether an event is kept that the authorisation server did not answer for. Knowing a
        member_id is enough to post one, from any number of addresses, and the portal sends the real
        one once: so the portal is asked, and what it does not know takes no place. One outside
        call."""
        if self._rest.is_admins(portal, event.access_token) is False:
            log.warning("event.token_unknown_to_portal kind=%s portal=%s", event.name, portal.id)
            return False
        waiting = [each for each in self._events.unfinished(portal.id, UNPROVED) if each.error]
        if len(waiting) >= MAX_WAITING:
            log.warning("event.too_many_unproved kind=%s portal=%s", event.name, portal.id)
        return len(waiting) < MAX_WAITING

    def _take(self, portal: Portal, pair: Token) -> int:
        """Store a pair for the user whose it is, by the authorisation server's word; 0 for a portal
        that was removed or closed, perhaps while we asked. Raises Refused. One outside call."""
        home = Home(portal.domain, portal.auth_server)
        identity = self._oauth.prove(pair.access, member_id=portal.member_id, home=home)
        still = self._portals.find(portal.member_id, refresh=True)
        if still is None or still.state is not PortalState.ACTIVE:
            log.warning("event.tokens_of_closed_portal portal=%s", portal.id)
            return 0
        self._tokens.put(portal.id, identity.user_id, pair)
        return identity.user_id


def _pair(event: Event, now: float) -> Token:
    return Token(event.access_token, event.refresh_token, now + event.expires_in)
