"""What a person has begun to press is pressed, also when an answer comes meanwhile and draws it
anew."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.pages import IVAN, Card
from tests.browser.test_application import application
from tests.stand import Outside

A_WHILE = """async () => {
  for (let frames = 0; frames < 5; frames += 1) await new Promise(requestAnimationFrame);
}"""


class Held:
    """Answers to one path, which come when the test says so."""

    def __init__(self, page: Page, path: str) -> None:
        self.routes: list[Route] = []
        page.route(path, self.hold)

    def hold(self, route: Route) -> None:
        self.routes.append(route)

    def come(self) -> None:
        for route in self.routes:
            route.continue_()
        self.routes.clear()


@pytest.fixture
def card_that_asks(card: Card) -> tuple[Card, Held]:
    """A card whose numbers are still being checked."""
    held = Held(card.page, "**/card/check")
    card.open().reveal_button.click()
    expect(card.presence(IVAN)).to_have_attribute("data-presence", "checking")
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
    held.come()
    card.inside.wait_for_function("(control) => !control.isConnected", arg=before)
    card.page.keyboard.press("Enter")
    expect(application(card.page).get_by_role("main")).to_be_visible()
