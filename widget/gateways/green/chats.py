"""Who is in GREEN-API's journals of the last messages (green-api.com/en/docs/api,
journals/LastIncomingMessages)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from widget.gateways.base import ARRIVED, ListedChat
from widget.gateways.green.messages import ack_of, person_of
from widget.phones.spellings import phone_of_digits
from widget.untrusted import as_dict, as_unix_seconds


def chats_by_phone(items: Iterable[Any]) -> dict[str, ListedChat]:
    """The chats with people that name their phone, by that."""
    found: dict[str, ListedChat] = {}
    for raw in map(as_dict, items):
        chat_id, at = person_of(raw.get("chatId")), as_unix_seconds(raw.get("timestamp"))
        phone = _phone_of(chat_id, raw) if chat_id and at else None
        if not phone:
            continue
        known = found.get(phone)
        newest = known if known and known.last_at >= at else ListedChat(chat_id, at, has_messages=True)
        heard, arrived = raw.get("type") == "incoming", ack_of(raw.get("statusMessage")) in ARRIVED
        found[phone] = replace(
            newest,
            heard=heard or (known is not None and known.heard),
            arrived=(arrived and not heard) or (known is not None and known.arrived),
        )
    return found


def _phone_of(chat_id: str, raw: Mapping[str, Any]) -> str | None:
    """A chat under a LID may name its phone as the sender of what came in; of what went out that is
    ours."""
    named = chat_id
    if chat_id.endswith("@lid") and raw.get("type") == "incoming":
        named = person_of(raw.get("senderId"))
    digits, _, home = named.partition("@")
    return phone_of_digits(digits) if home == "c.us" else None
