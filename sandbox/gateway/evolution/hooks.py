"""What happens to a line, as Evolution's webhooks (webhook.controller.ts).

Ten tries, from 5 s doubling to 300 s, scaled with the sandbox's patience; a 400, 401, 403, 404 or
422 ends them. The order is not kept: an ack may come before the message's own one.
"""

import json
from base64 import b64decode
from typing import Any

from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.evolution import wire
from sandbox.gateway.evolution.guards import token_of
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage
from sandbox.gateway.raw import content_of, jid
from sandbox.gateway.state import GatewayState
from sandbox.gateway.webhooks import Postman, Retries, WebhookReport

FINAL = frozenset({400, 401, 403, 404, 422})
PAUSES = tuple(min(5.0 * 2**tries, 300.0) for tries in range(9))
REAL_PATIENCE = 5.0
SERVER = "http://localhost:8080"  # what it believes its own address to be


class Reporter:
    """A listener of the state."""

    def __init__(self, state: GatewayState, postman: Postman, patience: float) -> None:
        self._state = state
        self._postman = postman
        scale = patience / REAL_PATIENCE
        self._retries = Retries(tuple(pause * scale for pause in PAUSES), FINAL)

    def __call__(self, happening: Happening) -> None:
        line, hook = happening.line, happening.line.webhook
        if line.protocol != "evolution" or not hook.get("enabled"):
            return
        now = self._state.clock()
        event, data = _told(happening, now)
        if event.upper().replace(".", "_") not in hook["events"]:
            return
        body = json.dumps(_envelope(event, data, line, now), ensure_ascii=False).encode()
        delay = max(0.0, happening.at - now)
        self._postman.post(WebhookReport(hook["url"], body, hook["headers"], self._retries, delay))


def _envelope(event: str, data: dict[str, Any], line: SandboxLine, now: float) -> dict[str, Any]:
    return {
        "event": event,
        "instance": line.name,
        "data": data,
        "destination": line.webhook["url"],
        "date_time": wire.iso(now),
        "sender": jid(line.chat_id),
        "server_url": SERVER,
        "apikey": token_of(line.name),
    }


def _told(happening: Happening, now: float) -> tuple[str, dict[str, Any]]:
    line, message = happening.line, happening.message
    if message is None:
        reason = line.config.get("reason")
        state = wire.state_of(line)
        return "connection.update", {
            "instance": line.name,
            "state": state,
            "statusReason": reason if state == "close" and reason else 200,
        }
    by_api = "send.message" if message.by_api else "messages.upsert"
    match happening.what:
        case GatewayEventKind.ACK:
            return "messages.update", _status(happening)
        case GatewayEventKind.EDITED:
            content = content_of(message)
            return "messages.edited", {"key": wire.key(message), "type": "MESSAGE_EDIT", "editedMessage": content}
        case GatewayEventKind.REVOKED if line.is_at_least(2, 3, 7):
            return "messages.edited", {"key": wire.key(message), "type": "REVOKE"}
        case GatewayEventKind.REVOKED:
            return "messages.delete", {**wire.key(message), "status": "DELETED"}
        case GatewayEventKind.REACTION if happening.reaction:
            event = "send.message" if happening.reaction.from_me else "messages.upsert"
            return event, wire.reaction_record(message, happening.reaction, line, happening.at)
        case _:
            told = wire.record(message, line, now)
            told.pop("MessageUpdate")
            told |= {"status": "PENDING" if message.from_me else "DELIVERY_ACK", "key": _key_told(message, line)}
            return by_api, told | {"message": _as_javascript_has_it(told["message"])}


def _key_told(message: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    """2.3.7 puts the phone in the place of the LID, which is then told nowhere (seen)."""
    key = wire.key(message)
    if line.is_at_least(2, 3, 7) and key.get("remoteJidAlt"):
        key["remoteJid"] = key["remoteJidAlt"]
    return key


def _as_javascript_has_it(content: Any) -> Any:
    """Bytes of a message are an array there, and JSON makes an object of it with a number for each
    of them (seen)."""
    if not isinstance(content, dict):
        return content
    picture = content.get("jpegThumbnail")
    told = {name: _as_javascript_has_it(part) for name, part in content.items()}
    if isinstance(picture, str):
        told["jpegThumbnail"] = {str(n): byte for n, byte in enumerate(b64decode(picture))}
    return told


def _status(happening: Happening) -> dict[str, Any]:
    message, ack = happening.message, happening.ack
    assert message is not None
    return {
        "keyId": message.id,
        "remoteJid": jid(message.chat_id),
        "fromMe": message.from_me,
        "participant": None,
        "status": "ERROR" if ack is SandboxAck.ERROR else wire.STATUSES.get(ack or SandboxAck.PENDING, "PENDING"),
        "pollUpdates": None,
        "instanceId": wire.instance_id(happening.line),
        "messageId": f"row{message.id.lower()}",
    }
