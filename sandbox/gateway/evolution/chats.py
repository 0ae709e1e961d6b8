"""Chats and histories. All of it is read from Evolution's database, connected or not
(channel.service.ts)."""

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.evolution import wire
from sandbox.gateway.evolution.guards import body, counted, line_of
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine

pages = Blueprint("evolution_chats", __name__, url_prefix="/chat")
USUAL_PAGE = 50


@pages.post("/findChats/<instance>")
@counted("findChats")
def list_chats(instance: str) -> ResponseReturnValue:
    """Newest first; chats without messages are not there."""
    line, asked, state = line_of(instance), body(), here().state
    only = _map(asked.get("where")).get("remoteJid")
    skip, take = asked.get("skip") or 0, asked.get("take")
    with state.changed:
        chats = sorted((chat for chat in line.chats.values() if chat.messages), key=lambda chat: -chat.newest)
        rows = [wire.chat(chat, line, state.clock()) for chat in chats]
    rows = [row for row in rows if only in (None, row["remoteJid"])]
    return jsonify(rows[skip : skip + take] if take else rows[skip:])


@pages.post("/findMessages/<instance>")
@counted("findMessages")
def find_messages(instance: str) -> ResponseReturnValue:
    """`offset` is the size of a page; without a `where` the messages of every chat come."""
    line, asked, state = line_of(instance), body(), here().state
    size, page = asked.get("offset") or USUAL_PAGE, asked.get("page") or 1
    where = _map(asked.get("where"))
    with state.changed:
        both = not line.is_at_least(2, 3, 7)
        found = [record for record in _records(line, state.clock()) if _fits(record, where, both=both)]
    found.sort(key=lambda record: -record["messageTimestamp"])
    records = found[size * (page - 1) : size * page]
    pages_in_all = -(-len(found) // size)
    return jsonify(
        messages={"total": len(found), "pages": pages_in_all, "currentPage": page, "records": records},
    )


def _records(line: SandboxLine, now: float) -> list[dict[str, Any]]:
    """Newest first within each chat; reactions stand among the messages."""
    rows = []
    for chat in line.chats.values():
        for message in reversed(chat.messages):
            rows += [wire.reaction_record(message, one, line, message.at) for one in message.reactions]
            rows.append(wire.record(message, line, now))
    return rows


def _fits(record: dict[str, Any], where: dict[str, Any], *, both: bool) -> bool:
    """`fromMe: false` is ignored, and so is one bound of time without the other. The two ids are
    joined with «and» by 2.3.6, which finds 10 of 31 messages so, and with «or» by 2.3.7 (both
    seen)."""
    key, wanted = record["key"], _map(where.get("key"))
    if wanted.get("id") and wanted["id"] != key["id"]:
        return False
    if wanted.get("fromMe") and not key["fromMe"]:
        return False
    ids = [(name, wanted[name]) for name in ("remoteJid", "remoteJidAlt") if wanted.get(name)]
    if ids and not (all if both else any)(key.get(name) == one for name, one in ids):
        return False
    bounds = _map(where.get("messageTimestamp"))
    if not (bounds.get("gte") and bounds.get("lte")):
        return True
    return bool(_seconds(bounds["gte"]) <= record["messageTimestamp"] <= _seconds(bounds["lte"]))


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
