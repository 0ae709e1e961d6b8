"""The authorisation server: whose token is this, and a new one for an expired one.

Only hosts on the allow-list are asked, never one that a form names: our client secret and our trust
go nowhere else. Sources: bitrix24/b24restdocs, settings/oauth/{simple-way,auto-renewal}.md;
bitrix24/b24pysdk, credentials; which server knows which region: the server's rest module,
OAuth/AuthorizationServerUrlResolver.php.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from cachetools import TTLCache

from widget.addresses import plain_host
from widget.bitrix24.errors import code_of, refused, words_of
from widget.bitrix24.strangers import Strangers
from widget.errors import ErrorCode, Refused
from widget.http import HttpResponse, OutsideError, fetch
from widget.singleflight.local import SingleFlight
from widget.storage.tokens import Token
from widget.timing import timer_of

log = logging.getLogger(__name__)

PROOF_SECONDS = 300  # how long a proved token is believed without asking again
EASTERN = frozenset({"ru", "am", "az", "ge", "kz", "kg", "uz", "by"})
EASTERN_SERVER = "oauth.bitrix24.tech"
NOT_OURS = frozenset({"invalid_client", "wrong_client"})  # this server does not know our application; the other may
# This server does not know the token. The other one may, unless it is this one that knew the portal
# before. A server says so too where it knows the token and that it has expired, so the word of one
# that never answered is not a proof.
NOT_KNOWN = frozenset({"invalid_token", "expired_token", "no_auth_found", "invalid_grant", "bad_verification_code"})


@dataclass(frozen=True)
class Identity:
    """What the authorisation server says about a token: the truth about user and portal.

    `auth_server` is the one that said it, of our allow-list.
    """

    client_id: str
    member_id: str
    domain: str
    endpoint: str
    user_id: int
    auth_server: str = ""
    scopes: frozenset[str] = frozenset()
    status: str = ""


@dataclass(frozen=True)
class Home:
    """What is known of where a portal belongs: its domain, the authorisation server that answered
    for it, and the one that a form names (`told`, unproved: it is a hint which of the allowed ones
    to ask first)."""

    domain: str = ""
    auth_server: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Renewed:
    token: Token
    auth_server: str


ANYWHERE = Home()


@dataclass(frozen=True)
class OwnApplication:
    """Our application as Bitrix24 knows it, the same in every portal."""

    client_id: str
    client_secret: str = field(repr=False)


class OAuth:
    def __init__(
        self,
        http: httpx.Client,
        servers: Sequence[str],
        application: OwnApplication,
        *,
        allow_http: bool,
        timeout: float,
        clock: Callable[[], float],
        strangers: Strangers | None = None,
    ) -> None:
        """`timeout` is seconds of one call; `strangers` bounds callers whose tokens prove
        nothing."""
        self._http = http
        self._strangers = strangers
        self._servers = tuple(servers)
        self._application = application
        self._allow_http = allow_http
        self._timeout = timeout
        self._clock = clock
        self._proved: TTLCache[str, Identity] = TTLCache(4096, PROOF_SECONDS, timer=timer_of(clock))
        self._asking: SingleFlight[str, Identity] = SingleFlight()
        self._lock = threading.Lock()

    @property
    def client_id(self) -> str:
        """Of our application, the same in every portal."""
        return self._application.client_id

    def prove(
        self,
        access_token: str,
        *,
        member_id: str,
        refresh: bool = False,
        home: Home = ANYWHERE,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Identity:
        """Whose token this is. `meanwhile` is begun just before a server is asked, if one is and
        this caller may.

        Raises Refused: NO_AUTH unless it is of our application and of that portal, else with the
        server's code.

        One outside call (two when a server is out of reach or knows neither us nor the token), none
        for a token proved within 5 minutes (`refresh` asks all the same).
        """
        if not access_token:
            raise Refused(ErrorCode.NO_AUTH, reason="empty token")
        digest = hashlib.sha256(access_token.encode()).hexdigest()
        with self._lock:
            identity = None if refresh else self._proved.get(digest)
        if identity is None:
            identity = self._asking.get(digest, lambda: self._ask_for_caller(access_token, home, meanwhile))
            with self._lock:
                self._proved[digest] = identity
        if identity.client_id != self.client_id or identity.member_id != member_id:
            raise Refused(ErrorCode.NO_AUTH, 403, "token of another application or portal")
        return identity

    def refresh(self, refresh_token: str, *, home: Home = ANYWHERE) -> Renewed:
        """A new pair for an old refresh token, which is dead from then on: store the answer before
        using it.

        One outside call (two as with `prove`), made as a POST so that the secret stays out of
        access logs. Raises Refused with the server's code.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self._application.client_secret,
            "refresh_token": refresh_token,
        }
        body, server = self._first_answer("POST", "/oauth/token/", home, data=form)
        if not isinstance(body.get("access_token"), str) or not isinstance(body.get("refresh_token"), str):
            raise refused(code_of(body) or "unexpected answer", words=words_of(body))
        lifetime = body.get("expires_in")
        seconds = lifetime if isinstance(lifetime, int) and 0 < lifetime <= 86_400 else 3600
        return Renewed(Token(body["access_token"], body["refresh_token"], self._clock() + seconds), server)

    def _ask_for_caller(self, access_token: str, home: Home, meanwhile: Callable[[], None]) -> Identity:
        if self._strangers is None:
            meanwhile()
            return self._ask(access_token, home)
        permits = self._strangers.knock()
        meanwhile()
        try:
            identity = self._ask(access_token, home)
        except Refused as error:
            if error.code is not ErrorCode.NO_AUTH:
                self._strangers.welcome(permits)
            raise
        self._strangers.welcome(permits)
        return identity

    def _ask(self, access_token: str, home: Home) -> Identity:
        body, server = self._first_answer("GET", "/rest/app.info", home, params={"auth": access_token})
        result = body.get("result")
        if not isinstance(result, dict):
            raise refused(code_of(body) or "unexpected answer", words=words_of(body))
        install: Any = result.get("install")
        try:
            endpoint = self._endpoint(str(install["client_endpoint"]))
            return Identity(
                client_id=str(result["client_id"]),
                member_id=str(install["member_id"]),
                domain=plain_host(str(install["domain"]), urlsplit(endpoint).scheme),
                endpoint=endpoint,
                user_id=int(result["user_id"]),
                auth_server=server,
                scopes=frozenset(filter(None, str(result.get("scope") or "").split(","))),
                status=str(install.get("status") or "")[:2],
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise Refused(ErrorCode.NO_AUTH, reason="unreadable proof") from error

    def _endpoint(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if parts.scheme != "https" and not (parts.scheme == "http" and self._allow_http):
            raise ValueError("plain http portal")
        return parts._replace(netloc=plain_host(parts.netloc, parts.scheme)).geturl().rstrip("/") + "/"

    def _order(self, home: Home) -> list[str]:
        """Both servers, the likeliest first: the one that the form names, else that answered
        before, else of the region."""
        east = home.domain.lower().partition(":")[0].rpartition(".")[2] in EASTERN
        near = [server for server in self._servers if east and urlsplit(server).hostname == EASTERN_SERVER]
        hints = [*self._allowed(home.hint), *self._allowed(home.auth_server), *near]
        return list(dict.fromkeys([*hints, *self._servers]))[:2]

    def _allowed(self, hint: str) -> list[str]:
        """The server of our list that an address belongs to, if it does to one."""
        return [server for server in self._servers if f"{hint.rstrip('/')}/".startswith(f"{server}/")]

    def _first_answer(self, method: str, path: str, home: Home, **request: Any) -> tuple[dict[str, Any], str]:
        """Ask the servers in turn: the other one only when the first is out of reach, or does not
        know us or the token.

        Gives the answer and whose it is. When neither knows, the first refusal stands, but
        «expired» before «unknown». A refusal by the other one alone says nothing: it may never have
        heard of a token that the one out of reach would honour.
        """
        last: OutsideError | None = None
        refusals: list[tuple[dict[str, Any], str]] = []
        for server in self._order(home):
            try:
                answer: HttpResponse = fetch(self._http, method, server + path, timeout=self._timeout, **request)
            except OutsideError as error:
                last = error
                log.warning(
                    "oauth.no_answer server=%s path=%s error=%s sent=%s", server, path, error.reason, error.sent
                )
                continue
            found = answer.json()
            body = found if isinstance(found, dict) else {}
            if "error" not in body:
                return body, server
            refusals.append((body, server))
            if last is None and self._is_final(code_of(body).lower(), server, home):
                return body, server
        if last or not refusals:
            raise Refused(ErrorCode.PORTAL_FAILED, reason="authorisation server: no answer") from last
        return min(refusals, key=lambda refusal: code_of(refusal[0]).lower() != "expired_token")

    def _is_final(self, code: str, server: str, home: Home) -> bool:
        """Whether this refusal stands, since the other server could not know better."""
        if code in NOT_OURS:
            return False
        return code not in NOT_KNOWN or server in self._allowed(home.auth_server)
