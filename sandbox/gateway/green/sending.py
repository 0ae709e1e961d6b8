"""Sending: each well-formed message is accepted into the queue, and answered with its id."""

import mimetypes
from dataclasses import replace
from pathlib import PurePath

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import CHAT_ID
from sandbox.gateway.faults import STUCK
from sandbox.gateway.green import notices, queue, refusals
from sandbox.gateway.green.guards import body, method, text
from sandbox.gateway.guards import fault_now, here
from sandbox.gateway.media import opus, voice_of
from sandbox.gateway.model import SandboxAck, SandboxCard, SandboxLine, SandboxMedia, SandboxPlace
from sandbox.gateway.previews import preview

pages = Blueprint("green_sending", __name__, url_prefix="/waInstance<instance>")

MAX_TEXT = 20_000
OGG = ("ogg", "oga", "opus")
NAMES = ("firstName", "middleName", "lastName", "company")


@pages.post("/sendMessage/<token>")
@method("sendMessage")
def send_message(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    chat_id, words = _chat(text(wanted, "chatId")), text(wanted, "message")
    if len(words) > MAX_TEXT:
        raise refusals.bad_request("Validation failed. Details: 'message' length must be less than 20000 characters")
    reply_to = str(wanted.get("quotedMessageId") or "")
    preview(here().state, words, wanted.get("linkPreview"))
    message_id = queue.take(here().state, line, chat_id, words, reply_to=reply_to, stuck=_stuck())
    _say_yellow(line, chat_id, message_id)
    return jsonify(idMessage=message_id)


@pages.post("/sendLocation/<token>")
@method("sendLocation")
def send_location(line: SandboxLine) -> ResponseReturnValue:
    wanted = body()
    chat_id = _chat(text(wanted, "chatId"))
    latitude, longitude = wanted.get("latitude"), wanted.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise refusals.bad_request("Validation failed. Details: 'latitude' and 'longitude' must be numbers")
    named = str(wanted.get("nameLocation") or ""), str(wanted.get("address") or "")
    return _queued(line, chat_id, wanted, SandboxCard(SandboxPlace(latitude, longitude, *named)))


@pages.post("/sendContact/<token>")
@method("sendContact")
def send_contact(line: SandboxLine) -> ResponseReturnValue:
    """«phoneContact: integer, international format, 11 or 12 digits»; a newer page says 16."""
    wanted = body()
    chat_id, contact = _chat(text(wanted, "chatId")), wanted.get("contact")
    told = contact if isinstance(contact, dict) else {}
    phone, name = told.get("phoneContact"), " ".join(str(told[part]) for part in NAMES if told.get(part))
    if not isinstance(phone, int) or not 11 <= len(str(phone)) <= 16 or not name:
        raise refusals.bad_request("Validation failed. Details: 'contact' must have a phoneContact and a name")
    vcard = f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL;waid={phone}:+{phone}\nEND:VCARD"
    return _queued(line, chat_id, wanted, SandboxCard(vcard=vcard))


@pages.post("/sendFileByUpload/<token>")
@method("sendFileByUpload")
def send_file(line: SandboxLine) -> ResponseReturnValue:
    """How a file is sent follows from its extension: all sound as a voice message, which has no
    words (…/sending/SendFileByUpload; green-api/issues#550)."""
    fields, uploaded = request.form.to_dict(), request.files.get("file")
    chat_id = _chat(text({**fields}, "chatId"))
    name = fields.get("fileName") or (uploaded.filename if uploaded else "") or ""
    if uploaded is None or not PurePath(name).suffix:
        raise refusals.bad_request("Validation failed. Details: 'file' and its extension are required")
    media = _media(name, uploaded.read())
    message_id = queue.take(
        here().state,
        line,
        chat_id,
        "" if media.voice else fields.get("caption", ""),
        media=media,
        reply_to=fields.get("quotedMessageId", ""),
        stuck=_stuck(),
    )
    _say_yellow(line, chat_id, message_id)
    return jsonify(
        idMessage=message_id, urlFile=f"{request.host_url}download/{line.name}/{message_id}.{media.extension}"
    )


def _media(name: str, content: bytes) -> SandboxMedia:
    extension = PurePath(name).suffix[1:].lower()
    if extension in OGG:
        return replace(voice_of(content, opus.MIMETYPE), extension=extension)
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = mimetype.partition("/")[0]
    known = kind if kind in ("image", "video", "audio") else "document"
    return SandboxMedia(known, mimetype, extension, content=content, filename=name, voice=kind == "audio")


def _queued(line: SandboxLine, chat_id: str, wanted: dict[str, object], card: SandboxCard) -> ResponseReturnValue:
    reply_to = str(wanted.get("quotedMessageId") or "")
    message_id = queue.take(here().state, line, chat_id, "", card=card, reply_to=reply_to, stuck=_stuck())
    _say_yellow(line, chat_id, message_id)
    return jsonify(idMessage=message_id)


def _chat(chat_id: str) -> str:
    if not CHAT_ID.fullmatch(chat_id):
        raise refusals.bad_request("Validation failed. Details: 'chatId' must be a chat id")
    return chat_id


def _say_yellow(line: SandboxLine, chat_id: str, message_id: str) -> None:
    if line.yellow:
        notices.report_yellow(line, chat_id, message_id, here().state.clock(), here().postman)


def _stuck() -> SandboxAck | None:
    fault = fault_now()
    return STUCK.get(fault.fault) if fault else None
