"""Whether what a line's gateway reports by itself reaches us (pure)."""

from enum import Enum

from widget.storage.line_health import LinePast
from widget.storage.lines import Line

DAY = 86_400.0
# A webhook may come a moment after the chat was read; and when one came is known to a minute.
SAME_MOMENT = 600.0


class ReportsState(Enum):
    """How it stands with a line's reports. The value is what the page's texts are keyed by."""

    NO_ADDRESS = "no_address"  # the service does not know where it can be reached
    OFF = "off"  # the line is switched off: what comes is not taken
    NOT_SET_UP = "not_set_up"  # no secret, so nothing could be proved
    NEVER = "never"  # set up, and nothing has come
    STALE = "stale"  # messages came or went, and nothing was told of them
    WORKS = "works"


def way_of(line: Line, past: LinePast, *, public_url: str, now: float) -> ReportsState:
    """An unused line has nothing to report: its silence is not a fault, however long."""
    if not line.active:
        return ReportsState.OFF
    if past.reported_at and line.hook_secret:
        used_since = past.used_at > past.reported_at + SAME_MOMENT
        return ReportsState.STALE if used_since and now - past.reported_at > 2 * DAY else ReportsState.WORKS
    if not public_url:
        return ReportsState.NO_ADDRESS
    return ReportsState.NEVER if line.hook_secret else ReportsState.NOT_SET_UP
