"""Sending texts and files, and typing."""

import mimetypes
import re
from base64 import b64decode
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway import faults
from sandbox.gateway.directory import CHAT_ID, chat_id_of
from sandbox.gateway.guards import fault_now, here
from sandbox.gateway.media import voice, voice_of
from sandbox.gateway.model import NO_CARD, SandboxCard, SandboxLine, SandboxMedia, SandboxPlace
from sandbox.gateway.previews import preview
from sandbox.gateway.state import NotOnWhatsApp
from sandbox.gateway.waha import asked, engines
from sandbox.gateway.waha.guards import counted, working
from sandbox.gateway.waha.refusals import exception, malformed, not_implemented

pages = Blueprint("sending", __name__, url_prefix="/api")

KINDS = {"sendFile": "document", "sendImage": "image", "sendVideo": "video", "sendVoice": "audio"}


@pages.post("/sendText")
@counted("sendText")
def send_text() -> ResponseReturnValue:
    wanted = asked.body()
    if not isinstance(wanted.get("linkPreview", True), bool):
        raise malformed("linkPreview must be a boolean value")
    text = asked.body_text(wanted, "text")
    answer = _send(wanted, text)
    preview(here().state, text, wanted.get("linkPreview"))
    return answer


@pages.post("/sendFile")
@counted("sendFile")
def send_file() -> ResponseReturnValue:
    return _send_media("sendFile")


@pages.post("/sendImage")
@counted("sendImage")
def send_image() -> ResponseReturnValue:
    return _send_media("sendImage")


@pages.post("/sendVideo")
@counted("sendVideo")
def send_video() -> ResponseReturnValue:
    return _send_media("sendVideo")


@pages.post("/sendVoice")
@counted("sendVoice")
def send_voice() -> ResponseReturnValue:
    return _send_media("sendVoice")


@pages.post("/sendLocation")
@counted("sendLocation")
def send_location() -> ResponseReturnValue:
    wanted = asked.body()
    title = asked.body_text(wanted, "title")
    place = SandboxPlace(asked.body_degrees(wanted, "latitude"), asked.body_degrees(wanted, "longitude"), title)
    return _send(wanted, "", card=SandboxCard(place))


@pages.post("/sendContactVcard")
@counted("sendContactVcard")
def send_contact() -> ResponseReturnValue:
    """WEBJS has none (devlikeapro/waha, core/engines/webjs: NotImplementedByEngineError)."""
    wanted = asked.body()
    contacts = wanted.get("contacts")
    first = contacts[0] if isinstance(contacts, list) and contacts else None
    vcard = first.get("vcard") if isinstance(first, dict) else None
    if not isinstance(vcard, str) or not vcard.startswith("BEGIN:VCARD"):
        raise malformed("contacts must be an array of vcards")
    if line_and_chat(wanted)[0].engine == "WEBJS":
        raise not_implemented("WEBJS")
    return _send(wanted, "", card=SandboxCard(vcard=vcard))


@pages.post("/startTyping")
@counted("typing")
def start_typing() -> ResponseReturnValue:
    line_and_chat(asked.body())
    here().state.heard("typing", 1)
    return jsonify({}), 201


@pages.post("/stopTyping")
@counted("typing")
def stop_typing() -> ResponseReturnValue:
    line_and_chat(asked.body())
    here().state.heard("typing", 1)
    return jsonify({}), 201


def line_and_chat(wanted: dict[str, Any]) -> tuple[SandboxLine, str]:
    session, chat_id = asked.body_text(wanted, "session"), chat_id_of(asked.body_text(wanted, "chatId"))
    if not CHAT_ID.fullmatch(chat_id):
        raise malformed("chatId must be a chat id")
    return working(session), chat_id


def _send(
    wanted: dict[str, Any], text: str, media: SandboxMedia | None = None, card: SandboxCard = NO_CARD
) -> ResponseReturnValue:
    line, chat_id = line_and_chat(wanted)
    own_id, reply_to = wanted.get("id") or "", wanted.get("reply_to") or ""
    if not isinstance(own_id, str) or not re.fullmatch("[0-9A-Za-z]{0,64}", own_id) or not isinstance(reply_to, str):
        raise malformed("id must be a string")
    fault = fault_now()
    stuck = faults.STUCK.get(fault.fault) if fault else None
    state = here().state
    try:
        with state.changed:
            _refuse_new_chat(line, chat_id)
            if not engines.takes_our_id(line, file=media is not None):
                own_id = ""
            message = state.send(
                line, chat_id, text, own_id=own_id, reply_to=reply_to, stuck=stuck, media=media, card=card
            )
            answer = engines.sent(line, message, chat_id, state.clock())
    except NotOnWhatsApp as error:
        raise exception(f"no LID found for {chat_id} from server") from error
    return jsonify(answer), 201


def _refuse_new_chat(line: SandboxLine, chat_id: str) -> None:
    """Chats that exist go on while WhatsApp lets the line start no new ones (devlikeapro/waha#1992,
    #2219)."""
    state = here().state
    if state.restricted(line) and not any(chat.messages for chat in state.chats(line, chat_id)):
        raise exception("server returned error 463")


def _send_media(name: str) -> ResponseReturnValue:
    wanted = asked.body()
    caption = wanted.get("caption") or ""
    if not isinstance(caption, str):
        raise malformed("caption must be a string")
    if KINDS[name] in ("audio", "video") and not isinstance(wanted.get("convert"), bool):
        raise malformed("convert must be a boolean value")
    media = _media(wanted.get("file"), KINDS[name])
    return _send(wanted, caption, _voice(media, convert=wanted["convert"]) if name == "sendVoice" else media)


def _voice(media: SandboxMedia, *, convert: bool) -> SandboxMedia:
    """Without a conversion it goes to WhatsApp as it is, under any type that came with it."""
    return voice(1) if convert else voice_of(media.content, media.mimetype)


def _media(file: Any, kind: str) -> SandboxMedia:
    """Only files that come in the body: the simulator fetches nothing."""
    if not isinstance(file, dict) or not isinstance(file.get("mimetype"), str) or not isinstance(file.get("data"), str):
        raise malformed("file must be an object with mimetype and data")
    try:
        content = b64decode(file["data"], validate=True)
    except ValueError as error:
        raise malformed("file.data must be base64") from error
    mimetype, name = file["mimetype"], str(file.get("filename") or "")
    guessed = mimetypes.guess_extension(mimetype.partition(";")[0].strip()) or ".bin"
    return SandboxMedia(kind, mimetype, guessed.lstrip("."), content, filename=name or None)
