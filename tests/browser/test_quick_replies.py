"""«/» in the composer: choose a quick reply, see it filled, complete what is missing, send."""

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.browser.pages import MARIA, Card, Settings, serious_in
from tests.stand import Outside


def test_a_reply_is_found_filled_completed_and_sent(
    card: Card, settings: Settings, outside: Outside, tmp_path: Path
) -> None:
    settings.open(user="rep")
    settings.frame.locator("[data-part=replies] > summary").click()
    for name, text in (("Счёт", "{имя}, счёт для {линия}"), ("Привет", "{приветствие}, {имя|клиент}!")):
        settings.frame.locator("[data-part=reply-new] summary").click()
        settings.frame.locator("#reply-new-name").fill(name)
        settings.frame.locator("#reply-new-text").fill(text)
        settings.frame.locator("#reply-new-save").click()
        expect(settings.frame.locator(".reply-rows")).to_contain_text(name)
    prices = tmp_path / "prices.pdf"
    prices.write_bytes(b"%PDF-1.4")
    settings.frame.locator("summary", has_text="Счёт").click()
    with settings.page.expect_file_chooser() as chooser:
        settings.frame.locator("[data-action=attach-reply-file]:visible").click()
    chooser.value.set_files(prices)
    expect(settings.frame.locator(".reply-rows")).to_contain_text("prices.pdf")
    card.open().reveal().open_chat(MARIA)
    options = card.frame.locator("#replies-list [role=option]:visible")

    card.composer.press_sequentially("/")
    expect(options).to_contain_text(["Привет", "Счёт"])
    card.composer.press_sequentially("сч")
    expect(options).to_contain_text(["Счёт"])
    expect(card.frame.locator("#reply-preview")).to_have_text("Мария, счёт для Отдел продаж prices.pdf")
    assert serious_in(card) == []
    while_it_loads = []

    def press_enter(route: Route) -> None:
        card.composer.press("Enter")
        while_it_loads.append(card.composer.input_value())
        card.composer.press_sequentially(", спасибо")
        route.continue_()

    card.page.route("**/replies/*/files/*", press_enter)
    card.composer.press("Enter")
    expect(card.composer).to_have_value("Мария, счёт для Отдел продаж, спасибо")  # typed while it loaded
    assert while_it_loads == ["/сч"]  # words without their file cannot go out
    expect(card.frame.locator("#composer-file")).to_contain_text("prices.pdf")
    card.frame.locator("[data-action=forget-file]").click()

    card.write("Мария, сумма {сумма").composer.press("Enter")
    expect(card.problem).to_contain_text("{сумма")
    assert "sendText" not in outside.calls()
    card.page.keyboard.type("100 ₽")  # what is missing is selected
    card.composer.press("Enter")
    expect(card.bubble("Мария, сумма 100 ₽")).to_have_count(1)
    expect(card.problem).not_to_be_visible()

    card.composer.press_sequentially("/")
    expect(options).to_contain_text(["Счёт", "Привет"])  # the last used is first
    card.composer.press("Escape")
    expect(options).to_have_count(0)
    expect(card.composer).to_have_value("/")
