"""Instances, chats and messages as Evolution writes them (channel.service.ts,
whatsapp.baileys.service.ts)."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.gateway.directory import client_of, phone_id
from sandbox.gateway.evolution.guards import token_of
from sandbox.gateway.model import SandboxAck, SandboxChat, SandboxLine, SandboxMessage, SandboxReaction
from sandbox.gateway.raw import content_of, jid

STATES = {"WORKING": "open", "STOPPED": "close", "FAILED": "close"}  # all others are connecting
LOGGED_IN = ("WORKING", "STARTING", "STOPPED", "FAILED")
STATUSES = {
    SandboxAck.SERVER: "SERVER_ACK",
    SandboxAck.DEVICE: "DELIVERY_ACK",
    SandboxAck.READ: "READ",
    SandboxAck.PLAYED: "PLAYED",
}


def state_of(line: SandboxLine) -> str:
    return STATES.get(line.status, "connecting")


def instance(line: SandboxLine) -> dict[str, Any]:
    """With the instance's token, as the real one shows it."""
    logged_in = line.status in LOGGED_IN and line.config.get("reason") != 401
    return {
        "id": instance_id(line),
        "name": line.name,
        "connectionStatus": state_of(line),
        "ownerJid": jid(line.chat_id) if logged_in else None,
        "profileName": line.title if logged_in else None,
        "profilePicUrl": None,
        "integration": "WHATSAPP-BAILEYS",
        "number": line.number,
        "token": token_of(line.name),
        "clientName": "evolution",
        "disconnectionReasonCode": line.config.get("reason"),
        "disconnectionObject": None,
        "disconnectionAt": None,
        "Setting": {"syncFullHistory": False, "groupsIgnore": False, "readMessages": False},
        "_count": {
            "Message": sum(len(chat.messages) for chat in line.chats.values()),
            "Chat": len(line.chats),
        },
    }


def instance_id(line: SandboxLine) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, line.name))


def key(message: SandboxMessage, *, message_id: str = "", from_me: bool | None = None) -> dict[str, Any]:
    """A chat under a LID names the phone beside it where WhatsApp knows one."""
    found: dict[str, Any] = {
        "id": message_id or message.id,
        "fromMe": message.from_me if from_me is None else from_me,
        "remoteJid": jid(message.chat_id),
    }
    if message.chat_id.endswith("@lid"):
        client = client_of(message.chat_id)
        phone = phone_id(client) if client else ""
        found |= ({"remoteJidAlt": jid(phone)} if phone else {}) | {"addressingMode": "lid"}
    return found | ({"participant": jid(message.participant)} if message.participant else {})


def record(message: SandboxMessage, line: SandboxLine, now: float) -> dict[str, Any]:
    revoked = message.revoked and line.is_at_least(2, 3, 7)  # the row stays, with nothing in it
    content = content_of(message)
    part = next(iter(content))
    context = content[part].get("contextInfo") if isinstance(content[part], dict) else None
    return {
        "id": f"row{message.id.lower()}",
        "key": key(message),
        "pushName": "Você" if message.from_me else _name(message),
        "messageType": part,
        "message": None if revoked else content,
        "messageTimestamp": int(message.at),
        "instanceId": instance_id(line),
        "source": "web" if message.by_api else "android",
        "contextInfo": context,
        "MessageUpdate": [{"status": "EDITED" if revoked and s == "DELETED" else s} for s in statuses(message, now)],
    }


def reaction_record(message: SandboxMessage, reaction: SandboxReaction, line: SandboxLine, at: float) -> dict[str, Any]:
    """A reaction is a message of its own."""
    message_id = f"{message.id[:20]}R{int(reaction.from_me)}"
    return {
        "id": f"row{message_id.lower()}",
        "key": key(message, message_id=message_id, from_me=reaction.from_me),
        "pushName": "Você" if reaction.from_me else _name(message),
        "messageType": "reactionMessage",
        "message": {"reactionMessage": {"key": key(message), "text": reaction.text}},
        "messageTimestamp": int(at),
        "instanceId": instance_id(line),
        "source": "android",
        "contextInfo": None,
        "MessageUpdate": [],
    }


def statuses(message: SandboxMessage, now: float) -> list[str]:
    """What was told about the message since it was saved: all that lead to its ack, and what became
    of it."""
    told = []
    if message.from_me:
        ack = message.ack(now)
        told = [name for step, name in STATUSES.items() if step <= ack and step is not SandboxAck.PLAYED]
        told += ["ERROR"] if ack is SandboxAck.ERROR else []
    return told + ["EDITED"] * message.edited + ["DELETED"] * message.revoked


def chat(chat: SandboxChat, line: SandboxLine, now: float) -> dict[str, Any]:
    last = record(chat.messages[-1], line, now)
    status = ([*statuses(chat.messages[-1], now), "PENDING"] if chat.messages[-1].from_me else ["DELIVERY_ACK"])[0]
    updates = last.pop("MessageUpdate")
    return {
        "id": None,
        "remoteJid": jid(chat.id),
        "pushName": chat.name or None,
        "profilePicUrl": None,
        "updatedAt": iso(chat.newest),
        "windowStart": iso(chat.newest),
        "windowExpires": iso(chat.newest + 86_400),
        "windowActive": now < chat.newest + 86_400,
        "lastMessage": {
            **last,
            "participant": None,
            "sessionId": None,
            "status": updates[-1]["status"] if updates else status,
        },
        "unreadCount": chat.unread,
        "isSaved": False,
    }


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def home_of(number: str) -> str:
    """The chat id that the state has for Evolution's: @s.whatsapp.net is its @c.us."""
    return number.replace("@s.whatsapp.net", "@c.us") if "@" in number else f"{number}@c.us"


def _name(message: SandboxMessage) -> str:
    client = client_of(message.chat_id)
    return client.name if client else ""
