"""Open the gateway of a line: the one place that knows which kinds there are. One HTTP client a line."""

import logging
import threading
import time
from collections.abc import Callable, Collection

import httpx
from cachetools import LRUCache, TLRUCache

from widget.addresses import AddressRefused, require_public
from widget.gateways import evolution, green, waha
from widget.gateways.base import Capabilities, Gateway, GatewayError, LineState, LineStatus, Trouble, Webhooks
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.evolution_hooks import EvolutionWebhooks
from widget.gateways.green_hooks import GreenWebhooks
from widget.gateways.names import id_for
from widget.gateways.waha_hooks import WahaWebhooks
from widget.once import Once
from widget.storage.lines import Line
from widget.timing import timer_of

log = logging.getLogger(__name__)

# Kinds of gateways, as they are stored with a line; what each can do, and how each reports by itself.
ADAPTERS: dict[str, Callable[..., Gateway]] = {
    "waha": waha.Waha,
    "evolution": evolution.Evolution,
    "green": green.Green,
}
CAPABILITIES: dict[str, Capabilities] = {
    "waha": waha.CAPABILITIES,
    "evolution": evolution.CAPABILITIES,
    "green": green.CAPABILITIES,
}
WEBHOOKS: dict[str, Webhooks] = {"waha": WahaWebhooks(), "evolution": EvolutionWebhooks(), "green": GreenWebhooks()}
KINDS = tuple(ADAPTERS)
HOMES = {"waha": "c.us", "evolution": "s.whatsapp.net", "green": "c.us"}  # how each ends the id of a phone
# Several rows of one card ask about one line: they share one answer. A line that is not ready is asked again soon,
# because a rep waits for that.
READY_SECONDS = 30
OTHER_SECONDS = 5


def capabilities_of(kind: str) -> Capabilities:
    """What lines of this kind can do; no call, and no line needed."""
    return CAPABILITIES[kind]


def chat_ids_for(line: Line, canonical: str) -> list[str]:
    """The id of a chat as this line's gateway spells it, out of what is remembered for all kinds (names.py); [] where
    it is just the number's. No call."""
    named = id_for(canonical, line.gateway, lambda phone: f"{phone.lstrip('+')}@{HOMES[line.gateway]}")
    return [named] if named else []


class Gateways:
    def __init__(
        self,
        make_client: Callable[[], httpx.Client],
        timeouts: Timeouts,
        *,
        allow_http: bool,
        allow_private: bool,
        clock: Callable[[], float],
        file_hosts: Collection[str] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`make_client` must refuse private addresses itself where they are not allowed: names resolve later."""
        self._make_client = make_client
        self._timeouts = timeouts
        self._allow_http = allow_http
        self._allow_private = allow_private
        self._clock = clock
        self._file_hosts = file_hosts
        self._sleep = sleep
        self._open: LRUCache[Line, Gateway] = LRUCache(512)
        self._statuses: TLRUCache[int, LineStatus | GatewayError] = TLRUCache(512, _known_until, timer=timer_of(clock))
        self._asking: Once[int, LineStatus | GatewayError] = Once()
        self._lock = threading.Lock()

    def of(self, line: Line) -> Gateway:
        """The adapter of a line; a changed line gets a new one. Raises GatewayError for an address that may not be
        called, whoever stored it."""
        try:
            require_public(line.address, allow_http=self._allow_http, allow_private=self._allow_private)
        except AddressRefused as error:
            log.warning("line %s: address refused (%s)", line.id, error.code)
            raise GatewayError(Trouble.UNREACHABLE) from error
        with self._lock:
            if line not in self._open:
                breaker = Breaker(self._clock)
                calls = Calls(
                    self._make_client(),
                    line.address,
                    self._timeouts,
                    breaker,
                    file_hosts=self._file_hosts,
                    sleep=self._sleep,
                )
                self._open[line] = ADAPTERS[line.gateway](calls, session=line.session, key=line.key)
            return self._open[line]

    def status(self, line: Line, *, again: bool = False) -> LineStatus:
        """The line's state, at most seconds old; one call for all who ask meanwhile. Raises GatewayError."""
        with self._lock:
            known = None if again else self._statuses.get(line.id)
        if known is None:
            known = self._asking.get(line.id, lambda: self._ask(line))
        if isinstance(known, GatewayError):
            raise GatewayError(known.trouble, until=known.until, quota=known.quota)
        return known

    def known_state(self, line: Line) -> LineState:
        """The line's state as it was said a moment ago, UNKNOWN where nobody asked. No call."""
        with self._lock:
            known = self._statuses.get(line.id)
        return known.state if isinstance(known, LineStatus) else LineState.UNKNOWN

    def distrust(self, line: Line) -> None:
        """Something else says that the line is down: its state is asked again next time."""
        with self._lock:
            self._statuses.pop(line.id, None)

    def _ask(self, line: Line) -> LineStatus | GatewayError:
        answer: LineStatus | GatewayError
        try:
            answer = self.of(line).status()
        except GatewayError as error:
            answer = error
        with self._lock:
            self._statuses[line.id] = answer
        return answer


def _known_until(_line_id: int, answer: LineStatus | GatewayError, now: float) -> float:
    ready = isinstance(answer, LineStatus) and answer.state is LineState.READY
    return now + (READY_SECONDS if ready else OTHER_SECONDS)
