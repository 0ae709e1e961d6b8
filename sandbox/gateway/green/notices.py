"""What GREEN-API reports: the account's state, messages, and how far they got
(…/receiving/notifications-format).

Posted to the address of setSettings with its token in Authorization; again every minute for a day
until the answer is 200.
"""

import json
from typing import Any

from sandbox.gateway.directory import client_of
from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.green import wire
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage
from sandbox.gateway.webhooks import Postman, Retries, WebhookReport

RETRY_SECONDS, TRIES = 60.0, 1440
STATES = {
    "WORKING": "authorized",
    "STARTING": "starting",
    "SCAN_QR_CODE": "notAuthorized",
    "PASSKEY_REQUIRED": "notAuthorized",
    "PASSKEY_CONFIRMATION_REQUIRED": "notAuthorized",
    "STOPPED": "sleepMode",
    "FAILED": "blocked",
}
_CHANGES = {GatewayEventKind.EDITED: "editedMessageWebhook", GatewayEventKind.REVOKED: "deletedMessageWebhook"}
_KINDS = {
    "incomingWebhook": "incomingMessageReceived",
    "outgoingMessageWebhook": "outgoingMessageReceived",
    "outgoingAPIMessageWebhook": "outgoingAPIMessageReceived",
}


def state_of(line: SandboxLine) -> str:
    return "yellowCard" if line.yellow and line.status == "WORKING" else STATES[line.status]


def report(happening: Happening, now: float, postman: Postman) -> None:
    """Tell the line's address, if it has one and wants to hear of this."""
    line, message = happening.line, happening.message
    if line.protocol != "green":
        return
    if happening.what is GatewayEventKind.STATUS:
        report_state(line, state_of(line), happening.at, postman)
    elif message is not None and happening.what is GatewayEventKind.ACK:
        status = _status(message, happening.ack or SandboxAck.PENDING)
        if _wants(line, "outgoingWebhook") or status in ("failed", "noAccount"):  # these two cannot be switched off
            _post(line, _about_status(line, message, status, happening.at), postman, max(0.0, happening.at - now))
    elif message is not None and all(_wants(line, switch) for switch in _switches(happening, message)):
        _post(line, _about_message(happening, message), postman)


def report_state(line: SandboxLine, state: str, at: float, postman: Postman, delay: float = 0.0) -> None:
    if _wants(line, "stateWebhook"):
        _post(line, {**_head(line, "stateInstanceChanged", at), "stateInstance": state}, postman, delay)


def _switches(happening: Happening, message: SandboxMessage) -> list[str]:
    """The settings that must be on for this to be told."""
    change = _CHANGES.get(happening.what)
    return [_whose(happening, message), *([change] if change else [])]


def _whose(happening: Happening, message: SandboxMessage) -> str:
    """The setting for messages of this origin: the client's, the phone's or the API's."""
    ours = happening.reaction.from_me if happening.reaction else message.from_me
    if not ours:
        return "incomingWebhook"
    return "outgoingAPIMessageWebhook" if message.by_api or happening.reaction else "outgoingMessageWebhook"


def _about_message(happening: Happening, message: SandboxMessage) -> dict[str, Any]:
    line, kind = happening.line, _KINDS[_whose(happening, message)]
    new = happening.what is GatewayEventKind.MESSAGE
    return {
        **_head(line, kind, message.at if new else happening.at),
        "idMessage": message.id if new else f"{message.id}C{int(happening.at)}",
        "senderData": _sender(line, message, ours=kind != "incomingMessageReceived"),
        "messageData": _data(happening, message),
    }


def _sender(line: SandboxLine, message: SandboxMessage, *, ours: bool) -> dict[str, str]:
    name = wire.name_of(message)
    return {
        "chatId": _spelled(message.chat_id, line),
        "sender": line.chat_id if ours else wire.sender_of(message),
        "chatName": name,
        "senderName": line.title if ours else name,
        "senderContactName": "",
    }


def _data(happening: Happening, message: SandboxMessage) -> dict[str, Any]:
    match happening.what:
        case GatewayEventKind.EDITED:
            edited = {"textMessage": message.text, "stanzaId": message.id}
            return {"typeMessage": "editedMessage", "editedMessageData": edited}
        case GatewayEventKind.REVOKED:
            return {"typeMessage": "deletedMessage", "deletedMessageData": {"stanzaId": message.id}}
        case GatewayEventKind.REACTION:
            return {
                "typeMessage": "reactionMessage",
                "extendedTextMessageData": {"text": happening.reaction.text if happening.reaction else ""},
                "quotedMessage": {"stanzaId": message.id, "participant": message.chat_id},
            }
    return wire.message_data(message, str(happening.line.config.get("origin", "")), happening.line)


def _status(message: SandboxMessage, ack: SandboxAck) -> str:
    return "noAccount" if ack is SandboxAck.ERROR and client_of(message.chat_id) is None else wire.STATUSES[ack]


def _about_status(line: SandboxLine, message: SandboxMessage, status: str, at: float) -> dict[str, Any]:
    return {
        **_head(line, "outgoingMessageStatus", at),
        "chatId": _spelled(message.chat_id, line),
        "idMessage": message.id,
        "status": status,
        "sendByApi": message.by_api,
    }


def report_yellow(line: SandboxLine, chat_id: str, message_id: str, at: float, postman: Postman) -> None:
    """A message that comes into the queue of an account with a yellow card."""
    if _wants(line, "outgoingWebhook"):
        told = {"chatId": chat_id, "idMessage": message_id, "status": "yellowCard", "sendByApi": True}
        _post(line, {**_head(line, "outgoingMessageStatus", at), **told}, postman)


def report_quota(line: SandboxLine, chats: int, at: float, postman: Postman) -> None:
    """A client wrote whom the free plan does not serve (…/notifications-format/QuotaExceeded)."""
    quota = {"method": "correspondents", "used": chats, "total": chats, "status": "CORRESPONDENTS_QUOTA_EXCEEDED"}
    _post(line, {**_head(line, "quotaExceeded", at), "quotaData": quota}, postman)


def _spelled(chat_id: str, line: SandboxLine) -> str:
    """Most instances write phones with @c.us, some as WhatsApp itself does, a few with the number
    of a device."""
    digits, _, home = chat_id.partition("@")
    return str(line.config.get("spelling", "…@c.us")).replace("…", digits) if home == "c.us" else chat_id


def _head(line: SandboxLine, kind: str, at: float) -> dict[str, Any]:
    instance = {"idInstance": int(line.name), "wid": line.chat_id, "typeInstance": "whatsapp"}
    return {"typeWebhook": kind, "instanceData": instance, "timestamp": int(at)}


def _wants(line: SandboxLine, switch: str) -> bool:
    return bool(line.webhook.get("webhookUrl")) and line.webhook.get(switch) == "yes"


def _post(line: SandboxLine, told: dict[str, Any], postman: Postman, delay: float = 0.0) -> None:
    url, token = str(line.webhook.get("webhookUrl") or ""), str(line.webhook.get("webhookUrlToken") or "")
    if not url:
        return
    again = float(line.config.get("retry_seconds", RETRY_SECONDS))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = json.dumps(told, ensure_ascii=False).encode()
    postman.post(WebhookReport(url, body, headers, Retries((again,) * TRIES), delay))
