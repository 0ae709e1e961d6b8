"""What the selector shows is what every button does; a line that cannot send says so where one
would press Send."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from sandbox.demo import Demo
from tests.browser.conftest import Complaints, in_database
from tests.browser.pages import IVAN, MARIA, ORDERS, SENT, Card, serious_in
from tests.stand import Outside

WORLD, BERLIN, NEW_YORK = "/crm/type/183/details/12/", "+49 1511 2345678", "+1 212-555-0123"
SwitchOff = Callable[[str, str], None]


@pytest.fixture
def change_line(demo: Demo, outside: Outside) -> Iterator[SwitchOff]:
    """Change a column of a line behind the card's back; taken back afterwards."""

    def change(name: str, values: str) -> None:
        with in_database(demo) as connection:
            connection.execute(f"UPDATE lines SET {values} WHERE name = ?", [name])
        demo.restart_widget()  # it remembers lines for some seconds

    yield change
    with in_database(demo) as connection:
        connection.execute("UPDATE lines SET active = 1, removed_at = 0")
    demo.restart_widget()


def selector(card: Card) -> Locator:
    return card.frame.locator("#line")


def pick(card: Card, name: str) -> None:
    option = selector(card).locator("option", has_text=name).first.inner_text()
    selector(card).select_option(label=option)
    expect(card.frame.locator("#checks-left")).not_to_be_empty()
    card.still()


def name_shown(card: Card) -> str:
    shown = selector(card).locator("option:checked").inner_text()
    return re.sub(r" \+7.*| \(.*", "", shown)


def expect_to_write_from(card: Card, number: str, line: str) -> None:
    card.chat_button(number).click()
    expect(card.frame.locator(".composer-target")).to_contain_text(line)
    expect(card.frame.locator(".composer-target")).to_contain_text(number)
    card.still()
    card.close_chat()


def test_a_number_without_a_chat_is_written_to_from_the_line_that_is_shown_whatever_happened(card: Card) -> None:
    card.open(WORLD, lang="en").reveal()
    expect_to_write_from(card, NEW_YORK, name_shown(card))  # nobody picked it
    pick(card, "Поддержка")
    expect_to_write_from(card, NEW_YORK, "Поддержка")
    card.button("Refresh the widget's data").click()
    card.settle()
    assert name_shown(card) == "Поддержка"
    expect_to_write_from(card, NEW_YORK, "Поддержка")
    expect_to_write_from(card, BERLIN, "Поддержка")  # it was picked by hand, for all
    card.open(WORLD, lang="en").reveal()
    expect_to_write_from(card, NEW_YORK, name_shown(card))


def test_a_number_that_was_written_to_says_its_line_and_offers_the_shown_one(card: Card) -> None:
    card.open(lang="en").reveal()
    pick(card, "Поддержка")
    card.open_chat(ORDERS).send("Hello")
    expect(card.bubble("Hello").locator(SENT)).to_have_count(1)
    card.close_chat()
    expect(card.row(ORDERS).locator(".phone-more .known-by")).to_contain_text("Last chat: line Поддержка")

    card.open(lang="en").reveal()
    assert name_shown(card) == "Отдел продаж"
    card.open_chat(ORDERS)
    expect(card.frame.locator(".composer-target")).to_contain_text("from Поддержка")
    card.write("From there?").button("Write from Отдел продаж").click()
    expect(card.frame.locator(".composer-target")).to_contain_text("from Отдел продаж")
    expect(card.composer).to_have_value("From there?")
    expect(card.messages).to_contain_text("The client also has a chat on: Поддержка")
    card.button("Поддержка").click()
    expect(card.bubble("Hello")).to_be_visible()
    expect(card.composer).to_have_value("From there?")


def test_a_line_that_waits_for_its_qr_code_sends_nothing_and_is_changed_above_the_composer(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("502")  # its gateway gives no messages either
    card.open(width=280).reveal()
    pick(card, "Архивная линия")
    card.open_chat(ORDERS).write("Добрый день!")

    said = card.frame.locator("#chat-line")
    expect(said).to_contain_text(
        card.say("The line %(line)s is not connected to WhatsApp: it waits for its QR code.", line="Архивная линия")
    )
    expect(card.send_button).to_be_disabled()
    card.composer.press("Control+Enter")
    expect(card.bubbles).to_have_count(0)
    card.expect_to_fit()
    assert serious_in(card) == []

    card.frame.get_by_label(card.say("Write from another line")).select_option(label="Поддержка +7 963 847-73-13")
    expect(card.frame.locator(".composer-target")).to_contain_text("Поддержка")
    expect(card.composer).to_have_value("Добрый день!")
    assert "sendText" not in outside.calls()
    card.send_button.click()
    expect(card.bubble("Добрый день!").locator(SENT)).to_have_count(1)


def test_a_line_that_is_switched_off_under_an_open_card_is_said_and_its_chat_stays_to_be_read(
    card: Card, change_line: SwitchOff, complaints: Complaints
) -> None:
    complaints.expect("409|ERR_")  # and the widget that was away for a moment
    card.open(lang="en", width=280).reveal()
    pick(card, "Поддержка")
    card.open_chat(ORDERS).send("Hello")
    expect(card.bubble("Hello").locator(SENT)).to_have_count(1)
    change_line("Поддержка", "active = 0")

    card.send("Are you there?")
    expect(card.problem).to_contain_text("This line is switched off")
    expect(card.frame.locator("#chat-line")).to_contain_text("The line Поддержка is switched off.")
    expect(card.send_button).to_be_disabled()
    card.close_chat()
    card.chat_button(MARIA).click()
    expect(card.chat.get_by_role("heading")).to_have_text("This line is switched off")
    card.still()
    card.button("Refresh the card").click()
    card.settle()
    expect(card.frame.locator(".line-gone")).to_contain_text("You now write from the line Отдел продаж.")

    row = card.row(ORDERS)
    expect(row).to_contain_text("Earlier chat: line Поддержка, which is switched off")
    row.get_by_role("button", name="Read the chat").click()
    expect(card.bubble("Hello")).to_be_visible()
    expect(card.frame.locator("#composer")).to_have_count(0)
    expect(card.messages).to_be_focused()
    card.expect_to_fit()
    assert serious_in(card) == []
    card.close_chat()
    expect_to_write_from(card, ORDERS, "Отдел продаж")


@pytest.mark.usefixtures("lines_listed")
def test_refresh_says_before_the_press_what_it_costs_and_one_number_is_checked_again_by_itself(
    card: Card, outside: Outside
) -> None:
    card.open(width=410).reveal()
    refresh = card.button("Refresh the widget's data")
    left = card.say("%(left)s of %(allowed)s checks are left today.", left=18, allowed=20)
    cost = "Обновление перечитает карточку и проверит 2 номера."
    expect(card.frame.locator(".toolbar-note")).to_have_text(f"{cost} {left}")
    expect(refresh).to_have_accessible_description(f"{cost} {left}")
    checks = outside.calls()["check-exists"]

    card.unfold(MARIA).get_by_role("button", name=f"{card.say('Check again')}: {MARIA}").click()
    left = card.say("%(left)s of %(allowed)s checks are left today.", left=17, allowed=20)
    expect(card.frame.locator(".toolbar-note")).to_have_text(f"{cost} {left}")
    assert outside.calls()["check-exists"] == checks + 1

    refresh.click()
    card.settle()
    assert outside.calls()["check-exists"] == checks + 3
    expect(card.frame.locator(".toolbar-note")).to_contain_text("15")
    card.expect_to_fit()
    assert serious_in(card) == []


def test_a_message_that_was_deleted_does_not_come_back_when_the_gateway_is_out(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    card.open(lang="en").reveal().open_chat(ORDERS).send("First wording")
    expect(card.bubble("First wording").locator("[data-action=message-menu]")).to_have_count(1)
    card.actions_for("First wording").get_by_role("menuitem", name="Delete for everybody").click()
    card.dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(card.bubbles).to_contain_text(["This message was deleted"])
    card.close_chat()

    outside.break_gateway("http_500", match="messages", times=None)
    card.open_chat(ORDERS)

    expect(card.messages).to_contain_text("Only messages sent from cards are shown.")
    expect(card.bubbles).to_contain_text(["This message was deleted"])
    expect(card.messages).not_to_contain_text("First wording")


def test_ivans_own_chat_is_opened_where_it_is(card: Card) -> None:
    card.open(lang="en").reveal()
    expect_to_write_from(card, IVAN, "Отдел продаж")
