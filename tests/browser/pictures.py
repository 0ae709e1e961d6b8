"""The pictures of the papers, taken anew: `python -m tests.browser.pictures` from the checkout writes docs/*.png."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from sandbox.demo import Demo, Ports
from sandbox.portal.background import free_port
from tests.browser.pages import IVAN, Card
from tests.chromium import ARGS, NAMES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    chromium = next(filter(None, map(shutil.which, NAMES)))
    portal = free_port()
    ports = Ports(widget=free_port(), portal=portal, gateway=free_port())
    with TemporaryDirectory() as data, Demo(ports, Path(data), workers=1) as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        take("card", tab(browser, demo).open(width=640).reveal())
        take("chat", tab(browser, demo).open(width=640, lang="en").reveal().open_chat(IVAN))
        take("narrow", tab(browser, demo).open(width=320, embed="field").reveal())


def tab(browser: Browser, demo: Demo) -> Card:
    page = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
    return Card(page, demo)


def take(name: str, card: Card) -> None:
    DOCS.mkdir(exist_ok=True)
    card.page.locator("#frame").screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
