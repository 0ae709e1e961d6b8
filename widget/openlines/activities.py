"""Whether an open line keeps its conversations in the CRM by itself: then a card's timeline shows them already."""

import logging
import threading
from collections.abc import Callable

from cachetools import TTLCache

from widget.errors import Refused
from widget.openlines.calls import OpenLineCalls
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.timing import timer_of

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 3600
MAX_REMEMBERED = 2000


class LineActivities:
    def __init__(self, calls: OpenLineCalls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._remembered: TTLCache[tuple[int, int], bool] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def are_kept(self, portal: Portal, line: Line) -> bool:
        """As the open line's settings say; yes where they are not told, so that nothing is told twice. One outside call
        an hour."""
        key = portal.id, line.open_line
        with self._lock:
            known = self._remembered.get(key)
        if known is None:
            try:
                known = self._calls.config(portal, portal.installer_id, line.open_line).get("CRM") != "N"
            except Refused as error:
                log.info("open_line.settings_unknown portal=%s line=%s error=%s", portal.id, line.id, error.reason)
                known = True
            with self._lock:
                self._remembered[key] = known
        return known
