"""axe finds nothing serious in any state, in both languages. It is run inside the frame: from outside it sees none."""

from typing import Literal

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, Card, Settings, serious_in
from tests.stand import Outside

LANGUAGES = pytest.mark.parametrize("lang", ["ru", "en"])


@LANGUAGES
def test_the_hidden_the_revealed_and_the_refreshed_card(card: Card, lang: str) -> None:
    card.open(lang=lang).reveal_button.wait_for()
    assert serious_in(card) == []

    card.reveal()
    assert serious_in(card) == []

    card.button("Refresh the widget's data").click()
    expect(card.frame.locator(".footnotes [role=status]")).to_be_visible()
    card.settle()
    assert serious_in(card) == []


@LANGUAGES
def test_an_open_chat_with_every_kind_of_message(card: Card, lang: str) -> None:
    card.open(lang=lang).reveal().open_chat(IVAN)

    assert serious_in(card) == []


@LANGUAGES
def test_the_page_of_an_error(card: Card, outside: Outside, lang: str, complaints: Complaints) -> None:
    complaints.expect("502")
    outside.break_portal("html", times=None)
    card.open(lang=lang).reveal_button.click()
    expect(card.frame.get_by_role("alert")).to_be_visible()

    assert serious_in(card) == []


@LANGUAGES
def test_a_card_without_numbers_and_one_that_is_not_saved(card: Card, lang: str) -> None:
    card.open("/crm/deal/details/7047/", lang=lang).reveal()
    assert serious_in(card) == []

    card.open("/crm/deal/details/0/", lang=lang)
    expect(card.frame.get_by_role("heading")).to_have_text(card.say("Save the card first"))
    assert serious_in(card) == []


@LANGUAGES
def test_the_settings_and_the_question_before_always(settings: Settings, lang: str, complaints: Complaints) -> None:
    complaints.expect("409")  # the question
    settings.open(lang=lang).choose("always")
    assert serious_in(settings) == []

    settings.visibility.get_by_role("button", name=settings.say("Save"), exact=True).click()
    expect(settings.dialog).to_be_visible()
    assert serious_in(settings) == []


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_asks_for_less_motion_gets_none_and_others_see_that_something_is_going_on(
    card: Card, motion: Literal["reduce", "no-preference"]
) -> None:
    card.page.emulate_media(reduced_motion=motion)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    card.page.route("**/card/check", hold)
    card.open().reveal_button.click()
    expect(card.presence(ORDERS)).to_have_attribute("data-presence", "checking")

    moving = card.inside.evaluate("() => document.getAnimations().length")

    assert (moving > 0) is (motion == "no-preference")
    held[0].continue_()
    card.settle()
