"""The app's own page as a person uses it: open it, change one thing, look at what it says."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import delete, insert

from tests.stand import CardPage, Widget, attribute, words_of
from widget.gateways.base import GatewayError, LineState, LineStatus
from widget.gateways.states import States
from widget.storage.lines import Line
from widget.storage.schema import line_health

PUBLIC_URL = "https://widget.example"

OpenApp = Callable[..., "AppPage"]


@dataclass
class AppPage:
    """One opened page of one user."""

    page: CardPage
    first: str

    def save(self, path: str, **fields: Any) -> "AppPage":
        headers = {"X-Session": self.page.session, "X-Opening": self.page.opening_ticket}
        answer = self.page.client.post(f"/app/{path}", json=fields, headers=headers)
        self.page._take(answer)
        return self

    @property
    def status(self) -> int:
        return self.page.answer.status_code

    @property
    def html(self) -> str:
        return self.page.text

    @property
    def words(self) -> str:
        return self.page.words

    @property
    def refusal(self) -> str:
        return self.page.refusal

    def section(self, name: str) -> str:
        """The words of one section of the page, or of the answer."""
        found = LexborHTMLParser(self.html).css_first(f"section[id='{name}']")
        return words_of(found.html or "") if found else ""

    @property
    def faults(self) -> list[str]:
        """The fields that are marked as wrong."""
        return [
            str(found.id).removesuffix("-fault") for found in LexborHTMLParser(self.html).css("p.fault[id$='-fault']")
        ]


@pytest.fixture
def open_app(request: pytest.FixtureRequest) -> OpenApp:
    """Opens the page of the usual widget, or of another one."""

    def open_page(user: str = "admin", *, lang: str = "en", portal: int = 1, of: Widget | None = None) -> AppPage:
        page = (of or request.getfixturevalue("widget")).open("/app/", user=user, lang=lang, portal=portal)
        page.session = attribute(page.text, "data-session")
        return AppPage(page, page.text)

    return open_page


@pytest.fixture
def admin(open_app: OpenApp) -> AppPage:
    return open_app()


@pytest.fixture
def rep(open_app: OpenApp) -> AppPage:
    return open_app("rep")


@dataclass
class Vendor:
    """A gateway that says what a test wants it to, for what the sandbox's do not do."""

    status_: LineStatus = field(default_factory=lambda: LineStatus(LineState.SCAN_QR))
    code: str = "ABCD-1234"
    trouble: GatewayError | None = None
    hooks: list[tuple[str, str]] = field(default_factory=list)
    paired: list[str] = field(default_factory=list)
    states: States = field(default_factory=lambda: States(time.time))

    def of(self, line: Line) -> "Vendor":
        return self

    def status(self, line: Line | None = None, *, refresh: bool = False) -> LineStatus:
        self._fail()
        return self.status_

    def known_of(self, lines: Sequence[Line]) -> dict[int, LineStatus | GatewayError | None]:
        return {line.id: self.trouble or self.status_ for line in lines}

    def known_state(self, line: Line) -> LineState:
        return LineState.UNKNOWN if self.trouble else self.status_.state

    def pairing_code(self, phone: str) -> str:
        self._fail()
        self.paired.append(phone)
        return self.code

    def set_webhook(self, url: str, secret: str) -> None:
        self._fail()
        self.hooks.append((url, secret))

    def _fail(self) -> None:
        if self.trouble:
            raise self.trouble


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def reachable(make_widget: Callable[..., Widget], vendor: Vendor) -> Widget:
    """A widget that knows its own address; its lines are at the vendor's."""
    widget = make_widget(public_url=PUBLIC_URL)
    widget.app.extensions["widget"] = replace(widget.services, gateways=vendor)
    return widget


def line_health_of(widget: Widget, line_id: int = 1, **values: float | str) -> None:
    """What webhooks and checks would have written down about a line."""
    row = {"line_id": line_id, "portal_id": widget.portals[0], **values}
    with widget.services.storage.engine.begin() as connection:
        connection.execute(delete(line_health).where(line_health.c.line_id == line_id))
        connection.execute(insert(line_health).values(row))
