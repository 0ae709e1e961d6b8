"""A setting that is changed on one host is known on every other within ten seconds, however often
they look."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.storage.conftest import Store
from widget.storage import ignores, line_health, lines, portals, staff
from widget.storage.lines import Grantee, LineLimits, Mirroring
from widget.storage.portals import Visibility
from widget.storage.staff import Staff
from widget.storage.timelines import TimelineMode, Timelines, TimelineSettings

TEN_SECONDS = 10


class Host:
    """The repositories of one process, which remember on their own."""

    def __init__(self, store: Store) -> None:
        self.store = Store(store.engine, store.clock, store.key)
        self.portals, self.lines = self.store.portals, self.store.lines
        self.portal, self.line = store.one, store.line_one
        self.ignores = self.store.ignores
        self.timelines, self.staff = Timelines(store.engine, store.clock), Staff(store.engine, store.clock)

    def line_is(self) -> Any:
        return next(line for line in self.lines.all_of(self.portal) if line.id == self.line)

    def portal_is(self) -> Any:
        return self.portals.get(self.portal)


Change = Callable[[Host], object]
Look = Callable[[Host], object]
DAY = TimelineSettings(mode=TimelineMode.DAY)
SETTINGS: dict[str, tuple[Change, Look]] = {
    "visibility": (lambda h: h.portals.set_visibility(h.portal, Visibility.ALWAYS), lambda h: h.portal_is().visibility),
    "country": (
        lambda h: h.portals.set_defaults(h.portal, country="KZ", language="ru", light_hours=(9, 18)),
        lambda h: (h.portal_is().country, h.portal_is().language, h.portal_is().light_hours),
    ),
    "how long a client may wait": (
        lambda h: h.portals.set_waiting_minutes(h.portal, 5),
        lambda h: h.portal_is().waiting_minutes,
    ),
    "name": (lambda h: h.lines.rename(h.portal, h.line, name="Support", number=""), lambda h: h.line_is().name),
    "access": (lambda h: h.lines.set_access(h.portal, h.line, [Grantee("U1", "Anna")]), lambda h: h.line_is().access),
    "off": (lambda h: h.lines.set_active(h.portal, h.line, active=False), lambda h: h.line_is().active),
    "limits": (
        lambda h: h.lines.set_limits(h.portal, h.line, LineLimits(per_day=5)),
        lambda h: h.line_is().limits.per_day,
    ),
    "open line": (
        lambda h: h.lines.set_mirroring(h.portal, h.line, Mirroring.ON, open_line=3),
        lambda h: h.line_is().open_line,
    ),
    "ignored": (
        lambda h: h.ignores.add(h.portal, 0, ["+79619510000"], 1),
        lambda h: h.ignores.ignores(h.portal, h.line, ["+79619510000"]),
    ),
    "timeline": (lambda h: h.timelines.save(h.portal, DAY), lambda h: h.timelines.settings(h.portal).mode),
    "staff": (lambda h: h.staff.seen(h.portal, 7, "Anna", admin=True), lambda h: h.staff.of(h.portal).get(7)),
}


def test_what_is_changed_on_one_host_is_known_on_another_within_ten_seconds(store: Store) -> None:
    here, there = Host(store), Host(store)
    before = {name: look(there) for name, (_change, look) in SETTINGS.items()}
    for change, _look in SETTINGS.values():
        change(here)
    store.clock.forward(TEN_SECONDS)

    assert [name for name, (_change, look) in SETTINGS.items() if look(there) == before[name]] == []


@pytest.mark.parametrize("room", [ignores, line_health, lines, portals, staff])
def test_nothing_is_remembered_for_longer(room: Any) -> None:
    assert room.REMEMBERED_SECONDS <= TEN_SECONDS
