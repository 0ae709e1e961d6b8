"""Sending text, and what a person does around it: reading and typing."""

import re

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway import asked, faults
from sandbox.gateway.directory import CHAT_ID, chat_id_of
from sandbox.gateway.door import counted, fault_now, here, working
from sandbox.gateway.model import Line
from sandbox.gateway.raw import web_message_info
from sandbox.gateway.refusals import exception, malformed
from sandbox.gateway.world import NotOnWhatsApp

pages = Blueprint("sending", __name__, url_prefix="/api")


@pages.post("/sendText")
@counted("sendText")
def send_text() -> ResponseReturnValue:
    """Both engines answer with the id and the raw message alone, not with a whole WAMessage."""
    wanted = asked.body()
    text = asked.body_text(wanted, "text")
    line, chat_id = _line_and_chat(wanted)
    own_id, reply_to = wanted.get("id") or "", wanted.get("reply_to") or ""
    if not isinstance(own_id, str) or not re.fullmatch("[0-9A-Za-z]{0,64}", own_id) or not isinstance(reply_to, str):
        raise malformed("id must be a string")
    fault = fault_now()
    stuck = faults.STUCK.get(fault.fault) if fault else None
    world = here().world
    try:
        with world.changed:
            message = world.send(line, chat_id, text, own_id=own_id, reply_to=reply_to, stuck=stuck)
            data = web_message_info(message, "", world.clock())
    except NotOnWhatsApp as error:
        raise exception(f"no LID found for {chat_id} from server") from error
    return jsonify(id=f"true_{chat_id}_{message.id}", _data=data), 201


@pages.post("/sendSeen")
@counted("sendSeen")
def send_seen() -> ResponseReturnValue:
    line, chat_id = _line_and_chat(asked.body())
    here().world.read_by_line(line, chat_id)
    return jsonify({}), 201


@pages.post("/startTyping")
@counted("typing")
def start_typing() -> ResponseReturnValue:
    _line_and_chat(asked.body())
    return jsonify({}), 201


@pages.post("/stopTyping")
@counted("typing")
def stop_typing() -> ResponseReturnValue:
    _line_and_chat(asked.body())
    return jsonify({}), 201


def _line_and_chat(wanted: dict[str, object]) -> tuple[Line, str]:
    session, chat_id = asked.body_text(wanted, "session"), chat_id_of(asked.body_text(wanted, "chatId"))
    if not CHAT_ID.fullmatch(chat_id):
        raise malformed("chatId must be a chat id")
    return working(session), chat_id
