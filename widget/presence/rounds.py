"""The worker's round over all lines: how each is, and which chats it has, so that no card ever waits for that."""

import logging
import threading
from concurrent.futures import Executor

from widget.gateways.base import GatewayError, LineState
from widget.gateways.lines import Gateways
from widget.presence.listings import Listings
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState

log = logging.getLogger(__name__)


class Rounds:
    def __init__(self, portals: Portals, lines: Lines, gateways: Gateways, listings: Listings, pool: Executor) -> None:
        self._portals = portals
        self._lines = lines
        self._gateways = gateways
        self._listings = listings
        self._pool = pool
        self._going = threading.Lock()

    def go(self) -> None:
        """Every active line of every portal that is in use, side by side: one that hangs keeps nobody. One call for a
        line's state; what a listing costs, where it is time for one. Nothing while a round is going on."""
        if not self._going.acquire(blocking=False):
            return
        try:
            in_use = [portal for portal in self._portals.all() if portal.state is PortalState.ACTIVE]
            flying = [self._pool.submit(self._visit, line) for portal in in_use for line in self._lines.of(portal.id)]
            for future in flying:
                future.result()
        finally:
            self._going.release()

    def _visit(self, line: Line) -> None:
        """A line that is not ready is never listed: its gateway may let us wait."""
        try:
            status = self._gateways.status(line, again=True)
            if status.state is LineState.READY:
                self._listings.refresh(line)
        except GatewayError as error:
            log.info("round line=%s: %s", line.id, error.trouble.value)
        except Exception:  # one line's fault is not the others'
            log.exception("round line=%s failed", line.id)
