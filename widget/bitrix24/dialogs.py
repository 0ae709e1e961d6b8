"""Open lines' chats in WhatsApp as evidence: a number that one of them talks with is there (pure).

bitrix24/b24restdocs: tutorials/openlines/find-crm-object-by-dialog.md,
api-reference/imopenlines/openlines/chats/ imopenlines-crm-chat-get.md,
sessions/imopenlines-dialog-get.md.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from widget.bitrix24.commands import Command
from widget.untrusted import as_dict, as_rows, as_str

CHAT_SCOPES = frozenset({"imopenlines"})
MAX_CHATS = 2  # chats of one card: each is a command of its batch
CHAT_COMMANDS = frozenset({"chats", *(f"chat{place}" for place in range(MAX_CHATS))})
_KINDS = {1: "lead", 2: "deal", 3: "contact", 4: "company"}  # of no other kind it tells the chats
# Connectors of WhatsApp are many vendors', each with an id of its own choice; those that say so are
# taken.
_WORDS = ("whatsapp", "waba")
_PHONE_CHAT = re.compile(r"\+?([1-9]\d{9,14})(?:@c\.us|@s\.whatsapp\.net)?", re.ASCII)


def chat_commands(entity_type_id: int, entity_id: int) -> dict[str, Command]:
    """What the card's batch asks besides: the chats that are bound to it, or to its first contact,
    and of the first of them who it is with. Those that are not there fail, and nothing else
    does."""
    kind = _KINDS.get(entity_type_id, "contact")
    whose = entity_id if entity_type_id in _KINDS else "$result[item][item][contactId]"
    chats: dict[str, Command] = {
        f"chat{place}": ("imopenlines.dialog.get", {"CHAT_ID": f"$result[chats][{place}][CHAT_ID]"})
        for place in range(MAX_CHATS)
    }
    asked = {"CRM_ENTITY_TYPE": kind, "CRM_ENTITY": whose, "ACTIVE_ONLY": "N"}
    return {"chats": ("imopenlines.crm.chat.get", asked), **chats}


def numbers_in(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The numbers (E.164) in the answers to `chat_commands`. A chat that is not the one that was
    asked for tells nothing: where there is none, the portal may take the whole list for its id."""
    found = []
    for place, row in enumerate(map(as_dict, as_rows(results.get("chats"))[:MAX_CHATS])):
        chat = as_dict(results.get(f"chat{place}"))
        if str(chat.get("id")) == str(row.get("CHAT_ID")):
            parts = as_str(chat.get("entity_id"), 200).lower().split("|")
            found.append(number_of([*parts[:1], as_str(row.get("CONNECTOR_TITLE"), 100).lower()], parts[2:3]))
    return tuple(dict.fromkeys(filter(None, found)))


def is_whatsapp(names: Sequence[str]) -> bool:
    """Whether a connector with these names, in small letters, is one of WhatsApp."""
    return any(word in name for name in names for word in _WORDS)


def number_of(names: Sequence[str], chat: Sequence[str]) -> str:
    """The number (E.164) of a connector's chat, given as a list of one or none: most call a chat by
    it, bare or as WhatsApp does. "" where it is called otherwise: a shorter number is some id, and
    so is one of a LID."""
    called = _PHONE_CHAT.fullmatch(chat[0]) if chat and is_whatsapp(names) else None
    return f"+{called[1]}" if called else ""
