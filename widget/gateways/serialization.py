"""Messages and events of gateways written down as JSON, and read again.

Short, because thousands wait in a table; with a version, because a row may be older or newer than
the code that reads it; and total: any text gives messages and events that the rest of the house may
trust.
"""

import json
from collections.abc import Iterable
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar

from widget.gateways.base import (
    Ack,
    ContactCard,
    EventKind,
    GatewayErrorCode,
    GatewayEvent,
    LineState,
    Media,
    Message,
    Quote,
)
from widget.gateways.vcards import MAX_CARDS, MAX_PHONE, MAX_PHONES
from widget.untrusted import as_dict, as_list, as_positive_int, as_str, as_unix_seconds
from widget.version import NewerVersion

VERSION = 1  # raised with a kind or a field that an older reader must not pass over
MAX_NAME = 200
MAX_REACTIONS = 10

Word = TypeVar("Word", bound=Enum)


def events_json(events: Iterable[GatewayEvent]) -> str:
    return json.dumps({"v": VERSION, "events": [_event_values(event) for event in events]}, separators=(",", ":"))


def read_events(text: str) -> list[GatewayEvent]:
    """The events that were written; [] for a text that no version wrote. Raises NewerVersion for
    what this one would read by halves."""
    try:
        found = as_dict(json.loads(text))
    except (ValueError, RecursionError):
        return []
    if as_positive_int(found.get("v")) > VERSION:
        raise NewerVersion(found["v"])
    if found.get("v") != VERSION:
        return []
    return [event for item in as_list(found.get("events")) if (event := _event_of(as_dict(item)))]


def message_values(message: Message) -> dict[str, Any]:
    """The fields of a message that differ from an empty one, as JSON values."""
    values = _values(message)
    if message.media:
        values["media"] = _values(message.media)
    if message.quote:
        values["quote"] = _values(message.quote)
    if message.contacts:
        values["contacts"] = [[card.name, list(card.phones)] for card in message.contacts]
    return values


def message_of(values: Any) -> Message | None:
    """None for what is not a message: without an id or a time."""
    found = as_dict(values)
    message_id, at = _clean(found.get("id")), as_unix_seconds(found.get("at"))
    if not message_id or not at:
        return None
    place = [part for part in as_list(found.get("place")) if isinstance(part, (int, float))]
    return Message(
        id=message_id,
        ref=_clean(found.get("ref")),
        at=int(at),
        from_me=found.get("from_me") is True,
        text=_clean(found.get("text")),
        ack=_word(Ack, found.get("ack"), Ack.NONE),
        media=_media_of(as_dict(found.get("media"))),
        quote=_quote_of(as_dict(found.get("quote"))),
        reactions=tuple(_clean(one, 16) for one in as_list(found.get("reactions"))[:MAX_REACTIONS]),
        edited=found.get("edited") is True,
        deleted=found.get("deleted") is True,
        place=(float(place[0]), float(place[1])) if len(place) == 2 else None,
        contacts=_contacts_of(found.get("contacts")),
    )


def _event_values(event: GatewayEvent) -> dict[str, Any]:
    values = _values(event)
    if event.message:
        values["message"] = message_values(event.message)
    return values


def _event_of(found: dict[str, Any]) -> GatewayEvent | None:
    kind = next((kind for kind in EventKind if kind.value == found.get("kind")), None)
    if kind is None:
        return None
    return GatewayEvent(
        kind=kind,
        at=as_unix_seconds(found.get("at")),
        chat_ids=tuple(_clean(one) for one in as_list(found.get("chat_ids")) if _clean(one)),
        message_id=_clean(found.get("message_id")),
        from_me=found.get("from_me") is True,
        message=message_of(found.get("message")),
        ack=_word(Ack, found.get("ack"), Ack.NONE),
        text=_clean(found.get("text")),
        not_on_whatsapp=found.get("not_on_whatsapp") is True,
        state=_word(LineState, found.get("state"), LineState.UNKNOWN),
        until=as_unix_seconds(found.get("until")),
        why=next((why for why in GatewayErrorCode if why.value == found.get("why")), None),
        name=_clean(found.get("name"), MAX_NAME),
    )


def _media_of(found: dict[str, Any]) -> Media | None:
    if not found:
        return None
    return Media(
        kind=_clean(found.get("kind"), 20),
        mimetype=_clean(found.get("mimetype"), 100),
        name=_clean(found.get("name"), MAX_NAME),
        size=as_positive_int(found.get("size")),
        seconds=as_positive_int(found.get("seconds")),
        thumbnail=_clean(found.get("thumbnail")),
    )


def _quote_of(found: dict[str, Any]) -> Quote | None:
    from_me = found.get("from_me")
    if not found:
        return None
    return Quote(
        _clean(found.get("text")), from_me if isinstance(from_me, bool) else None, found.get("has_media") is True
    )


def _contacts_of(found: Any) -> tuple[ContactCard, ...]:
    """Older rows only say how many there were."""
    if not isinstance(found, list):
        return (ContactCard(""),) * min(as_positive_int(found), MAX_CARDS)
    cards = [as_list(card) for card in found[:MAX_CARDS]]
    return tuple(
        ContactCard(
            _clean(card[0], MAX_NAME), tuple(_clean(phone, MAX_PHONE) for phone in as_list(card[1])[:MAX_PHONES])
        )
        for card in cards
        if len(card) == 2
    )


def _values(thing: Any) -> dict[str, Any]:
    """The plain fields of a dataclass that are not as they are by themselves."""
    found = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if value == field.default:
            continue
        if isinstance(value, Enum):
            found[field.name] = value.value
        elif isinstance(value, (str, int, float)) or (isinstance(value, tuple) and value):
            found[field.name] = value
    return found


def _word(kind: type[Word], value: Any, otherwise: Word) -> Word:
    return next((word for word in kind if word.value == value), otherwise)


def _clean(value: Any, longest: int = 65_536) -> str:
    """A text that can be stored and sent: no half of a letter, no NUL."""
    return as_str(value, longest).encode("utf-8", "replace").decode().replace("\x00", "")
