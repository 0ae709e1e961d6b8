"""Texts between WhatsApp's markup and the BB code of Bitrix24's messenger (pure).

WhatsApp: *bold*, _italic_, ~struck~, ```code``` (faq.whatsapp.com, «How to format your messages»). Bitrix24:
bitrix24/b24restdocs, api-reference/chats/messages/index.md.
"""

import hashlib
import re

LONGEST = 4000  # letters of one WhatsApp message; an operator may write up to 20,000
JOINER = "\N{WORD JOINER}"  # takes no room, and is no first letter of a vote or a tag

_PAIRS = {"b": "*", "i": "_", "s": "~", "code": "```"}
_MARKS = (("code", "```"), ("b", "*"), ("i", "_"), ("s", "~"))
_TAG = re.compile(r"\[(/?)([a-z]+|\*)(?:=([^\]]*))?\]", re.IGNORECASE)
_LINK = re.compile(r"\[url(?:=([^\]]*))?\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
_KNOWN = frozenset(
    {*_PAIRS, "u", "br", "url", "user", "chat", "quote", "icon", "color", "size", "send", "put", "call", "pch", "img"}
    | {"context", "timestamp", "rating", "disk", "like", "dislike", "attach"}
)
_VOTE = re.compile(r"[01](\s|$)")


def to_whatsapp(text: str) -> str:
    """An operator's text for WhatsApp. Tags without a WhatsApp sign are dropped, what they hold stays."""
    text = re.sub(r"\s*\[br\]", "\n", text.replace("\r\n", "\n"), flags=re.IGNORECASE)
    text = _LINK.sub(lambda found: _link(found[1] or "", found[2]), text)
    return _TAG.sub(_sign, text).strip()


def to_portal(text: str) -> str:
    """A WhatsApp text for the messenger. BB code in it is shown as typed; a text that is only "1" or "0" is no vote
    on the operator (server module imopenlines, lib/connector.php, addMessage)."""
    text = _TAG.sub(lambda tag: f"[{JOINER}{tag[0][1:]}" if tag[2].lower() in _KNOWN else tag[0], text)
    for tag, mark in _MARKS:
        sign = re.escape(mark)
        inside = rf"(?<!\w){sign}(?=\S)([^\n]+?)(?<=\S){sign}(?!\w)"
        text = re.sub(inside, rf"[{tag}]\1[/{tag}]", text)
    return f"{JOINER}{text}" if _VOTE.match(text) else text


def mark_of(text: str) -> str:
    """A hash of a text of the messenger, to know whether the client has it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def pieces(text: str, longest: int = LONGEST) -> list[str]:
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
    if name in _PAIRS:
        return _PAIRS[name]
    return "" if name in _KNOWN else tag[0]
