"""Chats: the list, and the overview with the last message of each."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import chat_id_of
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxChat, SandboxLine
from sandbox.gateway.waha import asked, wire
from sandbox.gateway.waha.guards import counted, keeping
from sandbox.gateway.waha.refusals import malformed

pages = Blueprint("chats", __name__, url_prefix="/api/<session>/chats")


@pages.get("")
@counted("chats")
def list_chats(session: str) -> ResponseReturnValue:
    line = keeping(session)
    order = asked.choice("sortBy", ("conversationTimestamp", "id", "name"))
    backwards = asked.choice("sortOrder", ("desc", "asc")) == "desc"
    limit, offset = asked.number("limit", 1_000_000), asked.number("offset", 0)
    with here().state.changed:
        rows = [wire.listed_chat(chat, line) for chat in line.chats.values()]
    rows.sort(key=lambda row: row.get(order) or 0, reverse=backwards)
    return jsonify(rows[offset : offset + limit])


@pages.get("/overview")
@counted("overview")
def overview(session: str) -> ResponseReturnValue:
    line = keeping(session)
    ids = [one for several in request.args.getlist("ids") for one in several.split(",") if one]
    limit, offset = asked.number("limit", 20), asked.number("offset", 0)
    return jsonify(_overview(line, ids, limit, offset, merge=asked.flag("merge", True)))


@pages.post("/overview")
@counted("overview")
def overview_of_many(session: str) -> ResponseReturnValue:
    """For more ids than an address can hold."""
    line, wanted = keeping(session), asked.body()
    page, ids = wanted.get("pagination"), (wanted.get("filter") or {}).get("ids") or []
    if not isinstance(page, dict) or not isinstance(ids, list):
        raise malformed("pagination should not be null or undefined")
    limit, offset = asked.body_number(page, "limit", 20), asked.body_number(page, "offset", 0)
    found = _overview(line, [str(one) for one in ids], limit, offset, merge=page.get("merge", True) is not False)
    return jsonify(found), 201


def _overview(line: SandboxLine, ids: list[str], limit: int, offset: int, *, merge: bool) -> list[dict[str, object]]:
    state = here().state
    with state.changed:
        chats: list[SandboxChat] = list(line.chats.values())
        if ids:
            named = [chat for one in ids for chat in state.chats(line, chat_id_of(one), merge=merge)]
            chats = list({chat.id: chat for chat in named}.values())
        chats.sort(key=lambda chat: chat.newest, reverse=True)
        shown = chats[offset : offset + limit]
        _ask_for_pictures(line, shown)
        return [wire.overview(chat, line, state.clock()) for chat in shown]


def _ask_for_pictures(line: SandboxLine, chats: list[SandboxChat]) -> None:
    """Seen on WAHA 2026.2.1: an overview asks WhatsApp for every picture that it does not remember,
    all at once; it remembers them for a day, and no longer than the session runs."""
    new = {chat.id for chat in chats} - line.pictured
    line.pictured |= new
    if new:
        here().state.heard("picture", len(new))
