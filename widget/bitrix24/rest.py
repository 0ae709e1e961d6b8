"""Our REST client: `call` and `batch` as one user of one portal, at the portal's stored address.

Own and thin on purpose: about a dozen of hundreds of methods, exact control of refresh, limits and
batch rules. Sources: bitrix24/b24restdocs, settings/how-to-call-rest-api/*; the server's rest
module for what batch really does.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from widget.bitrix24.commands import Commands
from widget.bitrix24.errors import (
    BUSY,
    ErrorAction,
    blocked_until,
    code_of,
    error_of,
    known_code,
    reaction_to,
    refused,
    reset_at,
    words_of,
)
from widget.bitrix24.exchanges import Exchanges, RestExchange
from widget.bitrix24.oauth import Home, Identity, OAuth
from widget.bitrix24.renewal import Renewal
from widget.errors import ErrorCode, Refused
from widget.metrics import Metrics
from widget.storage.portals import Portal, Portals
from widget.storage.rest_log import Call
from widget.storage.tokens import Token, Tokens
from widget.untrusted import as_dict

log = logging.getLogger(__name__)

MOVED = frozenset({301, 302, 307, 308})


@dataclass(frozen=True)
class Batch:
    """The answers of a batch by our keys. A failed command is only in `errors`, with its code: ""
    where it has none.

    `until`: when a method whose time is used up may be called again, in unix seconds. `words`: what
    an error says beside its code.
    """

    results: Mapping[str, Any]
    errors: Mapping[str, str]
    until: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    def refused(self, key: str) -> Refused:
        """The refusal for a failed command."""
        return refused(self.errors[key], words=self.words.get(key, ""), until=self.until.get(key, 0.0))

    def with_more(self, more: "Batch") -> "Batch":
        """This batch with the answers of another one, which win."""
        return Batch(
            {**self.results, **more.results},
            {**self.errors, **more.errors},
            {**self.until, **more.until},
            {**self.words, **more.words},
        )

    @property
    def busy(self) -> str | None:
        """The key of a command that the portal was too busy for, if there is one."""
        return next((key for key, code in self.errors.items() if code.lower() in BUSY), None)


@dataclass(frozen=True)
class Begun:
    """A batch on its way to this endpoint."""

    endpoint: str
    params: Mapping[str, Any]
    flying: "Future[RestExchange]"


class Rest:
    def __init__(
        self,
        exchanges: Exchanges,
        oauth: OAuth,
        renewal: Renewal,
        portals: Portals,
        tokens: Tokens,
        metrics: Metrics,
    ) -> None:
        self._exchanges = exchanges
        self._oauth = oauth
        self._renewal = renewal
        self._portals = portals
        self._tokens = tokens
        self._metrics = metrics

    def batch(
        self,
        portal: Portal,
        user_id: int,
        commands: Commands,
        begun: "Begun | None" = None,
        *,
        may_fail: Collection[str] = (),
    ) -> Batch:
        """Up to 50 commands in one request. Raises Refused when the request as a whole fails. What
        `may_fail` is in `results` or nowhere."""
        result = self.call(portal, user_id, "batch", parameters_of(commands), begun)
        if not isinstance(result, dict):
            raise Refused(ErrorCode.PORTAL_FAILED, reason="batch: unexpected answer")
        batch = batch_of(result)
        batch = replace(batch, errors={key: code for key, code in batch.errors.items() if key not in may_fail})
        for code in batch.errors.values():
            self._metrics.portal_error(known_code(code))
        return batch

    def begin_batch(self, portal: Portal, access_token: str, commands: Commands, pool: Executor) -> "Begun":
        """Send a batch with a token that is being proved meanwhile, in another thread. One outside
        call.

        Nothing of the answer is looked at before it is handed to `batch`, for a user who is proved
        by then.
        """
        params = parameters_of(commands)
        flying = pool.submit(self._exchanges.post, portal.endpoint, "batch", params, access_token)
        return Begun(portal.endpoint, params, flying)

    def abandon(self, portal: Portal, begun: "Begun") -> None:
        """Drop a batch whose token was not proved. Waits for the answer, which goes into the log
        alone."""
        self._exchanges.note(portal.id, 0, "batch", begun.params, begun.flying.result())

    def call(
        self,
        portal: Portal,
        user_id: int,
        method: str,
        params: Mapping[str, Any],
        begun: "Begun | None" = None,
    ) -> Any:
        """One method; the `result` of its answer. Raises Refused, with the error's code as its
        reason.

        One outside call, none for one that was `begun`; another one after an expired token (with a
        renewal between), after a move, and after each pause that a busy portal asks for, as long as
        the call's patience lasts. Makes no outside call if the portal is closed.
        """
        portal.require_active()
        token = self._stored(portal, user_id)
        pauses = self._exchanges.pauses()
        renewed = moved = False
        while True:
            if begun and begun.endpoint == portal.endpoint:
                exchange = begun.flying.result()
            else:
                exchange = self._exchanges.post(portal.endpoint, method, params, token.access, pauses.left)
            begun = None
            self._exchanges.note(portal.id, user_id, method, params, exchange)
            answer = exchange.answer()
            if answer.status in MOVED and not moved:
                moved, portal = True, self._follow_rename(portal, user_id, token)
                token = self._stored(portal, user_id)
                continue
            body = answer.json()
            if isinstance(body, dict) and "result" in body:
                return body["result"]
            code = error_of(body, answer.status)
            reaction = reaction_to(code)
            self._metrics.portal_error(known_code(code))
            if reaction is ErrorAction.RENEW and not renewed:
                renewed, token = True, self._renew(portal, user_id, token)
            elif reaction is ErrorAction.FORGET and not renewed and (newer := self._newer(portal, user_id, token)):
                renewed, token = True, newer
            elif reaction is not ErrorAction.WAIT or not pauses.pause():
                self._bear(portal, user_id, token, code)
                raise refused(code, words=words_of(body), until=blocked_until(body))

    def first_calls(self, identity: Identity, access_token: str) -> "FirstCalls":
        """The calls of an installation, before there is a portal to call as."""
        return FirstCalls(self._exchanges, identity, access_token)

    def is_admins(self, portal: Portal, access_token: str) -> bool | None:
        """Whether the portal takes a token, which nothing has proved, for one of an administrator.
        None where it does not say. One outside call; raises nothing."""
        exchange = self._exchanges.post(portal.endpoint, "user.admin", {}, access_token)
        self._exchanges.note(portal.id, 0, "user.admin", {}, exchange)
        try:
            answer = exchange.answer()
        except Refused:
            return None
        body = answer.json()
        if isinstance(body, dict) and "result" in body:
            return body["result"] is True
        worthless = reaction_to(error_of(body, answer.status)) in (ErrorAction.RENEW, ErrorAction.FORGET)
        return False if worthless else None

    def _stored(self, portal: Portal, user_id: int) -> Token:
        token = self._tokens.find(portal.id, user_id)
        if token is None:
            raise Refused(ErrorCode.NO_AUTH, reason="no stored token")
        return token

    def _newer(self, portal: Portal, user_id: int, token: Token) -> Token | None:
        """The stored pair, if another request renewed it meanwhile."""
        stored = self._tokens.find(portal.id, user_id)
        return stored if stored and stored.access != token.access else None

    def _renew(self, portal: Portal, user_id: int, token: Token) -> Token:
        try:
            return self._renewal.renew(portal, user_id, token)
        except Refused as error:
            self._metrics.portal_error(known_code(error.reason))
            self._bear(portal, user_id, token, error.reason)
            raise

    def _bear(self, portal: Portal, user_id: int, token: Token, code: str) -> None:
        """What an error changes for good: a worthless token is dropped, a portal that is gone is
        closed."""
        reaction = reaction_to(code)
        if reaction is ErrorAction.FORGET:
            log.warning("token.dropped portal=%s user=%s code=%s", portal.id, user_id, known_code(code))
            self._tokens.drop(portal.id, user_id, token)
        elif reaction is ErrorAction.CLOSE:
            log.warning("portal.closed portal=%s code=%s", portal.id, known_code(code))
            self._portals.close(portal.id, known_code(code))
            self._tokens.drop_all(portal.id)

    def _follow_rename(self, portal: Portal, user_id: int, token: Token) -> Portal:
        """A renamed portal answers with a redirect. Where it lives now is asked of the
        authorisation server."""
        home = Home(portal.domain, portal.auth_server)
        try:
            identity = self._oauth.prove(token.access, member_id=portal.member_id, refresh=True, home=home)
        except Refused as error:
            if reaction_to(error.reason) is not ErrorAction.RENEW:
                raise
            token = self._renew(portal, user_id, token)
            identity = self._oauth.prove(token.access, member_id=portal.member_id, refresh=True, home=home)
        if identity.endpoint == portal.endpoint:
            raise Refused(ErrorCode.PORTAL_MOVED, reason="redirect without a new address")
        self._portals.move(portal.id, domain=identity.domain, endpoint=identity.endpoint)
        moved = self._portals.get(portal.id)
        assert moved  # noqa: S101 - it was just updated
        return moved


class FirstCalls:
    """Batches with a token that was just proved: nothing is stored yet, so nothing can be refreshed
    or followed."""

    def __init__(self, exchanges: Exchanges, identity: Identity, access_token: str) -> None:
        self._exchanges = exchanges
        self._identity = identity
        self._access_token = access_token
        self._made: list[Call] = []

    def batch(self, commands: Commands) -> Batch:
        """Up to 50 commands in one request. Raises Refused. One outside call, and another one after
        each pause that a busy portal asks for."""
        pauses, params = self._exchanges.pauses(), parameters_of(commands)
        while True:
            exchange = self._exchanges.post(self._identity.endpoint, "batch", params, self._access_token, pauses.left)
            answer = exchange.answer()
            self._made.append(self._exchanges.call(0, self._identity.user_id, "batch", params, exchange))
            body = answer.json()
            result = body.get("result") if isinstance(body, dict) else None
            if isinstance(result, dict):
                return batch_of(result)
            code = error_of(body, answer.status)
            if reaction_to(code) is not ErrorAction.WAIT or not pauses.pause():
                raise refused(code, words=words_of(body), until=blocked_until(body))

    def log(self, portal_id: int) -> None:
        """Log the calls, now that their portal is stored. No call."""
        for call in self._made:
            self._exchanges.write(replace(call, portal_id=portal_id))


def parameters_of(commands: Commands) -> dict[str, Any]:
    """What the method batch takes; every command runs, also after one that failed."""
    cmd = {key: f"{method}?{urlencode(list(flatten(params)))}" for key, (method, params) in commands.items()}
    return {"halt": 0, "cmd": cmd}


def batch_of(result: Mapping[str, Any]) -> Batch:
    """What the method batch gives. An error is a code in an object, or a bare text."""
    faults = as_dict(result.get("result_error"))
    times = as_dict(result.get("result_time"))
    return Batch(
        as_dict(result.get("result")),
        {key: code_of(error) for key, error in faults.items()},
        {key: reset_at(times.get(key)) for key in faults},
        {key: words_of(error) for key, error in faults.items()},
    )


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
