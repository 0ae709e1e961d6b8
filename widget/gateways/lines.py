"""Opens the gateway of a line, and knows the state of each line. One HTTP client a line."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence

import httpx
from cachetools import LRUCache

from widget.addresses import AddressRefused, AddressRules, require_public
from widget.gateways.base import Gateway, GatewayError, GatewayErrorCode, LineState, LineStatus
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.kinds import KINDS
from widget.gateways.names import id_for
from widget.gateways.pace import Pace
from widget.gateways.states import States
from widget.http import of_kind
from widget.singleflight.local import SingleFlight
from widget.storage.lines import Line

log = logging.getLogger(__name__)


def chat_ids_for(line: Line, canonical: str) -> list[str]:
    """The id of a chat as this line's gateway spells it, out of what is remembered for all kinds
    (names.py); [] where it is just the number's. No call."""
    named = id_for(canonical, line.gateway, lambda phone: f"{phone.lstrip('+')}@{KINDS[line.gateway].home}")
    return [named] if named else []


def state_in(said: LineStatus | GatewayError | None) -> LineState:
    """The line's state in an answer: UNKNOWN if the gateway gave none, NOT_YET if it was not asked
    lately (pure)."""
    if said is None:
        return LineState.NOT_YET
    return said.state if isinstance(said, LineStatus) else LineState.UNKNOWN


class Gateways:
    def __init__(
        self,
        make_client: Callable[[], httpx.Client],
        timeouts: Timeouts,
        *,
        rules: AddressRules,
        clock: Callable[[], float],
        file_hosts: Collection[str] = (),
        pace: Pace | None = None,
        states: States | None = None,
    ) -> None:
        """`make_client` must refuse private addresses itself where they are not allowed: names
        resolve later."""
        self._make_client = make_client
        self._timeouts = timeouts
        self.rules = rules
        self._clock = clock
        self._file_hosts = file_hosts
        self._pace = pace or Pace()
        self._open: LRUCache[Line, Gateway] = LRUCache(512)
        self.states = states or States(clock)
        self._asking: SingleFlight[int, LineStatus | GatewayError] = SingleFlight()
        self._due: set[int] = set()
        self._lock = threading.Lock()

    def of(self, line: Line) -> Gateway:
        """The adapter of a line; a changed line gets a new one. No call. Raises GatewayError for an
        address that may not be called."""
        try:
            require_public(line.address, self.rules)
        except AddressRefused as error:
            log.warning("gateway.address_refused line=%s code=%s", line.id, error.code)
            raise GatewayError(GatewayErrorCode.UNREACHABLE) from error
        with self._lock:
            if line not in self._open:
                breaker = Breaker(self._clock)
                calls = Calls(
                    of_kind(line.gateway, self._make_client()),
                    line.address,
                    self._timeouts,
                    breaker,
                    file_hosts=self._file_hosts,
                    pace=self._pace,
                )
                self._open[line] = KINDS[line.gateway].open(calls, session=line.session, key=line.key)
            return self._open[line]

    def status(self, line: Line, *, refresh: bool = False) -> LineStatus:
        """The line's state, at most some seconds old; one call for all callers at once. For the
        worker, for commands and for an administrator's press: no other request waits for a
        gateway's state. Raises GatewayError."""
        known = None if refresh else self.states.known([line.id]).get(line.id)
        answer = known.answer if known and not known.old else self._asking.get(line.id, lambda: self._ask(line))
        if isinstance(answer, GatewayError):
            raise GatewayError(answer.gateway_code, until=answer.until, quota=answer.quota)
        return answer

    def known(self, line: Line) -> LineStatus | GatewayError | None:
        """The line's state as it was last said to any process, None if it was not within the last
        minutes. No call; one Redis round trip where this process has not read it for some
        seconds."""
        return self.known_of([line])[line.id]

    def known_of(self, lines: Sequence[Line]) -> dict[int, LineStatus | GatewayError | None]:
        """`known` of several lines, by their ids; one Redis round trip at most. What is old or
        missing is asked behind the request."""
        said = self.states.known([line.id for line in lines])
        for line in lines:
            if line.id not in said or said[line.id].old:
                self._ask_behind(line)
        # The answer may be there already.
        newest = {line.id: self.states.here(line.id) or said.get(line.id) for line in lines}
        return {line_id: one.answer if one else None for line_id, one in newest.items()}

    def known_states(self, lines: Sequence[Line]) -> dict[int, LineState]:
        """The lines' states as far as they are known, by line id. Costs what `known_of` does."""
        return {line_id: state_in(said) for line_id, said in self.known_of(lines).items()}

    def known_state(self, line: Line) -> LineState:
        """The line's state as far as it is known. No call, and none behind the request; a round
        trip as `known`."""
        said = self.states.known([line.id]).get(line.id)
        return state_in(said.answer if said else None)

    def report_state(self, line: Line, state: LineState, until: float = 0.0) -> None:
        """Take a line's state from a webhook: all processes know it, and ask anew. No call; one or
        two round trips."""
        self.states.report(line.id, state, until)

    def distrust(self, line: Line) -> None:
        """Doubt a line's state, since a check found it down: it is asked anew behind this
        request."""
        self.states.distrust(line.id)
        self._ask_behind(line)

    def _ask(self, line: Line) -> LineStatus | GatewayError:
        answer: LineStatus | GatewayError
        try:
            answer = self.of(line).status()
        except GatewayError as error:
            answer = error
        self.states.put(line.id, answer)
        return answer

    def _ask_behind(self, line: Line) -> None:
        """Ask for the state behind the request; of many requests and processes that find it old,
        one does."""
        with self._lock:
            if line.id in self._due:
                return
            self._due.add(line.id)
        self.states.behind(lambda: self._ask_alone(line))

    def _ask_alone(self, line: Line) -> None:
        try:
            if self.states.may_ask(line.id):
                try:
                    self._asking.get(line.id, lambda: self._ask(line))
                finally:
                    self.states.asked(line.id)
        except Exception:
            log.exception("gateway.state_not_asked line=%s", line.id)
        finally:
            with self._lock:
                self._due.discard(line.id)
