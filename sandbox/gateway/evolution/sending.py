"""Sending. Each send asks WhatsApp about the number first, and makes the message's id itself."""

from base64 import b64decode
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway import faults
from sandbox.gateway.evolution import refusals, wire
from sandbox.gateway.evolution.checks import look_up
from sandbox.gateway.evolution.guards import counted, fault_now, open_line, wanted
from sandbox.gateway.guards import here
from sandbox.gateway.media import opus, voice_of
from sandbox.gateway.model import (
    NO_CARD,
    SandboxAck,
    SandboxCard,
    SandboxLine,
    SandboxMedia,
    SandboxPlace,
    SandboxReaction,
)
from sandbox.gateway.previews import preview
from sandbox.gateway.state import NotOnWhatsApp

pages = Blueprint("evolution_sending", __name__, url_prefix="/message")
SOUNDS = (b"OggS", b"\x1aE\xdf\xa3", b"RIFF", b"ID3", b"\xff\xfb")
NEVER_CONNECTED = "Cannot read properties of undefined (reading 'onWhatsApp')"


@pages.post("/sendText/<instance>")
@counted("sendText")
def send_text(instance: str) -> ResponseReturnValue:
    asked = wanted("number", "text")
    answer = _send(instance, asked, str(asked["text"]))
    preview(here().state, str(asked["text"]), asked.get("linkPreview"))
    return answer


@pages.post("/sendMedia/<instance>")
@counted("sendMedia")
def send_media(instance: str) -> ResponseReturnValue:
    asked = wanted("number", "mediatype", "media")
    kind, name = str(asked["mediatype"]), str(asked.get("fileName") or "")
    mimetype = str(asked.get("mimetype") or "application/octet-stream")
    extension = name.rpartition(".")[2] or "bin"
    media = SandboxMedia(kind, mimetype, extension, content=_decoded(asked["media"]), filename=name or None)
    return _send(instance, asked, str(asked.get("caption") or ""), media)


@pages.post("/sendWhatsAppAudio/<instance>")
@counted("sendWhatsAppAudio")
def send_voice(instance: str) -> ResponseReturnValue:
    """It runs its own ffmpeg over the sound unless `encoding` is false, and calls either Ogg Opus.
    An answer by voice loses what it answers: `quoted` is not passed on
    (whatsapp.baileys.service.ts, audioWhatsapp, up to 2025)."""
    asked = wanted("number", "audio")
    content = _decoded(asked["audio"])
    if asked.get("encoding") is not False and not opus.channels(content):
        content = _as_ffmpeg_makes_it(content)
    asked.pop("quoted", None)
    return _send(instance, asked, "", voice_of(content, opus.MIMETYPE))


@pages.post("/sendLocation/<instance>")
@counted("sendLocation")
def send_location(instance: str) -> ResponseReturnValue:
    asked = wanted("number", "latitude", "longitude", "name", "address")
    for name in ("latitude", "longitude"):
        if not isinstance(asked[name], int | float):
            raise refusals.against_schema(f"{name} is not of a type(s) number")
    place = SandboxPlace(asked["latitude"], asked["longitude"], str(asked["name"]), str(asked["address"]))
    return _send(instance, asked, "", card=SandboxCard(place))


@pages.post("/sendContact/<instance>")
@counted("sendContact")
def send_contact(instance: str) -> ResponseReturnValue:
    """It writes the vCard itself (whatsapp.baileys.service.ts, contactMessage)."""
    asked = wanted("number", "contact")
    contact = asked["contact"][0] if isinstance(asked["contact"], list) and asked["contact"] else {}
    name, phone = contact.get("fullName"), contact.get("phoneNumber")
    if not name or not isinstance(phone, str) or len(phone) < 10:
        raise refusals.against_schema('"fullName" and "phoneNumber" are required', "phoneNumber is too short")
    firm = f"ORG:{contact['organization']};\n" if contact.get("organization") else ""
    number = f"item1.TEL;waid={contact.get('wuid') or phone}:{phone}\nitem1.X-ABLabel:Celular\n"
    vcard = f"BEGIN:VCARD\nVERSION:3.0\nN:{name}\nFN:{name}\n{firm}{number}END:VCARD"
    return _send(instance, asked, "", card=SandboxCard(vcard=vcard))


@pages.post("/sendReaction/<instance>")
@counted("sendReaction")
def react(instance: str) -> ResponseReturnValue:
    asked = wanted("key", "reaction")
    line, state = _open(instance), here().state
    reaction = SandboxReaction(True, str(asked["reaction"]))
    message = state.find(line, str(asked["key"].get("id")))
    if message is None:
        raise refusals.refused(400, ["Message not found"])
    state.react(line, message, reaction)
    state.heard("send", 1)
    return jsonify(wire.reaction_record(message, reaction, line, state.clock()) | {"status": "PENDING"}), 201


def _send(
    instance: str,
    asked: dict[str, Any],
    text: str,
    media: SandboxMedia | None = None,
    card: SandboxCard = NO_CARD,
) -> ResponseReturnValue:
    line, state = _open(instance), here().state
    number = str(asked["number"])
    found = look_up(line, number)
    if not found["exists"]:
        raise refusals.refused(400, [{"jid": found["jid"], "exists": False, "number": number}])
    quoted = str(((asked.get("quoted") or {}).get("key") or {}).get("id") or "")
    try:
        with state.changed:
            chat_id = wire.home_of(found["jid"])
            stuck = _stuck() or (SandboxAck.ERROR if _starts_forbidden_chat(line, chat_id) else None)
            message = state.send(line, chat_id, text, reply_to=quoted, stuck=stuck, media=media, card=card)
            answer = wire.record(message, line, state.clock())
    except NotOnWhatsApp:
        raise refusals.refused(400, [{"jid": number, "exists": False, "number": number}]) from None
    answer.pop("MessageUpdate")
    return jsonify(answer | {"status": "PENDING"}), 201


def _open(instance: str) -> SandboxLine:
    closed, never = refusals.refused(500, "Connection Closed"), refusals.refused(500, NEVER_CONNECTED)
    return open_line(instance, closed, never)


def _stuck() -> SandboxAck | None:
    """A number that may start no new chats: the message is taken, and gets the status ERROR a
    moment later."""
    fault = fault_now()
    if fault is None:
        return None
    return SandboxAck.ERROR if fault.fault == "error_463" else faults.STUCK.get(fault.fault)


def _starts_forbidden_chat(line: SandboxLine, chat_id: str) -> bool:
    restricted = line.capped or line.restricted_until > here().state.clock()
    return restricted and not any(chat.messages for chat in here().state.chats(line, chat_id))


def _as_ffmpeg_makes_it(content: bytes) -> bytes:
    """A second of voice for what looks like sound: the simulator has no codec."""
    if not content.startswith(SOUNDS) and content[4:8] != b"ftyp":
        raise refusals.refused(500, ["Error: ffmpeg exited with code 1: Invalid data found when processing input"])
    return opus.silence(1)


def _decoded(said: Any) -> bytes:
    try:
        return b64decode(str(said), validate=True)
    except ValueError:
        raise refusals.refused(400, ["Owned media must be a url or base64"]) from None
