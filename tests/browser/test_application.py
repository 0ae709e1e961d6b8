"""Out of the frame and back: the application over a card, at the place that was meant; people's
cards and profiles."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.pages import IVAN, MARIA, Card, Settings, application, slider
from tests.stand import DEAL, Outside


@pytest.mark.parametrize(("user", "embed", "title"), [("admin", "tab", "Lines"), ("rep", "field", "My settings")])
def test_the_icon_opens_the_application_over_the_card(card: Card, user: str, embed: str, title: str) -> None:
    card.open(user=user, embed=embed).reveal()
    card.button("Open the application").press("Enter")
    expect(application(card.page).get_by_role("heading", name=card.say(title), exact=True)).to_be_visible()
    card.page.locator("#panel-close").click()
    expect(card.page.locator("#panel")).to_be_hidden()


def test_a_line_that_is_down_leads_to_its_settings(
    card: Card, outside: Outside, hear_lines: Callable[[], None]
) -> None:
    outside.set_line("sales", "SCAN_QR_CODE")
    hear_lines()
    for user, embed in (("admin", "field"), ("rep", "tab")):
        card.open(user=user, embed=embed).reveal()
        line = card.frame.locator("#line option", has_text="Отдел продаж").get_attribute("value")
        card.frame.locator("#line").select_option(line)
        card.button("Open in the application").press("Enter")
        here = application(card.page).locator(":focus")
        expect(here).to_have_attribute("id", f"line-{line}" if user == "admin" else "mine")
        expect(here).to_be_in_viewport()


def test_what_was_changed_in_the_application_is_in_the_card_when_it_is_closed(card: Card, settings: Settings) -> None:
    card.open(user="admin").reveal()
    card.button("Open the application").click()
    inside = application(card.page)
    expect(inside.locator("#health")).to_be_attached()
    expect(inside.locator("[data-load]")).to_have_count(0)  # its scripts are there, and hear the press
    inside.locator("#tab-card").click()
    choice = inside.locator("#visibility")
    choice.locator("input[value=facts]").check()
    choice.get_by_role("button", name=card.say("Save"), exact=True).click()
    expect(choice.get_by_role("status")).to_have_text(card.say("Saved. Open cards follow within a minute."))
    version = card.frame.locator(".revealed").get_attribute("data-version") or ""
    card.page.locator("#panel-close").click()
    expect(card.frame.locator(".revealed")).not_to_have_attribute("data-version", version)


def test_an_owner_and_the_head_of_a_chat_lead_to_the_persons_card(card: Card) -> None:
    card.open(lang="en").reveal()
    owner = card.unfold(IVAN).get_by_role("link", name="Иван Петров")
    assert owner.get_attribute("href") == f"{card.demo.portal}/crm/contact/details/42/"
    owner.press("Enter")
    expect(slider(card.page).get_by_role("heading", level=1)).to_have_text("Иван Петров")
    card.page.locator("#panel-close").click()
    card.open_chat(IVAN)
    card.chat.get_by_role("link", name="Иван Петров").press("Enter")
    expect(slider(card.page).get_by_role("heading", level=1)).to_have_text("Иван Петров")


def test_a_colleague_in_the_log_leads_to_the_profile(settings: Settings) -> None:
    settings.open(lang="en").choose("facts").save()
    settings.open(lang="en").tab("state").frame.locator("#changes summary").press("Enter")
    settings.frame.locator("#changes").get_by_role("link", name="Анна Админова").first.press("Enter")
    expect(slider(settings.page).get_by_role("heading", level=1)).to_have_text("Анна Админова")


def test_without_the_portal_around_it_a_link_is_a_link_and_the_button_says_where(card: Card) -> None:
    """As in a frame whose name was lost: there is no bridge to ask, and the frame stays as low as
    it was."""
    card.page.add_init_script("if (location.pathname === '/placement') window.name = '';")
    card.lang = "en"
    card.page.goto(f"{card.demo.portal}{DEAL}?lang=en")
    card.reveal_button.click()
    card.button("Open the application").press("Enter")
    expect(card.frame.locator("#no-application")).to_contain_text("left menu")
    with card.page.context.expect_page() as opened:
        card.unfold(MARIA).get_by_role("link", name="Мария Соколова").press("Enter")
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Мария Соколова")
