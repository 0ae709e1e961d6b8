"""People and verbs for the tests: a portal and a gateway over real sockets, the widget, a clock, an
open card."""

import copy
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import httpx
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from huey import MemoryHuey
from hypothesis import settings
from jinja2 import Undefined
from jinja2.utils import missing
from selectolax.lexbor import LexborHTMLParser, LexborNode
from werkzeug.test import TestResponse

from sandbox.control import GIVEN_UP, IMPATIENT, WHATSAPP, Control
from sandbox.gateway import create_gateway
from sandbox.people import API_KEY, GREEN_IDS, INSTANCES
from sandbox.portal.app import create_portal
from sandbox.portal.background import free_ports, served
from sandbox.portal.credentials import CLIENT_ID, CLIENT_SECRET, PORTALS
from widget import create_app
from widget.config import Config
from widget.http import make_client
from widget.i18n import catalogue
from widget.redis_clients import REDIS_OPTIONS
from widget.storage import database, postgresql
from widget.storage.database import open_database, upgrade
from widget.wiring import build

WIDGET_URL = "http://localhost"
DEAL = "/crm/deal/details/7045/"
CROWDED_DEAL = "/crm/deal/details/7046/"
KIND_OF = {**dict.fromkeys(INSTANCES, "evolution"), **dict.fromkeys(GREEN_IDS, "green")}  # of the sandbox's lines
PATIENCE = 60.0  # seconds for what happens at once: only a broken program takes them
# How long the product waits, before tests/conftest.py lets it wait as long as PATIENCE.
OF_THE_PRODUCT = {**REDIS_OPTIONS, **postgresql.PATIENCE, **postgresql.CONNECTING, "sqlite": database.WRITER_SECONDS}
PATIENT_REDIS = "?socket_timeout=60&socket_connect_timeout=60"  # after its address; the widget's own are 0.3 s
# What the worker asks of gateways at any time: how lines are, and which chats they have.
WAHA_ROUNDS = {"session", "sessions", "overview", "lids"}
ROUNDS = WAHA_ROUNDS | {"connectionState", "findChats"} | {"getStateInstance", "lastIncomingMessages"}
LOOK = 0.02
EXAMPLES = 40  # of a random search that does not say how many; a wild one makes two thousand
MIGRATED = "migrated"  # a PostgreSQL database with all tables and nothing in them, to be copied
KEY = Fernet.generate_key().decode()  # seals what is stored
NOON = 1_800_000_000.0  # 2027-01-15 08:00 UTC: 11:00 in Moscow, 17:00 in Amur
WEEKS_BEFORE = NOON - 6 * 7 * 86_400
_BEGUN = time.monotonic()


@dataclass
class Clock:
    """The widget's time; it moves only when a test says so."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


def gateway_time() -> float:
    """The gateway's clock in threads of this process. It goes on by itself, weeks before `Clock`
    stands; on the day of the run it would stand before that at first, and after it some day."""
    return WEEKS_BEFORE + time.monotonic() - _BEGUN


@dataclass
class Outside:
    """The sandbox's portal and gateway. `controls` where they run in threads of this process: no
    request then."""

    portal: str
    gateway: str
    http: httpx.Client
    controls: dict[str, Control] = field(default_factory=dict)

    def calls(self, whose: str = "gateway") -> dict[str, int]:
        """How often each endpoint was called since the reset; `whose` is "portal" or "gateway"."""
        return {name: times for name, times in self._calls(whose).items() if not name.startswith(WHATSAPP)}

    def for_reps(self) -> Counter[str]:
        """The calls to gateways but for those of the worker's rounds."""
        return Counter({name: times for name, times in self.calls().items() if name not in ROUNDS})

    def heard(self) -> dict[str, int]:
        """What WhatsApp itself heard from the gateways since the reset: checks, sends, pictures,
        receipts."""
        calls = self._calls("gateway")
        return {name.removeprefix(WHATSAPP): times for name, times in calls.items() if name.startswith(WHATSAPP)}

    def _calls(self, whose: str) -> dict[str, int]:
        if whose in self.controls:
            return dict(self.controls[whose].calls)
        calls: dict[str, int] = self.http.get(f"{getattr(self, whose)}/_sandbox/calls").json()["calls"]
        return calls

    def total(self, whose: str) -> int:
        return sum(self.calls(whose).values())

    def reset(self) -> None:
        for control in self.controls.values():
            control.reset()
        if not self.controls:
            for base in (self.portal, self.gateway):
                self.http.post(f"{base}/_sandbox/reset").raise_for_status()

    def break_portal(self, fault: str, match: str = "*", times: int | None = 1, **more: Any) -> None:
        self._break(self.portal, {"fault": fault, "match": match, "times": times, **more})

    def break_gateway(self, fault: str, match: str = "*", times: int | None = 1, **more: Any) -> None:
        self._break(self.gateway, {"fault": fault, "match": match, "times": times, **more})

    def heal(self) -> None:
        for base in (self.portal, self.gateway):
            self._break(base, {})

    def until(self, true: Callable[[Counter[str]], bool], whose: str = "gateway") -> None:
        """Wait for the event that the calls are so."""
        assert self.controls[whose].wait_for(true, seconds=PATIENCE), "it never came to be"

    def set_line(self, session: str, status: str) -> None:
        answer = self.http.post(f"{self.gateway}/_sandbox/sessions/{session}", json={"status": status})
        answer.raise_for_status()

    def set_up(self, session: str, **how: Any) -> None:
        """Which software speaks for a line (version, engine) and how it is installed (store,
        sub_path, s3)."""
        self.http.post(f"{self.gateway}/_sandbox/lines/{session}", json=how).raise_for_status()

    def restrict(self, session: str, *, until: float = 0.0, capped: bool = False, yellow: bool = False) -> None:
        """What WhatsApp does to a line; without arguments all of it is over."""
        said = {"until": until, "capped": capped, "yellow": yellow}
        self.http.post(f"{self.gateway}/_sandbox/restrict/{session}", json=said).raise_for_status()

    def answer_as_client(
        self, phone: str, text: str, session: str = "sales", contacts: dict[str, str] | None = None
    ) -> None:
        """With `contacts` (name: phone) the client shares those."""
        body = {"session": session, "phone": phone, "text": text, "contacts": contacts}
        self.http.post(f"{self.gateway}/_sandbox/answer", json=body).raise_for_status()

    def arrived(self, phone: str, session: str = "sales") -> list[dict[str, Any]]:
        """What of the line's messages is on the client's phone, oldest first: text, and of a file
        voice, plays, …"""
        asked = {"session": session, "phone": phone}
        answer = self.http.get(f"{self.gateway}/_sandbox/arrived", params=asked).raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def write_on_phone(self, phone: str, text: str, session: str = "sales", *, failed: bool = False) -> None:
        """A colleague writes to the client on the line's own phone, which no report of ours needs
        to tell."""
        body = {"session": session, "phone": phone, "text": text, "failed": failed}
        self.http.post(f"{self.gateway}/_sandbox/write", json=body).raise_for_status()

    def opening(self, path: str = DEAL, *, portal: int = 1, **choices: str) -> dict[str, Any]:
        """What the portal posts into the frame: {"frame", "action", "fields"}."""
        split = urlsplit(self.portal)
        base = f"http://{split.hostname}:{(split.port or 0) + PORTALS[portal - 1].port_offset}"
        answer = self.http.post(f"{base}/opening", params={"path": path, **choices})
        opening: dict[str, Any] = answer.raise_for_status().json()
        return opening

    def _break(self, base: str, fault: dict[str, Any]) -> None:
        self.http.post(f"{base}/_sandbox/faults", json=fault).raise_for_status()


def start_outside(stack: ExitStack) -> Outside:
    """Both portals and a gateway on free ports until the stack ends."""
    portal, gateway = free_ports(2)
    portals, gateways = create_portal(WIDGET_URL, portal), create_gateway(gateway_time, patience=0.05)
    for each in PORTALS:
        stack.enter_context(served(portals, portal + each.port_offset))
    stack.enter_context(served(gateways, gateway))
    here = {portal + each.port_offset: portals for each in PORTALS} | {gateway: gateways}
    mounts = {f"http://127.0.0.1:{port}": httpx.WSGITransport(app) for port, app in here.items()}
    http = stack.enter_context(httpx.Client(timeout=PATIENCE, mounts=mounts))  # what tests do themselves
    controls = {"portal": portals.extensions["control"], "gateway": gateways.extensions["control"]}
    return Outside(f"http://127.0.0.1:{portal}", f"http://127.0.0.1:{gateway}", http, controls)


class AtOnce(Executor):
    """Does at once what the product does behind a request."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def impatient_client(**options: Any) -> httpx.Client:
    """The product's client for a sandbox in this process: it gives a silent server up at once, as
    if its time were over, however short or long that is. The sandbox says so to a client that names
    itself impatient."""
    client = make_client(**options)
    client.event_hooks = {"request": [_say_impatient], "response": [_give_up_silence]}
    _CLIENTS.add(client)
    return client


_CLIENTS: WeakSet[httpx.Client] = WeakSet()


def leave() -> None:
    """End what a test's widgets keep beside them: connections, and threads that wait to write the
    log of REST calls. A widget that goes on connects again."""
    for client in list(_CLIENTS):
        client.close()
    _CLIENTS.clear()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


def _say_impatient(request: httpx.Request) -> None:
    request.headers[IMPATIENT] = "yes"


def _give_up_silence(response: httpx.Response) -> None:
    if response.status_code == GIVEN_UP:
        raise httpx.ReadTimeout("the sandbox keeps silent", request=response.request)


def examples(number: int) -> int:
    """So many of them in a random search, and fifty times as many in a wild one
    (tests/conftest.py)."""
    return number * settings().max_examples // EXAMPLES


def until(true: Callable[[], bool]) -> None:
    """Look again until it is so: for what no event tells, such as another process."""
    pause = threading.Event()
    for _ in range(round(PATIENCE / LOOK)):
        if true():
            return
        pause.wait(LOOK)
    raise AssertionError("it never came to be")


def config_for(outside: Outside, database: str, redis_url: str = "", **changes: Any) -> Config:
    settings: dict[str, Any] = {
        "secret_key": "s" * 40,
        "encryption_keys": (KEY,),
        "bitrix_client_id": CLIENT_ID,
        "bitrix_client_secret": CLIENT_SECRET,
        "database_url": database,
        "redis_url": redis_url,
        "auth_servers": (f"{outside.portal}/oauth",),
        "allow_http": True,
        "allow_private_lines": True,
        **dict.fromkeys(("portal_timeout", "check_timeout", "history_timeout", "send_timeout"), PATIENCE),
        "portal_patience": 2 * PATIENCE,
    }
    return Config(**{**settings, **changes})


@dataclass
class Widget:
    """The widget with both portals of the sandbox added; lines as in the demo, `sales` first."""

    app: Flask
    outside: Outside
    clock: Clock
    portals: list[int] = field(default_factory=list)

    @property
    def services(self) -> Any:
        return self.app.extensions["widget"]

    def add_line(self, session: str, name: str = "", portal: int = 1) -> int:
        line_id: int = self.services.storage.lines.add(
            self.portals[portal - 1],
            name=name or f"Line {session}",
            gateway=KIND_OF.get(session, "waha"),
            address=self.outside.gateway,
            session=session,
            key=API_KEY,
        )
        return line_id

    def twin(self) -> "Widget":
        """Another process of the same service: the same database, the same Redis, nothing else in
        common."""
        queue = MemoryHuey(immediate=True)
        parts: dict[str, Any] = {"sleep": self.clock.forward, "queue": queue, "behind": AtOnce()}
        app = app_for(self.services.infra.config, clock=self.clock, **parts)
        return Widget(app, self.outside, self.clock, list(self.portals))

    def open(self, path: str = DEAL, *, portal: int = 1, **choices: str) -> "CardPage":
        """Open a card as Bitrix24 does and keep what the page needs to go on."""
        return self.post_opening(self.outside.opening(path, portal=portal, **choices))

    def post_opening(self, opening: dict[str, Any], **changes: Any) -> "CardPage":
        action = urlsplit(opening["action"])
        fields = {**opening["fields"], **changes}
        client = self.app.test_client()
        answer = client.post(f"{action.path}?{action.query}", data={k: v for k, v in fields.items() if v is not None})
        return CardPage(client, answer)


def app_for(config: Config, **parts: Any) -> Flask:
    """The application of `create_app` with services of its own. Routes and templates depend on no
    setting but the trusted proxies and are compiled once in each process: doing so for each test
    was half of what a test cost."""
    if config.trusted_proxies:
        return create_app(config, **parts)
    app = copy.copy(_compiled(config.log_level))
    app.config, app.extensions = app.config.copy(), {}
    app.extensions["widget"] = build(app, config, **{"client": impatient_client, **parts})
    return app


@cache
def _compiled(log_level: str) -> Flask:
    config = Config(
        secret_key="s" * 40,
        encryption_keys=(Fernet.generate_key().decode(),),
        bitrix_client_id=CLIENT_ID,
        bitrix_client_secret=CLIENT_SECRET,
        database_url="sqlite:///never-opened.sqlite3",
        log_level=log_level,
    )
    app = create_app(config, queue=MemoryHuey(immediate=True))
    app.jinja_env.undefined = MissingField
    return app


class MissingField(Undefined):
    """A template that asks a value of ours for a field that it does not have shows nothing there,
    and nothing tells: in tests it is an error. Names that a template was not given stay
    undefined."""

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, *rest: Any) -> None:
        if is_dataclass(obj):
            raise AttributeError(f"{type(obj).__name__} has no {name}")
        super().__init__(hint, obj, name, *rest)


def start_widget(
    outside: Outside,
    config: Config,
    clock: Clock,
    *,
    lines: tuple[str, ...] = ("sales",),
    portals: bool = True,
    **parts: Any,
) -> Widget:
    """Without `portals` nobody has installed it. `parts` are further ones of `create_app`, or
    others than the usual."""
    usual: dict[str, Any] = {"sleep": clock.forward, "queue": MemoryHuey(immediate=True), "behind": AtOnce()}
    app = app_for(config, clock=clock, **{**usual, **parts})
    widget = Widget(app, outside, clock)
    if not portals:
        make_tables(config.database_url)
        return widget
    what = Filling((config.secret_key, *config.encryption_keys), outside.portal, outside.gateway, lines, clock())
    if _is_new(config.database_url) and what in _FILLED:
        _file_of(config.database_url).write_bytes(_FILLED[what])
        widget.portals += range(1, len(PORTALS) + 1)
        return widget
    keep = _is_new(config.database_url)
    make_tables(config.database_url)
    _fill(widget, lines)
    if keep:
        with widget.services.storage.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        _FILLED[what] = _file_of(config.database_url).read_bytes()
    return widget


@dataclass(frozen=True)
class Filling:
    """What the rows of a new widget depend on."""

    keys: tuple[str, ...]
    portal: str
    gateway: str
    lines: tuple[str, ...]
    at: float


_FILLED: dict[Filling, bytes] = {}  # SQLite files: adding portals and lines was half of what a widget cost


def _fill(widget: Widget, lines: tuple[str, ...]) -> None:
    for number, portal in enumerate(PORTALS):
        port = urlsplit(widget.outside.portal).port or 0
        stored = widget.services.storage.portals.add(
            member_id=portal.member_id,
            domain=portal.domain(port),
            endpoint=portal.client_endpoint(port),
            country=portal.country,
        )
        widget.portals.append(stored.id)
        for session in lines if number == 0 else lines[:1]:
            widget.add_line(session, portal=number + 1)


def make_tables(database_url: str) -> None:
    """A new SQLite file with all tables; one that is there is left as it is, and a PostgreSQL
    database has them."""
    if _is_new(database_url):
        _file_of(database_url).write_bytes(_empty_database())


def _is_new(database_url: str) -> bool:
    file = _file_of(database_url)
    return database_url.startswith("sqlite") and not (file.exists() and file.stat().st_size)


def _file_of(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


@cache
def _empty_database() -> bytes:
    """Migrated once in each process: doing so for every test was two thirds of what a test cost."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        engine = open_database(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()


@dataclass
class CardPage:
    """One opened card: what the browser would do next, as verbs. `answer` is the last response."""

    client: FlaskClient
    answer: TestResponse
    session: str = ""

    @property
    def text(self) -> str:
        return self.answer.get_data(as_text=True)

    @property
    def opening_ticket(self) -> str:
        found = attribute(self._page, "data-opening")
        assert found, "this page carries no opening"
        return found

    def __post_init__(self) -> None:
        self._page = self.text

    def reveal(self, *, pressed: bool = True) -> "CardPage":
        return self.post("/card", {"pressed": pressed})

    def check(self, keys: list[str] | None = None, line: int | None = None) -> "CardPage":
        """As the page by itself does; with `keys`, as somebody who presses a number's button."""
        again = "data-again" in self.text and keys is None
        body = {"keys": self.to_ask if keys is None else keys, "line": line}
        return self.post("/card/check", {**body, "pressed": again or keys is not None, "again": again})

    def refresh(self, line: int | None = None) -> "CardPage":
        return self.post("/card/refresh", {"line": line})

    def open_chat(self, key: str, line: int | None = None) -> "CardPage":
        return self.post("/chats", {"phone": key, "line": line})

    def send(self, chat: int, text: str, key: str, *, confirmed: bool = False) -> "CardPage":
        return self.post(f"/chats/{chat}/messages", {"text": text, "key": key, "confirmed": confirmed})

    def history(self, chat: int, before: str = "") -> "CardPage":
        return self.get(f"/chats/{chat}/messages" + (f"?before={before}" if before else ""))

    def post(self, path: str, body: Any) -> "CardPage":
        return self._take(self.client.post(path, json=body, headers=self._headers()))

    def get(self, path: str, **headers: str) -> "CardPage":
        return self._take(self.client.get(path, headers={**self._headers(), **headers}))

    # What a person sees.

    @property
    def rows(self) -> dict[str, str]:
        """Presence state of each shown row by its displayed number."""
        return {number: attribute(row.html, "data-presence") for number, row in self._rows}

    @property
    def keys(self) -> dict[str, str]:
        """Row key by displayed number."""
        return {number: row.attributes["data-key"] for number, row in self._rows}

    @property
    def to_ask(self) -> list[str]:
        return attribute(self.text, "data-ask").split()

    @property
    def words(self) -> str:
        """The visible text of the answer."""
        return words_of(self.text)

    def row_html(self, number: str) -> str:
        found = [row for shown, row in self._rows if shown == number]
        assert len(found) == 1, f"{len(found)} rows show {number}; shown are {list(self.rows)}"
        return found[0].html or ""

    def row(self, number: str) -> str:
        """The visible text of one row."""
        return words_of(self.row_html(number))

    @property
    def refusal(self) -> str:
        return self.answer.headers.get("X-Refusal", "")

    @property
    def chat(self) -> int:
        return int(attribute(self.text, "data-chat"))

    @property
    def cursor(self) -> str:
        return attribute(self.text, "data-cursor")

    @property
    def bubbles(self) -> list[str]:
        return [found.id.removeprefix("m-") for found in LexborHTMLParser(self.text).css("[id^='m-']") if found.id]

    @property
    def _rows(self) -> list[tuple[str, LexborNode]]:
        """Each shown row with its displayed number, "" where it has none."""
        rows = LexborHTMLParser(self.text).css("li.phone")
        return [(number.text() if (number := row.css_first(".number")) else "", row) for row in rows]

    def _headers(self) -> dict[str, str]:
        return {"X-Session": self.session} if self.session else {"X-Opening": self.opening_ticket}

    def _take(self, answer: TestResponse) -> "CardPage":
        self.answer = answer
        self.session = answer.headers.get("X-Session", self.session)
        return self


def attribute(markup: str, name: str) -> str:
    """What the first element with this attribute has there; "" without one."""
    found = LexborHTMLParser(markup).css_first(f"[{name}]")
    return (found.attributes[name] or "") if found else ""


def words_of(markup: str) -> str:
    """What a reader (or a screen reader) gets: no tags, no entities, single spaces."""
    page = LexborHTMLParser(markup)
    page.strip_tags(["template", "title"])
    return " ".join(page.root.text(separator=" ").split()) if page.root else ""


def in_russian(text: str, **values: object) -> str:
    """The Russian of an English text of the widget; fails where the catalogue has none."""
    russian = catalogue("ru").gettext(text)
    assert russian != text, f"not in the Russian catalogue: {text}"
    return russian % values if values else russian
