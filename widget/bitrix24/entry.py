"""Who opened this page: an opening's claims, proved at the authorisation server and stored as a session needs them."""

import hashlib
import threading
from collections.abc import Callable

from cachetools import TTLCache

from widget.bitrix24.oauth import PROOF_SECONDS, OAuth
from widget.errors import Refusal, Refused
from widget.session import Opening
from widget.storage.portals import Portal, Portals
from widget.storage.tokens import Token, Tokens


class Entry:
    def __init__(self, oauth: OAuth, portals: Portals, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._oauth = oauth
        self._portals = portals
        self._tokens = tokens
        self._clock = clock
        self._stored: TTLCache[str, bool] = TTLCache(4096, PROOF_SECONDS, timer=clock)
        self._lock = threading.Lock()

    def portal_of(self, opening: Opening) -> Portal:
        """The stored portal an opening claims to come from. Not a proof, no call while the domain is the stored one.

        A form with another domain is either a renamed portal or a forgery: that is asked at once.
        """
        portal = self._portals.find(opening.member_id)
        if portal is None:
            raise Refused(Refusal.UNKNOWN_PORTAL, 403, "member_id")
        if opening.domain and opening.domain != portal.domain:
            portal, _user_id = self.prove(opening)
        return portal

    def prove(self, opening: Opening) -> tuple[Portal, int]:
        """The portal and the user, from the authorisation server's word alone. Raises Refused.

        At most one outside call. The user's token is stored; a portal that was renamed is corrected.
        """
        portal = self._portals.find(opening.member_id)
        if portal is None:
            raise Refused(Refusal.UNKNOWN_PORTAL, 403, "member_id")
        identity = self._oauth.prove(opening.access_token, member_id=portal.member_id)
        if opening.domain and identity.domain != opening.domain:
            raise Refused(Refusal.NO_AUTH, 403, "domain of another portal")
        if (identity.domain, identity.endpoint) != (portal.domain, portal.endpoint):
            self._portals.move(portal.id, domain=identity.domain, endpoint=identity.endpoint)
            portal = self._portals.find(opening.member_id) or portal
        self._store(portal, identity.user_id, opening)
        return portal, identity.user_id

    def _store(self, portal: Portal, user_id: int, opening: Opening) -> None:
        digest = hashlib.sha256(f"{portal.id} {user_id} {opening.access_token}".encode()).hexdigest()
        with self._lock:
            if digest in self._stored:
                return
        expires_at = self._clock() + opening.expires_in
        self._tokens.put(portal.id, user_id, Token(opening.access_token, opening.refresh_token, expires_at))
        with self._lock:
            self._stored[digest] = True
