"""The user who opened a page: an opening's claims, proved at the authorisation server and stored as
a session needs."""

import hashlib
import threading
from collections.abc import Callable

from cachetools import TTLCache

from widget.bitrix24.oauth import PROOF_SECONDS, Home, OAuth
from widget.errors import ErrorCode, Refused
from widget.session import Launch
from widget.storage.portals import Portal, Portals, PortalState
from widget.storage.tokens import Token, Tokens
from widget.timing import timer_of


class Authenticator:
    def __init__(self, oauth: OAuth, portals: Portals, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._oauth = oauth
        self._portals = portals
        self._tokens = tokens
        self._clock = clock
        self._stored: TTLCache[str, bool] = TTLCache(4096, PROOF_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def portal_of(self, opening: Launch) -> Portal:
        """The stored portal an opening claims to come from. Not a proof, no call while the domain
        is the stored one.

        A form with another domain is a renamed portal, one that is opened by another of its names,
        or a forgery: that is asked at once.
        """
        portal = self._known(opening)
        if opening.domain and opening.domain != portal.domain:
            portal, _user_id = self.prove(opening)
        return portal

    def prove(self, opening: Launch, meanwhile: Callable[[], None] = lambda: None) -> tuple[Portal, int]:
        """The portal and the user, from the authorisation server's word alone. `meanwhile` is begun
        beside that, if the server is asked. Raises Refused.

        At most one outside call (two when an authorisation server is in trouble). The user's token
        is stored; a portal that was renamed is corrected, and a closed one is open again: its
        application answers for it anew.
        """
        portal = self._known(opening)
        closed = portal.state is PortalState.CLOSED
        identity = self._oauth.prove(
            opening.access_token,
            member_id=portal.member_id,
            refresh=closed,  # what was proved before it closed proves nothing now
            home=Home(portal.domain, portal.auth_server, opening.server),
            meanwhile=meanwhile,
        )
        if (identity.domain, identity.endpoint) != (portal.domain, portal.endpoint):
            self._portals.move(portal.id, domain=identity.domain, endpoint=identity.endpoint)
        if identity.auth_server != portal.auth_server:
            self._portals.set_auth_server(portal.id, identity.auth_server)
        if closed:
            self._portals.reopen(portal.id)
        self._store(portal, identity.user_id, opening)
        return self._portals.find(opening.member_id) or portal, identity.user_id

    def claimed(self, opening: Launch) -> Portal:
        """The stored portal that an opening names. Not a proof, no call. Raises Refused."""
        return self._known(opening)

    def _known(self, opening: Launch, *, refresh: bool = False) -> Portal:
        portal = self._portals.find(opening.member_id, refresh=refresh)
        if portal is None:
            raise Refused(ErrorCode.UNKNOWN_PORTAL, reason="member_id")
        if portal.state is PortalState.REMOVED:  # only an installation brings it back
            if not refresh:
                return self._known(opening, refresh=True)
            raise Refused(ErrorCode.PORTAL_CLOSED, reason=portal.state.value)
        return portal

    def _store(self, portal: Portal, user_id: int, opening: Launch) -> None:
        """Store the token once, or a renewed pair would be replaced by the one it renewed; again if
        it was dropped."""
        digest = hashlib.sha256(f"{portal.id} {user_id} {opening.access_token}".encode()).hexdigest()
        with self._lock:
            known = digest in self._stored
        if known and self._tokens.find(portal.id, user_id):
            return
        portal = self._known(opening, refresh=True)
        expires_at = self._clock() + opening.expires_in
        self._tokens.put(portal.id, user_id, Token(opening.access_token, opening.refresh_token, expires_at))
        with self._lock:
            self._stored[digest] = True
