"""What a person has begun to press is pressed, also when an answer comes meanwhile and draws it
anew."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.market import until
from tests.browser.pages import A_WHILE, IVAN, Card, Held, Settings, application
from tests.stand import CROWDED_DEAL, Outside


@pytest.fixture
def card_that_asks(card: Card) -> tuple[Card, Held]:
    """A card whose numbers are still being checked."""
    held = Held(card.page, "**/card/check")
    card.open().reveal_button.click()
    expect(card.presence(IVAN)).to_have_attribute("data-presence", "checking")
    until(card.page, lambda: bool(held.answers))
    return card, held


def aim(card: Card, control: Locator) -> None:
    """The pointer over the middle of it, and down."""
    card.still()
    box = control.bounding_box()
    assert box
    card.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    card.page.mouse.down()


def test_a_press_that_an_answer_falls_into_opens_the_chat(card_that_asks: tuple[Card, Held]) -> None:
    card, held = card_that_asks
    aim(card, card.chat_button(IVAN))
    with card.page.expect_response("**/card/check") as answer:
        held.come()
    answer.value.finished()
    card.inside.evaluate(A_WHILE)  # long enough for what draws at once
    card.page.mouse.up()
    expect(card.composer).to_be_visible()


def test_what_an_answer_draws_comes_when_the_press_is_taken_back(card_that_asks: tuple[Card, Held]) -> None:
    card, held = card_that_asks
    aim(card, card.chat_button(IVAN))
    held.come()
    card.page.mouse.move(2, 2)
    card.page.mouse.up()
    card.settle()
    expect(card.chat).to_be_hidden()


def test_what_an_answer_draws_comes_also_when_the_end_of_a_press_is_never_heard(
    card_that_asks: tuple[Card, Held],
) -> None:
    card, held = card_that_asks
    card.chat_button(IVAN).dispatch_event("pointerdown")
    held.come()
    card.settle()


def test_numbers_that_were_shown_while_the_check_was_on_its_way_stay(card: Card) -> None:
    held = Held(card.page, "**/card/check")
    card.open(CROWDED_DEAL).reveal_button.click()
    card.button("Show all").press("Enter")
    expect(card.rows).to_have_count(25)
    held.come()
    card.settle()
    expect(card.button("Show all")).to_have_count(0)
    expect(card.rows).to_have_count(25)


def test_a_button_beside_the_line_keeps_the_focus_when_its_state_comes(
    card: Card, outside: Outside, hear_lines: Callable[[], None]
) -> None:
    outside.set_line("sales", "SCAN_QR_CODE")
    hear_lines()
    card.open(user="admin").reveal()
    line = card.frame.locator("#line option", has_text="Отдел продаж").get_attribute("value")
    card.frame.locator("#line").select_option(line)
    button = card.button("Open in the application")
    expect(button).to_be_visible()
    card.settle()
    held = Held(card.page, "**/card/lines")
    with card.page.expect_request("**/card/lines"):
        card.frame.locator("#line").select_option(line)
    button.focus()
    before = button.element_handle()
    button.evaluate("(button) => button.closest('#lines').classList.add('is-old')")  # the same would be left alone
    held.come()
    card.inside.wait_for_function("(control) => !control.isConnected", arg=before)
    card.page.keyboard.press("Enter")
    expect(application(card.page).get_by_role("main")).to_be_visible()


def test_who_has_gone_on_is_not_drawn_back_by_the_answer_to_an_earlier_press(settings: Settings) -> None:
    held = Held(settings.page, "**/app/visibility")
    settings.open(user="admin").choose("facts")
    settings.visibility.get_by_role("button", name=settings.say("Save"), exact=True).press("Enter")
    tab = settings.frame.locator("#tab-card")
    tab.focus()
    held.come()
    expect(settings.visibility.get_by_role("status")).to_have_text(
        settings.say("Saved. Open cards follow within a minute.")
    )
    expect(tab).to_be_focused()
