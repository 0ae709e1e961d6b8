"""Pictures of the widget, taken anew: `python -m tests.browser.pictures` from the checkout writes
those of the papers, docs/*.png; with a folder behind it, all twelve into that: card, chat and
application at four widths, to look at."""

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.demo import Demo, Ports
from sandbox.portal.background import free_ports
from tests.browser.pages import IVAN, ORDERS, Card, Framed, Settings
from tests.chromium import ARGS, NAMES
from tests.stand import PATIENCE, Outside

DOCS = Path(__file__).resolve().parents[2] / "docs"
TWELVE = {
    "card": {280: "ru", 410: "en", 820: "ru", 1100: "en"},
    "chat": {280: "en", 410: "ru", 820: "ru", 1100: "en"},
    "application": {280: "ru", 410: "en", 820: "en", 1100: "ru"},
}
ANSWERED = "В четверг с 10 до 12, доставка бесплатная"
IN_PAPERS = {
    ("card", 820): "card",
    ("card", 410): "narrow",
    ("chat", 820): "chat",
    ("application", 1100): "application",
}


def main(folder: Path | None) -> None:
    chromium = next(filter(None, map(shutil.which, NAMES)))
    ports = Ports(*free_ports(3))
    with (
        TemporaryDirectory() as data,
        Demo(ports, Path(data), workers=1, settings={"LIGHT_HOURS": "0,0,24,24"}) as demo,
        sync_playwright() as playwright,
        httpx.Client(timeout=PATIENCE) as http,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        live_through_a_morning(browser, demo, Outside(demo.portal, demo.gateway, http))
        for name, widths in TWELVE.items():
            for width, lang in widths.items():
                paper = IN_PAPERS.get((name, width))
                if folder or paper:
                    shown = OPEN[name](browser, demo, width, lang)
                    take(shown, folder / f"{name}-{width}-{lang}.png" if folder else DOCS / f"{paper}.png")
                    shown.page.context.close()


def live_through_a_morning(browser: Browser, demo: Demo, outside: Outside) -> None:
    """What the pictures show: webhooks that work, an order that is told of, a client who waits."""
    Settings(new_page(browser), demo).open().set_up_reports()
    rep = Settings(new_page(browser), demo).open(user="rep")
    rep.frame.locator("#mine-opens-chat").uncheck()
    rep.frame.locator("#mine-save").click()
    expect(rep.frame.locator("#mine .said")).not_to_be_empty()
    card = Card(new_page(browser), demo).open(width=820, lang="ru").reveal()
    card.open_chat(ORDERS).send("Добрый день! Ваш заказ готов, можно забирать").close_chat()
    outside.answer_as_client("+79619510000", "Добрый день! Подскажите, *когда* приедут замерщики?")
    outside.answer_as_client("+79619510000", "И сколько стоит доставка?")
    expect(card.row(IVAN).locator(".last-count")).to_have_text(re.compile("2$"))


def open_card(browser: Browser, demo: Demo, width: int, lang: str) -> Framed:
    return Card(new_page(browser), demo).open(width=width, lang=lang, embed="field").reveal()


def open_chat(browser: Browser, demo: Demo, width: int, lang: str) -> Framed:
    card = Card(new_page(browser), demo).open(width=width, lang=lang).reveal().open_chat(IVAN)
    if not card.bubbles.filter(has_text=ANSWERED).count():
        card.send(ANSWERED)
    expect(card.bubbles.last.locator(".tick-delivered, .tick-read")).to_have_count(1)
    return card


def open_application(browser: Browser, demo: Demo, width: int, lang: str) -> Framed:
    page = Settings(new_page(browser), demo).open(width=width, lang=lang)
    expect(page.frame.locator("#problems")).to_be_visible()
    return page


OPEN = {"card": open_card, "chat": open_chat, "application": open_application}


def new_page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1680, "height": 900}).new_page()


def take(shown: Framed, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    shown.still()
    shown.page.locator("#frame").screenshot(path=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
