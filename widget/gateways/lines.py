"""Open the gateway of a line: the one place that knows which kinds there are. One HTTP client a line."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from cachetools import LRUCache, TTLCache

from widget.gateways.base import Gateway, GatewayError, LineStatus
from widget.gateways.waha import Waha
from widget.storage.lines import Line

KINDS = ("waha",)
# Several rows of one card ask about one line: they share one answer. Short, because a rep waits for «ready» to appear.
STATUS_SECONDS = 5


@dataclass(frozen=True)
class Timeouts:
    """Seconds that one call may take."""

    check: float
    history: float
    send: float


class Gateways:
    def __init__(
        self,
        make_client: Callable[[], httpx.Client],
        timeouts: Timeouts,
        *,
        allow_http: bool,
        clock: Callable[[], float],
    ) -> None:
        self._make_client = make_client
        self._timeouts = timeouts
        self._allow_http = allow_http
        self._open: LRUCache[Line, Gateway] = LRUCache(512)
        self._statuses: TTLCache[int, LineStatus | GatewayError] = TTLCache(512, STATUS_SECONDS, timer=clock)
        self._asking: dict[int, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, line: Line) -> Gateway:
        """The adapter of a line; a changed line gets a new one."""
        if urlsplit(line.address).scheme != "https" and not self._allow_http:
            raise ValueError("a line's address must be https (ALLOW_HTTP is off)")
        with self._lock:
            if line not in self._open:
                self._open[line] = Waha(
                    self._make_client(),
                    address=line.address,
                    session=line.session,
                    key=line.key,
                    check_timeout=self._timeouts.check,
                    history_timeout=self._timeouts.history,
                    send_timeout=self._timeouts.send,
                )
            return self._open[line]

    def status(self, line: Line, *, again: bool = False) -> LineStatus:
        """The line's state, at most a few seconds old; one call for all who ask meanwhile. Raises GatewayError."""
        known = None if again else self._known(line.id)
        if known is None:
            with self._lock:
                mine = self._asking.setdefault(line.id, threading.Lock())
            with mine:
                known = None if again else self._known(line.id)
                if known is None:
                    known = self._ask(line)
        if isinstance(known, GatewayError):
            raise GatewayError(known.trouble)
        return known

    def _known(self, line_id: int) -> LineStatus | GatewayError | None:
        with self._lock:
            return self._statuses.get(line_id)

    def _ask(self, line: Line) -> LineStatus | GatewayError:
        answer: LineStatus | GatewayError
        try:
            answer = self.of(line).status()
        except GatewayError as error:
            answer = error
        with self._lock:
            self._statuses[line.id] = answer
        return answer
