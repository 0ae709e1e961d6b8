"""What a chat is called: remembered in one way for all kinds of gateways, and spelled as each of
them does."""

import re
from collections.abc import Callable, Collection
from typing import Any

PHONES = frozenset({"c.us", "s.whatsapp.net"})  # one and the same, as vendors write it
LID = "lid"
_PERSON = re.compile(r"(\d{5,20})(?::\d+)?@([a-z.]+)", re.ASCII)  # «:12» is one of the devices


def person_in(name: Any, home: str, homes: Collection[str] = PHONES) -> str:
    """The id of a chat with one person where ids of phones end in `home`, however it was written;
    "" for groups, broadcasts, newsletters and what is not an id. `homes` are the ends that a
    phone's id may have."""
    found = _PERSON.fullmatch(name) if isinstance(name, str) else None
    if found and found[2] == LID:
        return f"{found[1]}@{LID}"
    return f"{found[1]}@{home}" if found and found[2] in homes else ""


def canonical_id(phone: str, kind: str, chat_id: str) -> str:
    """A chat's id as it is remembered for the lines of every kind of gateway: the digits that
    WhatsApp itself has for the number, "" where they are simply the number's. A LID is remembered
    with the kind that named it."""
    name, _, home = chat_id.partition("@")
    if home == "lid":
        return f"{kind}:{chat_id}"
    return name if name.isdecimal() and name != phone.lstrip("+") else ""


def id_for(canonical: str, kind: str, spelled: Callable[[str], str]) -> str:
    """A remembered id as a line of this kind spells it, "" for the usual one; `spelled` makes an id
    of a number."""
    named_by, _, lid = canonical.rpartition(":")
    if lid.endswith("@lid"):
        return lid if named_by == kind else ""
    digits = canonical.partition("@")[0]  # some were stored with a gateway's own ending
    return spelled(f"+{digits}") if digits.isdecimal() else ""
