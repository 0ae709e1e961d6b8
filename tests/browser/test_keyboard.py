"""Everything by keyboard alone, and the focus is always somewhere sensible and visible."""

from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, SENT, Card
from tests.stand import Outside

RING = """() => {
  const style = getComputedStyle(document.activeElement);
  return document.activeElement !== document.body && style.outlineStyle !== "none"
    && parseFloat(style.outlineWidth) >= 2;
}"""


def test_a_message_is_written_and_read_without_a_mouse(card: Card, outside: Outside) -> None:
    keys = card.page.keyboard
    card.open().reveal_button.focus()
    keys.press("Enter")
    card.settle()

    keys.press("Tab")
    expect(card.frame.locator("#line")).to_be_focused()
    assert card.inside.evaluate(RING)
    keys.press("Tab")
    expect(card.button("Refresh the widget's data")).to_be_focused()
    keys.press("Tab")
    expect(card.button("Open the application")).to_be_focused()
    keys.press("Tab")
    expect(card.chat_button(IVAN)).to_be_focused()
    assert card.inside.evaluate(RING)
    keys.press("Tab")
    expect(card.row(IVAN).locator("[data-action=more]")).to_be_focused()
    keys.press("Enter")
    for owner in ("Иван Петров", "Мария Соколова"):
        keys.press("Tab")
        expect(card.row(IVAN).get_by_role("link", name=owner)).to_be_focused()
        assert card.inside.evaluate(RING)
    card.chat_button(IVAN).focus()
    keys.press("Enter")

    expect(card.composer).to_be_focused()
    keys.type("Пишу без мыши")
    keys.press("Enter")
    expect(card.bubble("Пишу без мыши").locator(SENT)).to_have_count(1)
    expect(card.composer).to_be_focused()
    expect(card.composer).to_be_empty()
    assert outside.calls()["sendText"] == 1

    keys.press("Escape")
    expect(card.chat).to_be_hidden()
    expect(card.chat_button(IVAN)).to_be_focused()


def test_the_history_is_opened_scrolled_and_left_by_keyboard(card: Card) -> None:
    card.open().reveal()

    card.chat_button(IVAN).press("Enter")
    card.messages.focus()
    expect(card.bubble("Хорошо").last).to_be_visible()
    before = card.messages.evaluate("(box) => box.scrollTop")
    card.page.keyboard.press("PageUp")
    card.inside.wait_for_function("(before) => document.getElementById('messages').scrollTop < before", arg=before)
    card.page.keyboard.press("Escape")
    expect(card.chat_button(IVAN)).to_be_focused()


def test_a_new_line_is_shift_and_enter_and_sends_nothing(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(ORDERS)

    card.composer.press_sequentially("раз")
    card.composer.press("Shift+Enter")
    card.composer.press_sequentially("два")

    expect(card.composer).to_have_value("раз\nдва")
    assert "sendText" not in outside.calls()


def test_the_refresh_button_keeps_the_focus(card: Card) -> None:
    card.open().reveal()
    refresh = card.button("Refresh the widget's data")

    refresh.press("Enter")

    expect(card.frame.locator(".footnotes [data-keep]")).to_be_visible()
    card.settle()
    expect(refresh).to_be_focused()


def test_a_checked_row_keeps_the_focus(card: Card) -> None:
    card.open().reveal()
    row = card.row("+7 495 123-45-67")

    row.get_by_role("button", name=f"{card.say('Check')}: +7 495 123-45-67").press("Enter")

    expect(row.locator("[data-presence]")).to_have_text(card.say("Has WhatsApp"))
    expect(row.locator(":focus")).to_have_count(1)


def test_a_reaction_leaves_the_focus_on_its_message(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)
    last = card.bubbles.last
    last.locator("[data-action=message-menu]").press("Enter")
    expect(card.frame.get_by_role("menuitem", name="👍")).to_be_focused()

    card.page.keyboard.press("Enter")

    expect(last.locator(".reactions")).to_contain_text("👍")
    expect(last.locator("[data-action=message-menu]")).to_be_focused()


def test_a_message_that_changes_while_its_menu_is_open_gets_the_focus_back(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)
    last = card.bubbles.last
    last.locator("[data-action=message-menu]").press("Enter")
    expect(card.frame.get_by_role("menuitem", name="👍")).to_be_focused()
    last.evaluate("(bubble) => bubble.replaceWith(bubble.cloneNode(true))")  # as a poll does

    card.page.keyboard.press("Escape")

    expect(last.locator("[data-action=message-menu]")).to_be_focused()


def test_a_chat_that_cannot_be_opened_is_left_by_keyboard(card: Card, outside: Outside, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource|ERR_")
    card.open().reveal()
    card.page.route("**/chats", lambda route: route.abort())

    card.chat_button(ORDERS).press("Enter")

    expect(card.chat.get_by_role("button", name=card.say("Try again"))).to_be_focused()
    card.page.keyboard.press("Escape")
    expect(card.chat).to_be_hidden()
    expect(card.chat_button(ORDERS)).to_be_focused()
    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Create chat')}: {ORDERS}")
