"""The application comes to an empty portal, is updated, repaired, removed, and comes again. The
widget starts without a portal and without a line; what is in the portal is counted by the
portal."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.demo import Demo
from sandbox.portal.credentials import ALIAS
from tests.browser.conftest import Complaints, patient_demo
from tests.browser.market import AppPage, Kept, Market, Portal, until
from tests.browser.pages import IVAN, MARIA, ORDERS, Card
from tests.installing import FIELDS
from tests.stand import DEAL, Outside

FIRST_NEW_PROCESS = 1030


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Programs of their own: other tests want their portal and lines to stay."""
    data = tmp_path_factory.mktemp("empty")
    (data / "seeded").touch()  # nobody adds portals and lines
    with patient_demo(data) as running:
        yield running


@pytest.fixture
def kept(demo: Demo) -> Kept:
    return Kept(demo)


@pytest.fixture
def portal(demo: Demo, outside: Outside, http: httpx.Client, kept: Kept) -> Portal:
    """Never had the application, and the widget never heard of it."""
    portal = Portal(demo, http)
    portal.empty()
    kept.forget_everything()
    return portal


@pytest.fixture
def market(page: Page, demo: Demo, portal: Portal) -> Market:
    return Market(page, demo)


@pytest.fixture
def app_page(page: Page, demo: Demo, portal: Portal) -> AppPage:
    return AppPage(page, demo)


@pytest.fixture
def deal(page: Page, demo: Demo, portal: Portal) -> Card:
    return Card(page, demo, lang="en")


def test_a_newcomer_installs_adds_a_line_and_sees_who_has_whatsapp(
    market: Market, app_page: AppPage, deal: Card, portal: Portal, kept: Kept
) -> None:
    market.open()
    expect(market.state).to_have_text("The application is not installed.")
    with market.slow_to_finish():
        market.press("Install")
        market.expect_installed("complete", "in 7 kinds of cards", "ready for 7 kinds of cards", "Bitrix24 tells")
        expect(market.frame.get_by_role("heading", name="What to do next")).to_be_visible()
        assert portal.there["installed"] == "N"
    market.finished(version=1)
    assert portal.has()

    expect(app_page.lines).to_have_count(0)
    expect(app_page.form.get_by_label("Name", exact=True)).to_be_visible()
    app_page.fill_line("Sales", "sales")
    expect(app_page.try_line()).to_have_text(re.compile(r"Test:\s+connected"))
    app_page.button("Add the line").click()
    expect(app_page.line("Sales")).to_contain_text("connected")
    assert kept.rows("lines") == 1

    kept.open_no_chat_by_itself()
    deal.open(DEAL, user="rep").reveal()
    expect(deal.presence(IVAN)).to_have_text("Chat exists")
    expect(deal.presence(ORDERS)).to_have_text("Has WhatsApp")
    expect(deal.presence(MARIA)).to_contain_text("WhatsApp not found at")


def test_an_install_page_that_is_opened_twice_changes_nothing_the_second_time(market: Market, portal: Portal) -> None:
    market.open()
    with market.slow_to_finish():
        market.press("Install")
        market.expect_installed("complete", "in 7 kinds of cards")
        assert portal.has()

        market.page.reload()
        market.expect_installed("complete", "Everything was in place already, nothing had to be changed.")
        assert portal.has()
    market.finished(version=1)

    assert portal.has()


def test_a_new_version_is_finished_by_itself_and_leaves_exactly_one_of_each(
    market: Market, app_page: AppPage, portal: Portal, kept: Kept
) -> None:
    market.install()
    app_page.add_line()
    for version in (2, 3):
        with market.slow_to_finish():
            market.open().press("Update")
            market.expect_installed("complete", "Bitrix24 tells the application")
        market.finished(version=version)
        assert portal.answered() == {"ONAPPUPDATE": 200, "ONAPPINSTALL": 200}
        until(market.page, kept.worked_off)

        assert portal.has()
    expect(app_page.line("Отдел продаж")).to_be_visible()
    assert kept.rows("portals") == kept.rows("lines") == 1


def test_repair_puts_back_what_somebody_took_away_and_clears_what_was_left_over(
    market: Market, app_page: AppPage, portal: Portal
) -> None:
    market.install()
    portal.call("placement.unbind", PLACEMENT="CRM_DEAL_DETAIL_TAB", HANDLER=portal.page)
    portal.call("userfieldtype.delete", USER_TYPE_ID=portal.there["field_types"][0]["user_type_id"])
    portal.call("event.unbind", EVENT="ONCRMDEALUPDATE", HANDLER=f"{portal.demo.widget}/hooks/bitrix24")
    portal.call("event.bind", EVENT="ONCRMLEADUPDATE", HANDLER="http://127.0.0.1:9/earlier")
    assert not portal.has()

    app_page.open()
    expect(app_page.finding("tabs")).to_contain_text("Tabs are missing: deals")
    for topic in ("tabs", "field_type", "handlers", "leftovers"):
        expect(app_page.finding(topic)).to_have_attribute("data-verdict", "bad")
    app_page.repair("tabs")

    for topic in ("tabs", "field_type", "handlers"):
        expect(app_page.finding(topic)).to_have_attribute("data-verdict", "good")
    expect(app_page.finding("leftovers")).to_have_count(0)
    assert portal.has()
    assert Card(app_page.page, app_page.demo).open(DEAL, user="rep")


def test_a_second_administrator_can_repair_what_the_dismissed_installer_left(
    market: Market, app_page: AppPage, portal: Portal, kept: Kept
) -> None:
    market.install()
    portal.call("placement.unbind", PLACEMENT="CRM_DEAL_DETAIL_TAB", HANDLER=portal.page)
    before = kept.installer()

    app_page.open(user="chief")
    expect(app_page.finding("tabs")).to_have_attribute("data-verdict", "bad")
    app_page.repair("tabs")

    expect(app_page.finding("tabs")).to_have_attribute("data-verdict", "good")
    expect(app_page.finding("installer")).to_have_attribute("data-verdict", "good")
    assert portal.has()
    assert kept.installer() not in (0, before)


def test_a_renamed_smart_process_keeps_its_one_tab(
    market: Market, page: Page, demo: Demo, portal: Portal, kept: Kept
) -> None:
    market.install()
    page.goto(f"{demo.portal}/types/?user=admin&lang=en")
    page.get_by_role("textbox", name="Title").first.fill("Аренда")
    page.get_by_role("button", name="Rename", exact=True).first.click()
    until(page, lambda: "ONCRMTYPEUPDATE" in portal.answered())
    until(page, kept.worked_off)

    assert portal.answered()["ONCRMTYPEUPDATE"] == 200
    assert portal.has()


def test_the_field_is_shown_once_the_steps_are_followed_and_in_arranged_cards_by_one_click(
    market: Market, app_page: AppPage, deal: Card, portal: Portal, complaints: Complaints
) -> None:
    complaints.expect("status of 409")  # what asks back
    portal.change(funnels={"2": [[0, "Retail"], [9, "Wholesale"]]})
    market.install()
    field = {"embed": "field", "user": "admin", "lang": "en"}
    portal_says = market.page.locator("#no-frame")
    market._go(DEAL, **field)
    expect(portal_says).to_have_text("The field is in the card, but without a value it is not shown while viewing.")

    app_page.open()
    layout = app_page.finding("layout")
    expect(layout).to_contain_text("Nobody has arranged these cards yet")
    expect(layout).to_contain_text("deals (“Retail”, “Wholesale”)")
    expect(layout).to_contain_text("choose “Show always”")
    expect(app_page.button("Show in everybody's cards…")).to_have_count(0)

    market._go(DEAL, **field)
    market.press("Show always")
    expect(portal_says).to_have_count(0)
    expect(deal.reveal_button).to_be_visible()

    portal.change(layout={"entityTypeId": 2, "variant": 9, "field": "absent"})
    portal.change(change_item={"entityTypeId": 2, "id": 7045, "fields": {"categoryId": 9}})
    market._go(DEAL, **field)
    expect(portal_says).to_have_text("The field exists, but the card does not show it.")

    app_page.open()
    expect(layout.filter(has_text="do not show it: deals (“Wholesale”)")).to_be_visible()
    app_page.button("Show in everybody's cards…").click()
    question = app_page.frame.get_by_role("dialog")
    expect(question).to_contain_text("The common view of these cards changes for all users")
    question.locator("button[value=yes]").click()
    expect(app_page.health).to_contain_text("Done for the cards that somebody has arranged.")
    market._go(DEAL, **field)
    expect(portal_says).to_have_count(0)
    expect(deal.reveal_button).to_be_visible()


def test_a_portal_with_another_name_and_another_application_of_our_old_words_is_installed_and_opened(
    page: Page, demo: Demo, portal: Portal
) -> None:
    theirs = [["CRM_DEAL", "UF_CRM_DEAL_WHATSAPP", "whatsapp"]]
    portal.change(foreign_types=["whatsapp"], foreign_fields=theirs, quirks={"server": 2, "drops_header": True})
    alias = f"http://{ALIAS}:{demo.ports.portal + 100}"

    Market(page, demo, address=alias).install()

    assert len(portal.there["field_types"]) == 1
    assert portal.parts["fields"] == len(FIELDS) + len(theirs)
    Card(page, demo, lang="en", address=alias).open(DEAL, user="rep").reveal()


def test_a_smart_process_made_later_gets_its_tab_and_its_field_and_loses_them_with_itself(
    market: Market, deal: Card, page: Page, demo: Demo, portal: Portal, kept: Kept
) -> None:
    market.install()
    page.goto(f"{demo.portal}/types/?user=admin&lang=en")
    page.get_by_role("textbox", name="Title").last.fill("Замеры")
    page.get_by_role("button", name="Create", exact=True).click()
    until(page, lambda: portal.has(FIRST_NEW_PROCESS))
    assert portal.answered()["ONCRMTYPEADD"] == 200

    deal.open(f"/crm/type/{FIRST_NEW_PROCESS}/details/1/", user="admin")
    expect(page.get_by_role("listitem").filter(has_text=re.compile("^WhatsApp$"))).to_be_visible()
    expect(deal.reveal_button).to_be_visible()

    page.goto(f"{demo.portal}/types/?user=admin&lang=en")
    page.locator(f"form[action^='/types/{FIRST_NEW_PROCESS}/delete']").get_by_role("button").click()
    expect(page.get_by_text(str(FIRST_NEW_PROCESS), exact=True)).to_have_count(0)
    assert portal.answered()["ONCRMTYPEDELETE"] == 200
    until(page, kept.worked_off)
    assert portal.has()


def test_a_rep_who_opens_the_install_page_is_told_who_must_do_it_and_nothing_is_bound(
    market: Market, portal: Portal, kept: Kept, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("status of 403")
    outside.reset()  # the portal has the application, and nothing of it is known here
    before = portal.there
    assert before["placements"]
    assert not before["handlers"]

    def to_the_install_page(route: Route) -> None:
        opening = route.fetch().json()
        route.fulfill(json={**opening, "action": opening["action"].replace("/app?", "/install?")})

    market.page.route("**/app?*", lambda route: route.fulfill(status=204))
    market.page.route("**/opening?*", to_the_install_page)
    market.open(user="rep")
    market.press("New opening")

    expect(market.frame.get_by_role("heading")).to_have_text("An administrator has to finish the installation")
    expect(market.frame.get_by_role("listitem").first).to_have_text(
        "Ask an administrator to open this application from the menu of Bitrix24."
    )
    assert portal.there == before
    assert kept.tables() == {}


def test_uninstalling_keeps_lines_and_chats_and_no_token_and_installing_again_finds_them(
    market: Market, app_page: AppPage, deal: Card, portal: Portal, kept: Kept, tmp_path: Path
) -> None:
    market.install()
    app_page.add_line("Sales")
    kept.open_no_chat_by_itself()
    deal.open(DEAL, user="rep").reveal()
    expect(deal.presence(IVAN)).to_have_text("Chat exists")
    deal.open_chat(IVAN)
    assert kept.rows("tokens") == 2
    chats = kept.rows("chats")
    assert chats

    market.uninstall()
    assert portal.answered()["ONAPPUNINSTALL"] == 200
    until(market.page, lambda: kept.state() == "removed")
    assert portal.has_nothing()
    assert kept.rows("tokens") == kept.rows("portals", "application_token != ''") == 0
    exported = kept.exported(tmp_path / "kept.json")
    assert [line["name"] for line in exported["lines"]] == ["Sales"]
    assert len(exported["chats"]) == chats

    market.install()
    expect(app_page.line("Sales")).to_contain_text("connected")
    assert portal.has()
    assert kept.state() == "active"
    deal.open(DEAL, user="rep").reveal()
    expect(deal.presence(IVAN)).to_have_text("Chat exists")


def test_uninstalling_with_clear_leaves_nothing_and_installing_again_begins_anew(
    market: Market, app_page: AppPage, deal: Card, portal: Portal, kept: Kept
) -> None:
    market.install()
    app_page.add_line()
    kept.open_no_chat_by_itself()
    deal.open(DEAL, user="rep").reveal().open_chat(IVAN)
    assert {"portals", "lines", "chats", "tokens", "changes"} <= kept.tables().keys()

    market.uninstall(clean=True)
    until(market.page, lambda: kept.tables() == {})
    assert portal.has_nothing()

    market.install()
    expect(app_page.lines).to_have_count(0)
    expect(app_page.frame.get_by_text("No line is connected yet.")).to_be_visible()
    assert portal.has()
    deal.open(DEAL, user="rep").reveal()
    expect(deal.frame.locator(".line-none")).to_be_visible()
