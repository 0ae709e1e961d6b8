"""Contacts that were shared in a chat, out of vCards (pure; RFC 2426 as WhatsApp's own programs
write it).

A card is a stranger's text: what is kept of it is a name and some phones, each of them short.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from widget.gateways.base import ContactCard
from widget.untrusted import as_dict, as_str

BEGINNING = "BEGIN:VCARD"
MAX_CARDS, MAX_PHONES = 20, 10
MAX_CARD = 65_536  # letters; a picture in it is left out with the rest
MAX_NAME, MAX_PHONE = 200, 40
_FOLDED = re.compile(r"\r?\n[ \t]")
_FIELD = re.compile(r"(?:[\w-]+\.)?(?P<name>TEL|FN)(?P<how>;[^:]*)?:(?P<value>.*)", re.IGNORECASE)
_WAID = re.compile(r";waid=(\d{7,15})(?:;|$)", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"\\([\\,;:nN])")


def cards_of(contacts: Iterable[Any]) -> tuple[ContactCard, ...]:
    """The cards of one message, each a vCard's text or an object with a `vcard` and a
    `displayName`."""
    return tuple(_card_of(each) for each, _number in zip(contacts, range(MAX_CARDS), strict=False))


def _card_of(contact: Any) -> ContactCard:
    card = contact if isinstance(contact, dict) else {"vcard": contact}
    fields = list(_fields(as_str(card.get("vcard"), MAX_CARD)))
    names = [value for name, _how, value in fields if name == "FN"]
    name = as_str(as_dict(card).get("displayName")) or next(iter(names), "")
    phones = [_phone_of(how, value) for name, how, value in fields if name == "TEL"]
    return ContactCard(" ".join(name.split())[:MAX_NAME], tuple(dict.fromkeys(filter(None, phones)))[:MAX_PHONES])


def _fields(vcard: str) -> Iterator[tuple[str, str, str]]:
    """(name, parameters, value) of what is used of a card."""
    for line in _FOLDED.sub("", vcard).splitlines():
        if field := _FIELD.fullmatch(line.strip()):
            yield field["name"].upper(), field["how"] or "", _ESCAPED.sub(_letter, field["value"]).strip()


def _phone_of(how: str, value: str) -> str:
    """As it was written where that says the country, else as WhatsApp calls the account
    (`waid`)."""
    account = _WAID.search(how)
    written = " ".join(value.removeprefix("tel:").split())[:MAX_PHONE]
    return f"+{account[1]}" if account and not written.startswith("+") else written


def _letter(escaped: re.Match[str]) -> str:
    return " " if escaped[1] in "nN" else escaped[1]
