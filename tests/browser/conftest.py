"""The demo's programs on free ports, a real Chromium, and a card in it. Whatever the browser
complains about fails the test."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from sandbox.demo import Demo, Ports
from sandbox.portal.background import free_ports
from tests.browser.pages import Card, ClientPhone, Framed, Settings
from tests.chromium import base_url, browser_type_launch_args, context, last_of_all, new_page, page, tab
from tests.stand import PATIENCE, PATIENT_REDIS, Outside, until

__all__ = ["base_url", "browser_type_launch_args", "context", "page", "tab"]

HEARD = "line-state:"  # the keys that say how lines are
AWAKE = "0,0,24,24"  # LIGHT_HOURS: every hour is a good one to write, or the tests would know when they run

# A card with one chat shows its rows first: what opens straight into it is a test's own
# (test_messenger.py).
OPENS_NO_CHAT = """INSERT OR IGNORE INTO user_settings (portal_id, user_id, line_id, show_name, opens_chat)
  SELECT portals.id, users.value, 0, 0, 0 FROM portals, json_each('[1, 2, 3, 4, 5]') AS users"""

# The worker lists the chats of each line every quarter of an hour, which are calls that a test may
# count. Its turn is another's, for ever: who wants the lines listed says so (`lines_listed`).
NO_ROUNDS = """INSERT INTO turns (name, holder, until, began_at, ended_at, version)
  VALUES ('lines', 'tests', 1e11, 1, 0, 1e9)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
  began_at = excluded.began_at, ended_at = excluded.ended_at, version = excluded.version"""

LISTEN = """(place) => {
  globalThis.heard = [];
  globalThis.listener = new MutationObserver(() => {
    for (const each of document.querySelectorAll(place)) heard.push(each.textContent.trim());
  });
  listener.observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
HEARD_THEM = "(words) => heard.includes(words)"

# A policy's violation is told to the page that it happened in; as a console error it is told to us.
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
  (event) => console.error("CSP", event.violatedDirective, event.blockedURI));"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    last_of_all(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Portal, gateway and widget as `make demo` starts them, but one worker, so that what an
    administrator saves holds for the next opening."""
    with patient_demo(tmp_path_factory.mktemp("demo")) as running:
        with in_database(running) as connection:
            connection.execute(NO_ROUNDS)
        yield running


@contextmanager
def in_database(demo: Demo) -> Iterator[sqlite3.Connection]:
    file = demo.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=PATIENCE)) as connection, connection:
        yield connection


def patient_demo(data: Path) -> Demo:
    """A widget that gives its gateway and its Redis up so late that a busy machine is no fault of
    theirs."""
    timeouts = {"CHECK_TIMEOUT": "120", "HISTORY_TIMEOUT": "120", "SEND_TIMEOUT": "120"}
    settings = {"LIGHT_HOURS": AWAKE, **timeouts}
    ports = Ports(*free_ports(3))
    return Demo(ports, data, workers=1, say=lambda _: None, settings=settings, redis_options=PATIENT_REDIS)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def outside(demo: Demo, http: httpx.Client) -> Outside:
    """The world as it was seeded, and a widget that remembers nobody: no chats, no sends, nothing
    cached."""
    outside = Outside(demo.portal, demo.gateway, http)
    outside.reset()
    with in_database(demo) as connection:
        for table in ("sends", "chats", "messages", "presences", "usage", "line_health"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM user_settings")
        connection.execute("UPDATE lines SET hook_key = '', hook_secret = ''")  # no webhooks were set up
        connection.execute(OPENS_NO_CHAT)
    if not forget_cached(demo):
        demo.restart_widget()
    return outside


def forget_cached(demo: Demo, kept: str = HEARD) -> bool:
    """Empty the cache that the processes of the widget share, but not of how the lines are: a card
    whose line was not heard of yet asks about no number for seconds. False where there is no such
    cache."""
    if "REDIS_URL" not in demo.environment:
        return False
    with redis.Redis.from_url(demo.environment["REDIS_URL"]) as client:
        if gone := [key for key in client.scan_iter() if not (kept and kept.encode() in key)]:
            client.delete(*gone)
    return True


@pytest.fixture
def hear_lines(context: BrowserContext, demo: Demo, outside: Outside) -> Iterator[Callable[[], None]]:
    """Have the widget hear anew how the lines are, as the test has made them. When it is over, the
    next test's cards would still believe that: its lines are heard as they were seeded."""

    with in_database(demo) as connection:
        [(lines,)] = connection.execute("SELECT count(*) FROM lines WHERE active")

    def hear() -> None:
        demo.restart_widget(meanwhile=lambda: forget_cached(demo, kept=""))  # what it hears as it ends is old
        if "REDIS_URL" in demo.environment:
            with redis.Redis.from_url(demo.environment["REDIS_URL"]) as client:
                until(lambda: len([key for key in client.keys(f"*{HEARD}*") if b"lease" not in key]) == lines)

    yield hear
    outside.reset()
    leave_pages(context)
    hear()


@contextmanager
def is_said(shown: Framed, place: str, words: str) -> Iterator[None]:
    """What is done meanwhile has the place say these words and no more, for a moment: the page
    itself notes them, since a look from outside may come when they are gone."""
    inside = shown.inside
    inside.evaluate(LISTEN, place)
    yield
    inside.wait_for_function(HEARD_THEM, arg=words)
    inside.evaluate("() => listener.disconnect()")


def leave_pages(context: BrowserContext) -> None:
    """Open pages ask the widget every few seconds, and would complain while it starts anew."""
    for opened in context.pages:
        opened.goto("about:blank")


class Complaints(list[str]):
    """Page errors, console errors, policy violations, dialogs. A test that breaks something says
    what follows."""

    expected = re.compile("(?!)")

    def expect(self, pattern: str) -> None:
        self.expected = re.compile(pattern)

    def take(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.append(f"console: {said.text} {said.location['url']}")


@pytest.fixture(scope="session")
def init_script() -> str:
    return TELL_VIOLATIONS


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[Complaints]:
    heard = Complaints()
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": heard.take,
        "weberror": lambda error: heard.append(f"error: {error.error}"),
    }
    for event, listener in listeners.items():
        context.on(event, listener)
    yield heard
    for event, listener in listeners.items():
        context.remove_listener(event, listener)
    assert [each for each in heard if not heard.expected.search(each)] == []


@pytest.fixture
def card(page: Page, demo: Demo, outside: Outside) -> Card:
    return Card(page, demo)


@pytest.fixture
def make_card(context: BrowserContext, demo: Demo, outside: Outside) -> Callable[[], Card]:
    """A card in a tab of its own."""
    return lambda: Card(new_page(context), demo)


@pytest.fixture
def settings(context: BrowserContext, demo: Demo, outside: Outside) -> Iterator[Settings]:
    """The application's own page in a tab of its own; what was chosen there is taken back
    afterwards."""
    settings = Settings(new_page(context), demo)
    saved: list[str] = []

    def hear(request: Request) -> None:
        if "/app/visibility" in request.url:
            saved.append(request.url)

    context.on("request", hear)
    yield settings
    context.remove_listener("request", hear)
    if saved:
        settings.open(user="admin").choose("button").save().settle()


@pytest.fixture
def lines_listed(demo: Demo, outside: Outside) -> None:
    """The worker's round has just gone over the lines, and knows whose chats they have. The worker
    itself lists a line every quarter of an hour, and each test forgets what it learned."""
    one_line = "from widget.services import services; services().presence.rounds.go(); print('listed')\n"
    said = demo.flask("shell", stdin=one_line)  # a line that fails says nothing after that
    assert "listed" in said


@pytest.fixture
def phone(context: BrowserContext, demo: Demo) -> ClientPhone:
    return ClientPhone(context, demo)
