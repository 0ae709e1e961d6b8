"""Texts between WhatsApp's markup and the BB code of Bitrix24's messenger (pure): see
bitrix24/bbcode.py."""

import hashlib
import re

from widget.bitrix24.bbcode import JOINER, MESSENGER, SIGNS, TAG, from_whatsapp

MAX_MESSAGE = 4000  # letters of one WhatsApp message; an operator may write up to 20,000

_LINK = re.compile(r"\[url(?:=([^\]]*))?\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
_VOTE = re.compile(r"[01](\s|$)")


def to_whatsapp(text: str) -> str:
    """An operator's text for WhatsApp. Tags without a WhatsApp sign are dropped, what they hold
    stays."""
    text = re.sub(r"\s*\[br\]", "\n", text.replace("\r\n", "\n"), flags=re.IGNORECASE)
    text = _LINK.sub(lambda found: _link(found[1] or "", found[2]), text)
    return TAG.sub(_sign, text).strip()


def to_portal(text: str) -> str:
    """A WhatsApp text for the messenger. BB code in it is shown as typed; a text that is only "1"
    or "0" is not a vote on the operator (server module imopenlines, lib/connector.php,
    addMessage)."""
    text = from_whatsapp(text)
    return f"{JOINER}{text}" if _VOTE.match(text) else text


def mark_of(text: str) -> str:
    """A hash of a text of the messenger, to know whether the client has it: without what WhatsApp
    has no sign for."""
    return hashlib.sha256(to_portal(to_whatsapp(text)).encode("utf-8", "replace")).hexdigest()[:16]


def pieces(text: str, longest: int = MAX_MESSAGE) -> list[str]:
    """A text in parts that WhatsApp takes, cut at a line's or a word's end where there is one."""
    parts = []
    while len(text) > longest:
        cut = max(text.rfind("\n", longest // 2, longest), text.rfind(" ", longest // 2, longest))
        cut = cut if cut > 0 else longest
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in (*parts, text) if part]


def _link(address: str, shown: str) -> str:
    return f"{shown} ({address})" if address and shown and shown != address else address or shown


def _sign(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name in SIGNS:
        return SIGNS[name]
    return "" if name in MESSENGER else tag[0]
