"""The browser of the tests: one a process, a context a test. Its folders are called `browser` (tools/test.py)."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.stand import PATIENCE
from tools.setup import CHROMIUM_NAMES, SHELL

NAMES = (SHELL, *CHROMIUM_NAMES)
ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # The frame stays another site (cookies, storage, origins), but not another process: between processes a click
    # that follows a change of the layout can land where things were before, and nobody hears it.
    "--disable-site-isolation-trials",
]
expect.set_options(timeout=1000 * PATIENCE)  # a test that passes does not wait for it


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(f"No Chromium: none of {', '.join(NAMES)} is in PATH. apt install chromium", pytrace=False)
    return {**browser_type_launch_args, "executable_path": found, "args": ARGS}


@pytest.fixture(scope="session")
def base_url() -> None:
    """None of ours. pytest-base-url's own is a method of a class, which pytest 9 warns of, and warnings are errors."""


@pytest.fixture
def context(context: BrowserContext, monkeypatch: pytest.MonkeyPatch) -> BrowserContext:
    context.set_default_timeout(1000 * PATIENCE)
    make_page = context.new_page
    # Not in a handler of "page": it would still be talking to the browser while the test already opens an address.
    monkeypatch.setattr(context, "new_page", lambda: block_third_party_cookies(make_page()))
    return context


def block_third_party_cookies(page: Page) -> Page:
    """As a Chromium with a window does; the shell allows them."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names = (
        "enableThirdPartyCookieRestriction",
        "disableThirdPartyCookieMetadata",
        "disableThirdPartyCookieHeuristics",
    )
    session.send("Network.setCookieControls", dict.fromkeys(names, True))
    return page


def last_of_all(items: list[pytest.Item], folder: Path) -> None:
    """Playwright keeps an event loop in this thread until the session ends, and another test's asyncio.run would not
    start beside it."""
    items.sort(key=lambda item: folder in item.path.parents)
