"""Chats by what their gateway calls them: `chats.chat_ids` is a list, and each database has its own
index of lists.

PostgreSQL has one over an expression (migration 0018). SQLite has none: there triggers keep the
table `chat_names` (migration 0021), so that no writer has to know of it, not even code of the
version before.
"""

import json
from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, bindparam, column, literal_column, or_, select, table

from widget.storage.schema import chats

CHAT_NAMES = "string_to_array(chat_ids, '\"')"  # word for word as the index has it
_names = table("chat_names", column("line_id"), column("name"), column("chat_id"))


def called(
    dialect: str, line_ids: Collection[int] | Select[tuple[int]], chat_ids: Collection[str]
) -> ColumnElement[bool]:
    """The chats that have one of these ids. Of these lines in SQLite, which has them by line; its
    caller names them for PostgreSQL."""
    written = [json.dumps(chat_id) for chat_id in chat_ids]
    if dialect == "postgresql":
        names = bindparam("names", [each[1:-1] for each in written], type_=ARRAY(Text))
        return literal_column(CHAT_NAMES, ARRAY(Text)).bool_op("&&")(names)
    # SQLite reads a name up to its first NUL alone; the list itself decides.
    known = [chat_id.partition("\x00")[0] for chat_id in chat_ids]
    indexed = select(_names.c.chat_id).where(_names.c.line_id.in_(line_ids), _names.c.name.in_(known))
    exactly = or_(*(chats.c.chat_ids.contains(each, autoescape=True) for each in written))
    return and_(chats.c.id.in_(indexed), exactly)
