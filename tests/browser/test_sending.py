"""One text is one message, whatever the network and the fingers do, and nothing that was typed is
lost."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, MARIA, ORDERS, SENT, Card, ClientPhone, lose_answer, serious_in
from tests.stand import Outside


def test_a_double_click_sends_once(card: Card, outside: Outside) -> None:
    outside.break_gateway("delay", match="sendText", seconds=0.3, times=None)
    card.open().reveal().open_chat(ORDERS).write("Один раз")

    card.send_button.dblclick(force=True)

    expect(card.bubble("Один раз").locator(SENT)).to_have_count(1)
    expect(card.bubbles).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def test_enter_twice_sends_once(card: Card, outside: Outside) -> None:
    outside.break_gateway("delay", match="sendText", seconds=0.3, times=None)
    card.open().reveal().open_chat(ORDERS).write("Один раз")

    card.composer.press("Enter")
    card.composer.press("Control+Enter")

    expect(card.bubble("Один раз").locator(SENT)).to_have_count(1)
    expect(card.bubbles).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def test_an_answer_lost_on_the_way_and_a_second_try_are_one_message(
    card: Card, outside: Outside, phone: ClientPhone, complaints: Complaints
) -> None:
    complaints.expect("ERR_|Failed to load resource")
    lose_answer(card.page)
    card.open().reveal().open_chat(ORDERS)

    card.send("Дошло ли?")
    expect(card.problem).to_have_text(
        card.say("No connection, so it is not known whether it was sent. Another try never sends it twice.")
    )
    expect(card.composer).to_be_empty()
    expect(card.composer).to_be_focused()

    card.again.click()

    expect(card.problem).to_have_count(0)
    expect(card.bubble("Дошло ли?").locator(SENT)).to_have_count(1)
    expect(card.bubbles).to_have_count(1)
    assert outside.calls()["sendText"] == 1
    client = phone.open(ORDERS)
    expect(client.get_by_role("log").get_by_text("Дошло ли?")).to_have_count(1)


def test_without_a_network_the_text_stays_and_goes_out_later(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("ERR_|Failed to load resource")
    card.open().reveal().open_chat(ORDERS)

    card.page.context.set_offline(True)
    card.send("Сеть пропала")
    expect(card.problem).to_be_visible()
    card.send("И ещё")  # waits behind it

    card.page.context.set_offline(False)  # nobody has to press
    expect(card.bubble("И ещё").locator(SENT)).to_have_count(1)
    assert card.bubbles.locator("> .bubble-text").all_inner_texts() == ["Сеть пропала", "И ещё"]
    assert outside.calls()["sendText"] == 2


def test_a_gateway_that_says_nothing_leaves_an_open_question_and_no_second_message(
    card: Card, outside: Outside
) -> None:
    outside.break_gateway("lost_answer", match="sendText")
    card.open(lang="en").reveal().open_chat(ORDERS)

    card.send("Did it arrive?")

    expect(card.bubble("Did it arrive?").locator(SENT)).to_have_count(1)  # its history tells, a poll later
    expect(card.bubbles).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def test_a_number_without_whatsapp_can_be_written_to_and_says_why_it_failed(card: Card) -> None:
    card.open(lang="en").reveal().open_chat(MARIA)
    expect(card.chat).to_contain_text("WhatsApp was not found for this number at")

    card.send("Hello?")

    expect(card.bubble("Hello?").locator(".tick-text")).not_to_be_empty()
    expect(card.bubbles).to_have_count(1)


def test_a_draft_waits_while_another_chat_is_open(card: Card) -> None:
    card.open().reveal().open_chat(ORDERS).write("Почти дописал").close_chat()

    card.open_chat(IVAN)
    expect(card.composer).to_be_empty()
    card.close_chat().open_chat(ORDERS)

    expect(card.composer).to_have_value("Почти дописал")
    expect(card.frame.locator("#counter")).to_have_text("13 / 4096")


def test_the_counter_counts_and_the_longest_text_goes_out_whole(card: Card, phone: ClientPhone) -> None:
    card.open().reveal().open_chat(ORDERS)
    counter = card.frame.locator("#counter")

    card.write("ы" * 4000)
    expect(counter).to_have_text("4000 / 4096")
    expect(counter).to_have_class(re.compile("is-near"))
    card.composer.press_sequentially("й" * 3)
    card.composer.fill("ю" * 4096)
    card.composer.press_sequentially("э")
    expect(counter).to_have_text("4097 / 4096")
    card.send_button.click()
    expect(card.problem).to_have_text(f"{card.say('The text is too long by this many characters:')} 1")
    expect(card.bubbles).to_have_count(0)

    card.composer.press("Backspace")
    card.send_button.click()

    expect(card.bubbles.locator(SENT)).to_have_count(1)
    expect(phone.open(ORDERS).get_by_role("log").get_by_text("ю" * 4096, exact=True)).to_have_count(1)


def test_an_empty_text_is_not_sent(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(ORDERS).write("  \n ")

    card.send_button.click()

    expect(card.bubbles).to_have_count(0)
    assert "sendText" not in outside.calls()


def test_writing_before_the_history_is_there_keeps_both(card: Card, outside: Outside) -> None:
    """The composer is usable at once; the first page that comes later goes above what was sent
    meanwhile."""
    card.open().reveal()
    outside.break_gateway("delay", match="messages", seconds=60, times=None)
    card.chat_button(IVAN).click()

    card.send("Не дожидаясь истории")
    expect(card.bubble("Не дожидаясь истории").locator(SENT)).to_have_count(1)
    outside.heal()

    expect(card.bubble("Хорошо").last).to_be_visible()
    expect(card.messages.locator(".skeleton")).to_have_count(0)
    expect(card.bubble("Не дожидаясь истории")).to_have_count(1)
    expect(card.bubbles.last).to_contain_text("Не дожидаясь истории")
    card.messages.evaluate("(box) => box.scrollTo(0, 0)")
    expect(card.bubbles.nth(50)).to_be_attached()


def test_a_chat_without_messages_says_so_and_opens_from_its_row_again(card: Card) -> None:
    card.open().reveal().open_chat(ORDERS)
    empty = card.messages.get_by_text(card.say("No messages yet"), exact=True)
    expect(empty).to_be_visible()
    assert serious_in(card) == []

    card.close_chat()
    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Open chat')}: {ORDERS}")
    expect(card.chat_button(ORDERS)).to_be_focused()
    row = card.row(ORDERS)
    expect(row.locator(".known-by")).to_have_count(0)  # nobody wrote in it
    row.click(position={"x": 120, "y": 8})  # the whole row opens it
    expect(card.composer).to_be_focused()

    card.send("Здравствуйте!")
    expect(card.bubble("Здравствуйте!").locator(SENT)).to_have_count(1)
    expect(empty).to_be_hidden()
