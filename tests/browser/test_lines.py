"""Lines on the application's page: words that follow the kind, a set-up that waits for its proof,
parts that open."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Locator, expect

from sandbox.demo import LINES, Demo
from sandbox.people import API_KEY
from sandbox.portal.background import in_background
from tests.browser.conftest import Complaints
from tests.browser.market import until
from tests.browser.pages import SENT, Card, ClientPhone, Settings, serious_in
from tests.stand import PATIENCE, Outside

LEAD, AIGERIM = "/crm/lead/details/501/", "+7 701 234 5678"  # one number, and no chat with it on any line


@pytest.fixture
def database(demo: Demo) -> Iterator[sqlite3.Connection]:
    """The widget's own."""
    file = demo.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
        yield connection


def first(settings: Settings) -> Locator:
    return settings.frame.locator(".line-item").first


def reports(settings: Settings) -> Locator:
    part = first(settings).locator("[data-part=reports]")
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    settings.still()
    return part


def reported(database: sqlite3.Connection) -> None:
    """As if a genuine report had come."""
    database.execute(
        "INSERT INTO line_health (line_id, portal_id, hook_at) SELECT id, portal_id, ? FROM lines ORDER BY id LIMIT 1"
        " ON CONFLICT (line_id) DO UPDATE SET hook_at = excluded.hook_at",
        [time.time()],
    )


class Obliging(BaseHTTPRequestHandler):
    """A WAHA that takes every configuration and reports nothing."""

    def do_GET(self) -> None:
        body = b'{"name": "sales", "status": "WORKING", "config": {}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def obliging(database: sqlite3.Connection) -> Iterator[None]:
    """The first line is at such a gateway."""
    (address,) = database.execute("SELECT address FROM lines ORDER BY id LIMIT 1").fetchone()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Obliging)
    move = "UPDATE lines SET address = ? WHERE id = (SELECT min(id) FROM lines)"
    with in_background(server):
        database.execute(move, [f"http://127.0.0.1:{server.server_port}"])
        yield
        database.execute(move, [address])


def test_another_kind_has_other_words_and_what_was_typed_stays(settings: Settings) -> None:
    settings.open()
    form = settings.frame.locator("#line-add")
    form.locator("summary").click()
    form.locator("#add-name").fill("Sales")
    form.locator("#add-key").fill("my-key")

    form.locator("#add-gateway").select_option("green")
    expect(form.get_by_role("textbox", name="idInstance", exact=True)).to_have_attribute("placeholder", "1101000001")
    expect(form.locator("#add-key")).to_have_accessible_name("apiTokenInstance")
    expect(form.locator("#add-key")).to_have_value("my-key")
    form.locator("#add-gateway").select_option("evolution")
    expect(form.get_by_role("textbox", name=settings.say("Instance"), exact=True)).to_be_visible()
    expect(form.locator("#add-name")).to_have_value("Sales")
    assert serious_in(settings) == []


def test_a_set_up_waits_and_says_that_reports_work_once_one_has_come(
    settings: Settings, database: sqlite3.Connection, obliging: None
) -> None:
    settings.open(lang="en")
    part = reports(settings)
    expect(part.locator(".report-way")).to_contain_text("Nobody has set them up")

    part.get_by_role("button", name="Set up", exact=True).click()

    expect(part.get_by_role("progressbar", name="Waiting for the first report")).to_be_visible()
    expect(part.get_by_role("status")).to_contain_text("The gateway took it.")
    reported(database)
    expect(part.locator(".report-way")).to_contain_text("They work, last report")
    expect(settings.focused).to_have_text("Set up again")


def test_a_line_is_set_up_step_by_step_and_the_way_can_be_left_in_between(
    settings: Settings, database: sqlite3.Connection, outside: Outside, complaints: Complaints
) -> None:
    # The question, the form with its fault, a code that is needed no more.
    complaints.expect("Failed to load resource|status of 422")
    line = settings.frame.locator("#lines-section .line-item", has_text="Архивная линия")
    settings.open(lang="en", width=410)
    (address,) = database.execute("SELECT address FROM lines WHERE session = 'archive'").fetchone()
    line.get_by_role("button", name="Remove", exact=True).click()
    remove = settings.dialog.get_by_role("button", name="Remove the line")
    expect(remove).to_have_class(re.compile("button-danger"))
    remove.click()
    expect(line).to_have_count(0)

    form = settings.frame.locator("#line-add")
    form.locator("summary").click()
    for name, typed in {"name": "", "address": address, "session": "archive", "key": API_KEY}.items():
        form.locator(f"#add-{name}").fill(typed)
    form.locator("#add-save").click()
    expect(form.locator("#add-name-fault")).to_be_visible()
    expect(form.locator("#add-address")).to_have_value(address)  # what was typed stays
    expect(form.locator("#add-key")).to_have_value("")  # but a key goes back to no browser
    form.locator("#add-name").fill("Архивная линия")
    form.locator("#add-key").fill(API_KEY)
    form.locator("#add-save").click()

    now = line.locator("[aria-current=step]")
    expect(now).to_contain_text("Phone")  # the gateway was asked at once
    settings.open(lang="en", width=410)
    expect(now).to_contain_text("Phone")
    assert serious_in(settings) == []
    settings.expect_to_fit()
    outside.set_line("archive", "WORKING")
    line.get_by_role("button", name="Show the code").click()
    expect(now).to_contain_text("First chat")  # reports were set up, and one has come
    expect(line.locator(".is-works")).to_be_attached()
    expect(line.get_by_role("link", name="Open the deals")).to_be_visible()

    outside.set_line("archive", "SCAN_QR_CODE")
    line.get_by_role("button", name="Test the connection").click()
    expect(now).to_contain_text("Phone")


def test_the_secret_is_shown_on_demand_and_gone_with_the_page(
    settings: Settings, database: sqlite3.Connection, complaints: Complaints
) -> None:
    settings.open(lang="en")
    reports(settings).get_by_role("button", name="Show the address and secret").click()
    shown = first(settings).get_by_role("group", name="Setting it up by hand")
    expect(shown).to_contain_text("hmac.key")
    secret = shown.locator("code").last.inner_text()
    assert len(secret) > 30
    settings.expect_to_fit()
    assert serious_in(settings) == []

    settings.open(lang="en")
    assert secret not in settings.inside.content()


def test_a_pause_is_ended_with_the_keyboard_after_its_warning(
    settings: Settings, database: sqlite3.Connection, complaints: Complaints
) -> None:
    complaints.expect("409")  # the question
    database.execute(
        "INSERT INTO line_health (line_id, portal_id, cooldown_until, cooldown_why)"
        " SELECT id, portal_id, ?, 'throttled' FROM lines ORDER BY id LIMIT 1",
        [time.time() + 900],
    )
    settings.open(lang="en")
    expect(first(settings)).to_contain_text("No check leaves by this line until")

    first(settings).get_by_role("button", name="End it now…").focus()
    settings.page.keyboard.press("Enter")
    expect(settings.dialog).to_contain_text("Checks during such a pause are what WhatsApp closes accounts for.")
    settings.dialog.get_by_role("button", name="End the pause").click()

    expect(first(settings)).to_contain_text("The pause is over.")
    expect(first(settings)).not_to_contain_text("No check leaves")


def test_the_health_list_leads_to_the_part_that_mends_it(settings: Settings) -> None:
    settings.open(lang="en")
    settings.tab("state")
    finding = settings.frame.locator("[data-topic=reports]").first
    expect(finding).to_contain_text("nobody has set that up")

    finding.get_by_role("button", name="Set up").click()

    expect(first(settings).locator("[data-part=reports]")).to_have_attribute("open", "")
    expect(settings.focused).to_contain_text("Reports from the gateway")


@pytest.mark.parametrize("name", ["Отдел продаж", "Филиал", "Выездные замеры"])
def test_every_kind_of_gateway_takes_the_set_up_and_what_it_reports_reaches_cards_and_chats(
    settings: Settings, card: Card, phone: ClientPhone, outside: Outside, database: sqlite3.Connection, name: str
) -> None:
    (session,) = (session for session, line, _number, _kind in LINES if line == name)
    settings.open(lang="en")
    line = settings.frame.locator("#lines-section .line-item").filter(has=settings.page.get_by_text(name, exact=True))
    line.locator("[data-part=reports] summary").click()
    settings.still()
    line.get_by_role("button", name="Set up", exact=True).click()
    expect(line.locator(".report-way")).to_contain_text("They work, last report")

    card.open(LEAD, lang="en")  # hidden until somebody wants to know
    phone.answer(AIGERIM, "Вы ещё работаете?", line=session)
    until(card.page, lambda: proved(database, session))
    card.reveal()
    expect(card.row(AIGERIM)).to_contain_text("wrote to us")
    asked = card.frame.locator(".revealed").get_attribute("data-ask") or ""  # the other number of this card, perhaps
    assert (card.row(AIGERIM).get_attribute("data-key") or "?") not in asked

    card.open_chat(AIGERIM).send("Да, до шести")
    expect(card.bubble("Вы ещё работаете?")).to_be_visible()
    expect(card.bubble("Да, до шести").locator(SENT)).to_have_count(1)
    expect(card.frame.locator(".composer-target")).to_contain_text(name)
    phone.open(AIGERIM, line=session)
    expect(card.bubble("Да, до шести").locator(".tick-read")).to_have_count(1)


def proved(database: sqlite3.Connection, session: str) -> bool:
    """The client's message has come by this line, and what it proves is known."""
    query = """SELECT count(*) FROM chats JOIN lines ON lines.id = line_id JOIN presences USING (portal_id)
      WHERE session = ? AND phone = ? AND proved AND record LIKE '%message%'"""
    return bool(database.execute(query, [session, re.sub(r"[^0-9+]", "", AIGERIM)]).fetchone()[0])
