"""Messages and chats as WAHA writes them (devlikeapro/waha-docs: how-to/receive-messages,
how-to/chats)."""

from typing import Any

from sandbox.gateway.directory import client_of, seen_phone_id
from sandbox.gateway.files import file_name
from sandbox.gateway.model import SandboxChat, SandboxLine, SandboxMedia, SandboxMessage, SandboxPlace
from sandbox.gateway.raw import jid
from sandbox.gateway.waha.engines import raw_of

# On purpose not where the files are: without WAHA_BASE_URL a real gateway names its own default
# here, not the address it was called at (devlikeapro/waha-docs: how-to/receive-messages). Only the
# path can be believed.
CLAIMED_ADDRESS = "http://localhost:3000"


def wa_message(message: SandboxMessage, line: SandboxLine, now: float, *, files: bool = False) -> dict[str, Any]:
    """WAHA's WAMessage; `files` is downloadMedia."""
    ack = message.ack(now)
    return {
        "id": message.full_id,
        "timestamp": int(message.at),
        "from": line.chat_id if message.from_me else message.chat_id,
        "fromMe": message.from_me,
        "source": "api" if message.by_api else "app",
        "to": message.chat_id if message.from_me else line.chat_id,
        "participant": message.participant or None,
        "body": "" if message.revoked else message.text,
        "hasMedia": message.media is not None,
        "media": wa_media(message, message.media, line) if files and message.media else None,
        "ack": int(ack),
        "ackName": ack.name,
        "location": location(message.place) if message.place else None,
        "vCards": [vcard for _name, vcard in message.contacts],
        "replyTo": reply_to(message.quoted, line) if message.quoted else None,
        "_data": raw_of(line, message, now),
    }


def location(place: SandboxPlace) -> dict[str, Any]:
    """WALocation: its numbers are texts."""
    where = {"latitude": str(place.latitude), "longitude": str(place.longitude), "live": False}
    return {**where, "name": place.name or None, "address": place.address or None}


def wa_media(message: SandboxMessage, media: SandboxMedia, line: SandboxLine) -> dict[str, Any]:
    if media.lost:
        trouble = {"message": "Failed to download media: 404 Not Found"}
        return {"url": None, "mimetype": media.mimetype, "filename": media.filename, "error": trouble}
    place = f"{line.name}/{file_name(message, media)}"
    url = f"{CLAIMED_ADDRESS}{line.sub_path}/api/files/{place}"
    if line.s3:  # devlikeapro/waha-docs: how-to/storages, presigned links
        bucket = line.config.get("bucket", CLAIMED_ADDRESS)
        url = f"{bucket}/api/files/bucket/{place}?X-Amz-Expires=3600&X-Amz-Signature=5e1f"
    return {"url": url, "mimetype": media.mimetype, "filename": media.filename, "error": None}


def reply_to(quoted: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    return {
        "id": quoted.id,
        "participant": line.chat_id if quoted.from_me else quoted.chat_id,
        "body": quoted.text,
        "hasMedia": quoted.media is not None,
        "media": None,
    }


def overview(chat: SandboxChat, line: SandboxLine, now: float) -> dict[str, Any]:
    last = wa_message(chat.messages[-1], line, now) if chat.messages else None
    return {
        "id": chat.id,
        "name": chat.name or None,
        "picture": None,
        "lastMessage": last,
        "_chat": raw_chat(chat, line),
    }


def listed_chat(chat: SandboxChat, line: SandboxLine) -> dict[str, Any]:
    """A row of the list of chats: what the engine keeps, and no message."""
    if line.engine == "GOWS":
        return {"id": chat.id, "name": chat.name, "conversationTimestamp": int(chat.newest)}
    if line.engine == "WEBJS":
        server = chat.id.partition("@")[2]
        wrapped = {"server": server, "user": chat.id.partition("@")[0], "_serialized": chat.id}
        return {"id": wrapped, "name": chat.name, "timestamp": int(chat.newest), "unreadCount": chat.unread}
    return raw_chat(chat, line) | {"id": chat.id}


def raw_chat(chat: SandboxChat, line: SandboxLine) -> dict[str, Any]:
    """The engine's own record; the two ids are the only place that joins a LID and its phone in one
    answer."""
    client = client_of(chat.id)
    known = {"pnJid": jid(seen_phone_id(client, line)), "lidJid": client.lid} if client else {}
    return {
        "id": jid(chat.id),
        "name": chat.name,
        "conversationTimestamp": int(chat.newest),
        "unreadCount": chat.unread,
        **{name: value for name, value in known.items() if value},
    }
