"""What a sales rep does, from the hidden card to the answer of the client."""

from typing import Any

from playwright.sync_api import Request, expect

from tests.browser.pages import INVALID, IVAN, MARIA, ORDERS, SENT, Card, ClientPhone
from tests.stand import Outside


def test_from_a_hidden_card_to_the_clients_answer_and_back(card: Card, outside: Outside, phone: ClientPhone) -> None:
    card.open(lang="en")  # the steps of it are walked in Russian everywhere else
    expect(card.frame.get_by_role("button")).to_have_count(1)
    expect(card.reveal_button).to_be_visible()
    assert (outside.calls("portal"), outside.for_reps()) == ({}, {})

    card.reveal()
    expect(card.rows).to_have_count(6)
    expect(card.presence(IVAN)).to_have_text(card.say("Chat exists"))
    expect(card.presence(ORDERS)).to_have_text(card.say("Has WhatsApp"))
    expect(card.presence(MARIA)).to_have_attribute("data-presence", "no")
    expect(card.presence("+7 495 123-45-67")).to_have_text(card.say("Landline number"))
    expect(card.presence(INVALID)).to_have_attribute("data-presence", "invalid")
    expect(card.chat_button(IVAN)).to_have_accessible_name(f"{card.say('Open chat')}: {IVAN}")
    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Create chat')}: {ORDERS}")
    expect(card.chat_button(INVALID)).to_have_count(0)

    card.open_chat(ORDERS)
    line = card.say("To %(number)s from %(line)s", number=ORDERS, line="Отдел продаж")
    expect(card.frame.get_by_text(line)).to_be_visible()
    expect(card.messages).to_contain_text(card.say("This is the start of the chat"))
    card.send("Здравствуйте! Ваш заказ готов.")
    ours = card.bubble("Здравствуйте! Ваш заказ готов.")
    expect(ours.locator(SENT)).to_have_count(1)
    expect(ours.locator(".tick-delivered")).to_have_attribute("title", card.say("delivered"))
    expect(card.composer).to_have_value("")

    phone.answer(ORDERS, "Спасибо, заеду завтра")
    theirs = card.bubble("Спасибо, заеду завтра")
    expect(theirs).to_be_visible()
    expect(ours.locator(".tick-read")).to_be_attached()
    assert outside.calls()["sendText"] == 1
    assert "sendSeen" not in outside.calls()

    card.close_chat()
    expect(card.chat_button(ORDERS)).to_be_focused()
    expect(card.chat_button(ORDERS)).to_have_accessible_name(f"{card.say('Open chat')}: {ORDERS}")

    card.button("Refresh the widget's data").click()
    expect(card.frame.locator(".footnotes [data-keep]")).to_be_visible()
    card.settle()
    expect(card.presence(ORDERS)).to_have_text(card.say("Chat exists"))


def test_the_frame_is_another_site_and_lives_without_cookies(card: Card) -> None:
    asked: list[Request] = []
    card.page.on("request", lambda request: asked.append(request) if card.demo.widget in request.url else None)

    card.open().reveal().open_chat().close_chat()

    opening = asked[0].all_headers()
    assert (opening["sec-fetch-site"], opening["sec-fetch-dest"]) == ("cross-site", "iframe")
    assert [request.url for request in asked if "cookie" in request.all_headers()] == []
    assert card.page.context.cookies() == []


def test_third_party_cookies_really_are_blocked_here(card: Card) -> None:
    """Without this the test above would prove nothing."""
    card.open().reveal_button.wait_for()

    kept: Any = card.inside.evaluate(
        "() => { document.cookie = 'probe=1; SameSite=None; Secure; Path=/'; return document.cookie; }"
    )

    assert kept == ""
    card.reveal()


def test_opening_a_card_again_and_again_asks_nobody(card: Card, outside: Outside) -> None:
    card.open().reveal_button.wait_for()
    for _ in range(3):
        card.page.locator("#reopen").click()
        expect(card.log.filter(has_text="opening")).to_have_count(2 + _)
    expect(card.reveal_button).to_be_visible()

    assert (outside.calls("portal"), outside.for_reps()) == ({}, {})


def test_after_the_frame_is_opened_anew_the_card_still_hides_and_reveals(card: Card) -> None:
    card.open().reveal()

    card.page.locator("#reopen").click()
    expect(card.reveal_button).to_be_visible()

    card.reveal()
    expect(card.rows).to_have_count(6)


def test_a_landline_is_checked_when_somebody_asks(card: Card) -> None:
    card.open().reveal()
    row = card.row("+7 495 123-45-67")

    row.get_by_role("button", name=f"{card.say('Check')}: +7 495 123-45-67").click()

    expect(row.locator("[data-presence]")).to_have_text(card.say("Has WhatsApp"))


def test_another_line_is_chosen_and_the_chat_warns_of_it(card: Card) -> None:
    card.open(lang="en").reveal()

    card.frame.get_by_label("Line", exact=True).select_option(label="Поддержка +7 963 847-73-13")
    expect(card.frame.locator(".line-state")).to_have_text("connected")
    card.open_chat(IVAN)

    expect(card.chat).to_contain_text("To +7 961 951-00-00 from Поддержка")
    expect(card.chat).to_contain_text("This client knows you by the line Отдел продаж")


def test_a_line_that_waits_for_its_qr_code_says_so(card: Card) -> None:
    card.open(lang="en").reveal()

    card.frame.get_by_label("Line", exact=True).select_option(label="Архивная линия (scan the QR code)")

    expect(card.frame.locator(".line-state")).to_have_text("scan the QR code")


def test_the_clients_clock_ticks(card: Card) -> None:
    card.page.clock.install()
    card.open(lang="en").reveal()
    time = card.row(IVAN).locator("time")
    before = time.inner_text()

    card.page.clock.fast_forward("01:00:00")

    expect(time).not_to_have_text(before)
