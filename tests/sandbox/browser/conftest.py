"""The simulated portal in a real Chromium, with the smallest app in its frame."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, request, send_file
from playwright.sync_api import BrowserContext, Dialog, Error, Frame, Page

from sandbox.portal.background import free_port, portal_running, served
from tests.chromium import Tab, base_url, browser_type_launch_args, context, init_script, last_of_all, tab
from tools.setup import B24JSSDK_FILE

__all__ = ["base_url", "browser_type_launch_args", "context", "init_script", "tab"]

# A page that can speak the raw protocol: `ask(message, callback)` posts and waits for the answer of
# that callback.
PAGE = """<!doctype html><title>app</title><p>the app</p><script>
const sid = name.split("|")[2], portal = "http://" + name.split("|")[0], heard = [];
addEventListener("message", (e) => heard.push(e.data));
const say = (message) => parent.postMessage(message, portal);
const ask = (message, cb) => new Promise((done) => {
  addEventListener("message", (e) => String(e.data).startsWith(cb + ":") && done(e.data.slice(cb.length + 1)));
  say(message);
});
</script>"""


class SmallestApp(Flask):
    """Answers the addresses of the widget, keeps what was posted, and brings the library that a
    test wants."""

    def __init__(self) -> None:
        super().__init__("smallest-app")
        self.posted: list[dict[str, str]] = []
        self.library = ""
        for path in ("/placement", "/app", "/install"):
            self.add_url_rule(path, path, self.keep, methods=["POST"])
        self.add_url_rule("/b24jssdk.js", "b24jssdk", lambda: send_file(B24JSSDK_FILE))

    def keep(self) -> str:
        self.posted.append({**request.args, **request.form})
        address = {"bx24": f"http://{request.args['DOMAIN']}/api/v1/", "b24jssdk": "/b24jssdk.js"}.get(self.library)
        return PAGE + (f'<script src="{address}"></script>' if address else "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    last_of_all(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def app() -> SmallestApp:
    return SmallestApp()


@pytest.fixture(scope="session")
def origin(app: SmallestApp) -> Iterator[str]:
    port = free_port()
    with served(app, port), portal_running(f"http://localhost:{port}") as portal:
        yield f"http://127.0.0.1:{portal}"


@pytest.fixture
def page(context: BrowserContext, tab: Tab) -> Iterator[Page]:
    page = tab.page()
    errors: list[str] = []

    def on_error(error: Error) -> None:
        errors.append(str(error))

    def on_dialog(dialog: Dialog) -> None:
        errors.append(dialog.message)

    page.on("pageerror", on_error)
    page.on("dialog", on_dialog)
    yield page
    page.remove_listener("pageerror", on_error)
    page.remove_listener("dialog", on_dialog)
    assert errors == []


@pytest.fixture
def card(page: Page, app: SmallestApp, origin: str) -> Callable[..., Frame]:
    """Open a page of the portal; `library` is the one that the framed page loads."""

    def card(path: str = "/crm/deal/details/7045/", library: str = "") -> Frame:
        app.library = library
        app.posted.clear()
        page.goto(origin + path)
        return framed(page)

    return card


def framed(page: Page) -> Frame:
    """The frame of the app, once its page and its library are there."""
    page.frame_locator("#frame iframe").get_by_text("the app").wait_for()
    element = page.query_selector("#frame iframe")
    frame = element.content_frame() if element else None
    assert frame
    frame.wait_for_load_state()
    return frame
