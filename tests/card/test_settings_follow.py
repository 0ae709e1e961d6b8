"""«Saved. Open cards follow within a minute.»: what an open card's question each minute brings, and
what it costs."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.stand import CardPage, Clock, Outside, Widget
from widget.storage.lines import Grantee
from widget.storage.portals import Visibility

MakeWidget = Callable[..., Widget]
MINUTE = 60


def version_of(page: CardPage) -> str:
    return page.text.split('data-version="')[1].split('"')[0]


def asks(page: CardPage, version: str, line: int | None = None) -> CardPage:
    """The open page's question of each minute."""
    return page.post("/card/again", {"version": version, "line": line, "remembered": True})


def set_defaults(services: Any, portal: int, **changes: Any) -> None:
    usual: dict[str, Any] = {"country": "RU", "language": "", "light_hours": ()}
    services.storage.portals.set_defaults(portal, **{**usual, **changes})


CHANGES: dict[str, Callable[[Any, int], None]] = {
    "hours": lambda services, portal: set_defaults(services, portal, light_hours=(0, 0, 1, 1)),
    "language": lambda services, portal: set_defaults(services, portal, language="ru"),
    "country": lambda services, portal: set_defaults(services, portal, country="KZ"),
    "visibility": lambda services, portal: services.storage.portals.set_visibility(portal, Visibility.ALWAYS),
    "line renamed": lambda services, portal: services.storage.lines.rename(portal, 1, name="Renamed", number=""),
    "line closed": lambda services, portal: services.storage.lines.set_access(portal, 1, (Grantee("U9", "Anna"),)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_an_administrator_saves_reaches_a_card_that_is_open(
    widget: Widget, clock: Clock, change: Callable[[Any, int], None]
) -> None:
    page = widget.open(lang="en").reveal().check()
    version = version_of(page.reveal())

    change(widget.twin().services, widget.portals[0])
    clock.forward(MINUTE)

    assert asks(page, version).answer.status_code == 200
    assert asks(page, version_of(page)).answer.status_code == 204


def test_the_question_of_each_minute_costs_the_portal_and_the_gateway_nothing(
    widget: Widget, outside: Outside, clock: Clock
) -> None:
    page = widget.open().reveal().check()
    version = version_of(page.reveal())
    outside.reset()

    for _minute in range(30):  # the card itself is forgotten meanwhile
        clock.forward(MINUTE)
        assert asks(page, version).answer.status_code == 204

    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_card_that_follows_checks_by_itself_only_where_everything_is_shown_at_once(
    widget: Widget, clock: Clock, visibility: Visibility
) -> None:
    page = widget.open().reveal()
    version = version_of(page)
    services = widget.services
    services.storage.portals.set_visibility(widget.portals[0], visibility)
    set_defaults(services, widget.portals[0], light_hours=(0, 0, 24, 24))

    followed = asks(page, version)

    assert bool(followed.to_ask) is (visibility is Visibility.ALWAYS)
    assert followed.rows


def test_a_chosen_line_stays_chosen_until_it_is_taken_away(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang="en").reveal()
    lines, portal = widget.services.storage.lines, widget.portals[0]

    lines.rename(portal, 1, name="Renamed", number="")
    followed = asks(page, version_of(page), line=2)
    assert 'value="2" selected' in followed.text and "Renamed" in followed.words

    lines.set_active(portal, 2, active=False)
    followed = asks(page, version_of(page), line=2)
    assert followed.answer.status_code == 200
    assert 'value="1" selected' in followed.text and 'value="2"' not in followed.text
