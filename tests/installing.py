"""Verbs for tests about installations: what an administrator does in the portal, and what is there
afterwards."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.portal.credentials import PORTALS
from tests.stand import CardPage, Outside, Widget
from widget.storage.portals import Portal

WIDGET = "http://localhost"
PAGE, HOOK = f"{WIDGET}/placement", f"{WIDGET}/hooks/bitrix24"
ADMIN, REP, CHIEF = 1, 2, 4
KINDS = {"LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE"}
TABS = {f"CRM_{kind}_DETAIL_TAB" for kind in KINDS} | {"CRM_DYNAMIC_183_DETAIL_TAB"}
FIELDS = {f"CRM_{kind}" for kind in KINDS} | {"CRM_7"}


@dataclass
class Site:
    """The first portal of the sandbox, its widget, and a post office for its events."""

    widget: Widget
    outside: Outside
    delivered: int = 0

    @classmethod
    def empty(cls, make_widget: Callable[..., Widget], **settings: Any) -> "Site":
        widget = make_widget(**{"public_url": WIDGET, "portals": False, **settings})
        site = cls(widget, widget.outside)
        site.change(installed=False)
        return site

    @property
    def stored(self) -> Portal | None:
        found: Portal | None = self.widget.services.storage.portals.find(PORTALS[0].member_id)
        return found

    @property
    def portal(self) -> Portal:
        assert self.stored
        return self.stored

    def change(self, **changes: Any) -> dict[str, Any]:
        answer = self.outside.http.post(f"{self.outside.portal}/_sandbox/portals/1", json=changes)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    @property
    def there(self) -> dict[str, Any]:
        told: dict[str, Any] = self.outside.http.get(f"{self.outside.portal}/_sandbox/portals/1").json()
        return told

    @property
    def tabs(self) -> Counter[str]:
        """How many of our tabs each kind of card has, at our address."""
        return Counter(one["placement"] for one in self.there["placements"] if one["handler"] == PAGE)

    @property
    def handlers(self) -> Counter[str]:
        return Counter(one["event"] for one in self.there["handlers"] if one["handler"] == HOOK)

    @property
    def fields(self) -> Counter[str]:
        return Counter(one["entityId"] for one in self.there["fields"])

    def begin(self, user: str = "admin") -> None:
        """Put the application into the portal, as the market does; its installer has not run
        yet."""
        self.market("install", user=user)

    def market(self, what: str, *, user: str = "admin", **fields: str) -> None:
        """What an administrator presses in the market: install, update, uninstall (clean="1"),
        pay."""
        address = f"{self.outside.portal}/market/{what}"
        answer = self.outside.http.post(address, params={"user": user}, data=fields)
        assert answer.status_code == 303, answer.text

    def finish(self, user: str = "admin") -> None:
        """What the page does in the browser: installFinish."""
        self.outside.http.post(f"{self.outside.portal}/install-finish", params={"user": user}).raise_for_status()

    def set_up(self, user: str = "admin") -> None:
        """The whole installation."""
        self.begin(user)
        assert self.install(user=user).answer.status_code == 200
        self.finish(user)
        self.deliver()

    def install(self, path: str = "/app/", *, user: str = "admin", lang: str = "en", **changes: Any) -> CardPage:
        """Open the page that the portal opens while the installation is not finished."""
        opening = self.outside.opening(path, user=user, lang=lang)
        return self.widget.post_opening({**opening, "action": _at("/install", opening["action"])}, **changes)

    def deliver(self, **changes: str) -> list[int]:
        """Post what the portal sent meanwhile to the widget, changed if so wanted; the widget's
        statuses."""
        return [self.post({**letter, **changes}) for letter in self.letters()]

    def letters(self) -> list[dict[str, str]]:
        """The events that the portal sent meanwhile, as forms; those that get lost are none."""
        told = self.outside.http.get(f"{self.outside.portal}/_sandbox/events", params={"wait": 1}).json()["events"]
        letters, self.delivered = told[self.delivered :], len(told)
        return [letter["fields"] for letter in letters if letter["error"] != "lost"]

    def send(self, event: str, data: dict[str, Any] | None = None, *, user: str = "admin", **more: Any) -> list[int]:
        """An event of the portal, as it would write it, delivered."""
        wanted = {"event": event, "user": user, "handler": HOOK, **more, **({} if data is None else {"data": data})}
        self.outside.http.post(f"{self.outside.portal}/_sandbox/events", json=wanted).raise_for_status()
        return self.deliver()

    def post(self, fields: dict[str, str] | str, kind: str = "application/x-www-form-urlencoded") -> int:
        return self.widget.app.test_client().post("/hooks/bitrix24", data=fields, content_type=kind).status_code

    def count(self, table: Any) -> int:
        with self.widget.services.storage.engine.connect() as connection:
            return len(connection.execute(table.select()).all())


def _at(path: str, action: str) -> str:
    return urlsplit(action)._replace(path=path).geturl()
