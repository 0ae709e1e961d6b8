"""What an administrator is told of checks: each line's last day, and what «everything at once»
would have asked."""

import re

import pytest

from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Clock, Outside, Widget, in_russian

HOUR, DAY = 3600, 86_400


def count(widget: Widget, line: int = 0, *, hours_ago: int = 0, **counts: int) -> None:
    usage = widget.services.storage.usage
    usage.add(widget.portals[0], line, hour=usage.hour() - hours_ago, **counts)


def sales(widget: Widget) -> int:
    line_id: int = widget.services.storage.lines.of(widget.portals[0])[0].id
    return line_id


def picture(page: AppPage) -> str:
    found = re.search(r'<svg class="day-picture".*?</svg>', page.html, re.S)
    return found[0] if found else ""


@pytest.fixture
def busy(widget: Widget) -> Widget:
    """A line that checked 12 numbers and sent 30 messages today."""
    count(widget, sales(widget), hours_ago=3, checks=8, sent=10)
    count(widget, sales(widget), hours_ago=1, checks=4, sent=20)
    return widget


def test_the_picture_says_in_words_what_its_bars_show(busy: Widget, open_app: OpenApp) -> None:
    drawn = picture(open_app())

    assert "The last 24 hours: 12 checks, 30 messages sent." in drawn
    assert 'role="img" aria-labelledby="checks-' in drawn
    assert drawn.count('class="day-checks"') == 4  # the hours since the first: bars add up
    assert drawn.count('class="day-budget"') == 1
    assert "style=" not in drawn


def test_the_same_is_in_a_table_for_whoever_cannot_see_it(busy: Widget, open_app: OpenApp) -> None:
    words = open_app().section("checks")
    assert "The last 24 hours, where something happened" in words
    assert re.search(r"8\s+10\s", words)
    assert re.search(r"4\s+20\s", words)


def test_what_is_left_of_the_budget_is_said(busy: Widget, open_app: OpenApp) -> None:
    assert "8 of 20 checks are left." in open_app().section("checks")


def test_a_line_with_nothing_left_says_when_the_next_check_comes_free(
    widget: Widget, open_app: OpenApp, clock: Clock
) -> None:
    count(widget, sales(widget), hours_ago=2, checks=20)
    words = open_app().section("checks")
    assert "None of 20 checks is left. The next comes free on January 16 at" in words

    clock.forward(DAY)
    assert "20 of 20 checks are left." in open_app().section("checks")


def test_reps_see_no_budgets(busy: Widget, rep: AppPage) -> None:
    assert rep.section("checks") == ""


def test_no_gateway_is_asked_for_the_picture(busy: Widget, open_app: OpenApp, outside: Outside) -> None:
    open_app()
    assert outside.total("gateway") == 0


def test_the_question_shows_what_the_last_days_would_have_asked(widget: Widget, admin: AppPage) -> None:
    for ago in range(24, 36):
        count(widget, hours_ago=ago, openings=5)
    count(widget, sales(widget), hours_ago=30, new_numbers=8, reveals=4, answered_reveals=1)

    admin.save("visibility", visibility="always")

    assert admin.status == 409
    assert "known so far" in admin.words
    assert "Of 4 presses of the button 1 ended in a message, 25%." in admin.words
    assert re.search(r"Line sales\s+\d+\s+16\s+\d+\s+between \d+:00 and \d+:00, on \d days?", admin.words)


def test_the_question_says_so_when_nothing_is_known_yet(admin: AppPage) -> None:
    admin.save("visibility", visibility="always")
    assert "No opened card has been counted yet" in admin.words


def test_the_question_counts_with_the_usual_numbers_where_nobody_revealed_a_card(
    widget: Widget, admin: AppPage
) -> None:
    count(widget, openings=5)
    admin.save("visibility", visibility="always")
    assert "Only today is known so far, and it is not over." in admin.words
    assert "nobody has revealed a card in this time" in admin.words


def test_a_reader_of_russian_is_told_in_russian(busy: Widget, open_app: OpenApp) -> None:
    count(busy, openings=5)
    page = open_app(lang="ru")
    assert in_russian("Checks of the last days") in page.words

    page.save("visibility", visibility="always")
    assert in_russian("never") in page.words
