"""The worker's round over all lines: the state and the chats of each, so that no card ever waits
for them."""

import logging
import threading
from collections import Counter
from concurrent.futures import Executor, wait
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from ratelimit import StorageUnavailable
from widget.cache import Cache, StoreGone
from widget.gateways.base import GatewayError, LineState
from widget.gateways.lines import Gateways
from widget.presence.chat_index import ChatIndex
from widget.presence.check_budget import CheckBudget
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState

log = logging.getLogger(__name__)

MAX_AT_START = 200  # lines
FOUND, FOUND_SECONDS = "round", 300.0  # what the last round found, for the operator
START_SECONDS = 2.0  # for so long a process waits for their states before it takes requests


class Rounds:
    def __init__(
        self,
        portals: Portals,
        lines: Lines,
        gateways: Gateways,
        chat_index: ChatIndex,
        pool: Executor,
        check_budget: CheckBudget,
        cache: Cache,
    ) -> None:
        self._portals = portals
        self._lines = lines
        self._gateways = gateways
        self._chat_index = chat_index
        self._pool = pool
        self._check_budget = check_budget
        self._cache = cache
        self._going = threading.Lock()

    def begin(self) -> None:
        """Read the lines' states when a process starts, so that its first cards find them. One call
        a line, at most MAX_AT_START lines; none for a state that another process read lately. A
        slow gateway is not waited for."""
        flying = [self._pool.submit(self._hear, line) for line in self._in_use()[:MAX_AT_START]]
        wait(flying, timeout=START_SECONDS)

    def go(self) -> None:
        """Visit every active line of every portal in use, side by side: one that hangs does not
        keep the others. One call for a line's state, and the calls of `ChatIndex.refresh`. Nothing
        while a round is going on."""
        if not self._going.acquire(blocking=False):
            return
        try:
            flying = [self._pool.submit(self._visit, line) for line in self._in_use()]
            seen = [future.result() for future in flying]
            found = {
                "states": Counter(state for state, _left in seen),
                "budgets": Counter(left for _state, left in seen),
            }
            with suppress(StoreGone):
                self._cache.set_many({FOUND: found}, FOUND_SECONDS)
        finally:
            self._going.release()

    def states(self) -> dict[str, float]:
        """How many lines were in each state in the last round of any worker. One Redis round
        trip."""
        return self._found().get("states", {})

    def budgets(self) -> dict[str, float]:
        """How many lines had none, less than half, or more of a day's checks left; «unknown» where
        that could not be counted. One Redis round trip."""
        return self._found().get("budgets", {})

    def _found(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = self._cache.get_many([FOUND]).get(FOUND, {})
        return found

    def _in_use(self) -> list[Line]:
        portals = [portal for portal in self._portals.all() if portal.state is PortalState.ACTIVE]
        return [line for portal in portals for line in self._lines.of(portal.id)]

    def _hear(self, line: Line) -> None:
        with suppress(GatewayError):  # it is known that the gateway does not say
            self._gateways.status(line)

    def _visit(self, line: Line) -> tuple[str, str]:
        """The line's state, and what is left of its budget. A line that is not ready is not listed:
        its gateway may hang."""
        state = LineState.UNKNOWN
        try:
            state = self._gateways.status(line, refresh=True).state
            if state is LineState.READY:
                self._chat_index.refresh(line)
        except GatewayError as error:
            log.info("round.gateway_failed line=%s error=%s", line.id, error.gateway_code.value)
        except Exception:  # one line's fault is not the others'
            log.exception("round.failed line=%s", line.id)
        return state.value, self._left(line)

    def _left(self, line: Line) -> str:
        try:
            left = self._check_budget.remaining(line)
        except (StorageUnavailable, SQLAlchemyError):
            return "unknown"
        return "none" if not left.left else "less_than_half" if 2 * left.left < left.allowed else "half_or_more"
