"""The client behind a chat id. Each spelling that WhatsApp itself resolves leads to its client, and
no other does.

A phone id is spelled as WhatsApp spells it: the Brazilian client is found without the ninth digit
only (devlikeapro/waha#238), which is why a product must keep the id that the check returned.
"""

import re

from sandbox.gateway.model import SandboxLine
from sandbox.people import CLIENTS, KnownNumber

PHONE_ID = re.compile(r"\d{5,15}@c\.us")
CHAT_ID = re.compile(r"(\d+@(c\.us|lid|newsletter)|[\d-]+@g\.us|status@broadcast)")


def digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


def phone_id(client: KnownNumber) -> str:
    """The id made of the phone, "" for a client who hides it."""
    return client.canonical or (f"{digits(client.phone)}@c.us" if client.phone else "")


def seen_phone_id(client: KnownNumber | None, line: SandboxLine) -> str:
    """`phone_id`, "" too while the line has not seen which phone is behind the LID."""
    return "" if client is None or client.lid in line.unpaired else phone_id(client)


def home_id(client: KnownNumber) -> str:
    """The id under which the gateway stores the chat."""
    return client.lid or phone_id(client)


_BY_ID = {
    chat_id: client for client in CLIENTS if client.on_whatsapp for chat_id in (phone_id(client), client.lid) if chat_id
}
_BY_PHONE = {digits(client.phone): client for client in CLIENTS if client.phone}


def chat_id_of(text: str) -> str:
    """A plain phone becomes a chat id; anything with an @ stays as it is."""
    return text if "@" in text else f"{digits(text)}@c.us"


def client_of(chat_id: str) -> KnownNumber | None:
    return _BY_ID.get(chat_id)


def dialled(phone: str) -> KnownNumber | None:
    """The client behind a number in any spelling that WhatsApp resolves, with WhatsApp or
    without."""
    wanted = digits(phone)
    return _BY_PHONE.get(wanted) or client_of(f"{wanted}@c.us")


def by_phone(phone: str) -> KnownNumber | None:
    """The client picked by hand: by the phone, or by the LID's digits for a client who hides it."""
    return dialled(phone) or client_of(f"{digits(phone)}@lid")


def spellings(chat_id: str) -> list[str]:
    """All ids of the same client, for the merge of LID and phone chats (devlikeapro/waha-docs:
    how-to/chats)."""
    client = client_of(chat_id)
    known = [phone_id(client), client.lid] if client else []
    return list(dict.fromkeys([chat_id, *(one for one in known if one)]))
