"""The administrator chooses what cards show; the rep finds it so, and cannot choose."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, Card, Settings
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
    expect(card.presence(IVAN)).to_have_text(card.say("WhatsApp, has a chat"))


def test_always_warns_first_and_then_shows_everything_without_a_press(
    card: Card, settings: Settings, outside: Outside
) -> None:
    settings.open(lang="en")
    warning = settings.frame.get_by_text("Many checks and few messages are what WhatsApp bans accounts for")
    expect(warning).to_be_hidden()
    settings.choose("always")
    expect(warning).to_be_visible()
    settings.still()
    settings.save()

    card.open().settle()

    expect(card.presence(ORDERS)).to_have_text(card.say("Has WhatsApp"))
    assert outside.calls()["check-exists"] == 3


def test_what_was_saved_is_chosen_when_the_page_is_opened_again(settings: Settings) -> None:
    settings.open().choose("facts").save().open()

    expect(settings.frame.locator("input[value=facts]")).to_be_checked()


def test_a_choice_that_was_not_saved_says_so(settings: Settings, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource|ERR_")
    settings.open().choose("facts")
    settings.page.route("**/app/settings", lambda route: route.abort())

    settings.button("Save").click()

    expect(settings.frame.get_by_role("status")).to_have_text(
        settings.say("Not saved. Open this page again and retry.")
    )
    settings.page.unroute("**/app/settings")


def test_the_lines_and_their_states_are_listed(settings: Settings) -> None:
    settings.open(lang="en")

    lines = settings.frame.get_by_role("listitem")
    expect(lines).to_have_text([
        "Отдел продаж +79638477312 connected",
        "Поддержка +79638477313 connected",
        "Архивная линия  scan the QR code",
    ])  # fmt: skip


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_a_rep_is_told_that_this_is_for_administrators(
    make_card: Callable[[], Card], demo: object, lang: str, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource")
    settings = Settings(make_card().page, demo)  # type: ignore[arg-type]

    settings.open(user="rep", lang=lang)

    expect(settings.frame.get_by_role("heading")).to_have_text(settings.say("Only an administrator can change this"))
    expect(settings.frame.get_by_role("radio")).to_have_count(0)
    settings.expect_to_fit()
