"""WAHA's list of chats (waha-docs: how-to/chats, overview), and whose chat an id is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from widget.gateways.base import ARRIVED, ChatList, ListedChat
from widget.gateways.content import moment_of
from widget.gateways.names import person_in
from widget.gateways.waha.codes import ack_of
from widget.phones.spellings import phone_of_digits
from widget.untrusted import as_dict, as_str


def chats_by_phone(listed: Iterable[Any], phones: Mapping[str, str]) -> ChatList:
    """The chats with people, by their phones; the list is newest first and holds no messages.
    `phones` are the ids of phones by the LIDs that the session knows."""
    found = ChatList()
    found.whole = True
    for chat in map(as_dict, listed):
        chat_id = person_of(name_of(chat))
        phone = _phone_of(chat_id, chat, phones) if chat_id else None
        if phone:
            last_at = moment_of(chat.get("conversationTimestamp")) or moment_of(chat.get("timestamp"))
            found.setdefault(phone, ListedChat(str(chat_id), last_at, has_messages=last_at > 0, heard=False))
        elif chat_id:
            found.whole = False
    return found


def name_of(chat: Mapping[str, Any]) -> str:
    """The id of a listed chat; WEBJS wraps it in an object."""
    return as_str(chat.get("id")) or as_str(as_dict(chat.get("id")).get("_serialized"))


def phones_by_lid(pairs: Iterable[Any]) -> dict[str, str]:
    """What the session knows of LIDs (waha-docs: how-to/contacts)."""
    known = ((person_of(as_str(pair.get("lid"))), person_of(as_str(pair.get("pn")))) for pair in map(as_dict, pairs))
    return {lid: phone for lid, phone in known if lid and phone}


def person_of(name: str) -> str | None:
    """The id of a chat with one person as WAHA writes it; engines write @s.whatsapp.net. None for
    all others."""
    return person_in(name, "c.us") or None


def _phone_of(chat_id: str, raw: dict[str, Any], phones: Mapping[str, str]) -> str | None:
    """A chat under a LID names its phone in the engine's own record, if at all: Baileys does in
    `pnJid` (WhiskeySockets/Baileys, WAProto: Conversation)."""
    named = chat_id if chat_id.endswith("@c.us") else person_of(as_str(raw.get("pnJid"))) or phones.get(chat_id, "")
    digits, _, home = named.partition("@")
    return phone_of_digits(digits) if home == "c.us" else None


def chat_in(messages: Sequence[Any], chat_id: str) -> ListedChat | None:
    """The chat that these are the newest messages of, None without any. It has the id under which
    WAHA keeps them."""
    people = [as_dict(message) for message in messages if as_str(as_dict(message).get("id"))]
    if not people:
        return None
    last = people[0]
    parts = as_str(last.get("id")).split("_")
    kept_as = person_of(parts[1]) if len(parts) > 2 else None
    last_at = moment_of(last.get("timestamp"))
    ours = [message for message in people if message.get("fromMe") is True]
    return ListedChat(
        kept_as or chat_id,
        last_at,
        has_messages=True,
        heard=len(ours) < len(people),
        arrived=any(ack_of(message.get("ack")) in ARRIVED for message in ours),
    )
