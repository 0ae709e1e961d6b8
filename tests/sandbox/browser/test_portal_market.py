"""Installing, updating and removing by the buttons of the portal's pages, in a real Chromium."""

import httpx
import pytest
from flask import Flask, request
from playwright.sync_api import expect

from sandbox.portal.background import free_port, portal_running, served
from tests.stand import PATIENCE

DEAL = "/crm/deal/details/7045/"

# An app whose pages say which address was opened; its install page can finish and tell what BX24
# knows.
PAGE = """<!doctype html><title>app</title><p>the page {address} for {placement}</p>
<script src="http://{domain}/api/v1/"></script>"""


@pytest.fixture(scope="module")
def origin():
    """The portal, with an app behind it that only shows its address."""
    little, port = Flask("smallest-app"), free_port()

    @little.post("/<address>")
    def page(address):
        told = {"domain": request.args["DOMAIN"], "placement": request.form["PLACEMENT"]}
        return PAGE.format(address=address, **told)

    with served(little, port), portal_running(f"http://localhost:{port}") as portal:
        yield f"http://127.0.0.1:{portal}"


@pytest.fixture
def portal(origin):
    """Verbs on the simulated portal: its state, a REST call as admin."""
    with httpx.Client(base_url=origin, timeout=PATIENCE) as client:
        client.post("/_sandbox/reset").raise_for_status()
        yield client


@pytest.fixture
def page(browser, origin):
    page = browser.new_page(base_url=origin, viewport={"width": 1280, "height": 800})
    page.set_default_timeout(1000 * PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def framed(page, words):
    """The frame, once it shows these words."""
    page.frame_locator("iframe").get_by_text(words).wait_for()
    frame = page.query_selector("iframe").content_frame()
    frame.wait_for_function("typeof BX24 === 'object'")
    return frame


def state(portal):
    return portal.get("/_sandbox/portals/1").json()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_an_admin_installs_finishes_updates_and_removes(page, portal):
    portal.post("/_sandbox/portals/1", json={"installed": False})
    page.goto("/market/?user=admin&lang=en")
    expect(page.locator("#application-state")).to_contain_text("not installed")
    press(page, "Install")
    frame = framed(page, "the page install for DEFAULT")
    runs = frame.evaluate("new Promise(done => BX24.install(() => done('first run')))")
    assert (runs, state(portal)["installed"]) == ("first run", "N")
    frame.evaluate("BX24.installFinish()")
    page.wait_for_url("**install_finished=Y**")
    framed(page, "the page app for DEFAULT")
    expect(page.locator("#application-state")).to_contain_text("is installed")
    assert state(portal)["installed"] == "Y"
    press(page, "Update")
    framed(page, "the page install for DEFAULT")
    expect(page.locator("#application-state")).to_contain_text("Version 2")
    press(page, "Delete and clear data")
    expect(page.locator("#application-state")).to_contain_text("not installed")
    assert page.locator("iframe").count() == 0


def test_an_installation_is_finished_from_a_cards_tab_too(page, portal):
    portal.post("/_sandbox/portals/1", json={"version": 2})
    page.goto(f"{DEAL}?user=admin")
    framed(page, "the page install for CRM_DEAL_DETAIL_TAB").evaluate(
        "new Promise(done => BX24.init(done)).then(() => BX24.installFinish())"
    )
    framed(page, "the page placement for CRM_DEAL_DETAIL_TAB")
    assert "install_finished=Y" in page.url
    assert state(portal)["installed"] == "Y"


def test_finishing_twice_does_nothing(page, portal):
    page.goto("/app/?user=admin")
    frame = framed(page, "the page app")
    told = frame.evaluate("new Promise(done => BX24.init(() => done(name.split('|')[2])))")
    frame.evaluate("sid => parent.postMessage(`setInstallFinish:{}::${sid}`, '*')", told)
    expect(page.locator("#log")).to_contain_text("setInstallFinish: nothing to finish")


def test_a_field_is_added_to_the_card_by_its_button(page, portal):
    portal.post("/_sandbox/portals/1", json={"in_layout": []})
    page.goto(f"{DEAL}?user=admin&lang=en&embed=field")
    expect(page.locator("#no-frame")).to_contain_text("the card does not show it")
    press(page, "Add the field to the card")
    expect(page.locator("#no-frame")).to_contain_text("without a value it is not shown while viewing")
    press(page, "Show always")
    framed(page, "the page placement for USERFIELD_TYPE")


def test_a_smart_process_is_made_renamed_and_deleted_by_hand(page, portal):
    page.goto("/types/?user=admin&lang=en")
    page.locator("form.acts").get_by_label("Title").fill("Rent")
    press(page, "Create")
    page.goto("/crm/type/1030/details/1/?user=admin&lang=en")
    expect(page.locator("h1")).to_contain_text("Rent № 1")
    expect(page.locator("#no-frame")).to_contain_text("no tab of the application")
    page.goto("/types/?user=admin&lang=en")
    row = page.locator(".acts", has_text="1030")
    row.locator("input").fill("Hire")
    row.get_by_role("button", name="Rename").click()
    expect(page.locator(".acts", has_text="1030").locator("input")).to_have_value("Hire")
    row.get_by_role("button", name="Delete").click()
    expect(page.locator(".acts", has_text="1030")).to_have_count(0)


def test_a_card_says_how_many_handlers_heard_of_its_change(page, portal):
    page.goto(f"{DEAL}?lang=en")
    framed(page, "the page placement")
    press(page, "The card was changed")
    expect(page.locator("#log")).to_contain_text("the card was changed → 0 event handlers")


def test_the_pages_of_an_admin_do_not_scroll_sideways_when_narrow(page, portal):
    page.set_viewport_size({"width": 420, "height": 800})
    for path in ("/", "/market/?user=admin", "/types/?user=admin", f"{DEAL}?user=admin"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420
