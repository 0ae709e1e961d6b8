"""Messages: the history of a chat by pages, and one message by its id."""

from collections.abc import Callable

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import chat_id_of
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage
from sandbox.gateway.waha import asked, wire
from sandbox.gateway.waha.guards import counted, keeping
from sandbox.gateway.waha.refusals import not_found

pages = Blueprint("messages", __name__, url_prefix="/api/<session>/chats/<chat_id>/messages")


@pages.get("")
@counted("messages")
def history(session: str, chat_id: str) -> ResponseReturnValue:
    """Newest first unless asked otherwise; within one second in the order of writing."""
    line = keeping(session)
    limit, offset = asked.number("limit"), asked.number("offset", 0)
    asked.choice("sortBy", ("timestamp", "messageTimestamp"))
    newest_first = asked.choice("sortOrder", ("desc", "asc")) == "desc"
    files, merge = asked.flag("downloadMedia", True), asked.flag("merge", True)
    state = here().state
    with state.changed:
        now = state.clock()
        found = list(filter(_filter(now), _messages(line, chat_id, merge=merge)))
        found.sort(key=lambda message: int(message.at))
        if newest_first:
            found.reverse()
        page = found[offset : offset + limit]
        _fetch_files(page if files else [])
        return jsonify([wire.wa_message(message, line, now, files=files) for message in page])


@pages.get("/<message_id>")
@counted("message")
def one_message(session: str, chat_id: str, message_id: str) -> ResponseReturnValue:
    line = keeping(session)
    files, merge = asked.flag("downloadMedia", True), asked.flag("merge", True)
    state = here().state
    with state.changed:
        for message in _messages(line, chat_id, merge=merge):
            if message.is_called(message_id):
                _fetch_files([message] if files else [])
                return jsonify(wire.wa_message(message, line, state.clock(), files=files))
    raise not_found("Message not found")


def _fetch_files(messages: list[SandboxMessage]) -> None:
    fetched = sum(message.media is not None for message in messages)
    if fetched:
        here().state.heard("media", fetched)


def _messages(line: SandboxLine, chat_id: str, *, merge: bool) -> list[SandboxMessage]:
    """`all` means every chat at once in these two engines (devlikeapro/waha-docs: how-to/chats)."""
    if chat_id == "all":
        return [message for chat in line.chats.values() for message in chat.messages]
    chats = here().state.chats(line, chat_id_of(chat_id), merge=merge)
    return [message for chat in chats for message in chat.messages]


def _filter(now: float) -> Callable[[SandboxMessage], bool]:
    """Which messages the query asks for; it is read once, not for each message."""
    latest, earliest = (
        asked.number(name) if (name := f"filter.timestamp.{end}") in request.args else None for end in ("lte", "gte")
    )
    ours = asked.flag("filter.fromMe", True) if "filter.fromMe" in request.args else None
    names = tuple(SandboxAck.__members__)
    ack = asked.choice("filter.ack", names) if "filter.ack" in request.args else None

    def wanted(message: SandboxMessage) -> bool:
        return (
            (latest is None or int(message.at) <= latest)
            and (earliest is None or int(message.at) >= earliest)
            and (ours is None or message.from_me == ours)
            and (ack is None or message.ack(now).name == ack)
        )

    return wanted
