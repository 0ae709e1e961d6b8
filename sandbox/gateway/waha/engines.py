"""WAHA's engines: what each keeps of a message (`_data`), and how each answers a send.

NOWEB keeps Baileys' record (raw.py), GOWS whatsmeow's (tulir/whatsmeow: types/message.go; the
fields of a message are those of waE2E), WEBJS the one of WhatsApp's own page
(wwebjs/whatsapp-web.js: src/structures/Message.js).
"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from sandbox.gateway.directory import client_of, seen_phone_id
from sandbox.gateway.model import SandboxLine, SandboxMedia, SandboxMessage
from sandbox.gateway.raw import content_of, jid, web_message_info

ENGINES = ("NOWEB", "GOWS", "WEBJS")
TAKES_IDS = (2026, 4, 3)  # the first version that takes ids of ours (devlikeapro/waha-docs: overview/changelog)
EDITED, REVOKED = "1", "7"  # whatsmeow: types.EditAttribute


def takes_our_id(line: SandboxLine, *, file: bool) -> bool:
    if not line.is_at_least(*TAKES_IDS):
        return False
    return line.engine == "GOWS" or (line.engine == "NOWEB" and not file)


def sent(line: SandboxLine, message: SandboxMessage, chat_id: str, now: float) -> dict[str, Any]:
    """The answer to a send: of NOWEB its own record, with WAHA's id beside it only for a text and
    since 2026.4.3; of WEBJS an id that is an object, and an ack that says that WhatsApp has not
    answered yet."""
    full_id = f"true_{chat_id}_{message.id}"
    if line.engine == "WEBJS":
        named = _webjs_id(message, full_id)
        return {"_data": {"id": named, "ack": 0}, "id": named, "ack": 0, "body": message.text, "fromMe": True}
    if line.engine == "GOWS":
        return {"id": full_id, "_data": raw_of(line, message, now)}
    raw = {**raw_of(line, message, now), "status": "PENDING"}
    return {"id": full_id, "_data": raw} if takes_our_id(line, file=message.media is not None) else raw


def raw_of(line: SandboxLine, message: SandboxMessage, now: float) -> dict[str, Any]:
    if line.engine == "GOWS":
        return _whatsmeow(message, line)
    if line.engine == "WEBJS":
        return _webjs(message, line, now)
    return web_message_info(message, name_of(message), now)


def name_of(message: SandboxMessage) -> str:
    client = client_of(message.chat_id)
    return client.name if client else ""


def _whatsmeow(message: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    edit = REVOKED if message.revoked else EDITED if message.edited else ""
    client = client_of(message.chat_id)
    other = jid(seen_phone_id(client, line)) if message.chat_id.endswith("@lid") else ""
    by = jid(line.chat_id) if message.from_me else jid(message.chat_id)
    info = {
        "Chat": jid(message.chat_id),
        "Sender": by,
        "SenderAlt": "" if message.from_me else other,
        "RecipientAlt": other if message.from_me else "",
        "IsFromMe": message.from_me,
        "IsGroup": message.chat_id.endswith("@g.us"),
        "ID": message.id,
        "Type": "media" if message.media else "text",
        "PushName": line.title if message.from_me else name_of(message),
        "Timestamp": datetime.fromtimestamp(int(message.at), UTC).isoformat().replace("+00:00", "Z"),
        "MediaType": message.media.kind if message.media else "",
        "Edit": edit,
    }
    content = None if message.revoked else {name: _go(part) for name, part in content_of(message).items()}
    found: dict[str, Any] = {"Info": info, "Message": content, "IsEdit": message.edited}
    if message.reactions:
        found["reactions"] = [{"key": {"fromMe": one.from_me}, "text": one.text} for one in message.reactions]
    return found


def _go(part: Any) -> Any:
    """Go's names and numbers where they differ from those of Baileys."""
    if not isinstance(part, dict):
        return part
    names = {"jpegThumbnail": "JPEGThumbnail", "ptt": "PTT", "stanzaId": "stanzaID"}
    numbers = ("fileLength",)
    return {names.get(name, name): int(value) if name in numbers else _go(value) for name, value in part.items()}


def _webjs(message: SandboxMessage, line: SandboxLine, now: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": _webjs_id(message, message.full_id),
        "type": "revoked" if message.revoked else "chat",
        "body": message.text,
        "t": int(message.at),
        "from": line.chat_id if message.from_me else message.chat_id,
        "to": message.chat_id if message.from_me else line.chat_id,
        "ack": int(message.ack(now)),
    }
    if message.edited:
        found["latestEditSenderTimestampMs"] = int(message.at * 1000)
    if message.reactions:
        found["reactions"] = [{"key": {"fromMe": one.from_me}, "text": one.text} for one in message.reactions]
    return found if message.media is None or message.revoked else {**found, **_webjs_file(message.media, message.text)}


def _webjs_file(media: SandboxMedia, caption: str) -> dict[str, Any]:
    """`body` is the thumbnail here, and the words are the caption."""
    return {
        "type": "ptt" if media.voice else media.kind,
        "mimetype": media.mimetype,
        "filename": media.filename,
        "size": len(media.content),
        "duration": str(media.seconds) if media.seconds else None,
        "caption": caption,
        "body": b64encode(media.thumbnail).decode(),
    }


def _webjs_id(message: SandboxMessage, full_id: str) -> dict[str, Any]:
    return {"fromMe": message.from_me, "remote": message.chat_id, "id": message.id, "_serialized": full_id}
