"""What is done to messages that exist: edited, taken back, reacted to, read."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import chat_id_of
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine, SandboxMessage, SandboxReaction
from sandbox.gateway.raw import web_message_info
from sandbox.gateway.waha import asked
from sandbox.gateway.waha.guards import counted, working
from sandbox.gateway.waha.refusals import exception, not_found
from sandbox.gateway.waha.sending import line_and_chat

pages = Blueprint("changing", __name__, url_prefix="/api")


@pages.put("/<session>/chats/<chat_id>/messages/<message_id>")
@counted("edit")
def edit(session: str, chat_id: str, message_id: str) -> ResponseReturnValue:
    text = asked.body_text(asked.body(), "text")
    line = working(session)
    message = _ours(line, chat_id, message_id)
    here().state.edit(line, message, text)
    here().state.heard("send", 1)
    return jsonify(id=message.full_id, _data=web_message_info(message, "", here().state.clock()))


@pages.delete("/<session>/chats/<chat_id>/messages/<message_id>")
@counted("delete")
def delete(session: str, chat_id: str, message_id: str) -> ResponseReturnValue:
    line = working(session)
    message = _ours(line, chat_id, message_id)
    here().state.revoke(line, message)
    here().state.heard("send", 1)
    return jsonify(id=message.full_id, _data=web_message_info(message, "", here().state.clock()))


@pages.put("/reaction")
@counted("reaction")
def react() -> ResponseReturnValue:
    wanted = asked.body()
    name, emoji = asked.body_text(wanted, "messageId"), wanted.get("reaction")
    line = working(asked.body_text(wanted, "session"))
    message = here().state.find(line, name)
    if message is None:
        raise not_found("Message not found")
    here().state.react(line, message, SandboxReaction(True, str(emoji or "")))
    here().state.heard("send", 1)
    return jsonify(id=f"true_{message.chat_id}_{message.id}")


@pages.post("/sendSeen")
@counted("sendSeen")
def send_seen() -> ResponseReturnValue:
    """The named messages, or all of the chat."""
    wanted = asked.body()
    line, chat_id = line_and_chat(wanted)
    names = wanted.get("messageIds") or []
    here().state.heard("receipt", 1)
    here().state.read_by_line(line, chat_id, [str(name) for name in names] if isinstance(names, list) else [])
    return jsonify({}), 201


@pages.post("/<session>/chats/<chat_id>/messages/read")
@counted("read")
def read_chat(session: str, chat_id: str) -> ResponseReturnValue:
    """The newest unread ones; the answer names them."""
    newest = asked.number("messages", 30)
    line = working(session)
    state = here().state
    with state.changed:
        chats = state.chats(line, chat_id_of(chat_id))
        unread = [m for chat in chats for m in chat.messages if not m.from_me and not m.seen]
        ids = [message.full_id for message in unread[-newest:]] if newest else []
        if ids:
            state.read_by_line(line, chat_id, ids)
    return jsonify(ids=ids), 201


def _ours(line: SandboxLine, chat_id: str, name: str) -> SandboxMessage:
    """The line's own message of this name. Raises Refusal for a client's: WhatsApp lets only its
    author change one."""
    message = here().state.find(line, name, chat_id_of(chat_id))
    if message is None:
        raise not_found("Message not found")
    if not message.from_me:
        raise exception("not-authorized")
    return message
