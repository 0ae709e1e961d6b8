"""A gateway's side of webhooks: a kind of a test's own, its post, and what became of it."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from werkzeug.test import TestResponse

from tests.stand import Widget
from widget.gateways.base import Ack, EventKind, GatewayEvent, LineState, Message
from widget.gateways.serialization import events_json, read_events
from widget.storage.lines import Line
from widget.storage.schema import chats, inbox, line_health, messages

CLIENT = "79619510000@c.us"
LID = "550099887766554@lid"  # nobody of the sandbox
PHONE = "+79619510000"


class PlainWebhooks:
    """A header with the secret, and events in our own words."""

    refuse_with = 401

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        return {name.lower(): value for name, value in headers.items()}.get("x-secret") == secret

    def events(self, body: Any) -> list[GatewayEvent]:
        return read_events(json.dumps(body))


@dataclass
class Caller:
    """The gateway of one line."""

    widget: Widget
    portal: int = 1

    def __post_init__(self) -> None:
        lines = self.widget.services.storage.lines
        portal_id = self.widget.portals[self.portal - 1]
        lines.make_hook(portal_id, lines.all_of(portal_id)[0].id)

    @property
    def line(self) -> Line:
        found: Line = self.widget.services.storage.lines.all_of(self.widget.portals[self.portal - 1])[0]
        return found

    @property
    def path(self) -> str:
        return f"/hooks/gateway/{self.line.hook_key}"

    def tell(self, *told: GatewayEvent, **request: Any) -> int:
        return self.post(events_json(told).encode(), **request).status_code

    def post(self, body: bytes, *, secret: str | None = None, path: str = "") -> TestResponse:
        headers = {"Content-Type": "application/json", "X-Secret": self.line.hook_secret if secret is None else secret}
        return self.widget.app.test_client().post(path or self.path, data=body, headers=headers)

    def rows(self, table: Any = inbox) -> list[dict[str, Any]]:
        query = table.select().where(table.c.portal_id == self.line.portal_id)
        with self.widget.services.storage.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    @property
    def stored(self) -> dict[str, list[dict[str, Any]]]:
        return {table.name: self.rows(table) for table in (inbox, messages, chats, line_health)}

    def chat(self, phone: str = PHONE) -> Any:
        found = self.widget.services.storage.chats.of_phones(self.line.portal_id, [phone])
        return found[0] if found else None

    def shown(self, phone: str = PHONE) -> list[Any]:
        """The bubbles of the chat, oldest first, without what changes with every look."""
        chat = self.chat(phone)
        return list(self.widget.services.chats.service.newest(self.line, chat).bubbles) if chat else []


def written(
    name: str = "M1", text: str = "Добрый день", *, at: float, ids: Sequence[str] = (CLIENT,), **more: Any
) -> GatewayEvent:
    from_me = bool(more.pop("from_me", False))
    message = Message(name, f"ref_{name}", int(at), from_me, text, **more)
    return GatewayEvent(EventKind.MESSAGE, float(int(at)), tuple(ids), name, from_me, message)


def about(kind: EventKind, name: str = "M1", *, at: float, ids: Sequence[str] = (CLIENT,), **more: Any) -> GatewayEvent:
    return GatewayEvent(kind, at, tuple(ids), name, **more)


def tick(ack: Ack, name: str = "M1", *, at: float = 1.0, ids: Sequence[str] = (CLIENT,), **more: Any) -> GatewayEvent:
    return GatewayEvent(EventKind.ACK, at, tuple(ids), name, from_me=True, ack=ack, **more)


def line_is(state: LineState, *, at: float, until: float = 0.0) -> GatewayEvent:
    return GatewayEvent(EventKind.LINE, at, state=state, until=until)


def a_talk(now: float) -> list[GatewayEvent]:
    """A conversation with everything in it, as it happened: the client is known by phone at first,
    by a LID later."""
    both = (CLIENT, LID)
    return [
        written("C1", "Здравствуйте", at=now - 100),
        written("L1", "Чем помочь?", at=now - 90, from_me=True),
        tick(Ack.SENT, "L1", at=now - 90),
        tick(Ack.DELIVERED, "L1", at=now - 89),
        tick(Ack.READ, "L1", at=now - 80),
        written("C2", "Окна на дачу", at=now - 70, ids=both),
        about(EventKind.REACTION, "C2", at=now - 65, text="👍", from_me=True, ids=both),
        about(EventKind.EDITED, "C2", at=now - 60, text="Окна на веранду", ids=(LID,)),
        about(EventKind.EDITED, "C2", at=now - 50, text="Окна и дверь", ids=(LID,)),
        written("C3", "Ой, не туда", at=now - 40, ids=(LID,)),
        about(EventKind.DELETED, "C3", at=now - 30, ids=(LID,)),
        written("L2", "Замер завтра", at=now - 20, from_me=True, ids=(LID,)),
        tick(Ack.DELIVERED, "L2", at=now - 19, ids=(LID,)),
        about(EventKind.REACTION, "L2", at=now - 10, text="❤️", ids=(LID,)),
        about(EventKind.REACTION, "L2", at=now - 5, text="", ids=(LID,)),
        written("C4", "Спасибо", at=now - 1, ids=both),
    ]


def muddled(told: Sequence[GatewayEvent], chance: random.Random) -> list[GatewayEvent]:
    """Shuffled, and some of it twice, as retries bring it."""
    again = [*told, *chance.sample(list(told), len(told) // 2)]
    chance.shuffle(again)
    return again


def plain(bubble: Any) -> dict[str, Any]:
    return asdict(replace(bubble, can=frozenset()))
