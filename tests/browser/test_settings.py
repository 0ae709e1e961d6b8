"""The administrator chooses what cards show; the rep finds it so, and cannot choose."""

import pytest
from playwright.sync_api import expect

from sandbox.demo import LINES
from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, SENT, Card, Settings
from tests.stand import Outside


def test_with_facts_the_numbers_are_there_at_once_and_whatsapp_after_a_press(
    card: Card, settings: Settings, outside: Outside
) -> None:
    settings.open().choose("facts").save()
    outside.reset()

    card.open().settle()
    expect(card.row(IVAN)).to_contain_text("Амурская область, Билайн")
    expect(card.row(IVAN).locator("time")).to_be_visible()
    expect(card.presence(ORDERS)).to_have_text(card.say("Not checked yet"))
    assert "check-exists" not in outside.calls()

    card.button("Check WhatsApp").click()
    expect(card.presence(ORDERS)).to_have_text(card.say("Has WhatsApp"))
    expect(card.presence(IVAN)).to_have_text(card.say("Chat exists"))


@pytest.mark.usefixtures("lines_listed")
def test_always_warns_first_and_then_shows_everything_without_a_press(
    card: Card, settings: Settings, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("409")  # the question
    settings.open(lang="en").choose("always")
    save = settings.visibility.get_by_role("button", name="Save", exact=True)
    save.click()
    settings.dialog.get_by_role("button", name="Cancel").click()
    expect(settings.visibility.locator("input[value=always]")).not_to_be_checked()
    settings.choose("always")
    save.click()
    expect(settings.dialog).to_contain_text("Many checks and few messages are what WhatsApp bans accounts for")
    settings.dialog.get_by_role("button", name="Turn on").click()
    expect(settings.visibility.get_by_role("status")).to_have_text("Saved. Open cards follow within a minute.")
    expect(settings.visibility).to_contain_text("Every opened card then spends checks of your line")

    card.open().settle()

    expect(card.presence(ORDERS)).to_have_text(card.say("Has WhatsApp"))
    assert outside.calls()["check-exists"] == 2  # Oleg has a chat on another line, which costs nothing


def test_an_open_card_follows_what_was_saved_but_not_behind_an_open_chat(
    card: Card, settings: Settings, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("409")  # the question before «everything at once»
    settings.open().choose("facts").save().settle()
    card.page.clock.install()
    card.open().settle()
    asked: list[str] = []
    card.page.on("request", lambda request: asked.append(request.url) if "/card/again" in request.url else None)
    before = outside.calls("portal")

    with card.page.expect_response("**/card/again") as answer:
        card.page.clock.fast_forward(51_000)
    assert answer.value.status == 204
    assert outside.calls("portal") == before

    card.open_chat(IVAN)
    card.page.clock.fast_forward(51_000)
    settings.choose("always").visibility.get_by_role("button", name=settings.say("Save"), exact=True).click()
    with settings.page.expect_response(lambda answer: "/app/visibility" in answer.url and answer.status == 200):
        settings.button("Turn on").click()
    card.close_chat()
    assert len(asked) == 1
    expect(card.presence(ORDERS)).to_have_text(card.say("Not checked yet"))

    card.inside.wait_for_function("() => !document.hidden")  # the settings' tab was in front
    card.page.clock.fast_forward(51_000)
    expect(card.presence(ORDERS)).to_have_text(card.say("Has WhatsApp"))
    assert len(asked) == 2


def test_what_was_saved_is_chosen_when_the_page_is_opened_again(settings: Settings) -> None:
    settings.open().choose("facts").save().open()

    expect(settings.frame.locator("input[value=facts]")).to_be_checked()


def test_a_choice_that_was_not_saved_says_so(settings: Settings, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource|ERR_")
    settings.open().choose("facts")
    settings.page.route("**/app/visibility", lambda route: route.abort())

    settings.visibility.get_by_role("button", name=settings.say("Save"), exact=True).click()

    expect(settings.visibility.get_by_role("alert")).to_contain_text(settings.say("No connection to the server"))
    settings.page.unroute("**/app/visibility")


def test_the_lines_and_their_states_are_listed(settings: Settings) -> None:
    settings.open(lang="en")

    lines = settings.frame.locator("#lines-section .line-item")
    expect(lines).to_have_count(len(LINES))
    for line, (session, name, _number, _kind) in zip(lines.all(), LINES, strict=True):
        state = "scan the QR code" if session == "archive" else "connected"
        expect(line).to_contain_text(name)
        expect(line.get_by_role("status").first).to_contain_text(state)


def test_a_rep_writes_to_a_number_that_they_type_even_after_the_network_failed(
    card: Card, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource|ERR_")
    settings = Settings(card.page, card.demo).open(user="rep")
    settings.frame.get_by_label(settings.say("Phone number")).fill("8 (926) 111-22-33")
    settings.button("Next").click()
    expect(settings.frame.locator("#number-found")).to_contain_text(ORDERS)

    settings.still()
    settings.page.route("**/chats", lambda route: route.abort())
    settings.button("Write").click()
    again = card.chat.get_by_role("button", name=settings.say("Try again"))
    expect(again).to_be_focused()
    settings.page.unroute("**/chats")
    again.click()

    expect(card.composer).to_be_visible()
    card.send("Добрый день! Пишу впервые")
    expect(card.bubble("Добрый день! Пишу впервые").locator(SENT)).to_have_count(1)
    settings.expect_to_fit()
