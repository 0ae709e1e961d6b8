"""The app's own page as a person uses it: open it, change one thing, look at what it says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stand import CardPage, Widget, words_of

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
        found = re.search(rf'<section id="{name}".*?(?=<(?:section|main|template)|\Z)', self.html, re.S)
        return words_of(found[0]) if found else ""

    @property
    def faults(self) -> list[str]:
        """The fields that are marked as wrong."""
        return re.findall(r'<p class="fault" id="([^"]+)-fault"', self.html)


@pytest.fixture
def open_app(request: pytest.FixtureRequest) -> OpenApp:
    """Opens the page of the usual widget, or of another one."""

    def open_page(user: str = "admin", *, lang: str = "en", portal: int = 1, of: Widget | None = None) -> AppPage:
        page = (of or request.getfixturevalue("widget")).open("/app/", user=user, lang=lang, portal=portal)
        found = re.search(r'data-session="([^"]+)"', page.text)
        page.session = found[1] if found else ""
        return AppPage(page, page.text)

    return open_page


@pytest.fixture
def admin(open_app: OpenApp) -> AppPage:
    return open_app()


@pytest.fixture
def rep(open_app: OpenApp) -> AppPage:
    return open_app("rep")
