"""What an administrator does to have the application and to be rid of it, and what is there
afterwards: in the portal, as the portal itself counts it, and in the widget's own database."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, Route, expect

from sandbox.demo import Demo
from sandbox.people import API_KEY
from sandbox.portal.credentials import PORTALS
from tests.browser.conftest import OPENS_NO_CHAT
from tests.browser.pages import Framed
from tests.installing import FIELDS, TABS
from tests.stand import PATIENCE
from widget.bitrix24.events import WANTED

MEMBER_ID = PORTALS[0].member_id
LOOK = 50  # milliseconds between two looks
INSTALL_FINISH = "**/install-finish*"
OWN_TABLES = """SELECT name FROM sqlite_master
  WHERE type = 'table' AND name != 'alembic_version' AND name != 'turns' AND name NOT LIKE 'sqlite_%'"""


@dataclass
class Market(Framed):
    """The portal's page of the application: buttons, and the frame of the application while it is
    there."""

    lang: str = "en"

    def open(self, *, user: str = "admin") -> "Market":
        self._go("/market/", user=user)
        return self

    def press(self, name: str) -> "Market":
        self.page.get_by_role("button", name=name, exact=True).click()
        return self

    def install(self) -> "Market":
        """The whole installation, from the button to the page that comes after it."""
        return self.open().press("Install").finished(version=1)

    def finished(self, *, version: int) -> "Market":
        """The portal was told that the installation is finished, and shows the application's own
        page."""
        expect(self.state).to_have_text(f"The application is installed. Version {version}")
        expect(self.frame.get_by_role("heading", level=1)).to_have_text(self.say("WhatsApp in the card"))
        return self

    def uninstall(self, *, clean: bool = False) -> "Market":
        """Once the application's own page in the frame asks for nothing any more."""
        self.open()
        expect(self.frame.locator("#health, .line-now").get_by_text(self.say("asking…"))).to_have_count(0)
        expect(self.frame.locator("#health .health-sum")).to_have_count(1)
        self.press("Delete and clear data" if clean else "Delete")
        expect(self.state).to_have_text("The application is not installed.")
        return self

    @property
    def state(self) -> Locator:
        return self.page.locator("#application-state")

    @contextmanager
    def slow_to_finish(self) -> Iterator[None]:
        """The portal takes its time to note that the installation is finished: so one can read the
        install page."""
        held: list[Route] = []
        self.page.route(INSTALL_FINISH, lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
        yield
        until(self.page, lambda: bool(held))
        held[-1].continue_()  # those before it belong to pages that are gone
        self.page.unroute(INSTALL_FINISH)

    def expect_installed(self, page: str, *points: str) -> None:
        """The install page: that it is done, and what was done."""
        expect(self.frame.locator(f"[data-install={page}]")).to_be_visible()
        for point in points:
            expect(self.frame.locator(".install-done li", has_text=point)).to_be_visible()


@dataclass
class AppPage(Framed):
    """The application's own page, as an administrator sees it."""

    lang: str = "en"

    def open(self, *, user: str = "admin") -> "AppPage":
        self._go("/app/", user=user)
        expect(self.frame.get_by_role("heading", level=1)).to_have_text(self.say("WhatsApp in the card"))
        expect(self.health.locator(".health-sum")).to_have_count(1)
        self.tab("state").still()
        return self

    def fill_line(self, name: str, session: str) -> "AppPage":
        """Type a new line of the demo's gateway into the form, once the page has come to rest."""
        expect(self.health.locator(".health-sum")).to_have_count(1)
        self.tab("lines").still()
        typed = {"Name": name, "Address of the gateway": self.demo.gateway, "Session": session, "API key": API_KEY}
        fields = [self.form.locator(f"[name={field}]") for field in ("name", "address", "session", "key")]
        for field, label in zip(fields, typed, strict=True):
            expect(field).to_have_accessible_name(self.say(label))  # the words of the other kinds are hidden in it
            field.fill(typed[label])
        for field, value in zip(fields, typed.values(), strict=True):
            expect(field).to_have_value(value)
        return self

    def try_line(self) -> Locator:
        """Press the test; where its result is said."""
        self.button("Test the connection").click()
        return self.frame.locator("#line-tested")

    def add_line(self, name: str = "Отдел продаж", session: str = "sales") -> "AppPage":
        self.fill_line(name, session).button("Add the line").click()
        expect(self.line(name)).to_contain_text(self.say("connected"))
        self.still()
        return self

    @property
    def form(self) -> Locator:
        return self.frame.locator("#line-add")

    @property
    def lines(self) -> Locator:
        return self.frame.locator("#lines-section .line-item")

    def line(self, name: str) -> Locator:
        return self.lines.filter(has=self.page.get_by_text(name, exact=True))

    @property
    def health(self) -> Locator:
        return self.frame.locator("#health")

    def finding(self, topic: str) -> Locator:
        return self.health.locator(f"[data-topic={topic}]")

    def repair(self, topic: str) -> "AppPage":
        self.finding(topic).get_by_role("button", name=self.say("Repair"), exact=True).click()
        expect(self.health).to_contain_text(self.say("Done: everything that was missing is in place."))
        return self


@dataclass
class Portal:
    """The first portal of the sandbox, from outside: what it has of the application, by its own
    count."""

    demo: Demo
    http: httpx.Client

    def has(self, *processes: int) -> bool:
        """Exactly one tab and one field of each kind of card and of each of these smart processes
        too, one type of field, one handler of each event; all of them at the widget's address, and
        nothing else."""
        return self.parts == {
            "tabs": Counter([(code, self.page) for code in TABS | {_tab(process) for process in processes}]),
            "types": [self.page],
            "fields": len(FIELDS) + len(processes),
            "kinds_with_a_field": len(FIELDS) + len(processes),
            "handlers": Counter([(event, f"{self.demo.widget}/hooks/bitrix24") for event in WANTED]),
        }

    def has_nothing(self) -> bool:
        """No tab, no type of field, no handler. Fields stay, as the portal wants it, and show
        nothing."""
        told = self.there
        return not (told["placements"] or told["field_types"] or told["handlers"])

    @property
    def parts(self) -> dict[str, Any]:
        told = self.there
        return {
            "tabs": Counter((one["placement"], one["handler"]) for one in told["placements"]),
            "types": [one["handler"] for one in told["field_types"]],
            "fields": len(told["fields"]),
            "kinds_with_a_field": len({one["entityTypeId"] for one in told["fields"]}),
            "handlers": Counter((one["event"], one["handler"]) for one in told["handlers"]),
        }

    @property
    def page(self) -> str:
        return f"{self.demo.widget}/placement"

    @property
    def there(self) -> dict[str, Any]:
        told: dict[str, Any] = self.http.get(self._address).raise_for_status().json()
        return told

    def empty(self) -> None:
        """A portal that never had the application."""
        self.http.post(self._address, json={"installed": False}).raise_for_status()

    def change(self, **changes: Any) -> None:
        """See sandbox/portal/changes.py."""
        self.http.post(self._address, json=changes).raise_for_status()

    def call(self, method: str, **params: str) -> None:
        """Somebody calls REST with the application's rights: a tab of it can be taken away by
        nobody else."""
        opening = self.http.post(f"{self.demo.portal}/opening", params={"path": "/app/", "user": "admin"}).json()
        params["auth"] = opening["fields"]["AUTH_ID"]
        self.http.post(f"{self.demo.portal}/rest/{method}.json", json=params).raise_for_status()

    def answered(self) -> dict[str, int | None]:
        """The events that were sent so far, with the widget's answers."""
        address = f"{self.demo.portal}/_sandbox/events"
        return {one["event"]: one["status"] for one in self.http.get(address, params={"wait": 1}).json()["events"]}

    @property
    def _address(self) -> str:
        return f"{self.demo.portal}/_sandbox/portals/1"


@dataclass
class Kept:
    """What the widget itself keeps, read from its database."""

    demo: Demo

    def rows(self, table: str, where: str = "1") -> int:
        with closing(self._open()) as connection:
            count: int = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
        return count

    def state(self) -> str:
        """Of the only portal; "" where there is none."""
        with closing(self._open()) as connection:
            return "".join(state for (state,) in connection.execute("SELECT state FROM portals"))

    def installer(self) -> int:
        """Whose token works in the background, in the only portal."""
        with closing(self._open()) as connection:
            installer: int = connection.execute("SELECT installer_id FROM portals").fetchone()[0]
        return installer

    def worked_off(self) -> bool:
        """Every event that came in was worked on."""
        return self.rows("events", "done_at = 0") == self.rows("inbox") == 0

    def tables(self) -> dict[str, int]:
        """How many rows are in each table that has any; the database's own tables and the clock's
        do not count."""
        with closing(self._open()) as connection:
            names = [name for (name,) in connection.execute(OWN_TABLES)]
        counts = {name: self.rows(name) for name in names}
        return {name: count for name, count in counts.items() if count}

    def forget_everything(self) -> None:
        with closing(self._open()) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM portals")

    def open_no_chat_by_itself(self) -> None:
        """Cards of the portals that are there now show their rows first, whether a chat is known
        already or not."""
        with closing(self._open()) as connection, connection:
            connection.execute(OPENS_NO_CHAT)

    def exported(self, file: Path) -> dict[str, Any]:
        """What the operator's export holds."""
        self.demo.flask("portal", "export", MEMBER_ID, str(file))
        exported: dict[str, Any] = json.loads(file.read_text())
        return exported

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.demo.environment["DATABASE_URL"].removeprefix("sqlite:///"), timeout=PATIENCE)


def until(page: Page, true: Callable[[], bool]) -> None:
    """Look again until it is so, and let the pages go on meanwhile. For what no page shows: work
    elsewhere."""
    for _ in range(round(1000 * PATIENCE / LOOK)):
        if true():
            return
        page.wait_for_timeout(LOOK)
    raise AssertionError("it never came to be")


def _tab(process: int) -> str:
    return f"CRM_DYNAMIC_{process}_DETAIL_TAB"
