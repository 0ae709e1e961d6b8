"""How fast the pages are in a real Chromium, over loopback, beside a bare request and paint of the
same browser.

    python -m benchmarks.browser [--json] [--times 20]

The demo's programs and browsers of several reps: one reveals cards, opens chats and sends; then one
looks at an open chat and one at rows while clients write, and it is measured how soon that stands
there. Bytes and requests are the network's, without a browser's cache; layout shift is Chromium's
own figure, of what no press explains.
"""

import argparse
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Browser, CDPSession, Frame, Page, sync_playwright

from benchmarks import tables
from benchmarks.pace import goal
from sandbox.demo import Demo, Ports
from sandbox.portal.background import free_ports

DEAL, IVAN, IVAN_SHOWN = "/crm/deal/details/7045/", "+79619510000", "+7 961 951-00-00"
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE = 60_000.0  # milliseconds for what happens at once
SEEN_WITHIN, MAX_SHIFT = 2_500.0, 0.05
ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Presses, and resolves to the milliseconds until something is painted that was not there.
UNTIL_PAINTED = """([press, painted]) => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    if (!document.querySelector(painted)) return requestAnimationFrame(look);
    requestAnimationFrame(() => done(performance.now() - began));
  };
  document.querySelector(press).click();
  look();
})"""
SEND = """([text, painted]) => new Promise((done) => {
  const before = document.querySelectorAll(painted).length;
  document.getElementById('text').value = text;
  const began = performance.now();
  const look = () => {
    if (document.querySelectorAll(painted).length === before) return requestAnimationFrame(look);
    requestAnimationFrame(() => done(performance.now() - began));
  };
  document.getElementById('composer').requestSubmit();
  look();
})"""
BARE = """async () => {
  const began = performance.now();
  const mark = document.createElement('p');
  mark.textContent = await (await fetch('/health/live')).text();
  document.body.append(mark);
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const took = performance.now() - began;
  mark.remove();
  return took;
}"""
# When a text of the client's comes to stand in these places (milliseconds of the clock that the
# writer has too).
WATCH = """(places) => {
  window.stoodAt = {};
  new MutationObserver(() => {
    for (const text of document.querySelectorAll(places)) window.stoodAt[text.textContent.trim()] ??= Date.now();
  }).observe(document.getElementById('card'), { childList: true, subtree: true });
}"""
BUBBLES, ROWS = ".is-theirs .bubble-text", ".phone .last"
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true });"""


@dataclass
class Wire:
    """Requests to the widget and their bytes, as they come over the network."""

    widget: str
    session: CDPSession
    requests: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        ours: set[str] = set()

        def asked(event: dict[str, Any]) -> None:
            if event["request"]["url"].startswith(self.widget):
                ours.add(event["requestId"])
                self.requests += 1

        def came(event: dict[str, Any]) -> None:
            if event["requestId"] in ours:
                self.bytes += int(event["encodedDataLength"])

        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.session.on("Network.requestWillBeSent", asked)
        self.session.on("Network.loadingFinished", came)

    def spent(self) -> dict[str, int]:
        """Since the last time that this was asked."""
        spent = {"requests": self.requests, "bytes": self.bytes}
        self.requests = self.bytes = 0
        return spent


@dataclass
class Rep:
    """A rep's browser: pages of the portal with the widget in them."""

    page: Page
    demo: Demo
    user: str

    def open(self, path: str = DEAL, **choices: str | int) -> Frame:
        self.page.goto(f"{self.demo.portal}{path}?{urlencode({'user': self.user, 'lang': 'en', **choices})}")
        element = self.page.locator("#frame iframe").element_handle(timeout=PATIENCE)
        frame = element.content_frame()
        assert frame
        frame.wait_for_selector("[data-ready], .revealed, #waiting:not([data-load])", state="attached")
        return frame

    def revealed(self) -> Frame:
        frame = self.open()
        frame.click("[data-action=reveal]")
        frame.wait_for_selector(".revealed")
        frame.wait_for_selector("[aria-busy]", state="detached")
        return frame


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser", description="How fast the pages are.")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, tables on stderr")
    parser.add_argument("--times", type=int, default=20, help="of each measure")
    arguments = parser.parse_args()
    figures = measure(arguments.times)
    tables.say(figures, show(figures), as_json=arguments.json)


def measure(times: int) -> dict[str, Any]:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("Nothing is measured without a Chromium")
    ports = Ports(*free_ports(3))
    with (
        TemporaryDirectory() as data,
        Demo(ports, Path(data), say=lambda _: None, settings={"LIGHT_HOURS": "0,0,24,24"}) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        _set_up(_rep(browser, demo, "admin"))
        rep = _rep(browser, demo, "rep")
        figures = {
            "paints": _paints(rep, times),
            "news": _news(_rep(browser, demo, "admin"), _rep(browser, demo, "rep"), times),
            "wire": _wire(_rep(browser, demo, "admin")),
            "shift": _shifts(_rep(browser, demo, "admin")),
        }
    return {**figures, "goals": _goals(figures)}


def _rep(browser: Browser, demo: Demo, user: str) -> Rep:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(SHIFTS)
    return Rep(context.new_page(), demo, user)


def _set_up(admin: Rep) -> None:
    """The first line's webhooks work, and no card opens a chat by itself."""
    frame = admin.open("/app/")
    frame.press(".line-item [data-part=reports] summary", "Enter")
    frame.click(".line-item [id$=-set-up]:not([id*=steps])")
    frame.wait_for_selector(".line-item .is-works")
    for user in ("admin", "rep"):
        page = Rep(admin.page, admin.demo, user)
        frame = page.open("/app/")
        frame.press("#tab-write", "Enter")
        frame.uncheck("#mine-opens-chat")
        frame.click("#mine-save")
        frame.wait_for_selector("#mine .said:not(:empty)")


def _paints(rep: Rep, times: int) -> dict[str, list[float]]:
    """Milliseconds from a press to what it paints."""
    took: dict[str, list[float]] = {name: [] for name in ("bare", "reveal", "chat", "bubble", "sent")}
    for turn in range(times):
        frame = rep.open()
        took["bare"].append(frame.evaluate(BARE))
        took["reveal"].append(frame.evaluate(UNTIL_PAINTED, ["[data-action=reveal]", ".phone .number"]))
        frame.wait_for_selector("[aria-busy]", state="detached")
        chat = ".phone [data-action=open-chat]"
        took["chat"].append(frame.evaluate(UNTIL_PAINTED, [chat, "#text"]))
        frame.wait_for_selector("#messages .bubble")
        mine = "#messages .bubble.is-mine"
        took["bubble"].append(frame.evaluate(SEND, [f"To be painted {turn}", mine]))
        ticks = ".tick-sent, .tick-delivered, .tick-read"
        took["sent"].append(frame.evaluate(SEND, [f"To be sent {turn}", ticks]))
    return took


def _news(reader: Rep, looker: Rep, times: int) -> dict[str, list[float]]:
    """Milliseconds from a client's message to its place in the open chat of one rep, and in the row
    of another's card, while both only look."""
    chat, rows = reader.revealed(), looker.revealed()
    chat.click(f".phone:has-text('{IVAN_SHOWN}') [data-action=open-chat]")
    chat.wait_for_selector("#messages .bubble")
    places = {"chat": (chat, BUBBLES), "row": (rows, ROWS)}
    for frame, place in places.values():
        frame.evaluate(WATCH, place)
    wrote: dict[str, float] = {}
    with httpx.Client(timeout=PATIENCE / 1000) as http:
        for turn in range(times):
            text = f"From the client {turn}"
            wrote[text] = time.time() * 1000
            body = {"session": "sales", "phone": IVAN, "text": text}
            http.post(f"{reader.demo.gateway}/_sandbox/answer", json=body).raise_for_status()
            for frame, _place in places.values():
                frame.wait_for_function("(text) => text in window.stoodAt", arg=text)
            reader.page.wait_for_timeout(137 * (turn % 9))  # not in step with the pages' own questions
    stood = {name: frame.evaluate("() => window.stoodAt") for name, (frame, _place) in places.items()}
    return {name: [at[text] - wrote[text] for text in wrote] for name, at in stood.items()}


def _wire(rep: Rep) -> dict[str, dict[str, int]]:
    wire = Wire(rep.demo.widget, rep.page.context.new_cdp_session(rep.page))
    found = {}
    frame = rep.open()
    rep.page.wait_for_load_state("networkidle")
    found["hidden card"] = wire.spent()
    frame.click("[data-action=reveal]")
    frame.wait_for_selector(".revealed")
    frame.wait_for_selector("[aria-busy]", state="detached")
    found["its rows"] = wire.spent()
    frame.click(".phone [data-action=open-chat]")
    frame.wait_for_selector("#messages .bubble")
    found["a chat"] = wire.spent()
    frame = rep.open("/app/")
    frame.wait_for_selector(".line-now[data-pending]", state="detached")
    found["application page"] = wire.spent()
    return found


def _shifts(rep: Rep) -> dict[str, float]:
    """Layout shift by how much of a card is shown at once: down to its rows, its answers and an
    open chat."""
    found = {}
    for mode in ("button", "facts", "always"):
        frame = rep.open("/app/")
        frame.press("#tab-card", "Enter")
        frame.check(f"#visibility input[value={mode}]")
        frame.click("#visibility button.button-primary")
        if mode == "always":
            frame.click("#question [value=yes]")
        frame.wait_for_selector("#visibility .said:not(:empty)")
        rep.demo.restart_widget()  # a worker remembers the setting for some seconds
        frame = rep.open()
        if mode == "button":
            frame.click("[data-action=reveal]")
        frame.wait_for_selector(".revealed")
        frame.wait_for_selector("[aria-busy]", state="detached")
        found[mode] = frame.evaluate("() => window.shifted")
    frame.click(".phone [data-action=open-chat]")
    frame.wait_for_selector("#messages .bubble")
    found["open chat"] = frame.evaluate("() => window.shifted") - found["always"]
    return found


def _p95(figures: list[float]) -> float:
    return quantiles(figures, n=20, method="inclusive")[-1]


def _goals(figures: dict[str, Any]) -> list[dict[str, Any]]:
    shift = max(figures["shift"].values())
    seen = max(map(_p95, figures["news"].values()))
    return [
        goal("a client's message stands in row and open chat within 2.5 s, p95", seen, seen <= SEEN_WITHIN, " ms"),
        goal("layout shift at most 0.05 in every mode", shift, shift <= MAX_SHIFT),
    ]


def show(figures: dict[str, Any]) -> str:
    names = {
        "bare": "a bare request and paint",
        "reveal": "reveal to rows",
        "chat": "a press to the composer",
        "bubble": "send to its bubble",
        "sent": "send to its tick",
    }
    took = {names[name]: times for name, times in figures["paints"].items()}
    took["a client's message to a rep's open chat"] = figures["news"]["chat"]
    took["a client's message to the row of another's card"] = figures["news"]["row"]
    return "\n".join(
        [
            tables.table(
                "In the browser, ms",
                ("", "p50", "p95"),
                [(name, median(times), _p95(times)) for name, times in took.items()],
            ),
            tables.table(
                "Over the network, without a cache",
                ("", "requests", "bytes"),
                [(name, spent["requests"], spent["bytes"]) for name, spent in figures["wire"].items()],
            ),
            tables.table("Layout shift", ("", "sum"), list(figures["shift"].items())),
            tables.goals(figures["goals"]),
        ]
    )


if __name__ == "__main__":
    main()
