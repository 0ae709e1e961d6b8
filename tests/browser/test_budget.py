"""Cards that show everything at once while a line's checks run dry or pause: said in the rows,
nothing asked, and numbers are known again once the line may ask."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from sandbox.demo import Demo
from tests.browser.conftest import Complaints, in_database, leave_pages
from tests.browser.market import until
from tests.browser.pages import SENT, Card, Settings, serious_in
from tests.stand import CROWDED_DEAL, Outside

BUDGET, BY_ITSELF = 5, 4  # four fifths are for pages, the rest is for presses
WORLD = "/crm/type/183/details/12/"


@pytest.fixture
def only_sales(context: BrowserContext, demo: Demo, outside: Outside) -> Iterator[None]:
    """One line on, so that no other one asks in its place; its limits are taken back."""

    def change(values: str) -> None:
        with in_database(demo) as connection:
            connection.execute(f"UPDATE lines SET limits = '{{}}', active = {values}")
        demo.restart_widget()  # it remembers lines for some seconds

    change("(session = 'sales')")
    yield
    leave_pages(context)
    change("1")


def limit(settings: Settings, per_day: int) -> None:
    """An administrator says how much the first line may check."""
    settings.tab("lines")
    part = settings.frame.locator(".line-item").first.locator("[data-part=limits]")
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    settings.still()
    part.locator("[name=per_day]").fill(str(per_day))
    part.get_by_role("button", name=settings.say("Save"), exact=True).click()
    expect(part.get_by_role("status")).to_have_text(settings.say("Saved. Open cards follow within a minute."))


def rows_that_are(card: Card, *states: str) -> Locator:
    return card.frame.locator(", ".join(f"[data-presence={state}]" for state in states))


def checks(outside: Outside) -> int:
    return outside.calls().get("check-exists", 0)


def test_a_line_that_runs_dry_is_said_costs_nothing_more_and_recovers_by_itself(
    card: Card, settings: Settings, outside: Outside, only_sales: None, complaints: Complaints
) -> None:
    complaints.expect("409")  # the question
    settings.open()
    limit(settings, BUDGET)
    settings.choose("always").visibility.get_by_role("button", name=settings.say("Save"), exact=True).click()
    expect(settings.dialog.locator("#forecast")).to_be_visible()
    assert serious_in(settings) == []
    settings.button("Turn on").click()
    expect(settings.visibility.get_by_role("status")).to_have_text(
        settings.say("Saved. Open cards follow within a minute.")
    )

    card.open(CROWDED_DEAL).settle()
    assert checks(outside) == BY_ITSELF
    unasked = rows_that_are(card, "saved", "limit")
    expect(unasked.first).to_contain_text(card.say("Few checks are left today, checked only on a click"))
    left = unasked.count()
    assert left >= 3
    press(card, unasked.first)  # the last one is for who wants to write
    expect(unasked).to_have_count(left - 1)
    assert checks(outside) == BUDGET

    press(card, unasked.first)
    expect(rows_that_are(card, "limit").first).to_contain_text(until_when(card))
    card.open(WORLD).settle()
    expect(rows_that_are(card, "limit").first).to_contain_text(until_when(card))
    assert checks(outside) == BUDGET
    card.expect_to_fit()
    assert serious_in(card) == []

    card.open_chat("+49 1511 2345678").send("Guten Tag!")
    expect(card.bubble("Guten Tag!").locator(SENT)).to_have_count(1)

    limit(settings, 100)

    def asked_again() -> bool:
        card.open(WORLD).settle()
        return rows_that_are(card, "limit", "saved").count() == 0

    until(card.page, asked_again)
    expect(rows_that_are(card, "no")).to_have_count(1)
    assert checks(outside) > BUDGET


def press(card: Card, presence: Locator) -> None:
    card.still()
    row = card.rows.filter(has=presence).first
    row.get_by_role("button", name=f"{card.say('Check')}: ").click()
    card.settle()


def until_when(card: Card) -> str:
    return card.say("Check limit reached until %(time)s", time="").strip()


def test_a_pause_that_whatsapp_asks_for_is_said_everywhere_and_ended_by_an_administrator(
    card: Card, settings: Settings, outside: Outside, only_sales: None, complaints: Complaints
) -> None:
    complaints.expect("409")  # the question
    outside.break_gateway("rate_overlimit", match="check-exists", times=None)
    card.open(CROWDED_DEAL, lang="en").reveal()
    paused = rows_that_are(card, "throttled")
    expect(paused.first).to_contain_text(whole_reason(card))
    outside.heal()
    asked = checks(outside)

    card.open(WORLD, lang="en").reveal()
    expect(paused.first).to_contain_text(whole_reason(card))
    assert checks(outside) == asked
    card.expect_to_fit()
    assert serious_in(card) == []

    settings.open(lang="en")
    line = settings.frame.locator(".line-item").first
    expect(line).to_contain_text(settings.say("Chats and messages go on."))
    settings.expect_to_fit()
    line.get_by_role("button", name=settings.say("End it now…")).click()
    expect(settings.dialog).to_be_visible()
    assert serious_in(settings) == []
    settings.button("End the pause").click()
    expect(line).to_contain_text(settings.say("The pause is over. Checks may leave again."))

    card.open(lang="en").reveal()  # in vain was asked about the others only seconds ago
    expect(rows_that_are(card, "throttled")).to_have_count(0)
    assert checks(outside) > asked


def whole_reason(card: Card) -> str:
    """What follows the time."""
    return card.say("Checks pause until %(time)s: WhatsApp asked for a pause", time="|").split("|")[1]
