"""The application opened from a card: its page begins at the place that was meant."""

import json
import re
from typing import Any

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Widget


def places(widget: Widget, user: str, *given: Any) -> list[str]:
    """The element at which the page of a user begins, for each of these parameters of
    `openApplication`."""
    opening = widget.outside.opening("/app/", user=user)
    pages = [widget.post_opening(opening, PLACEMENT_OPTIONS=json.dumps(options)).text for options in given]
    return [found[1] if (found := re.search(r'<main [^>]*data-place="([^"]*)"', page)) else "" for page in pages]


def test_an_administrator_comes_to_the_lines_or_to_the_one_that_was_meant(widget: Widget) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0].id
    foreign = widget.services.storage.lines.of(widget.portals[1])[0].id
    given = ({"place": "lines"}, {"place": "line", "line": line}, {"place": "line", "line": str(line)})
    assert places(widget, "admin", *given) == ["lines-section", f"line-{line}", f"line-{line}"]
    assert places(widget, "admin", {"place": "line", "line": foreign}, {"place": "line"}) == ["lines-section"] * 2


def test_a_rep_comes_to_their_own_lines(widget: Widget) -> None:
    assert places(widget, "rep", {"place": "lines"}, {"place": "line", "line": 1}) == ["mine", "mine"]


def test_anything_else_begins_at_the_top(widget: Widget) -> None:
    wrong = ({}, {"place": "moon"}, {"place": ["line"]}, {"line": 1}, [], "lines", {"place": None})
    assert places(widget, "admin", *wrong) == [""] * len(wrong)


def test_a_user_who_may_use_a_line_is_a_link_and_a_department_is_none(widget: Widget, open_app: OpenApp) -> None:
    line = widget.services.storage.lines.of(widget.portals[0])[0].id
    admin: AppPage = open_app()
    admin.save(f"lines/{line}/access", access=[{"id": "U2", "name": "Роман <b>"}, {"id": "DR5", "name": "Отдел"}])
    linked = re.findall(r'<a class="portal-link" href="([^"]*)" data-path="([^"]*)"[^>]*>([^<]*)</a>', admin.html)
    profile = "/company/personal/user/2/"
    assert (f"{widget.outside.portal}{profile}", profile, "Роман &lt;b&gt;") in linked
    assert "Отдел" not in [name for *_, name in linked]
