"""A new pair of tokens for an expired one: one renewal at a time for each user, in all processes
together.

Bitrix24 rotates the refresh token with every renewal, so a second renewal with the same one fails,
and a pair that is lost means opening the application again, for its installer a reinstall
(b24restdocs, settings/oauth/auto-renewal.md).

The lock is a lease in the row that holds the pair. In SQL and not in Redis, because there it also
works where there is no Redis, is gone or fresh together with what it guards, and is taken only for
the very pair that was found expired; the cost does not count, a pair lives an hour. A killed
process leaves a lease that ends by itself.
"""

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from widget.bitrix24.oauth import Home, OAuth
from widget.errors import ErrorCode, Refused
from widget.metrics import Metrics
from widget.storage.portals import Portal, Portals
from widget.storage.tokens import Token, Tokens

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
STORE_TRIES = 3


class Renewal:
    def __init__(
        self,
        oauth: OAuth,
        portals: Portals,
        tokens: Tokens,
        metrics: Metrics,
        *,
        lease_seconds: float,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`lease_seconds` must be longer than both authorisation servers may take."""
        self._oauth = oauth
        self._portals = portals
        self._tokens = tokens
        self._metrics = metrics
        self._lease_seconds = lease_seconds
        self._now = now
        self._sleep = sleep
        self._queues: dict[tuple[int, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def renew(self, portal: Portal, user_id: int, expired: Token) -> Token:
        """A pair that works instead of the expired one: another caller's new one, or one that we
        fetch.

        At most one outside call for all callers at once. The new pair is stored before it is
        returned; where the old one was forgotten meanwhile (the application was removed) it is
        thrown away. Raises Refused; with the reason invalid_grant the stored pair is worth nothing
        and there is no newer one.
        """
        with self._lock:
            queue = self._queues.setdefault((portal.id, user_id), threading.Lock())
        with queue:  # threads of one process wait here, other processes at the lease
            patience = self._now() + self._lease_seconds + 1
            while True:
                stored = self._stored(portal, user_id)
                if stored.access != expired.access:
                    self._metrics.renewed("shared")
                    return stored
                if not stored.refresh:  # Bitrix24 posted none; the next page that is opened brings one
                    raise Refused(ErrorCode.NO_AUTH, reason="no refresh token")
                now = self._now()
                until = now + self._lease_seconds
                if self._tokens.lease(portal.id, user_id, stored, now=now, until=until):
                    return self._fetch(portal, user_id, stored, until)
                if now > patience:
                    raise Refused(ErrorCode.PORTAL_FAILED, reason="a renewal of this token does not end")
                self._sleep(POLL_SECONDS)

    def _fetch(self, portal: Portal, user_id: int, expired: Token, until: float) -> Token:
        try:
            renewed = self._oauth.refresh(expired.refresh, home=Home(portal.domain, portal.auth_server))
        except Refused as error:
            self._tokens.release(portal.id, user_id, until=until)
            # Another pair may have come meanwhile: a page was opened, or a lease was outlived.
            newer = self._stored(portal, user_id) if error.reason.lower() == "invalid_grant" else expired
            if newer.access != expired.access:
                self._metrics.renewed("shared")
                return newer
            self._metrics.renewed("failed")
            raise
        stored = self._store(portal, user_id, renewed.token)
        self._metrics.renewed("renewed")
        if renewed.auth_server != portal.auth_server:
            self._portals.set_auth_server(portal.id, renewed.auth_server)
        return stored

    def _store(self, portal: Portal, user_id: int, token: Token) -> Token:
        """Store the pair. From the answer until here the only copy is in this process: a crash
        between loses it for good."""
        for tries_left in reversed(range(STORE_TRIES)):
            try:
                stored = self._tokens.replace(portal.id, user_id, token)
                if stored is None:
                    raise Refused(ErrorCode.NO_AUTH, reason="no stored token")
                return stored
            except SQLAlchemyError as error:
                log.error("token.not_stored tries_left=%d error=%s", tries_left, type(error).__name__)
                if not tries_left:
                    raise Refused(
                        ErrorCode.PORTAL_FAILED, reason="a new pair is lost: it could not be stored"
                    ) from error
            self._sleep(POLL_SECONDS)
        raise AssertionError("unreachable")

    def _stored(self, portal: Portal, user_id: int) -> Token:
        stored = self._tokens.find(portal.id, user_id)
        if stored is None:
            raise Refused(ErrorCode.NO_AUTH, reason="no stored token")
        return stored
