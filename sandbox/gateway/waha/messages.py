"""Messages: the history of a chat by pages, and one message by its id."""

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
    world = here().world
    with world.changed:
        now = world.clock()
        found = [message for message in _messages(line, chat_id, merge=merge) if _wanted(message, now)]
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
    world = here().world
    with world.changed:
        for message in _messages(line, chat_id, merge=merge):
            if message.is_called(message_id):
                _fetch_files([message] if files else [])
                return jsonify(wire.wa_message(message, line, world.clock(), files=files))
    raise not_found("Message not found")


def _fetch_files(messages: list[SandboxMessage]) -> None:
    fetched = sum(message.media is not None for message in messages)
    if fetched:
        here().world.heard("media", fetched)


def _messages(line: SandboxLine, chat_id: str, *, merge: bool) -> list[SandboxMessage]:
    """`all` means every chat at once in these two engines (devlikeapro/waha-docs: how-to/chats)."""
    if chat_id == "all":
        return [message for chat in line.chats.values() for message in chat.messages]
    chats = here().world.chats(line, chat_id_of(chat_id), merge=merge)
    return [message for chat in chats for message in chat.messages]


def _wanted(message: SandboxMessage, now: float) -> bool:
    at = int(message.at)
    if "filter.timestamp.lte" in request.args and at > asked.number("filter.timestamp.lte"):
        return False
    if "filter.timestamp.gte" in request.args and at < asked.number("filter.timestamp.gte"):
        return False
    if message.from_me != asked.flag("filter.fromMe", message.from_me):
        return False
    ack = message.ack(now).name
    return asked.choice("filter.ack", (ack, *SandboxAck.__members__)) == ack
