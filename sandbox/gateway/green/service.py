"""What asks or tells WhatsApp something beside sending: checks, receipts, typing, and changes of
messages."""

import re

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import client_of, dialled, digits, phone_id
from sandbox.gateway.green import refusals
from sandbox.gateway.green.guards import body, method, need_authorized, text
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine, SandboxMessage, SandboxReaction

pages = Blueprint("green_service", __name__, url_prefix="/waInstance<instance>")


@pages.post("/checkWhatsapp/<token>")
@method("checkWhatsapp")
def check(line: SandboxLine) -> ResponseReturnValue:
    """A North American number with zeros after its 1 always seems to be there, as on the real thing
    (the quirks)."""
    wanted = body()
    asked = str(wanted.get("chatId") or wanted.get("phoneNumber") or "")
    number = asked.removesuffix("@c.us")
    client = client_of(asked) if asked.endswith("@lid") else None
    if not asked.endswith("@lid"):
        if not re.fullmatch(r"\d{11,16}", number):
            raise refusals.bad_request("bad phone number, valid from 11 to 16 digits")
        client = dialled(number)
    need_authorized(line)
    here().state.heard("check", 1)
    if number.startswith("10"):
        return jsonify(existsWhatsapp=True)
    if client is None or not client.on_whatsapp:
        return jsonify(existsWhatsapp=False)
    spelled = digits(phone_id(client).partition("@")[0])
    return jsonify(
        existsWhatsapp=True,
        chatId=client.lid or phone_id(client),
        phoneNumber=int(spelled) if spelled else None,
        fromCache=False,
    )


@pages.post("/readChat/<token>")
@method("readChat")
def read_chat(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    chat_id, message_id = text(wanted, "chatId"), wanted.get("idMessage")
    need_authorized(line)
    here().state.heard("receipt", 1)
    if message_id:
        _message(line, chat_id, str(message_id)).seen = True
    else:
        here().state.read_by_line(line, chat_id)
    return jsonify(setRead=True)


@pages.post("/sendTyping/<token>")
@method("sendTyping")
def type_for_a_while(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    text(wanted, "chatId")
    need_authorized(line)
    how_long = wanted.get("typingTime", 1000)
    if not isinstance(how_long, int) or not 1000 <= how_long <= 20_000:
        raise refusals.bad_request("Validation failed 'typingTime' must be between 1000 and 20000")
    here().state.heard("typing", 1)
    return Response()


@pages.post("/editMessage/<token>")
@method("editMessage")
def edit(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    message = _own(line, wanted)
    here().state.edit(line, message, text(wanted, "message"))
    here().state.heard("send", 1)
    return jsonify(idMessage=message.id)


@pages.post("/deleteMessage/<token>")
@method("deleteMessage")
def delete(line: SandboxLine) -> ResponseReturnValue:
    """The answer's body is empty."""
    here().state.revoke(line, _own(line, body()))
    here().state.heard("send", 1)
    return Response()


@pages.post("/sendReaction/<token>")
@method("sendReaction")
def react(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    need_authorized(line)
    message = _message(line, text(wanted, "chatId"), text(wanted, "idMessage"))
    here().state.react(line, message, SandboxReaction(True, str(wanted.get("reaction") or "")))
    here().state.heard("send", 1)
    return jsonify(idMessage=message.id)


def _own(line: SandboxLine, wanted: dict[str, object]) -> SandboxMessage:
    need_authorized(line)
    message = _message(line, text(wanted, "chatId"), text(wanted, "idMessage"))
    if not message.from_me:
        raise refusals.bad_request("Validation failed. Details: only outgoing messages can be changed")
    return message


def _message(line: SandboxLine, chat_id: str, message_id: str) -> SandboxMessage:
    found = here().state.find(line, message_id, chat_id)
    if found is None:
        raise refusals.bad_request(f"Message not found by chatId {chat_id} and idMessage {message_id}")
    return found
