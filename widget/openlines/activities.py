"""Whether an open line keeps its conversations in the CRM by itself: then a card's timeline shows
them already."""

import logging
import threading
from collections.abc import Callable

from cachetools import TTLCache

from widget.bitrix24.errors import is_silent
from widget.errors import Refused
from widget.openlines.calls import OpenLineCalls
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.timing import timer_of

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 3600
REFUSAL_SECONDS = 60
MAX_REMEMBERED = 2000


class LineActivities:
    def __init__(self, calls: OpenLineCalls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._remembered: TTLCache[tuple[int, int], bool] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._refused: TTLCache[tuple[int, int], bool] = TTLCache(
            MAX_REMEMBERED, REFUSAL_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def are_kept(self, portal: Portal, line: Line) -> bool:
        """As the open line's settings say; yes where they are not told, so that nothing is told
        twice. One outside call an hour, after a refusal one a minute. Raises Refused where the
        portal does not answer."""
        key = portal.id, line.open_line
        with self._lock:
            known = self._remembered.get(key, self._refused.get(key))
        if known is None:
            kept_in = self._remembered
            try:
                known = self._calls.config(portal, portal.installer_id, line.open_line).get("CRM") != "N"
            except Refused as error:
                if is_silent(error):
                    raise
                log.info("openline.settings_unknown portal=%s line=%s error=%s", portal.id, line.id, error.reason)
                known, kept_in = True, self._refused
            with self._lock:
                kept_in[key] = known
        return known
