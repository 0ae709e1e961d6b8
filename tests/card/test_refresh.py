"""«Refresh the widget's data»: everything is read again, within the limits, for everybody."""

from collections.abc import Callable

import pytest

from tests.stand import DEAL, CardPage, Clock, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
IVAN, MARIA, ORDERS = "+7 961 951-00-00", "+7 912 345-67-89", "+7 926 111-22-33"


def test_refresh_reads_the_card_anew_and_asks_again_about_all_that_is_not_proved(
    widget: Widget, outside: Outside, clock: Clock
) -> None:
    page = widget.open(lang="en").reveal().check()
    assert outside.calls("gateway")["check-exists"] == 3

    clock.forward(120)
    page.refresh()

    assert outside.calls("portal")["batch"] == 2
    assert (page.rows[ORDERS], page.rows[MARIA]) == ("yes", "no")  # what was known, until the page has asked
    assert "checked 2 min ago" in page.row(ORDERS)
    assert outside.calls("gateway")["check-exists"] == 3  # asked by the page, once it stands
    assert "checked just now" in page.check().row(ORDERS)
    assert outside.calls("gateway")["check-exists"] == 6


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_refresh_says_what_it_cost_and_what_is_left(widget: Widget, clock: Clock, lang: str) -> None:
    page = widget.open(lang=lang).reveal().check()
    clock.forward(60)

    page.refresh().check()

    cost, left = "%(num)s numbers were checked.", "%(left)s of %(allowed)s checks are left today."
    counts = {"left": 14, "allowed": 20}
    assert (left % counts if lang == "en" else in_russian(left, **counts)) in page.words
    assert (cost % {"num": 3} if lang == "en" else "Проверено 3 номера.") in page.words


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_refresh_stays_within_the_limits_and_says_when_the_next_check_is_possible(
    make_widget: MakeWidget, outside: Outside, clock: Clock, lang: str
) -> None:
    widget = make_widget(check_burst=3, check_every=180.0)
    page = widget.open(lang=lang).reveal().check()

    clock.forward(1)
    page.refresh()

    at = "11:03" if lang == "ru" else "11:03 AM"
    text = "The next check of a number is possible at %(time)s."
    assert (text % {"time": at} if lang == "en" else in_russian(text, time=at)) in page.words
    page.check()
    assert page.words.count(text % {"time": at} if lang == "en" else in_russian(text, time=at)) == 0
    limit = "Check limit reached until %(time)s"
    assert page.words.count(limit % {"time": at} if lang == "en" else in_russian(limit, time=at)) == 3
    assert outside.calls("gateway")["check-exists"] == 3
    clock.forward(181)
    page.refresh().check()
    assert outside.calls("gateway")["check-exists"] == 4


def test_refresh_pressed_ten_times_costs_no_more_than_the_limit(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    widget = make_widget(check_burst=4)
    page = widget.open().reveal().check()

    for _press in range(10):
        clock.forward(0.25)
        page.refresh().check()

    assert outside.calls("gateway")["check-exists"] == 4


def test_refresh_works_where_the_field_is_being_edited(widget: Widget, outside: Outside) -> None:
    page = widget.open(DEAL, embed="field", mode="edit", lang="en")
    assert "You are in edit mode" in page.words
    page.reveal().check()

    assert 'data-action="refresh"' in page.text
    page.refresh()

    assert len(page.to_ask) == 3
    assert outside.calls("portal")["batch"] == 2


def test_a_field_that_is_only_looked_at_does_not_speak_of_editing(widget: Widget) -> None:
    page = widget.open(DEAL, embed="field", lang="en")

    assert "You are in edit mode" not in page.words


def test_a_refresh_in_one_process_is_seen_in_the_other(
    make_widget: MakeWidget, outside: Outside, redis_url: str
) -> None:
    widget = make_widget(redis_url=redis_url)
    here, there = widget.open(), widget.twin().open(user="admin")
    here.reveal().check()
    there.reveal()
    assert there.rows[ORDERS] == "yes"  # learned over there
    batches = outside.calls("portal")["batch"]

    here.refresh()
    there.reveal()

    assert there.rows[ORDERS] == "yes"  # no answer is lost
    assert outside.calls("portal")["batch"] == batches + 2  # each process read the card anew
    there.reveal()
    assert outside.calls("portal")["batch"] == batches + 2  # once


def test_a_refresh_of_one_card_leaves_other_cards_alone(widget: Widget, outside: Outside) -> None:
    deal, lead = widget.open().reveal(), widget.open("/crm/lead/details/501/").reveal().check()
    batches = outside.calls("portal")["batch"]

    deal.refresh()
    lead.reveal()

    assert outside.calls("portal")["batch"] == batches + 1
    assert lead.rows["+375 29 123-45-67"] == "yes"


def test_a_number_on_two_cards_is_asked_about_once_for_both(widget: Widget, outside: Outside) -> None:
    widget.open(DEAL).reveal().check()
    checks = outside.calls("gateway")["check-exists"]

    company = widget.open("/crm/company/details/15/").reveal()

    assert company.to_ask == []
    assert outside.calls("gateway")["check-exists"] == checks


def test_refresh_keeps_the_chosen_line(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open().reveal()

    page.refresh(line=2)

    assert chosen(page) == "2"


def chosen(page: CardPage) -> str:
    return page.text.split(" selected>")[0].rsplit('value="', 1)[1].split('"')[0]


def test_refresh_while_checks_pause_says_when_they_go_on(widget: Widget, clock: Clock) -> None:
    page = widget.open(lang="en").reveal().check()
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    clock.forward(60)
    widget.services.presence.cooldown_policy.throttled(line)

    page.refresh()

    assert "The next check of a number is possible at 11:16 AM." in page.words
