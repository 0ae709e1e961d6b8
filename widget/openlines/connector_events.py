"""What Bitrix24 tells of the chats of our connector, as values (pure). Nothing in it is believed
beyond its ids.

bitrix24/b24restdocs: api-reference/imopenlines/imconnector/events/*.md. Forms have no lists and no
numbers: both come as maps and as texts.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from widget.bitrix24.events import OF_OPEN_LINES
from widget.untrusted import as_dict, as_list, as_positive_int, as_rows, as_str

WROTE, CHANGED, RECALLED, BEGAN, ENDED, UNPLUGGED, LINE_GONE = ALL = OF_OPEN_LINES
MESSAGES = (WROTE, CHANGED, RECALLED)
MAX_TEXT = 40_000
MAX_FILES = 10


@dataclass(frozen=True)
class OperatorMessage:
    """`place` is our own name of the chat, `outside` what we call the message: known once it was
    delivered."""

    place: str
    chat: int
    im_id: int
    user_id: int
    text: str
    files: tuple[tuple[str, str], ...]  # name and address
    outside: tuple[str, ...]

    def __repr__(self) -> str:
        return f"OperatorMessage(im_id={self.im_id})"


def is_ours(data: Mapping[str, Any], connector: str) -> bool:
    return as_str(data.get("CONNECTOR") or data.get("connector")).lower() == connector


def line_of(data: Mapping[str, Any]) -> int:
    return as_positive_int(data.get("LINE") or data.get("line"))


def messages_of(data: Mapping[str, Any]) -> list[OperatorMessage]:
    """Those of an event that name a chat and a message."""
    found = [_message(as_dict(row)) for row in as_rows(data.get("MESSAGES"))]
    return [one for one in found if one.place and one.im_id]


def dialogs_of(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Our name of each chat, and Bitrix24's id of its client (0 where it is not told)."""
    rows = [as_dict(as_dict(row).get("connector")) for row in as_rows(data.get("DATA"))]
    return [(as_str(row.get("chat_id"), 80), as_positive_int(row.get("user_id"))) for row in rows]


def words_json(message: OperatorMessage) -> str:
    return json.dumps(asdict(message), separators=(",", ":"))


def read_words(text: str) -> OperatorMessage | None:
    """What was written down; None for a text that no key opens."""
    try:
        found = as_dict(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return None
    if not found:
        return None
    files = tuple((as_str(pair[0]), as_str(pair[1])) for pair in as_list(found.get("files")) if len(pair) == 2)
    numbers = {name: as_positive_int(found.get(name)) for name in ("chat", "im_id", "user_id")}
    outside = tuple(as_str(each) for each in as_list(found.get("outside")))
    return OperatorMessage(
        as_str(found.get("place")), text=as_str(found.get("text")), files=files, outside=outside, **numbers
    )


def _message(row: dict[str, Any]) -> OperatorMessage:
    im, message = as_dict(row.get("im")), as_dict(row.get("message"))
    files = [as_dict(file) for file in as_rows(message.get("files"))][:MAX_FILES]
    ids = message.get("id")  # a list in an update, a plain text in a deletion
    outside = [ids] if isinstance(ids, str) else as_rows(ids)
    return OperatorMessage(
        place=as_str(as_dict(row.get("chat")).get("id"), 80),
        chat=as_positive_int(im.get("chat_id")),
        im_id=as_positive_int(im.get("message_id")),
        user_id=as_positive_int(message.get("user_id")),
        text=as_str(message.get("text"), MAX_TEXT),
        files=tuple(
            (as_str(file.get("name"), 200) or "file", as_str(file.get("downloadLink") or file.get("link"), 2000))
            for file in files
        ),
        outside=tuple(as_str(each, 120) for each in outside if as_str(each, 120)),
    )
