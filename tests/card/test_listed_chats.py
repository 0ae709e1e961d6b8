"""Chats that a gateway lists are chats of every card that has their numbers, before anybody opens them from here."""

from collections.abc import Callable

from tests.stand import CROWDED_DEAL, CardPage, Widget

MakeWidget = Callable[..., Widget]
IVAN = "+7 961 951-00-00"  # has a chat on «sales»
OLEG = "+7 924 123-45-67"  # has one on «support»
LAST_OF_THE_CROWD = "+79295550120"  # the 21st of 25 numbers


def another_card_is_checked(widget: Widget, path: str = CROWDED_DEAL) -> CardPage:
    return widget.open(path, lang="en").reveal().check()


def test_a_card_opened_later_offers_the_chat_itself_and_says_its_line(widget: Widget) -> None:
    another_card_is_checked(widget)
    page = widget.open(lang="en").reveal()
    row = page.row(IVAN)
    assert "Open chat" in row
    assert "Create chat" not in row
    assert "last message" in row
    assert 'data-line="1"' in page.row_html(IVAN)


def test_its_chat_is_made_once_and_keeps_the_gateways_own_id(widget: Widget) -> None:
    another_card_is_checked(widget)
    first = widget.open(lang="en").reveal()
    again = widget.open(lang="en").reveal()
    opened = [page.open_chat(page.keys[IVAN]).chat for page in (first, again)]
    assert opened[0] == opened[1]
    assert again.history(opened[0]).bubbles


def test_a_number_with_a_chat_is_not_cut_away_from_a_crowded_card(widget: Widget) -> None:
    widget.outside.answer_as_client(LAST_OF_THE_CROWD, "Здравствуйте")
    another_card_is_checked(widget, "/crm/deal/details/7045/")
    page = widget.open(CROWDED_DEAL, lang="en").reveal()
    assert "+7 929 555-01-20" in page.rows
    assert len(page.rows) == 10


def test_a_chat_on_another_line_is_found_without_a_check_and_chosen(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang="en").reveal()
    page.check()
    assert "Last chat: line Line support" in page.row(OLEG)
    assert page.rows[OLEG] == "yes"
    before = widget.outside.calls()["check-exists"]
    page.check([page.keys[OLEG]])
    assert widget.outside.calls()["check-exists"] == before
    assert "from Line support" in page.open_chat(page.keys[OLEG]).words


def test_each_line_is_listed_once_for_many_cards(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    another_card_is_checked(widget)
    listed = widget.outside.calls()["overview"]
    page = widget.open(lang="en").reveal()
    page.check()
    assert widget.outside.calls()["overview"] <= listed + 1  # its numbers without a chat are looked up by name
