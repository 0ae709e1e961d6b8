"""Quick replies as a file: written as JSON, read from that or from a table (CSV). Pure.

A table has a first row of names: `name` and `text`, perhaps `category` and `language`, in English
or Russian. Excel writes it in UTF-8 or in Windows' Cyrillic, with commas, semicolons or tabs
between.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from widget.replies.rules import ReplyError, ReplyFault, error_of, tidy
from widget.storage.replies import MAX_SHARED, QuickReply

MAX_FILE = 2 * 1024 * 1024
SHOWN_ERRORS = 10
KEY = "quick_replies"
FIELDS = ("name", "category", "language", "text")
_COLUMNS = {
    **{name: name for name in FIELDS},
    **{"название": "name", "категория": "category", "язык": "language", "текст": "text"},
}


class ImportRefused(Exception):
    """Nothing was taken; `errors` says why, at most ten of them."""

    def __init__(self, errors: list[ReplyError]) -> None:
        super().__init__(errors[0].fault.value)
        self.errors = errors


def to_json(replies: Iterable[QuickReply]) -> str:
    """What `read_file` reads again."""
    rows = [{name: getattr(reply, name) for name in FIELDS} for reply in replies]
    return json.dumps({KEY: rows}, ensure_ascii=False, indent=1)


def read_file(body: bytes, owner: int) -> list[QuickReply]:
    """The replies of a file, all of them good, for this owner. Raises ImportRefused."""
    text = _decoded(body)
    rows = _of_json(text) if text.lstrip()[:1] in ("{", "[") else _of_table(text)
    if not rows:
        raise ImportRefused([ReplyError(ReplyFault.EMPTY_FILE)])
    if len(rows) > MAX_SHARED:
        raise ImportRefused([ReplyError(ReplyFault.TOO_MANY)])
    replies = [
        tidy(QuickReply(row["name"], row["text"], row["category"], row["language"], user_id=owner)) for row in rows
    ]
    checked = [(number, error_of(reply)) for number, reply in enumerate(replies, 1)]
    errors = [replace(error, row=number) for number, error in checked if error]
    if errors:
        raise ImportRefused(errors[:SHOWN_ERRORS])
    return replies


def _decoded(body: bytes) -> str:
    if len(body) > MAX_FILE:
        raise ImportRefused([ReplyError(ReplyFault.TOO_MANY)])
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportRefused([ReplyError(ReplyFault.NOT_A_FILE)])


def _of_json(text: str) -> list[dict[str, str]]:
    try:
        read: Any = json.loads(text)
        json.dumps(read, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # halves of letters too
        raise ImportRefused([ReplyError(ReplyFault.NOT_A_FILE)]) from error
    rows = read.get(KEY) if isinstance(read, dict) else read
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportRefused([ReplyError(ReplyFault.NO_COLUMNS)])
    return [_row(row) for row in rows]


def _of_table(text: str) -> list[dict[str, str]]:
    head = text.lstrip("\n\r").partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ImportRefused([ReplyError(ReplyFault.NOT_A_FILE)]) from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        return []
    columns = [_COLUMNS.get(cell.strip().casefold(), "") for cell in rows[0]]
    if not {"name", "text"} <= set(columns):
        raise ImportRefused([ReplyError(ReplyFault.NO_COLUMNS)])
    return [_row(dict(zip(columns, row, strict=False))) for row in rows[1:]]


def _row(given: Mapping[str, Any]) -> dict[str, str]:
    found = {name: given.get(name) for name in FIELDS}
    return {name: value if isinstance(value, str) else "" for name, value in found.items()}
