"""Texts of WhatsApp as BB code, which Bitrix24's messenger and timelines draw (pure).

WhatsApp: *bold*, _italic_, ~struck~, ```code``` (faq.whatsapp.com, «How to format your messages»).
Bitrix24: bitrix24/b24restdocs, api-reference/chats/messages/index.md.
"""

import re

JOINER = "\N{WORD JOINER}"  # takes no room, and what it stands before is not a tag
TAG = re.compile(r"\[(/?)([a-z]+|\*)(?:=([^\]]*))?\]", re.IGNORECASE)
SIGNS = {"b": "*", "i": "_", "s": "~", "code": "```"}
MESSENGER = frozenset(
    {*SIGNS, "u", "br", "url", "user", "chat", "quote", "icon", "color", "size", "send", "put", "call", "pch", "img"}
    | {"context", "timestamp", "rating", "disk", "like", "dislike", "attach"}
)
_ANYWHERE = MESSENGER | frozenset(
    {"p", "list", "*", "table", "tr", "td", "font", "left", "right", "center", "justify", "video", "spoiler", "cut"}
    | {"sup", "sub", "department", "project"}
)
# «[disk file id=7]» shows a file of the portal to who may not see it.
_BEGINS = re.compile(rf"\[(?=/?(?:{'|'.join(map(re.escape, sorted(_ANYWHERE)))})[\s=\]])", re.IGNORECASE)
_MARKS = (("code", "```"), ("b", "*"), ("i", "_"), ("s", "~"))


def without_tags(text: str) -> str:
    """BB code that was typed stays what was typed."""
    return _BEGINS.sub(f"[{JOINER}", text)


def from_whatsapp(text: str) -> str:
    """The same, and WhatsApp's markup is drawn."""
    text = without_tags(text)
    for tag, mark in _MARKS:
        sign = re.escape(mark)
        inside = rf"(?<!\w){sign}(?=\S)([^\n]+?)(?<=\S){sign}(?!\w)"
        text = re.sub(inside, rf"[{tag}]\1[/{tag}]", text)
    return text
