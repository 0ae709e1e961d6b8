"""What is done to messages that are there: changing, taking back, reading receipts, their files."""

import time
from base64 import b64encode
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.evolution import refusals, wire
from sandbox.gateway.evolution.checks import look_up
from sandbox.gateway.evolution.guards import body, counted, line_of, open_line, wanted
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine, SandboxMessage

pages = Blueprint("evolution_messages", __name__, url_prefix="/chat")


@pages.post("/updateMessage/<instance>")
@counted("updateMessage")
def edit(instance: str) -> ResponseReturnValue:
    asked = wanted("number", "text", "key")
    message = _named(line_of(instance), asked["key"])
    if message is None or not message.from_me or message.media:
        raise refusals.refused(400, ["Message not compatible"])
    line = open_line(instance, refusals.refused(500, "Connection Closed"))
    here().state.edit(line, message, str(asked["text"]))
    here().state.heard("send", 1)
    return jsonify(wire.record(message, line, here().state.clock()))


@pages.delete("/deleteMessageForEveryone/<instance>")
@counted("deleteMessageForEveryone")
def delete(instance: str) -> ResponseReturnValue:
    asked, failed = wanted("id", "fromMe", "remoteJid"), "Error while deleting message for everyone"
    line = open_line(instance, refusals.refused(500, [failed, "Error: Connection Closed"]))
    message = _named(line, asked)
    if message is None:
        nothing = "TypeError: Cannot read properties of undefined (reading 'id')"
        raise refusals.refused(500, [failed, nothing])
    key = wire.key(message)
    here().state.revoke(line, message)
    here().state.heard("send", 1)
    return jsonify(
        key={**key, "id": f"{message.id[:20]}D"},
        message={"protocolMessage": {"key": key, "type": "REVOKE"}},
        messageTimestamp=str(int(here().state.clock())),
        status="PENDING",
    ), 201


@pages.post("/markMessageAsRead/<instance>")
@counted("markMessageAsRead")
def mark_read(instance: str) -> ResponseReturnValue:
    """Those under a LID are left out without a word."""
    keys = wanted("readMessages")["readMessages"]
    line = open_line(instance, refusals.refused(500, ["Read messages fail", "Error: Connection Closed"]))
    here().state.heard("receipt", 1)
    for key in keys:
        if str(key.get("remoteJid")).endswith("@s.whatsapp.net"):
            here().state.read_by_line(line, wire.home_of(key["remoteJid"]))
    return jsonify(message="Read messages", read="success"), 201


@pages.post("/sendPresence/<instance>")
@counted("sendPresence")
def type_something(instance: str) -> ResponseReturnValue:
    """Answers after `delay` (scaled with the sandbox's patience); asks WhatsApp about the number
    first."""
    asked = wanted("presence", "delay", "number")
    line = open_line(instance, refusals.refused(400, ["Error: Connection Closed"]))
    look_up(line, str(asked["number"]))
    here().state.heard("typing", 1)
    time.sleep(min(asked["delay"] / 1000, here().patience))
    return jsonify(presence=asked["presence"]), 201


@pages.post("/getBase64FromMediaMessage/<instance>")
@counted("getBase64FromMediaMessage")
def file_of(instance: str) -> ResponseReturnValue:
    message = _named(line_of(instance), _map(_map(body().get("message")).get("key")))
    if message is None:
        raise refusals.refused(400, ["Message not found"])
    media = message.media
    here().state.heard("media", 1)
    if media is None:
        raise refusals.refused(400, ["The message is not of the media type"])
    if media.lost:
        raise refusals.refused(400, ["AxiosError: Request failed with status code 410"])
    return jsonify(
        mediaType=f"{media.kind}Message",
        fileName=media.filename or f"{message.id}.{media.extension}",
        caption=message.text,
        size={"fileLength": str(len(media.content)), "height": media.height, "width": media.width},
        mimetype=media.mimetype,
        base64=b64encode(media.content).decode(),
        buffer=None,
    ), 201


def _named(line: SandboxLine, key: Any) -> SandboxMessage | None:
    """The message by its own id alone: the chat in the key is not looked at."""
    return here().state.find(line, str(_map(key).get("id")))


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
