"""The whole circle over real sockets: a client at the gateway, our line, an open line of the
portal, its operators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.portal.credentials import PORTALS
from tests.installing import ADMIN, WIDGET, Site
from tests.stand import DEAL, CardPage, Widget
from tests.webhooks.gateways import CLIENT, PHONE, about, written
from widget.chats.message_facts import Named
from widget.gateways.base import EventKind, GatewayEvent
from widget.gateways.serialization import events_json
from widget.storage.chats import Chat
from widget.storage.lines import Line, Mirroring
from widget.storage.portals import Installation

SCOPES = "crm,im,imconnector,imopenlines,placement,user_brief,userfieldconfig"


@dataclass
class Circle:
    """A portal whose administrator has mirrored the line `sales` into open line 1. Nothing greets,
    nothing is sent."""

    site: Site
    line_id: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def widget(self) -> Widget:
        return self.site.widget

    @property
    def services(self) -> Any:
        return self.site.widget.services

    @property
    def line(self) -> Line:
        found = self.services.storage.lines.get(self.site.portal.id, self.line_id)
        assert isinstance(found, Line)
        return found

    def mirror(self, how: Mirroring = Mirroring.ON, open_line: int = 1) -> None:
        self.services.open_lines.setup.switch_on(self.site.portal, ADMIN, self.line, open_line, how)

    # The client.

    def hear(self, *events: GatewayEvent) -> None:
        """A webhook of the gateway, worked on."""
        row = self.services.storage.inbox.add(self.site.portal.id, self.line_id, events_json(events))
        self.services.webhooks.ingest.work(row)

    def client_writes(self, text: str, **more: Any) -> str:
        name = f"C{len(self.names) + 1}"
        self.names.append(name)
        at = more.pop("at", self.widget.clock.now)
        self.hear(written(name, text, at=at, **more))
        return name

    def client_does(self, kind: EventKind, name: str, text: str = "") -> None:
        self.hear(about(kind, name, at=self.widget.clock.now, text=text))

    @property
    def sent(self) -> list[str]:
        """What was sent to the client, oldest first, and no more often than the gateway heard of
        it."""
        texts = [
            send.text
            for send in self.services.storage.conversations.sends.recent(self.site.portal.id, self.chat.id, 0.0)
        ]
        assert self.site.outside.heard().get("send", 0) <= len(texts)
        return texts

    @property
    def sent_texts(self) -> list[str]:
        return self.sent if self.services.storage.chats.find(self.site.portal.id, self.line_id, PHONE) else []

    @property
    def at_client(self) -> list[str]:
        """Our texts as they stand on the client's phone now, oldest first."""
        sends = self.services.storage.conversations.sends.recent(self.site.portal.id, self.chat.id, 0.0)
        ours = {send.message_id for send in sends}
        page = self.services.gateways.of(self.line).history([CLIENT], None, 500)
        return [each.text for each in reversed(page.messages) if each.id in ours and not each.deleted]

    # The rep in the card.

    @property
    def chat(self) -> Chat:
        found = self.services.storage.chats.find(self.site.portal.id, self.line_id, PHONE)
        assert isinstance(found, Chat)
        return found

    def rep_writes(self, text: str, key: str, *, user: int = 2) -> Any:
        """From the card: the path of POST /chats/<id>/messages."""
        chat, _new = self.services.chats.service.open(self.line, PHONE, user_id=user, chat_id=CLIENT)
        draft = self.services.chats.service.draft(self.line, chat, send_key=key, user_id=user)
        return self.services.chats.service.send(draft, text)

    def rep_changes(self, key: str, text: str | None) -> bool:
        """What the rep sent under this key is another text now, or with None taken back; False
        where the gateway does not have it."""
        service, send = self.services.chats.service, self.services.storage.sends.by_key(self.site.portal.id, key)
        found = self.services.gateways.of(self.line).find_message(CLIENT, send.message_id)
        if found is None:
            return False
        named = Named(found.id, found.ref, send.created_at, from_me=True)
        if text is None:
            service.delete(self.line, self.chat, named)
        else:
            service.edit(self.line, self.chat, named, text)
        return True

    def open_card(self, user: str = "rep") -> CardPage:
        """So that this user's token is stored."""
        return self.widget.open(DEAL, user=user).reveal()

    # The operator in the portal.

    def act(self, what: str, *, user: str = "rep", **form: Any) -> list[int]:
        """What an operator presses on the page of open lines; the events are delivered."""
        self.press(what, user=user, **form)
        return self.site.deliver()

    def press(self, what: str, *, user: str = "rep", **form: Any) -> None:
        """The same, and nothing is delivered yet."""
        address = f"{self.site.outside.portal}/openlines/{self.mirrored['id']}/{what}"
        self.site.change(line_clock=self.widget.clock.now)
        self.site.outside.http.post(address, params={"user": user}, data=form)

    def operator_writes(self, text: str, **form: Any) -> list[int]:
        return self.act("say", text=text, **form)

    @property
    def centre(self) -> dict[str, Any]:
        centre: dict[str, Any] = self.site.there["centre"]
        return centre

    @property
    def mirrored(self) -> dict[str, Any]:
        """The one chat of the open line."""
        (chat,) = self.centre["chats"]
        return dict(chat)

    @property
    def said(self) -> list[tuple[Any, str]]:
        """Author and text of each message in the open line."""
        return [(one["author"], one["text"]) for one in self.mirrored["messages"]]

    def later(self, seconds: float = 120.0) -> None:
        """The clock goes on, and the worker looks at what was left and at what no event told."""
        self.widget.clock.forward(seconds)
        self.services.chats.unclear_ends.look()
        self.services.open_lines.work.work_on_what_was_left()
        self.services.open_lines.lost.go()
        self.site.deliver()


MakeCircle = Callable[..., Circle]


def _install(widget: Widget, scopes: str) -> None:
    """What an installation by the administrator leaves behind."""
    known = widget.services.storage.portals.get(widget.portals[0])
    told = Installation(
        member_id=known.member_id,
        domain=known.domain,
        endpoint=known.endpoint,
        application_token=PORTALS[0].application_token,
        auth_server=f"{widget.outside.portal}/oauth",
        scopes=frozenset(scopes.split(",")),
        status="L",
        installer_id=ADMIN,
    )
    widget.services.storage.portals.install(told, country="RU")
    widget.open("/app/", user="admin")  # its token is stored


@pytest.fixture
def make_circle(make_widget: Callable[..., Widget]) -> MakeCircle:
    def make(*, scopes: str = SCOPES, mirrored: bool = True, **settings: Any) -> Circle:
        widget = make_widget(**{"public_url": WIDGET, **settings})
        site = Site(widget, widget.outside)
        site.change(scopes=scopes)
        _install(widget, scopes)
        circle = Circle(site, widget.services.storage.lines.all_of(widget.portals[0])[0].id)
        if mirrored:
            circle.mirror()
            site.deliver()
        return circle

    return make


@pytest.fixture
def circle(make_circle: MakeCircle) -> Circle:
    return make_circle()
