"""What Bitrix24 tells of the chats of our connector, as values (pure). Nothing in it is believed beyond its ids.

bitrix24/b24restdocs: api-reference/imopenlines/imconnector/events/*.md. Forms have no lists and no numbers: both come
as maps and as texts.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from widget.bitrix24.events import OF_OPEN_LINES
from widget.untrusted import list_of, map_of, rows_of, text_of, whole_of

WROTE, CHANGED, RECALLED, BEGAN, ENDED, UNPLUGGED, LINE_GONE = ALL = OF_OPEN_LINES
MESSAGES = (WROTE, CHANGED, RECALLED)
LONGEST_TEXT = 40_000
MOST_FILES = 10


@dataclass(frozen=True)
class OperatorMessage:
    """`place` is our own name of the chat, `outside` what we call the message: known once it was delivered."""

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
    return text_of(data.get("CONNECTOR") or data.get("connector")).lower() == connector


def line_of(data: Mapping[str, Any]) -> int:
    return whole_of(data.get("LINE") or data.get("line"))


def messages_of(data: Mapping[str, Any]) -> list[OperatorMessage]:
    """Those of an event that name a chat and a message."""
    found = [_message(map_of(row)) for row in rows_of(data.get("MESSAGES"))]
    return [one for one in found if one.place and one.im_id]


def dialogs_of(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Our name of each chat, and Bitrix24's id of its client (0 where it is not told)."""
    rows = [map_of(map_of(row).get("connector")) for row in rows_of(data.get("DATA"))]
    return [(text_of(row.get("chat_id"), 80), whole_of(row.get("user_id"))) for row in rows]


def words_json(message: OperatorMessage) -> str:
    return json.dumps(asdict(message), separators=(",", ":"))


def read_words(text: str) -> OperatorMessage | None:
    """What was written down; None for a text that no key opens."""
    try:
        found = map_of(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return None
    if not found:
        return None
    files = tuple((text_of(pair[0]), text_of(pair[1])) for pair in list_of(found.get("files")) if len(pair) == 2)
    numbers = {name: whole_of(found.get(name)) for name in ("chat", "im_id", "user_id")}
    outside = tuple(text_of(each) for each in list_of(found.get("outside")))
    return OperatorMessage(
        text_of(found.get("place")), text=text_of(found.get("text")), files=files, outside=outside, **numbers
    )


def _message(row: dict[str, Any]) -> OperatorMessage:
    im, message = map_of(row.get("im")), map_of(row.get("message"))
    files = [map_of(file) for file in rows_of(message.get("files"))][:MOST_FILES]
    told = message.get("id")  # a list in an update, a plain text in a deletion
    outside = [told] if isinstance(told, str) else rows_of(told)
    return OperatorMessage(
        place=text_of(map_of(row.get("chat")).get("id"), 80),
        chat=whole_of(im.get("chat_id")),
        im_id=whole_of(im.get("message_id")),
        user_id=whole_of(message.get("user_id")),
        text=text_of(message.get("text"), LONGEST_TEXT),
        files=tuple(
            (text_of(file.get("name"), 200) or "file", text_of(file.get("downloadLink") or file.get("link"), 2000))
            for file in files
        ),
        outside=tuple(text_of(each, 120) for each in outside if text_of(each, 120)),
    )
