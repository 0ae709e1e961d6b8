"""The pictures of the papers, taken anew: `python -m tests.browser.pictures` from the checkout writes docs/*.png."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.demo import Demo, Ports
from sandbox.portal.background import free_port
from tests.browser.pages import IVAN, ORDERS, Card, Framed, Settings
from tests.chromium import ARGS, NAMES
from tests.stand import PATIENCE, Outside

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> None:
    chromium = next(filter(None, map(shutil.which, NAMES)))
    portal = free_port()
    ports = Ports(widget=free_port(), portal=portal, gateway=free_port())
    with (
        TemporaryDirectory() as data,
        Demo(ports, Path(data), workers=1, settings={"LIGHT_HOURS": "0,0,24,24"}) as demo,
        sync_playwright() as playwright,
        httpx.Client(timeout=PATIENCE) as http,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        outside = Outside(demo.portal, demo.gateway, http)
        Settings(new_page(browser), demo).open().set_up_reports()
        rep = Settings(new_page(browser), demo).open(user="rep")
        rep.frame.locator("#mine-opens-chat").uncheck()
        rep.frame.locator("#mine-save").click()
        expect(rep.frame.locator("#mine .said")).not_to_be_empty()
        card = tab(browser, demo).open(width=820, lang="ru").reveal()
        card.open_chat(ORDERS).send("Добрый день! Ваш заказ готов, можно забирать").close_chat()
        outside.answer_as_client("+79619510000", "Добрый день! Подскажите, *когда* приедут замерщики?")
        outside.answer_as_client("+79619510000", "И сколько стоит доставка?")
        expect(card.row(IVAN).locator(".last-count")).to_have_text(re.compile("2$"))
        take("card", card)
        take("narrow", tab(browser, demo).open(width=410, lang="en", embed="field").reveal())
        card.open_chat(IVAN).send("В четверг с 10 до 12, доставка бесплатная")
        expect(card.bubbles.last.locator(".tick-delivered, .tick-read")).to_have_count(1)
        take("chat", card)
        page = Settings(new_page(browser), demo).open(width=1100, lang="ru")
        expect(page.frame.locator("#problems")).to_be_visible()
        take("application", page)


def new_page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1680, "height": 900}).new_page()


def tab(browser: Browser, demo: Demo) -> Card:
    return Card(new_page(browser), demo)


def take(name: str, card: Framed) -> None:
    DOCS.mkdir(exist_ok=True)
    card.still()
    card.page.locator("#frame").screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
