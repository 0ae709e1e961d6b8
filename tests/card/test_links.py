"""Names in a card lead to the people behind them."""

import re
from collections.abc import Callable

from tests.stand import Widget


def links(html: str) -> dict[str, str]:
    """Address by name."""
    return {name: href for href, name in re.findall(r'<a class="portal-link" href="([^"]*)"[^>]*>([^<]*)</a>', html)}


def test_every_owner_of_a_number_leads_to_its_card(widget: Widget) -> None:
    portal = widget.outside.portal
    card = widget.open().reveal()
    assert links(card.text) == {
        "Иван Петров": f"{portal}/crm/contact/details/42/",
        "Мария Соколова": f"{portal}/crm/contact/details/43/",
        "Окна Амура": f"{portal}/crm/company/details/15/",
    }
    assert links(card.open_chat(card.keys["+7 961 951-00-00"]).text).keys() == {"Иван Петров", "Мария Соколова"}


def test_the_person_whose_card_it_is_has_no_link_to_it(widget: Widget) -> None:
    card = widget.open("/crm/contact/details/42/").reveal()
    assert "Иван Петров" in card.words
    assert links(card.text).keys() == {"Окна Амура"}


def test_markup_in_a_name_is_no_markup_in_its_link(widget: Widget) -> None:
    card = widget.open("/crm/deal/details/7049/").reveal()
    [name] = links(card.text)
    assert name.startswith("&lt;img")


def test_without_a_line_the_sentence_leads_to_the_list_of_lines(make_widget: Callable[..., Widget]) -> None:
    card = make_widget(lines=()).open(lang="en").reveal()
    assert "No line is connected. An administrator adds one in the application." in card.words
    assert 'data-application="lines">in the application.</button>' in card.text
