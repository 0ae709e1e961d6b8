"""A gateway that hangs, a gateway that dies, a portal that makes no sense, a network that is
gone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.market import until
from tests.browser.pages import IVAN, ORDERS, SENT, Card, Held, serious_in
from tests.stand import Outside

ASKED = 3  # numbers of the card that may have WhatsApp and no chat
BROKEN = "Failed to load resource|ERR_"
MESSAGES = re.compile("/messages$")


def test_a_hanging_gateway_neither_delays_the_card_nor_blocks_a_send(card: Card, outside: Outside) -> None:
    outside.break_gateway("delay", match="check-exists", seconds=3600, times=None)
    outside.break_gateway("http_500", match="check-exists", times=None)  # what it says once it is healed
    card.open(lang="en").reveal_button.click()

    expect(card.presence(ORDERS)).to_have_text("Checking…")
    expect(card.rows).to_have_count(6)
    expect(card.row(ORDERS).locator("time, .light-unknown")).to_be_visible()
    card.open_chat(ORDERS).send("Can you hear me?")
    expect(card.bubble("Can you hear me?").locator(SENT)).to_have_count(1)

    card.close_chat()
    expect(card.presence(ORDERS)).to_have_text("Checking…")
    until(card.page, lambda: outside.for_reps()["check-exists"] == ASKED)  # all of them hang
    outside.heal()
    expect(card.presence(ORDERS)).to_have_text("Check failed")
    card.settle()
    card.row(ORDERS).get_by_role("button", name="Try again").click()
    expect(card.presence(ORDERS)).to_have_attribute("data-presence", "yes")


def test_a_line_that_is_switched_off_is_said_and_can_still_be_written_from(
    card: Card, outside: Outside, hear_lines: Callable[[], None], complaints: Complaints
) -> None:
    complaints.expect(BROKEN)
    for session in ("sales", "support"):  # otherwise the other line would ask about the numbers
        outside.set_line(session, "STOPPED")
    hear_lines()
    card.open(lang="en").reveal()

    expect(card.frame.locator(".line-state")).to_have_text("offline")
    expect(card.presence(ORDERS)).to_have_attribute("data-presence", "offline")
    card.open_chat(ORDERS).send("Anyone?")
    expect(card.bubble("Anyone?").locator(".tick-text")).to_contain_text("the line is not connected to WhatsApp")


def test_a_gateway_that_dies_in_an_open_chat_is_said_and_comes_back(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect(BROKEN)
    card.open(lang="en").reveal().open_chat(IVAN)
    shown = card.bubbles.count()
    outside.break_gateway("http_500", match="messages", times=None)

    failed = card.messages.get_by_role("alert")
    expect(failed).to_contain_text("Loading failed")
    expect(card.bubbles).to_have_count(shown)  # what was read stays

    held = Held(card.page, MESSAGES)  # else the page itself may be quicker than the press
    outside.heal()
    outside.answer_as_client("+79619510000", "Наконец-то")
    failed.get_by_role("button", name="Try again").click()
    held.come()
    expect(card.bubble("Наконец-то")).to_be_visible()
    expect(failed).to_have_count(0)


def test_older_messages_that_fail_to_load_are_tried_again(card: Card, outside: Outside, complaints: Complaints) -> None:
    complaints.expect(BROKEN)
    card.open(lang="en").reveal().open_chat(IVAN)
    shown = card.bubbles.count()
    outside.break_gateway("http_500", match="messages", times=None)

    card.messages.evaluate("(box) => box.scrollTo(0, 0)")
    failed = card.messages.locator("[role=alert]").first
    expect(failed).to_contain_text("Loading failed")
    outside.heal()
    card.still()
    failed.get_by_role("button", name="Try again").click()

    expect(card.bubbles.nth(shown)).to_be_attached()
    expect(card.messages.get_by_role("alert")).to_have_count(0)


def test_a_history_that_never_came_is_tried_again(card: Card, outside: Outside, complaints: Complaints) -> None:
    complaints.expect(BROKEN)
    outside.break_gateway("empty", match="messages", times=None)
    card.open(lang="en").reveal().open_chat(IVAN)
    failed = card.messages.get_by_role("alert")
    expect(failed).to_contain_text("Loading failed")

    held = Held(card.page, MESSAGES)
    outside.heal()
    card.still()
    failed.get_by_role("button", name="Try again").click()
    held.come()

    expect(card.bubble("А подоконники можно шире, 350 мм?")).to_be_visible()
    expect(failed).to_have_count(0)


@pytest.mark.parametrize(("lang", "fault"), [("ru", "html"), ("en", "http_500")])
def test_a_portal_that_makes_no_sense_is_said_and_can_be_tried_again(
    card: Card, outside: Outside, complaints: Complaints, lang: str, fault: str
) -> None:
    complaints.expect(BROKEN)
    card.open("/crm/contact/details/43/", lang=lang)
    outside.break_portal(fault, times=None)

    card.reveal_button.click()
    expect(card.frame.get_by_role("heading")).to_have_text(card.say("Bitrix24 did not answer"))
    card.expect_to_fit()
    assert serious_in(card) == []

    outside.heal()
    card.button("Try again").click()
    card.settle()
    expect(card.row(IVAN)).to_be_visible()


def test_without_a_network_the_card_says_so_and_can_be_tried_again(card: Card, complaints: Complaints) -> None:
    complaints.expect(BROKEN)
    card.open()
    card.page.context.set_offline(True)

    card.reveal_button.click()
    expect(card.frame.get_by_role("heading")).to_have_text(card.say("No connection to the server"))

    card.page.context.set_offline(False)
    card.button("Try again").click()
    card.settle()
    expect(card.rows).to_have_count(6)


def test_a_card_whose_script_did_not_come_opens_anew(card: Card, complaints: Complaints) -> None:
    complaints.expect(BROKEN)
    card.page.route(re.compile(r"/card/card\b[^/]*\.js"), lambda route: route.abort())
    card.open()

    card.reveal_button.click()
    expect(card.frame.get_by_role("heading")).to_have_text(card.say("No connection to the server"))

    card.page.unroute(re.compile(r"/card/card\b[^/]*\.js"))
    card.button("Try again").click()
    card.settle()
    expect(card.rows).to_have_count(6)


def test_a_check_that_is_cut_off_leaves_the_numbers_and_the_open_chat(card: Card, complaints: Complaints) -> None:
    complaints.expect(BROKEN)
    card.open()
    card.page.route("**/card/check", lambda route: route.abort())

    card.reveal_button.click()
    expect(card.frame.get_by_role("heading")).to_have_text(card.say("No connection to the server"))
    expect(card.rows).to_have_count(6)

    card.page.unroute("**/card/check")
    card.button("Try again").click()
    expect(card.settle().presence(ORDERS)).to_have_attribute("data-presence", "yes")
    expect(card.frame.get_by_role("heading")).to_have_count(0)


def test_a_chat_that_cannot_be_opened_says_so_and_lets_one_go_back_or_try_again(
    card: Card, complaints: Complaints
) -> None:
    complaints.expect(BROKEN)
    card.open().reveal()
    card.page.route("**/chats", lambda route: route.abort())
    card.chat_button(ORDERS).click()
    expect(card.chat.get_by_role("heading")).to_have_text(card.say("No connection to the server"))
    card.still()

    card.close_chat()
    expect(card.rows).to_have_count(6)
    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Create chat')}: {ORDERS}")

    card.chat_button(ORDERS).click()
    again = card.chat.get_by_role("button", name=card.say("Try again"))
    expect(again).to_be_visible()
    card.still()
    card.page.unroute("**/chats")
    again.click()
    expect(card.composer).to_be_visible()
    expect(card.frame.get_by_role("heading")).to_have_count(0)
