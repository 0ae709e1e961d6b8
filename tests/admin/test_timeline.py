"""What an administrator chooses for conversations in timelines."""

from tests.admin.conftest import AppPage
from tests.stand import Widget

GIVEN = {"mode": "end", "idle_hours": "2", "funnels": "", "types": ""}
WRONG = (
    ("types", "сделки"),
    ("types", "2"),
    ("types", ", ".join(map(str, range(200, 213)))),
    ("idle_hours", "0"),
    ("funnels", "x"),
)


def test_an_administrator_chooses_where_conversations_are_told(widget: Widget, admin: AppPage) -> None:
    for name, text in WRONG:
        admin.save("timeline", **{**GIVEN, name: text})
        assert (admin.status, admin.faults) == (422, [f"timeline-{name}"]), text
    admin.save("timeline", **{**GIVEN, "types": "183, 1040"}, quotes=True, deals=True)
    assert admin.status == 200
    stored = widget.services.storage.timelines.settings(widget.portals[0])
    assert (stored.kinds, stored.deals, stored.leads, stored.idle_hours) == ((7, 183, 1040), True, False, 2)
