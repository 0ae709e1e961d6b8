"""`_data`: the message as Baileys' WebMessageInfo has it (WhiskeySockets/Baileys:
WAProto/WAProto.proto).

GOWS fills it from whatsmeow and differs in much; what users see, and only that, is imitated for
both engines.
"""

from base64 import b64encode
from typing import Any

from sandbox.gateway.model import SandboxAck, SandboxMedia, SandboxMessage, SandboxPlace

REVOKE = 1  # WebMessageInfo.StubType.REVOKE
_STATUS = {
    SandboxAck.ERROR: "ERROR",
    SandboxAck.PENDING: "PENDING",
    SandboxAck.SERVER: "SERVER_ACK",
    SandboxAck.DEVICE: "DELIVERY_ACK",
    SandboxAck.READ: "READ",
    SandboxAck.PLAYED: "PLAYED",
}


def web_message_info(message: SandboxMessage, name: str, now: float) -> dict[str, Any]:
    """As NOWEB's store gives it: bytes are what Node makes of them in JSON."""
    data: dict[str, Any] = {
        "key": _key(message),
        "messageTimestamp": int(message.at),
        "status": _STATUS[message.ack(now)],
        "pushName": "" if message.from_me else name,
    }
    if message.revoked:
        return {**data, "messageStubType": REVOKE, "message": None}
    if message.reactions:
        data["reactions"] = [
            {"key": {**_key(message), "fromMe": one.from_me}, "text": one.text} for one in message.reactions
        ]
    return {**data, "message": _as_node_has_it(_edited(message) if message.edited else content_of(message))}


def _as_node_has_it(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    told = {name: _as_node_has_it(part) for name, part in content.items()}
    if "jpegThumbnail" in told:
        told["jpegThumbnail"] = {"type": "Buffer", "data": told["jpegThumbnail"]}
    return told


def jid(chat_id: str) -> str:
    """An id as engines spell it: the state says @c.us where they say @s.whatsapp.net."""
    return chat_id.replace("@c.us", "@s.whatsapp.net")


def _key(message: SandboxMessage) -> dict[str, Any]:
    key: dict[str, Any] = {"remoteJid": jid(message.chat_id), "fromMe": message.from_me, "id": message.id}
    return {**key, "participant": jid(message.participant)} if message.participant else key


def _edited(message: SandboxMessage) -> dict[str, Any]:
    change = {"key": _key(message), "type": "MESSAGE_EDIT", "editedMessage": content_of(message)}
    return {"editedMessage": {"message": {"protocolMessage": change}}}


def content_of(message: SandboxMessage) -> dict[str, Any]:
    context = _context(message.quoted)
    if message.media is not None:
        return {f"{message.media.kind}Message": {**_file(message.media, message.text), **context}}
    if message.place is not None:
        return {"locationMessage": {**_place(message.place), **context}}
    if message.contacts:
        return {**contacts_of(message), **context}
    if context:
        return {"extendedTextMessage": {"text": message.text, **context}}
    return {"conversation": message.text}


def contacts_of(message: SandboxMessage) -> dict[str, Any]:
    """One shared contact is a message of its own kind, several are a list."""
    cards = [{"displayName": name, "vcard": vcard} for name, vcard in message.contacts]
    if len(cards) == 1:
        return {"contactMessage": cards[0]}
    return {"contactsArrayMessage": {"displayName": f"{len(cards)} contacts", "contacts": cards}}


def _place(place: SandboxPlace) -> dict[str, Any]:
    named = {name: value for name, value in (("name", place.name), ("address", place.address)) if value}
    return {"degreesLatitude": place.latitude, "degreesLongitude": place.longitude, **named}


def _context(quoted: SandboxMessage | None) -> dict[str, Any]:
    if quoted is None:
        return {}
    said = content_of(quoted) if quoted.media else {"conversation": quoted.text}
    return {"contextInfo": {"stanzaId": quoted.id, "participant": jid(quoted.chat_id), "quotedMessage": said}}


def _file(media: SandboxMedia, caption: str) -> dict[str, Any]:
    """`fileLength` is a 64-bit number of the protocol, which JSON carries as text."""
    facts: dict[str, Any] = {"mimetype": media.mimetype, "fileLength": str(len(media.content) or 2_481_152)}
    if media.filename:
        facts |= {"fileName": media.filename, "title": media.filename}
    if media.width:
        facts |= {"width": media.width, "height": media.height}
    if media.thumbnail:
        facts["jpegThumbnail"] = b64encode(media.thumbnail).decode()
    if media.seconds:
        facts["seconds"] = media.seconds
    if media.kind == "audio":
        return {**facts, "ptt": media.voice}
    return {**facts, "caption": caption} if caption else facts
