"""The widget in every kind of card, as a tab and as a field, for every user and portal."""

from typing import Any

import pytest
from playwright.sync_api import expect

from sandbox.portal.typed import TWO_WAYS
from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, SENT, Card, serious_in
from tests.stand import CROWDED_DEAL, DEAL, Outside

KINDS = {  # a quote and an invoice are smart processes to a browser; tests/card/test_rows.py has their numbers
    "lead": ("/crm/lead/details/501/", "+7 701 234 5678"),
    "deal": (DEAL, IVAN),
    "contact": ("/crm/contact/details/42/", IVAN),
    "company": ("/crm/company/details/15/", ORDERS),
    "smart process": ("/crm/type/183/details/12/", "+44 7911 123456"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_card_shows_its_numbers(card: Card, kind: str) -> None:
    path, number = KINDS[kind]

    card.open(path).reveal()

    expect(card.row(number)).to_be_visible()
    expect(card.presence(number)).to_have_attribute("data-presence", "yes")


@pytest.mark.parametrize("mode", ["view", "edit"])
def test_the_custom_field_works_in_both_modes_and_says_which_it_is(card: Card, mode: str) -> None:
    card.open(embed="field", mode=mode, width=320).reveal()

    expect(card.frame.get_by_text(card.say("You are in edit mode"))).to_have_count(1 if mode == "edit" else 0)
    card.open_chat(ORDERS).send("Из поля карточки")
    expect(card.bubble("Из поля карточки").locator(SENT)).to_have_count(1)
    card.close_chat()
    card.button("Refresh the widget's data").click()
    expect(card.settle().frame.locator(".footnotes [data-keep]")).to_be_visible()


@pytest.mark.parametrize("place", [{}, {"embed": "field", "mode": "edit", "width": 280}], ids=["tab", "field"])
def test_a_card_that_is_not_saved_yet_says_what_to_do(card: Card, outside: Outside, place: dict[str, Any]) -> None:
    card.open("/crm/deal/details/0/", **place)

    expect(card.frame.get_by_role("heading")).to_have_text(card.say("Save the card first"))
    assert (outside.calls("portal"), outside.for_reps()) == ({}, {})
    card.expect_to_fit()
    assert serious_in(card) == []


def test_a_card_without_numbers_is_no_blank_field(card: Card, outside: Outside) -> None:
    card.open("/crm/deal/details/7047/", width=280).reveal()

    expect(card.frame.get_by_text(card.say("There are no phone numbers in this card"))).to_be_visible()
    expect(card.rows).to_have_count(0)
    card.expect_to_fit()
    assert serious_in(card) == []
    assert "check-exists" not in outside.calls()


def test_of_25_numbers_ten_are_shown_and_ten_are_asked_about(card: Card, outside: Outside) -> None:
    card.open(CROWDED_DEAL, lang="en").reveal()

    expect(card.rows).to_have_count(10)
    expect(card.frame.get_by_text("10 of 25 numbers are shown")).to_be_visible()
    assert outside.calls()["check-exists"] == 9  # and one has a chat


def test_who_may_not_see_a_contact_is_told_that_there_is_one(card: Card) -> None:
    card.open("/crm/deal/details/7048/", user="restricted", lang="en").reveal()
    expect(card.frame.get_by_text("1 linked client is not available to you")).to_be_visible()
    expect(card.row("+380 67 123 4567")).to_have_count(0)

    card.open("/crm/deal/details/7048/", user="rep").reveal()
    expect(card.frame.get_by_text("not available to you")).to_have_count(0)
    expect(card.row("+380 67 123 4567")).to_be_visible()


def test_a_contact_that_one_may_not_read_stays_hidden(card: Card, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource")
    card.open("/crm/contact/details/44/", user="restricted").reveal_button.click()

    expect(card.frame.get_by_role("heading")).to_have_text(card.say("The card cannot be read"))
    expect(card.frame.get_by_text("+380")).to_have_count(0)


def test_two_portals_show_their_own_people_and_know_nothing_of_each_other(card: Card) -> None:
    card.open(portal=1).reveal().open_chat(ORDERS).send("Из первого портала")
    expect(card.bubble("Из первого портала").locator(SENT)).to_have_count(1)

    card.open(portal=2).reveal()
    expect(card.rows).to_have_count(1)
    expect(card.row(IVAN)).to_contain_text("Иван Сергеевич")
    expect(card.frame.get_by_text("Иван Петров")).to_have_count(0)

    card.open(portal=1).reveal()
    expect(card.rows).to_have_count(6)


def test_whoever_opens_the_card_next_sees_the_chat_that_a_colleague_made(card: Card) -> None:
    card.open(user="rep").reveal().open_chat(ORDERS).send("Начал Роман")
    expect(card.bubble("Начал Роман").locator(SENT)).to_have_count(1)

    card.open(user="admin").reveal()

    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Open chat')}: {ORDERS}")
    card.open_chat(ORDERS)
    expect(card.bubble("Начал Роман")).to_be_visible()


def test_the_same_chat_opens_from_every_card_that_has_the_number(card: Card) -> None:
    card.open("/crm/company/details/15/").reveal().open_chat(ORDERS).send("Из компании")
    expect(card.bubble("Из компании").locator(SENT)).to_have_count(1)

    card.open(DEAL).reveal().open_chat(ORDERS)

    expect(card.bubble("Из компании")).to_be_visible()
    expect(card.bubbles).to_have_count(1)


def test_a_number_with_two_readings_is_chosen_by_a_press(card: Card) -> None:
    card.open("/crm/contact/details/62/").reveal()

    expect(card.presence(TWO_WAYS)).to_have_attribute("data-presence", "invalid")
    card.row(TWO_WAYS).get_by_role("button", name="+84 912 345 678").click()

    chosen = card.row("+84 912 345 678")
    expect(chosen).to_be_visible()
    expect(chosen.get_by_role("button").first).to_be_focused()
    expect(card.row(TWO_WAYS)).to_have_count(0)
    card.expect_to_fit()
