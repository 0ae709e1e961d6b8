"""A message that waits: written, changed, taken back and sent in the chat."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.pages import ORDERS, SENT, Card, lose_answer, serious_in
from tests.stand import Outside


def test_a_message_waits_as_a_bubble_until_it_is_sent_by_hand(
    card: Card, outside: Outside, tmp_path: Path, complaints: Complaints
) -> None:
    complaints.expect("ERR_|Failed to load resource")
    card.open().reveal().open_chat(ORDERS)
    waiting = card.frame.locator("#later .bubble")

    card.write("*Завтра* будем у вас").button("Send later").click()
    card.page.route("**/chats/*/later", lose_answer)
    card.button("In an hour").click()
    expect(card.problem).to_be_visible()
    card.page.unroute("**/chats/*/later")
    card.button("Send later").click()
    card.button("In an hour").click()
    expect(waiting).to_have_count(1)  # another try is the same message
    expect(card.composer).to_be_empty()
    assert serious_in(card) == []
    assert "sendText" not in outside.calls()

    card.write("не отправлено").button("Change").click()
    expect(card.composer).to_have_value("*Завтра* будем у вас")
    card.write("*Завтра* в десять").button("In an hour").click()
    expect(waiting.locator(".bubble-text")).to_have_text("Завтра в десять")
    expect(card.composer).to_have_value("не отправлено")  # as it was before
    card.button("Change").click()
    card.write("Завтра в десять").composer.press("Enter")  # the same time
    expect(waiting.locator(".bubble-text strong")).to_have_count(0)
    expect(waiting.locator(".bubble-text")).to_have_text("Завтра в десять")
    assert "sendText" not in outside.calls()

    card.button("Send now").click()
    expect(card.bubble("Завтра в десять").locator(SENT)).to_have_count(1)
    expect(waiting).to_have_count(0)
    assert outside.calls()["sendText"] == 1

    file = tmp_path / "prices.pdf"
    file.write_bytes(b"%PDF-1.4")
    card.frame.locator("#file").set_input_files(file)
    card.write("Наш прайс").button("Send later").click()
    card.button("In an hour").click()
    expect(waiting).to_contain_text("prices.pdf")
    expect(card.frame.locator("#composer-file")).to_be_hidden()
    card.close_chat().open_chat(ORDERS)
    expect(waiting).to_contain_text("Наш прайс")  # it came with the chat
    card.button("Take back").click()
    expect(waiting).to_have_count(0)
