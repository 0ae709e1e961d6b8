"""Journals: what was written, newest first. They answer in every state of the account."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.green import queue, refusals, wire
from sandbox.gateway.green.guards import body, method, text
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine, SandboxMessage

pages = Blueprint("green_journals", __name__, url_prefix="/waInstance<instance>")

A_DAY = 1440  # minutes


@pages.post("/getChatHistory/<token>")
@method("getChatHistory")
def history(line: SandboxLine) -> ResponseReturnValue:
    """One chat under one id: the half that is stored under the other id is another chat."""
    wanted = body()
    chat_id, count = text(wanted, "chatId"), wanted.get("count", 100)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise refusals.bad_request("Validation failed. Details: 'count' must be a positive number")
    with here().state.changed:
        chat = line.chats.get(chat_id)
        items = wire.journal(
            [*(chat.messages if chat else ()), *queue.waiting(line, chat_id, _now())], origin(), line, _now()
        )
    return jsonify(items[:count])


@pages.post("/getMessage/<token>")
@method("getMessage")
def one_message(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    chat_id, message_id = text(wanted, "chatId"), text(wanted, "idMessage")
    with here().state.changed:
        queued = [message for message in queue.waiting(line, chat_id, _now()) if message.id == message_id]
        message = here().state.find(line, message_id, chat_id) or next(iter(queued), None)
        if message is None:
            raise refusals.bad_request(f"Message not found by chatId {chat_id} and idMessage {message_id}")
        return jsonify(wire.item(message, origin(), line, _now()))


@pages.get("/lastIncomingMessages/<token>")
@method("lastIncomingMessages")
def last_incoming(line: SandboxLine) -> ResponseReturnValue:
    return jsonify(_last(line, from_me=False))


@pages.get("/lastOutgoingMessages/<token>")
@method("lastOutgoingMessages")
def last_outgoing(line: SandboxLine) -> ResponseReturnValue:
    return jsonify(_last(line, from_me=True))


def _last(line: SandboxLine, *, from_me: bool) -> list[dict[str, object]]:
    since = _now() - 60 * int(request.args.get("minutes", A_DAY))
    with here().state.changed:
        messages: list[SandboxMessage] = [message for chat in line.chats.values() for message in chat.messages]
        recent = [message for message in messages if message.from_me == from_me and message.at >= since]
        return wire.journal(recent, origin(), line, _now())


def origin() -> str:
    return request.host_url.rstrip("/")


def _now() -> float:
    return here().state.clock()
