"""Outside calls of one line: its address, its own HTTP client and timeouts, and the code of a
failed exchange."""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.gateways.breaker import Breaker
from widget.gateways.pace import Pace
from widget.http import HttpResponse, NoRoom, OutsideError, TimedOut, fetch

log = logging.getLogger(__name__)

HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.[a-z][a-z0-9-]{0,62}", re.ASCII)  # a name, and no address
# A proxy says these when there is no gateway behind it. A plain 500 is often the gateway's answer
# about one number.
NOBODY_THERE = (502, 503, 504)
# Only after these statuses was surely nothing done. A 2xx may be a queue's, a 3xx comes after the
# work, a 408 or a 499 is a proxy's that lost patience in the middle of it, a 409 or a 425 may be
# about a second try of its own.
REFUSES = frozenset({400, 401, 403, 404, 413, 422})


@dataclass(frozen=True)
class Timeouts:
    """Seconds that one call may take."""

    check: float
    history: float
    send: float


def may_have_acted(status: int, *, own_words: bool = False) -> bool:
    """Whether a request that was answered so may have been done all the same. `own_words`: the
    vendor itself, in a body of its own and not by the status alone, which any proxy can say, names
    a refusal."""
    return status not in REFUSES and not (own_words and status >= 400)


class Calls:
    """HTTP to one gateway. Never repeats a request."""

    def __init__(
        self,
        client: httpx.Client,
        address: str,
        timeouts: Timeouts,
        breaker: Breaker,
        *,
        file_hosts: Collection[str] = (),
        pace: Pace | None = None,
    ) -> None:
        """`file_hosts` are names of hosts that the operator lets files be fetched from, besides
        those that an adapter knows. `pace` is how an adapter waits between two calls."""
        self._file_hosts = frozenset(file_hosts)
        self._client = client
        self._address = address.rstrip("/")
        self.timeouts = timeouts
        self.pace = pace or Pace()
        self._breaker = breaker

    def download(self, url: str, storages: re.Pattern[str], timeout: float, *, largest: int) -> HttpResponse:
        """A file from where an answer says that it is, over the same guarded client: it connects to
        no private address where those are not allowed. An answer alone sends us nowhere: the file
        lies below the line's own address, at a host of the operator's list, or at one whose whole
        name is among the `storages`. Nothing of ours is sent along, and how the host does says
        nothing about the gateway. `timeout` is seconds. Raises GatewayError, without a call and
        with the host's name for any other host.
        """
        self._require_known(url, storages)
        try:
            answer = fetch(self._client, "GET", url, timeout=timeout, largest=largest)
        except TimedOut as error:
            raise GatewayError(GatewayErrorCode.TIMED_OUT, sent=error.sent) from None
        except OutsideError as error:
            raise GatewayError(GatewayErrorCode.UNREACHABLE, sent=error.sent) from None
        if answer.status != 200:
            raise GatewayError(GatewayErrorCode.NO_SUCH_THING)
        return answer

    def _require_known(self, url: str, storages: re.Pattern[str]) -> None:
        if url.startswith(self._address + "/"):
            return
        try:
            parts = urlsplit(url)
            plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
        except ValueError:
            raise GatewayError(GatewayErrorCode.NO_SUCH_THING) from None
        host = parts.hostname or ""
        if not plain or not HOST.fullmatch(host):
            raise GatewayError(GatewayErrorCode.NO_SUCH_THING)
        if host not in self._file_hosts and not storages.fullmatch(host):
            log.warning("gateway.file_host_refused host=%s", host)
            raise GatewayError(GatewayErrorCode.NO_SUCH_THING, host=host)

    def fetch(self, method: str, path: str, timeout: float, **request: Any) -> HttpResponse:
        """The answer, of any status. `path` is below the line's address; nothing of it is ever
        logged, because some vendors carry the key in it. Raises GatewayError, whose `sent` says
        whether the request may have been acted on: LEFT_ALONE without a call when the gateway
        failed several times in a row. `timeout` is seconds.
        """
        until = self._breaker.wait_until()
        if until:
            raise GatewayError(GatewayErrorCode.LEFT_ALONE, until=until)
        try:
            answer = fetch(self._client, method, self._address + path, timeout=timeout, **request)
        except OutsideError as error:
            if not isinstance(error, NoRoom):
                self._breaker.failed()
            if isinstance(error, TimedOut):
                code = GatewayErrorCode.TIMED_OUT
            else:  # a connection that broke in the middle of an answer did reach the gateway
                code = GatewayErrorCode.BROKEN_ANSWER if error.sent else GatewayErrorCode.UNREACHABLE
            raise GatewayError(code, sent=error.sent) from None  # its text may hold the address, and that the key
        if answer.status in NOBODY_THERE:
            self._breaker.failed()
        else:
            self._breaker.answered()
        return answer
