"""It is night at the client's: a send asks once more, and only then. Here it is night at every hour
(LIGHT_HOURS)."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from sandbox.demo import Demo
from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, SENT, Card, serious_in
from tests.stand import CROWDED_DEAL, Outside

ALL_RUSSIA = "+7 991 555-01-02"  # of a block without a region


@pytest.fixture(scope="module", autouse=True)
def at_night(demo: Demo) -> Iterator[None]:
    awake = demo.environment["LIGHT_HOURS"]
    demo.environment["LIGHT_HOURS"] = "24,24,24,24"
    demo.restart_widget()
    yield
    demo.environment["LIGHT_HOURS"] = awake
    demo.restart_widget()


@pytest.fixture(autouse=True)
def the_question_is_an_answer_with_409(complaints: Complaints) -> None:
    complaints.expect("409")


def test_at_night_it_asks_and_sends_once_or_keeps_the_text(card: Card, outside: Outside) -> None:
    card.open(lang="en").reveal().open_chat(IVAN)
    shown = card.bubbles.count()
    expect(card.frame.locator(".chat-advice[data-night]")).to_be_visible()

    before = minute_there()
    card.send("Срочно")
    asked = card.dialog.locator(".notice-text").inner_text()
    assert card.say("Send the message anyway?") in asked
    expect(card.dialog).to_have_accessible_name(asked)
    assert serious_in(card) == []
    clock = re.search(r"(\d{1,2}):(\d\d)(?:\s?([AP]M))?", asked)
    assert clock
    hour = int(clock[1]) % 12 + 12 * (clock[3] == "PM") if clock[3] else int(clock[1])
    passed = (hour * 60 + int(clock[2]) - before) % (24 * 60)
    assert passed <= (minute_there() - before) % (24 * 60)

    card.button("Do not send").click()
    expect(card.dialog).to_be_hidden()
    expect(card.composer).to_have_value("Срочно")
    expect(card.bubbles).to_have_count(shown)
    assert "sendText" not in outside.calls()

    card.still()
    card.send_button.click()
    card.button("Send anyway").click()
    expect(card.bubble("Срочно").locator(SENT)).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def minute_there() -> int:
    """Of the client's day."""
    there = datetime.now(ZoneInfo("Asia/Yakutsk"))
    return there.hour * 60 + there.minute


def test_the_question_at_night_is_answered_by_keyboard(card: Card, outside: Outside) -> None:
    keys = card.page.keyboard
    card.open().reveal().open_chat(IVAN).composer.press_sequentially("Доброй ночи")

    keys.press("Control+Enter")
    expect(card.button("Do not send")).to_be_focused()
    keys.press("Escape")
    expect(card.dialog).to_be_hidden()
    expect(card.composer).to_be_focused()
    expect(card.composer).to_have_value("Доброй ночи")
    assert "sendText" not in outside.calls()

    keys.press("Control+Enter")
    expect(card.dialog).to_be_visible()
    keys.press("Shift+Tab")
    expect(card.button("Send at 9:00, the client's time")).to_be_focused()
    keys.press("Shift+Tab")
    expect(card.button("Send anyway")).to_be_focused()
    keys.press("Enter")
    expect(card.bubble("Доброй ночи").locator(SENT)).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def test_where_the_clients_time_is_not_known_nobody_is_asked(card: Card, outside: Outside) -> None:
    card.open(CROWDED_DEAL).reveal().open_chat(ALL_RUSSIA).send("Который у вас час?")

    expect(card.bubble("Который у вас час?").locator(SENT)).to_have_count(1)
    expect(card.dialog).to_be_hidden()
