"""The browser of the tests: one a process, one context and one page as long as tests leave
them as they were. Its folders are called `browser` (tools/test.py)."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api._generated import Clock

from tests.stand import PATIENCE
from tools.setup import CHROMIUM_NAMES, SHELL

NAMES = (SHELL, *CHROMIUM_NAMES)
ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # The frame stays another site (cookies, storage, origins), but not another process: between
    # processes a click that follows a change of the layout can land where things were before, and
    # nobody hears it.
    "--disable-site-isolation-trials",
    # Fewer processes to pass between: a tenth of the processor.
    *("--in-process-gpu", "--enable-features=NetworkServiceInProcess2"),
    "--use-fake-device-for-media-stream",  # a microphone that beeps, and nobody who is asked for it
    "--use-fake-ui-for-media-stream",
    "--force-prefers-reduced-motion",  # a skeleton that shimmers is painted sixty times a second
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
    """None of ours. pytest-base-url's own is a method of a class, which pytest 9 warns of, and
    warnings are errors."""


# What a page or its context keeps for the next test too: then that test gets new ones. A clock is
# its context's.
SPOIL = ((Clock, "install"), (Page, "add_init_script"), (Page, "emulate_media"), (Page, "set_viewport_size"),
         (Page, "route"))  # fmt: skip


class Tab:
    """One context and one page for test after test: a process of its own for each is a third of
    what a test costs. The widget stores nothing in a browser; what a test leaves behind otherwise
    ends them."""

    def __init__(self, browser: Browser, init_script: str) -> None:
        self.spoiled = False
        self._browser = browser
        self._init_script = init_script
        self._context: BrowserContext | None = None
        self._page: Page | None = None

    def context(self) -> BrowserContext:
        if self._context is None:
            self._context = self._browser.new_context()
            self._context.set_default_timeout(1000 * PATIENCE)
            self._context.add_init_script(self._init_script)
        return self._context

    def page(self) -> Page:
        if self._page is None or self._page.is_closed():
            self._page = new_page(self.context())
        return self._page

    def leave(self) -> None:
        """Close what the test opened, and all of it where it would not be as new."""
        context = self.context()
        if self.spoiled:
            context.close()
            self._context, self._page, self.spoiled = None, None, False
            return
        for page in context.pages:
            if page != self._page:
                page.close()
        if self._page and not self._page.is_closed():
            for frame in self._page.frames:
                if frame.url.startswith("http"):
                    frame.evaluate("() => sessionStorage.clear()")  # what was typed and not sent
            self._page.goto("about:blank")
        context.clear_cookies()


@pytest.fixture(scope="session")
def init_script() -> str:
    """What runs in each page first; a folder says what of its own."""
    return ""


@pytest.fixture(scope="session")
def tab(browser: Browser, init_script: str) -> Iterator[Tab]:
    tab = Tab(browser, init_script)
    yield tab
    tab.context().close()


@pytest.fixture
def context(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    def spoiling(method: Callable[..., Any]) -> Callable[..., Any]:
        def spoil(*arguments: Any, **named: Any) -> Any:
            tab.spoiled = True
            return method(*arguments, **named)

        return spoil

    for kind, name in SPOIL:
        monkeypatch.setattr(kind, name, spoiling(getattr(kind, name)))
    yield tab.context()
    tab.leave()


@pytest.fixture
def page(context: BrowserContext, tab: Tab) -> Page:
    return tab.page()


def new_page(context: BrowserContext) -> Page:
    """A page in a tab of its own, closed when the test ends."""
    return block_third_party_cookies(context.new_page())


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
    """Playwright keeps an event loop in this thread until the session ends, and another test's
    asyncio.run would not start beside it."""
    items.sort(key=lambda item: folder in item.path.parents)
