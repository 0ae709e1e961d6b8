"""Messages as GREEN-API writes them in journals and in webhooks
(green-api.com/en/docs/api/journals/GetChatHistory, …/receiving/notifications-format)."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from sandbox.gateway.directory import client_of, phone_id
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMedia, SandboxMessage, SandboxPlace

STATUSES = {
    SandboxAck.ERROR: "failed",
    SandboxAck.PENDING: "pending",
    SandboxAck.SERVER: "sent",
    SandboxAck.DEVICE: "delivered",
    SandboxAck.READ: "read",
    SandboxAck.PLAYED: "read",
}


def journal(messages: Iterable[SandboxMessage], origin: str, line: SandboxLine, now: float) -> list[dict[str, Any]]:
    """Newest first; each reaction is an item of its own, newer than the message it is about."""
    items: list[dict[str, Any]] = []
    for message in sorted(messages, key=lambda one: int(one.at)):
        items += [item(message, origin, line, now), *_reactions(message, line)]
    return items[::-1]


def item(message: SandboxMessage, origin: str, line: SandboxLine, now: float) -> dict[str, Any]:
    kind, content = _content(message, origin, line)
    return {
        **_head(message, line),
        "typeMessage": kind,
        **content,
        **({"statusMessage": status(message, now), "sendByApi": message.by_api} if message.from_me else {}),
        "deletedMessageId": "",
        "editedMessageId": "",
        "isEdited": message.edited,
        "isDeleted": message.revoked,
    }


def message_data(message: SandboxMessage, origin: str, line: SandboxLine) -> dict[str, Any]:
    """The same for a webhook, which sorts it into objects."""
    kind, content = _content(message, origin, line)
    quoted = {"quotedMessage": content.pop("quotedMessage")} if "quotedMessage" in content else {}
    if message.media is not None:
        return {"typeMessage": kind, "fileMessageData": content, **quoted}
    if message.place is not None:
        return {"typeMessage": kind, "locationMessageData": content["location"], **quoted}
    if kind == "textMessage":
        return {"typeMessage": kind, "textMessageData": content, **quoted}
    if message.contacts:
        shared = content.pop("contact", None)
        told = {"contactMessageData": shared} if shared else {"messageData": {"contacts": content.pop("contacts")}}
        return {"typeMessage": kind, **told, **quoted}
    return {"typeMessage": kind, "extendedTextMessageData": content.pop("extendedTextMessage"), **quoted}


def status(message: SandboxMessage, now: float) -> str:
    """A number without WhatsApp is told by its own status."""
    ack = message.ack(now)
    return "noAccount" if ack is SandboxAck.ERROR and client_of(message.chat_id) is None else STATUSES[ack]


def name_of(message: SandboxMessage) -> str:
    client = client_of(message.chat_id)
    return client.name if client else ""


def sender_of(message: SandboxMessage) -> str:
    """Who wrote what came in: a chat under a LID names the phone of its client, where WhatsApp
    tells it."""
    client = client_of(message.chat_id)
    return message.participant or (phone_id(client) if client else "") or message.chat_id


def file_name(message: SandboxMessage, media: SandboxMedia) -> str:
    return f"{message.id}.{media.extension}"


def _head(message: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    head: dict[str, Any] = {
        "type": "outgoing" if message.from_me else "incoming",
        "idMessage": message.id,
        "timestamp": int(message.at),
        "chatId": message.chat_id,
    }
    return head if message.from_me else {**head, "senderId": sender_of(message), "senderName": name_of(message)}


def _content(message: SandboxMessage, origin: str, line: SandboxLine) -> tuple[str, dict[str, Any]]:
    """The type of a message and the fields that go with it."""
    if message.media is not None:
        kind, content = f"{message.media.kind}Message", _file(message, message.media, origin, line)
    elif message.place is not None:
        kind, content = "locationMessage", {"location": _location(message.place)}
    elif message.contacts:
        kind, content = _contacts(message)
    elif message.quoted is not None:
        kind, content = "extendedTextMessage", {"extendedTextMessage": {"text": message.text}}
    else:
        kind, content = "textMessage", {"textMessage": message.text}
    return kind, content | ({"quotedMessage": _quoted(message.quoted, line)} if message.quoted else {})


def _contacts(message: SandboxMessage) -> tuple[str, dict[str, Any]]:
    cards = [{"displayName": name, "vcard": vcard, "isForwarded": False} for name, vcard in message.contacts]
    return (
        ("contactMessage", {"contact": cards[0]}) if len(cards) == 1 else ("contactsArrayMessage", {"contacts": cards})
    )


def _file(message: SandboxMessage, media: SandboxMedia, origin: str, line: SandboxLine) -> dict[str, Any]:
    name = file_name(message, media)
    return {
        "downloadUrl": "" if media.lost else f"{origin}/download/{line.name}/{name}",
        "caption": message.text,
        "fileName": media.filename or name,
        "jpegThumbnail": b64encode(media.thumbnail).decode(),
        "mimeType": media.mimetype,
        "isForwarded": False,
    }


def _location(place: SandboxPlace) -> dict[str, Any]:
    where = {"latitude": place.latitude, "longitude": place.longitude, "jpegThumbnail": "", "isForwarded": False}
    return {"nameLocation": place.name, "address": place.address, **where}


def _quoted(quoted: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    return {
        "stanzaId": quoted.id,
        "participant": line.chat_id if quoted.from_me else quoted.chat_id,
        "typeMessage": f"{quoted.media.kind}Message" if quoted.media else "textMessage",
        "textMessage": quoted.text,
    }


def _reactions(message: SandboxMessage, line: SandboxLine) -> list[dict[str, Any]]:
    return [
        {
            **_head(message, line),
            "type": "outgoing" if one.from_me else "incoming",
            "idMessage": f"{message.id}R{int(one.from_me)}",
            "typeMessage": "reactionMessage",
            "extendedTextMessageData": {"text": one.text},
            "quotedMessage": {"stanzaId": message.id, "participant": message.chat_id},
        }
        for one in message.reactions
    ]
