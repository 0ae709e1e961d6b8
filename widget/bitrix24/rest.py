"""Our REST client: `call` and `batch` as one user of one portal, at the portal's stored address.

Own and thin on purpose: about a dozen of hundreds of methods, exact control of refresh, limits and batch rules.
Sources: bitrix24/b24restdocs, settings/how-to-call-rest-api/*; the server's rest module for what batch really does.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from widget.bitrix24.errors import EXPIRED, WORTH_WAITING, refused
from widget.bitrix24.oauth import OAuth
from widget.errors import Refusal, Refused
from widget.http import Answer, OutsideError, fetch
from widget.storage.portals import Portal, Portals
from widget.storage.tokens import Token, Tokens

log = logging.getLogger(__name__)

# Bitrix24 drains two requests a second and holds fifty (settings/limits); a card waits once, then says so.
BUSY_WAIT = 1.0
RENEWAL_WAIT = 0.5  # for another worker to store the token that it has just been given
MOVED = frozenset({301, 302, 307, 308})


@dataclass(frozen=True)
class Batch:
    """The answers of a batch by our keys. A failed command is only in `errors`."""

    results: Mapping[str, Any]
    errors: Mapping[str, str]


class Rest:
    def __init__(
        self,
        clients: Sequence[httpx.Client],
        oauth: OAuth,
        portals: Portals,
        tokens: Tokens,
        *,
        timeout: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = itertools.cycle(clients)
        self._oauth = oauth
        self._portals = portals
        self._tokens = tokens
        self._timeout = timeout
        self._sleep = sleep
        self._refreshing: dict[tuple[int, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def batch(self, portal: Portal, user_id: int, commands: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Batch:
        """Up to 50 commands in one request. Raises Refused when the request as a whole fails."""
        cmd = {key: f"{method}?{urlencode(list(flatten(params)))}" for key, (method, params) in commands.items()}
        result = self.call(portal, user_id, "batch", {"halt": 0, "cmd": cmd})
        if not isinstance(result, dict):
            raise Refused(Refusal.PORTAL_FAILED, 502, "batch: unexpected answer")
        errors = {
            key: str(error.get("error", "")) if isinstance(error, dict) else str(error)
            for key, error in _map(result.get("result_error")).items()
        }
        return Batch(_map(result.get("result")), errors)

    def call(self, portal: Portal, user_id: int, method: str, params: Mapping[str, Any]) -> Any:
        """One method; the `result` of its answer.

        One outside call; a second after an expired token (with a refresh between), a full bucket or a move.
        """
        token = self._tokens.find(portal.id, user_id)
        if token is None:
            raise Refused(Refusal.NO_AUTH, 401, "no stored token")
        for last_try in (False, True):
            answer = self._post(portal, method, params, token)
            if answer.status in MOVED and not last_try:
                portal = self._follow_rename(portal, token)
                continue
            body = answer.json()
            if isinstance(body, dict) and "result" in body:
                return body["result"]
            code = str(body.get("error", "")) if isinstance(body, dict) else f"HTTP {answer.status}, not JSON"
            if last_try:
                raise refused(code)
            if code.lower() == EXPIRED:
                token = self._refresh(portal, user_id, token)
            elif code.lower() == WORTH_WAITING:
                self._sleep(BUSY_WAIT)
            else:
                raise refused(code)
        raise AssertionError("unreachable")

    def _post(self, portal: Portal, method: str, params: Mapping[str, Any], token: Token) -> Answer:
        with self._lock:
            client = next(self._clients)
        started = time.monotonic()
        outcome = "no answer"
        try:
            answer = fetch(
                client,
                "POST",
                f"{portal.endpoint}{method}",
                timeout=self._timeout,
                json=params,
                headers={"Authorization": f"Bearer {token.access}"},
            )
            outcome = str(answer.status)
        except OutsideError as error:
            raise Refused(Refusal.PORTAL_FAILED, 502, error.reason) from error
        finally:
            log.info(
                "bitrix24 %s portal=%s %s %.0f ms", method, portal.id, outcome, 1000 * (time.monotonic() - started)
            )
        return answer

    def _refresh(self, portal: Portal, user_id: int, expired: Token) -> Token:
        """One refresh for all who found the token expired; the others take what the first one stored."""
        with self._lock:
            mine = self._refreshing.setdefault((portal.id, user_id), threading.Lock())
        with mine:
            stored = self._tokens.find(portal.id, user_id)
            if stored and stored.access != expired.access:
                return stored
            try:
                renewed = self._oauth.refresh(expired.refresh)
            except Refused as refusal:
                return self._renewed_elsewhere(portal, user_id, expired, refusal)
            self._tokens.put(portal.id, user_id, renewed)
            return renewed

    def _renewed_elsewhere(self, portal: Portal, user_id: int, expired: Token, refusal: Refused) -> Token:
        """Another worker was quicker and our refresh token is dead: its answer is stored, or will be in a moment.
        Raises the refusal when nobody renewed anything."""
        for wait in (0.0, RENEWAL_WAIT):
            if wait:
                self._sleep(wait)
            stored = self._tokens.find(portal.id, user_id)
            if stored and stored.access != expired.access:
                return stored
        raise refusal

    def _follow_rename(self, portal: Portal, token: Token) -> Portal:
        """A renamed portal answers with a redirect. Where it lives now is asked of the authorisation server."""
        identity = self._oauth.prove(token.access, member_id=portal.member_id, again=True)
        if identity.endpoint == portal.endpoint:
            raise Refused(Refusal.PORTAL_MOVED, 502, "redirect without a new address")
        self._portals.move(portal.id, domain=identity.domain, endpoint=identity.endpoint)
        moved = self._portals.get(portal.id)
        assert moved  # noqa: S101 - it was just updated
        return moved


def flatten(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as PHP reads them: {"filter": {"=id": 3}} -> filter[=id]=3."""
    for name, value in params.items():
        key = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, Mapping):
            yield from flatten(value, key)
        elif isinstance(value, (list, tuple)):
            yield from flatten({str(i): item for i, item in enumerate(value)}, key)
        else:
            yield key, str(value)


def _map(value: Any) -> Mapping[str, Any]:
    """PHP sends an empty map as [] and a filled one as {}."""
    return value if isinstance(value, dict) else {}
