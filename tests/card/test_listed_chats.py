"""Chats that a gateway lists are chats of every card that has their numbers, before anybody opens
them from here."""

from collections.abc import Callable

from tests.stand import CROWDED_DEAL, Widget

MakeWidget = Callable[..., Widget]
IVAN = "+7 961 951-00-00"  # has a chat on «sales»
OLEG = "+7 924 123-45-67"  # has one on «support»
LAST_OF_THE_CROWD = "+79295550120"  # the 21st of 25 numbers


def the_worker_makes_its_round(widget: Widget) -> None:
    widget.services.presence.rounds.go()


def test_a_card_opened_later_offers_the_chat_itself_and_says_its_line(widget: Widget) -> None:
    the_worker_makes_its_round(widget)
    page = widget.open(lang="en").reveal()
    row = page.row(IVAN)
    assert "Open chat" in row
    assert "Create chat" not in row
    assert "last message" in row
    assert 'data-line="1"' in page.row_html(IVAN)


def test_its_chat_is_made_once_and_keeps_the_gateways_own_id(widget: Widget) -> None:
    the_worker_makes_its_round(widget)
    first = widget.open(lang="en").reveal()
    again = widget.open(lang="en").reveal()
    opened = [page.open_chat(page.keys[IVAN]).chat for page in (first, again)]
    assert opened[0] == opened[1]
    assert again.history(opened[0]).bubbles


def test_a_number_with_a_chat_is_not_cut_away_from_a_crowded_card(widget: Widget) -> None:
    widget.outside.answer_as_client(LAST_OF_THE_CROWD, "Здравствуйте")
    the_worker_makes_its_round(widget)
    page = widget.open(CROWDED_DEAL, lang="en").reveal()
    assert "+7 929 555-01-20" in page.rows
    assert len(page.rows) == 10


def test_a_chat_on_another_line_is_found_without_a_check_and_chosen(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    the_worker_makes_its_round(widget)
    page = widget.open(lang="en").reveal()
    page.check()
    assert "Last chat: line Line support" in page.row(OLEG)
    assert page.rows[OLEG] == "yes"
    before = widget.outside.calls()["check-exists"]
    page.check([page.keys[OLEG]])
    assert widget.outside.calls()["check-exists"] == before
    assert "from Line support" in page.open_chat(page.keys[OLEG]).words


def test_a_card_on_three_lines_makes_whatsapp_hear_the_checks_and_nothing_else(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "branch", "1101000001"))
    the_worker_makes_its_round(widget)
    page = widget.open(lang="en").reveal()
    page.check()
    page.refresh()
    assert widget.outside.heard().keys() == {"check"}
    assert widget.outside.heard()["check"] == widget.outside.calls()["check-exists"]


def test_a_card_lists_no_line_and_asks_nothing_of_one_that_waits_for_its_code(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "archive", "branch"))
    widget.open(lang="en").reveal().check()
    assert not {"chats", "overview", "findChats"} & widget.outside.calls().keys()
    widget.outside.reset()
    the_worker_makes_its_round(widget)
    assert (widget.outside.calls()["chats"], widget.outside.calls()["findChats"]) == (2, 1)  # two portals' «sales»


def test_each_line_is_listed_once_for_many_rounds_and_cards(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    for _ in range(3):
        the_worker_makes_its_round(widget)
        widget.open(lang="en").reveal().check()
    assert widget.outside.calls()["chats"] == 3  # the other portal has one line
