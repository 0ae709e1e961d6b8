"""How far a line's set-up has come: read from what is stored and heard, so it can be left and taken
up again (pure)."""

from enum import IntEnum

from widget.admin.lines.line_status import LineStatusText
from widget.admin.lines.reports import ReportsState
from widget.gateways.base import LineState
from widget.storage.line_health import LinePast
from widget.storage.lines import Line

NOT_HEARD = frozenset({LineState.NOT_YET.value, LineState.UNKNOWN.value})
LINKED = frozenset({LineState.READY.value, LineState.RESTRICTED.value})
ANSWERED = frozenset({state.value for state in LineState}) - NOT_HEARD
REPORTS_DONE = frozenset({ReportsState.WORKS, ReportsState.STALE, ReportsState.NO_ADDRESS})


class SetupStep(IntEnum):
    """In their order; the value counts from one, as the page does."""

    GATEWAY = 1  # its address and key are right: it answers
    PHONE = 2  # linked, by a QR code or a typed one
    REPORTS = 3  # a first webhook has come; without a public address they cannot be had, and are passed over
    CHAT = 4  # a first message, from a card or on the phone


def step_of(line: Line, status: LineStatusText, way: ReportsState, past: LinePast) -> SetupStep | None:
    """The step that is to be done now. None where nothing is left to do, or where the line's state
    is not known: a line that was in use and does not answer for a while is in trouble, not in its
    set-up."""
    in_use = way in REPORTS_DONE and past.used_at > 0
    if not line.active or status.value in (*NOT_HEARD, LineState.BANNED.value):
        return None
    if status.value == LineState.SCAN_QR.value:
        return SetupStep.PHONE
    if in_use:
        return None
    if status.value not in ANSWERED:
        return SetupStep.GATEWAY
    if status.value not in LINKED:
        return SetupStep.PHONE
    return SetupStep.CHAT if way in REPORTS_DONE else SetupStep.REPORTS
