"""What a person sees and does, as verbs: a CRM card with the widget in it, the settings, the
client's phone."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import axe_playwright_python
from playwright.sync_api import APIResponse, BrowserContext, Error, Frame, FrameLocator, Locator, Page, Route, expect

from sandbox.demo import Demo
from tests.chromium import new_page
from tests.stand import DEAL, PATIENCE, in_russian

IVAN = "+7 961 951-00-00"  # has a chat of 340 messages with the line «sales»
ORDERS = "+7 926 111-22-33"  # has WhatsApp and no chat
MARIA = "+7 912 345-67-89"  # has no WhatsApp
INVALID = "12-34-5"

# For what must not come: long enough for what draws at once.
A_WHILE = """async () => {
  for (let frames = 0; frames < 5; frames += 1) await new Promise(requestAnimationFrame);
}"""

SENT = ".tick-sent, .tick-delivered, .tick-read"  # whatever a poll has already learned


@dataclass
class Framed:
    """A page of the portal with the widget in its frame, another site to the browser."""

    page: Page
    demo: Demo
    lang: str = "ru"
    address: str = ""  # of the portal, where it is opened by another name

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("#frame iframe")

    @property
    def inside(self) -> Frame:
        """The frame's own document, for scripts."""
        element = self.page.locator("#frame iframe").element_handle()
        frame = element.content_frame()
        assert frame
        return frame

    def say(self, english: str, **values: object) -> str:
        """A text of the widget in the language of the page."""
        if self.lang == "ru":
            return in_russian(english, **values)
        return english % values if values else english

    def button(self, english: str) -> Locator:
        return self.frame.get_by_role("button", name=self.say(english), exact=True)

    def tab(self, name: str) -> Self:
        """Show a part of the application's page: write, lines, card, state."""
        self.frame.locator(f"#tab-{name}").dispatch_event("click")  # what was just saved may take the focus back
        expect(self.frame.locator(f"#panel-{name}")).to_be_visible()
        return self

    @property
    def focused(self) -> Locator:
        return self.frame.locator(":focus")

    @property
    def log(self) -> Locator:
        """What the portal noted down about the frame."""
        return self.page.locator("#log li")

    def still(self) -> None:
        """Until the frame is as high as its content and both are painted: for a moment after the
        portal resized it, Chromium takes a click to where things were before, and nobody hears
        it."""
        if len(self.page.context.pages) > 1:
            self.page.bring_to_front()  # a tab in the background paints when it likes
        self.inside.evaluate(STILL, 1000 * PATIENCE)

    def expect_to_fit(self) -> None:
        """The frame has no scroll bar, up or sideways, and what is in it is nowhere cut off."""
        self.still()
        self.inside.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
        assert self.inside.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert self.inside.evaluate(CUT_OFF) == []

    def _go(self, path: str, **choices: Any) -> None:
        self.lang = choices.setdefault("lang", self.lang)
        self.page.goto(f"{self.address or self.demo.portal}{path}?{urlencode(choices)}")


@dataclass
class Card(Framed):
    """A CRM card."""

    def open(self, path: str = DEAL, **choices: Any) -> "Card":
        """Choices: user, lang, embed, mode, width, portal."""
        self._go(path, **choices)
        expect(self.frame.locator("[data-action=reveal]:enabled, .revealed, .notice").first).to_be_visible()
        self.still()
        return self

    def reveal(self) -> "Card":
        self.reveal_button.click()
        return self.settle()

    def settle(self) -> "Card":
        """Until nothing of the card is on its way any more."""
        expect(self.frame.locator(".revealed")).to_be_visible()
        expect(
            self.frame.locator("[aria-busy], [data-presence=checking], [data-old], #content .skeleton")
        ).to_have_count(0)
        expect(self.frame.locator("select + .line-state, .line-none")).to_have_count(1)
        self.still()
        return self

    @property
    def reveal_button(self) -> Locator:
        return self.button("Write in WhatsApp")

    @property
    def rows(self) -> Locator:
        return self.frame.locator(".phone")

    def row(self, number: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_text(number, exact=True))

    def presence(self, number: str) -> Locator:
        return self.row(number).locator("[data-presence]")

    def chat_button(self, number: str) -> Locator:
        return self.row(number).locator("[data-action=open-chat]")

    def open_chat(self, number: str = IVAN) -> "Card":
        self.chat_button(number).click()
        expect(self.composer).to_be_visible()
        expect(self.messages.locator(".skeleton")).to_have_count(0)
        self.still()
        return self

    def close_chat(self) -> "Card":
        self.button("Back to the numbers").click()
        expect(self.chat).to_be_hidden()
        self.still()
        return self

    @property
    def chat(self) -> Locator:
        return self.frame.locator("#chat")

    @property
    def messages(self) -> Locator:
        return self.frame.locator("#messages")

    @property
    def bubbles(self) -> Locator:
        return self.messages.locator(".bubble")

    def bubble(self, text: str) -> Locator:
        return self.bubbles.filter(has=self.page.get_by_text(text, exact=True))

    @property
    def composer(self) -> Locator:
        return self.frame.get_by_label(self.say("Message"), exact=True)

    @property
    def send_button(self) -> Locator:
        return self.button("Send")

    @property
    def problem(self) -> Locator:
        """What is wrong with what was typed, or why a message did not go out."""
        return self.frame.locator("#composer-problem:visible, .bubble-problem")

    @property
    def again(self) -> Locator:
        return self.messages.locator("[data-action=try-again]")

    def unfold(self, number: str) -> Locator:
        """All that there is about a number."""
        self.row(number).locator("[data-action=more]").press("Enter")
        details = self.row(number).locator(".phone-more")
        expect(details).to_be_visible()
        return details

    @property
    def dialog(self) -> Locator:
        return self.frame.get_by_role("dialog")

    def write(self, text: str) -> "Card":
        self.composer.fill(text)
        return self

    def send(self, text: str) -> "Card":
        self.write(text).send_button.click()
        return self

    def actions_for(self, text: str) -> Locator:
        """Open the menu of a message."""
        self.still()
        self.bubble(text).locator("[data-action=message-menu]").click()
        menu = self.frame.get_by_role("menu")
        expect(menu).to_be_visible()
        return menu

    def resize(self, width: int) -> "Card":
        """The portal makes its column so wide."""
        self.page.locator("#frame").evaluate("(frame, width) => { frame.style.inlineSize = `${width}px`; }", width)
        self.inside.wait_for_function("(width) => innerWidth === width", arg=width)
        return self

    @property
    def height(self) -> int:
        """How high the portal made the frame."""
        return int(self.page.locator("#frame").get_attribute("data-frame-height") or 0)


STILL = """async (patience) => {
  const painted = () => new Promise(requestAnimationFrame);
  const fits = () => Math.abs(innerHeight - document.body.getBoundingClientRect().height) < 2;
  for (const end = performance.now() + patience; !fits(); await painted())
    if (performance.now() > end) throw new Error(`The frame is ${innerHeight} pixels high, unlike its content.`);
  await painted();
  await painted();
}"""
# Every visible element that stands out of the page to a side, or whose text is wider than its box
# allows. A select cuts its text with an ellipsis by itself, and what was typed into a field scrolls
# in it; tables of figures scroll, and can be reached by keyboard.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || !element.checkVisibility() || element.closest(".sr-only, svg, .figures")) return false;
  const style = getComputedStyle(element);
  if (style.clipPath === "inset(50%)") return false; // only for screen readers here
  const clips = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  return box.left < -1 || box.right > innerWidth + 1 || (clips && element.tagName !== "SELECT" && !element.value);
}).map((element) => element.outerHTML.slice(0, 120))"""


@dataclass
class Settings(Framed):
    """The application's own page."""

    def open(self, *, user: str = "admin", **choices: Any) -> "Settings":
        self._go("/app/", user=user, **choices)
        expect(self.frame.get_by_role("main")).to_be_visible()
        self.still()
        return self

    def choose(self, visibility: str) -> "Settings":
        self.tab("card").still()
        self.visibility.locator(f"input[value={visibility}]").check()
        return self

    def set_up_reports(self) -> None:
        """The first line's webhooks, and one has come."""
        reports = self.frame.locator(".line-item").first.locator("[data-part=reports]")
        reports.locator("summary").first.press("Enter")
        reports.locator("[id$=-set-up]").click()
        expect(reports.locator(".is-works")).to_be_visible()

    def save(self) -> "Settings":
        """Save the visibility; «everything at once» asks back, and is confirmed."""
        asks = self.visibility.locator("input[value=always]").is_checked()
        self.visibility.get_by_role("button", name=self.say("Save"), exact=True).click()
        if asks and self.dialog.is_visible():
            self.button("Turn on").click()
        said = self.visibility.get_by_role("status")
        expect(said).to_have_text(self.say("Saved. Open cards follow within a minute."))
        return self

    def settle(self) -> Self:
        """Until nothing of the page is on its way any more."""
        expect(self.frame.locator("[data-load], [data-pending], #sections [aria-busy]")).to_have_count(0)
        return self

    @property
    def visibility(self) -> Locator:
        return self.frame.locator("#visibility")

    @property
    def dialog(self) -> Locator:
        return self.frame.get_by_role("dialog")


@dataclass
class ClientPhone:
    """The other end: the simulated gateway's page of the client's phone, in a tab of its own."""

    context: BrowserContext
    demo: Demo

    def open(self, number: str, line: str = "sales") -> Page:
        page = new_page(self.context)
        page.goto(f"{self.demo.gateway}/phone?{urlencode({'client': re.sub(r'[^0-9]', '', number), 'line': line})}")
        return page

    def answer(self, number: str, text: str, line: str = "sales") -> None:
        page = self.open(number, line)
        page.get_by_placeholder("Сообщение").fill(text)
        page.get_by_label("Отправить").click()
        expect(page.get_by_role("log").get_by_text(text, exact=True)).to_be_visible()
        page.close()


def slider(page: Page) -> FrameLocator:
    """The portal's page that opened over the card."""
    return page.frame_locator("#panel-page iframe")


def application(page: Page) -> FrameLocator:
    """Our own page in there."""
    return slider(page).frame_locator("#frame iframe")


def serious_in(page: Framed) -> list[str]:
    """What axe calls serious or critical, with the element."""
    inside = page.inside
    if not inside.evaluate("() => 'axe' in window"):
        inside.evaluate(AXE)
    found: dict[str, Any] = inside.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


class Held:
    """Requests to one path, whose answers come when the test says so; those of later ones at
    once."""

    def __init__(self, page: Page, path: str | re.Pattern[str]) -> None:
        self.answers: list[tuple[Route, APIResponse]] | None = []
        page.route(path, self.hold)

    def hold(self, route: Route) -> None:
        with suppress(Error):  # the page may be gone by now
            answer = route.fetch()
            if self.answers is None:
                route.fulfill(response=answer)
            else:
                self.answers.append((route, answer))

    def come(self) -> None:
        held, self.answers = self.answers or [], None
        for route, answer in held:
            route.fulfill(response=answer)


def lose_answer(page: Page) -> None:
    """A proxy that waited no longer: what is sent first arrives, and its answer does not. Nor does
    the page hear of it in another way, not even by what it had asked before."""
    sent: list[Route] = []

    def answer(route: Route) -> None:
        asks = route.request.method == "GET" or route.request.url.endswith("/card/news")
        lost = not asks and not sent
        if not asks:
            sent.append(route)
        with suppress(Error):  # the page may be gone by now
            response = route.fetch()
            if lost:
                route.fulfill(status=504, body="<h1>504 Gateway Time-out</h1>")
            elif asks and sent and not route.request.url.endswith("/later"):
                route.fulfill(status=204 if route.request.url.endswith("/card/news") else 304)
            else:
                route.fulfill(response=response)

    page.route(re.compile("/chats/[^/]+/(messages|later)$|/card/news$"), answer)
