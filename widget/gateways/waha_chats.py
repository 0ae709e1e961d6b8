"""WAHA's list of chats (waha-docs: how-to/chats, overview), and whose chat an id is."""

import re
from collections.abc import Iterable
from typing import Any

from widget.gateways.base import Ack, ListedChat
from widget.gateways.waha_codes import ack_of
from widget.phones.spellings import phone_of_digits
from widget.untrusted import map_of, seconds_of, text_of

# A person's id; engines write @s.whatsapp.net where WAHA itself writes @c.us, and may add the number of a device.
PERSON = re.compile(r"(\d{5,20})(?::\d+)?@(c\.us|s\.whatsapp\.net|lid)", re.ASCII)


def chats_by_phone(listed: Iterable[Any]) -> dict[str, ListedChat]:
    """The chats with people that name their phone, by that; the list is newest first."""
    found: dict[str, ListedChat] = {}
    for chat in map(map_of, listed):
        chat_id, last = person_of(text_of(chat.get("id"))), map_of(chat.get("lastMessage"))
        phone = _phone_of(chat_id, map_of(chat.get("_chat"))) if chat_id else None
        if phone and proves(last):
            found.setdefault(phone, ListedChat(str(chat_id), seconds_of(last.get("timestamp")), has_messages=True))
    return found


def person_of(name: str) -> str | None:
    """The id of a chat with one person as WAHA writes it; None for groups, newsletters, broadcasts and nonsense."""
    found = PERSON.fullmatch(name)
    return f"{found[1]}@{'lid' if found[2] == 'lid' else 'c.us'}" if found else None


def _phone_of(chat_id: str, raw: dict[str, Any]) -> str | None:
    """A chat under a LID names its phone in the engine's own record, if at all: Baileys does in `pnJid`
    (WhiskeySockets/Baileys, WAProto: Conversation)."""
    named = chat_id if chat_id.endswith("@c.us") else person_of(text_of(raw.get("pnJid"))) or ""
    digits, _, home = named.partition("@")
    return phone_of_digits(digits) if home == "c.us" else None


def proves(last: dict[str, Any]) -> bool:
    """Anything but a message of ours that failed."""
    return bool(last) and not (last.get("fromMe") is True and ack_of(last.get("ack")) is Ack.FAILED)
