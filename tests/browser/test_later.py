"""A message that waits: written, changed, taken back and sent in the chat."""

from pathlib import Path

from playwright.sync_api import Route, expect

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
    lose_answer(card.page)
    card.button("In an hour").click()
    expect(card.problem).to_be_visible()
    card.button("Send later").click()
    card.button("In an hour").click()
    expect(waiting).to_have_count(1)  # another try is the same message
    card.page.unroute_all(behavior="wait")
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

    files, chips = [tmp_path / "prices.pdf", tmp_path / "plan.pdf"], card.frame.locator("#composer-file .file-chip")
    for file in files:
        file.write_bytes(b"%PDF-1.4")
    card.frame.locator("#file").set_input_files(files)
    card.page.route("**/chats/*/later", lambda route: _refuse(route) if waiting.count() else route.continue_())
    card.write("Наш прайс").button("Send later").click()
    card.button("In an hour").click()
    expect(card.problem).to_have_text("No room")
    expect(waiting).to_contain_text("prices.pdf")
    expect(chips).to_contain_text(["plan.pdf"])  # what is kept is not kept twice
    card.button("Change").click()
    card.composer.press("Escape")
    expect(chips).to_have_count(1)
    card.frame.locator("[data-action=forget-file]").click()
    card.page.unroute("**/chats/*/later")
    card.close_chat().open_chat(ORDERS)
    expect(waiting).to_contain_text("Наш прайс")  # it came with the chat
    card.button("Take back").click()
    expect(waiting).to_have_count(0)


def _refuse(route: Route) -> None:
    """As where the hour has no room for another."""
    route.fulfill(status=409, headers={"X-Request-ID": "1", "X-Refusal": "later_full"}, body="<p>No room</p>")
