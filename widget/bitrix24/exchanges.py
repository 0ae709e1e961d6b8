"""One request to a portal: the client that takes it, how long it took, and what the log keeps of
it."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from widget.bitrix24.errors import error_of, known_code
from widget.bitrix24.pauses import Pauses
from widget.errors import ErrorCode, Refused
from widget.http import HttpResponse, OutsideError, fetch
from widget.storage.rest_log import Call, RestLog

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RestExchange:
    """The outcome of one request, and how many milliseconds it took."""

    result: HttpResponse | OutsideError
    took: int

    @property
    def outcome(self) -> str:
        """For the log: the status and a known code, or why there was no answer."""
        if isinstance(self.result, OutsideError):
            return self.result.reason
        error = "" if self.result.status == 200 else f" {known_code(error_of(self.result.json(), self.result.status))}"
        return f"{self.result.status}{error}"

    def answer(self) -> HttpResponse:
        """Raises Refused(PORTAL_FAILED) where there was none."""
        if isinstance(self.result, OutsideError):
            raise Refused(ErrorCode.PORTAL_FAILED, reason=self.result.reason) from self.result
        return self.result


class Exchanges:
    """Requests to portals, in turn over a few clients. Safe to share between threads."""

    def __init__(
        self,
        clients: Sequence[httpx.Client],
        rest_log: RestLog,
        *,
        timeout: float,
        patience: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`timeout` is for one request, `patience` for a call with all its repeats, in seconds."""
        self._clients = itertools.cycle(clients)
        self._rest_log = rest_log
        self._timeout = timeout
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def pauses(self) -> Pauses:
        """The pauses of one call that begins now."""
        return Pauses(self._patience, self._sleep)

    def post(
        self, endpoint: str, method: str, params: Mapping[str, Any], access_token: str, left: float | None = None
    ) -> RestExchange:
        """One outside call, never repeated and not yet logged, of at most `left` seconds. Raises
        nothing: no answer is an outcome like any other."""
        with self._lock:
            client = next(self._clients)
        started = time.monotonic()
        timeout = self._timeout if left is None else min(self._timeout, left)
        try:
            result: HttpResponse | OutsideError = fetch(
                client, "POST", f"{endpoint}{method}", timeout=timeout, json=signed(params, access_token)
            )
        except OutsideError as error:
            result = error
        return RestExchange(result, round(1000 * (time.monotonic() - started)))

    def note(
        self, portal_id: int, user_id: int, method: str, params: Mapping[str, Any], exchange: RestExchange
    ) -> None:
        """Log an exchange. No call; the row is written later, by another thread."""
        log.info(
            "bitrix24.called method=%s portal=%s outcome=%s ms=%d", method, portal_id, exchange.outcome, exchange.took
        )
        self._rest_log.write(self.call(portal_id, user_id, method, params, exchange))

    def write(self, call: Call) -> None:
        """Log a call that was made before its portal was stored. No call."""
        self._rest_log.write(call)

    def call(
        self, portal_id: int, user_id: int, method: str, params: Mapping[str, Any], exchange: RestExchange
    ) -> Call:
        """The exchange as a row of the log."""
        body = b"" if isinstance(exchange.result, OutsideError) else exchange.result.body
        return Call(portal_id, user_id, self._clock(), method, exchange.outcome, exchange.took, params, body)


def signed(params: Mapping[str, Any], access_token: str) -> dict[str, Any]:
    """The body of a request with the token in it: some web servers in front of a box drop the
    Authorization header (b24restdocs, settings/how-to-call-rest-api/authorization.md has both)."""
    return {**params, "auth": access_token}
