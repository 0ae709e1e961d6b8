"""Everything of one portal as plain values: what its owner may ask for, and how much a deletion
takes."""

import json
from base64 import b64encode
from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, Table, func, select

from widget.storage.schema import (
    card_fields,
    changes,
    chat_links,
    chats,
    client_names,
    filled_items,
    ignored,
    joined_chats,
    kept_files,
    line_health,
    lines,
    losses,
    messages,
    metadata,
    mirrors,
    portals,
    records,
    replies,
    reply_uses,
    scheduled,
    sends,
    staff,
    timelines,
    trail,
    usage,
    user_settings,
)
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.sends import steps_in

# Keys and tokens are used and never shown; a text is opened.
_SECRET = {"application_token", "key", "hook_key", "hook_secret"}
_TABLES: tuple[Table, ...] = (
    *(lines, line_health, chats, sends, trail, messages, usage, user_settings, staff, ignored, changes),
    *(mirrors, timelines, records, client_names, chat_links, joined_chats, losses, card_fields, filled_items),
    *(replies, reply_uses, scheduled, kept_files),
)


def export_portal(engine: Engine, secret_box: SecretBox, portal_id: int) -> dict[str, Any]:
    """The portal's settings, lines without keys, chats, sends and messages with their texts, users'
    defaults, counters and changes. Not what is only kept to answer sooner: presences.

    Reads the whole portal into memory, with one query a table. A text that no key opens is null.
    """
    with engine.connect() as connection:
        found = connection.execute(select(portals).where(portals.c.id == portal_id)).mappings().one()
        exported: dict[str, Any] = {"portal": _open(found)}
        for table in _TABLES:
            rows = connection.execute(
                select(table).where(table.c.portal_id == portal_id).order_by(*table.primary_key)
            ).mappings()
            exported[table.name] = [_open(row) for row in rows]
    for send in exported["sends"]:
        send["text"] = _text(secret_box, send["text"])
        send["steps"] = [asdict(step) for step in steps_in(send["steps"])]
    for sealed, name in (
        *(("ignored", "client"), ("client_names", "name"), ("filled_items", "values")),
        *(("replies", "text"), ("scheduled", "text")),
    ):
        for row in exported[sealed]:
            row[name] = _text(secret_box, row.pop("sealed"))
    for file in exported["kept_files"]:
        file["base64"] = _base64(secret_box, file.pop("sealed"))
    for message in exported["messages"]:
        message["body"] = json.loads(_text(secret_box, message["body"]) or "null")
    return exported


def count_rows(engine: Engine, portal_id: int) -> dict[str, int]:
    """How many rows of each table belong to the portal. One query a table."""
    with engine.connect() as connection:
        return {
            table.name: connection.execute(
                select(func.count()).select_from(table).where(table.c.portal_id == portal_id)
            ).scalar_one()
            for table in metadata.sorted_tables
            if "portal_id" in table.c
        }


def _open(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _SECRET}


def _text(secret_box: SecretBox, sealed: str) -> str | None:
    try:
        return secret_box.decrypt(sealed) if sealed else ""
    except DecryptionError:
        return None


def _base64(secret_box: SecretBox, sealed: str) -> str | None:
    try:
        return b64encode(secret_box.decrypt_bytes(sealed)).decode()
    except DecryptionError:
        return None
