"""The way to a line, step by step; where it stands is read from what is stored and heard."""

import pytest

from widget.admin.lines.line_status import LineStatusText
from widget.admin.lines.reports import ReportsState
from widget.admin.lines.setup import SetupStep, step_of
from widget.storage.line_health import LinePast
from widget.storage.lines import Line

LINE = Line(1, 1, "Sales", "waha", "", "", "", "")
USED = LinePast(used_at=1.0)
NEW = LinePast()


@pytest.mark.parametrize(
    ("state", "way", "past", "step"),
    [
        ("credentials", ReportsState.NOT_SET_UP, NEW, SetupStep.GATEWAY),
        ("unreachable", ReportsState.WORKS, USED, None),  # in trouble, not in its set-up
        ("not_yet", ReportsState.NOT_SET_UP, NEW, None),
        ("scan_qr", ReportsState.NOT_SET_UP, NEW, SetupStep.PHONE),
        ("scan_qr", ReportsState.WORKS, USED, SetupStep.PHONE),  # logged out later
        ("connecting", ReportsState.NOT_SET_UP, NEW, SetupStep.PHONE),
        ("ready", ReportsState.NOT_SET_UP, USED, SetupStep.REPORTS),
        ("ready", ReportsState.NEVER, NEW, SetupStep.REPORTS),
        ("ready", ReportsState.NO_ADDRESS, NEW, SetupStep.CHAT),  # nothing to be done about it here
        ("restricted", ReportsState.WORKS, NEW, SetupStep.CHAT),
        ("ready", ReportsState.WORKS, USED, None),
        ("banned", ReportsState.NEVER, NEW, None),
    ],
)
def test_the_step_to_do_now_follows_from_how_the_line_is(
    state: str, way: ReportsState, past: LinePast, step: SetupStep | None
) -> None:
    assert step_of(LINE, LineStatusText(state), way, past) is step
