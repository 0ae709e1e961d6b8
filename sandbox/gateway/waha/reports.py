"""WAHA's webhooks: every happening as an envelope, to each webhook of the session's configuration
that wants it (devlikeapro/waha-docs: how-to/events)."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from typing import Any

from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.model import SandboxLine, SandboxMessage
from sandbox.gateway.raw import jid
from sandbox.gateway.state import GatewayState
from sandbox.gateway.waha import wire
from sandbox.gateway.waha.session import me
from sandbox.gateway.webhooks import Postman, Retries, WebhookReport

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # of a ULID
VERSION = "2026.7.1"
DELAY, ATTEMPTS = 2.0, 15  # WAHA's own defaults are not documented


class Reports:
    """Listens to the state and posts what happens to the lines that speak WAHA. Called under its
    lock."""

    def __init__(self, state: GatewayState, postman: Postman) -> None:
        self._state = state
        self._postman = postman
        state.listeners.append(self)

    def __call__(self, happening: Happening) -> None:
        line = happening.line
        hooks = line.config.get("webhooks") or []
        if line.protocol != "waha" or not hooks:
            return
        now = self._state.clock()
        for event, payload in _events(happening, now):
            for hook in hooks:
                if event in hook["events"] or "*" in hook["events"]:
                    self._post(hook, _envelope(event, line, payload, now), now, max(0.0, happening.at - now))

    def _post(self, hook: dict[str, Any], envelope: dict[str, Any], now: float, delay: float) -> None:
        body = json.dumps(envelope, ensure_ascii=False).encode()
        headers = {
            "User-Agent": f"WAHA/{VERSION}",
            "X-Webhook-Request-Id": ulid(now),
            "X-Webhook-Timestamp": str(int(now * 1000)),
            **{each["name"]: each["value"] for each in hook.get("customHeaders") or []},
        }
        key = (hook.get("hmac") or {}).get("key")
        if key:
            headers["X-Webhook-Hmac"] = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
            headers["X-Webhook-Hmac-Algorithm"] = "sha512"
        self._postman.post(WebhookReport(hook["url"], body, headers, _retries(hook.get("retries") or {}), delay))


def _events(happening: Happening, now: float) -> Iterator[tuple[str, dict[str, Any]]]:
    line, message = happening.line, happening.message
    if message is None:
        yield "session.status", _status(line, happening.at)
        return
    whole = wire.wa_message(message, line, now)
    match happening.what:
        case GatewayEventKind.MESSAGE:
            if not message.from_me:
                yield "message", whole
            yield "message.any", whole
        case GatewayEventKind.ACK if happening.ack is not None:
            receipt = {"ack": int(happening.ack), "ackName": happening.ack.name, "_data": {"key": _key(message)}}
            kept = ("id", "from", "to", "participant", "fromMe")
            yield "message.ack", {**{name: whole[name] for name in kept}, **receipt}
        case GatewayEventKind.EDITED:
            yield "message.edited", {**whole, "id": _fresh_id(message), "editedMessageId": message.id}
        case GatewayEventKind.REVOKED:
            after = {**whole, "id": _fresh_id(message), "body": None}
            yield "message.revoked", {"after": after, "before": None, "revokedMessageId": message.id}
        case GatewayEventKind.REACTION if happening.reaction is not None:
            yield "message.reaction", _reaction(happening, message, line)


def _reaction(happening: Happening, message: SandboxMessage, line: SandboxLine) -> dict[str, Any]:
    from_me = happening.reaction is not None and happening.reaction.from_me
    by, to = (line.chat_id, message.chat_id) if from_me else (message.chat_id, line.chat_id)
    return {
        "id": _fresh_id(message, from_me=from_me),
        "from": by,
        "fromMe": from_me,
        "source": "api" if from_me else "app",
        "participant": None,
        "to": to,
        "timestamp": round(happening.at, 3),
        "reaction": {"text": happening.reaction.text if happening.reaction else "", "messageId": message.full_id},
    }


def _status(line: SandboxLine, at: float) -> dict[str, Any]:
    point = {"status": line.status, "timestamp": int(at * 1000)}
    return {"name": line.name, "status": line.status, "statuses": [point], "data": None}


def _envelope(event: str, line: SandboxLine, payload: dict[str, Any], now: float) -> dict[str, Any]:
    return {
        "id": f"evt_{ulid(now)}",
        "timestamp": int(now * 1000),
        "event": event,
        "session": line.name,
        "metadata": line.config.get("metadata") or {},
        "me": me(line),
        "payload": payload,
        "engine": line.engine,
        "environment": {"version": VERSION, "engine": line.engine, "tier": "CORE", "browser": None},
    }


def ulid(now: float) -> str:
    """Of a time in seconds: milliseconds and chance, in an order of their own."""
    number = (int(now * 1000) << 80) | secrets.randbits(80)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def _fresh_id(message: SandboxMessage, *, from_me: bool | None = None) -> str:
    """A change is a message of its own, with an id of its own."""
    by_us = message.from_me if from_me is None else from_me
    return f"{'true' if by_us else 'false'}_{message.chat_id}_{secrets.token_hex(10).upper()}"


def _key(message: SandboxMessage) -> dict[str, Any]:
    return {"remoteJid": jid(message.chat_id), "fromMe": message.from_me, "id": message.id}


def _retries(wanted: dict[str, Any]) -> Retries:
    delay, attempts = float(wanted.get("delaySeconds") or DELAY), int(wanted.get("attempts") or ATTEMPTS)
    tries = range(attempts)
    match wanted.get("policy"):
        case "linear":
            return Retries(tuple(delay * (n + 1) for n in tries))
        case "exponential":
            return Retries(tuple(delay * 2.0**n for n in tries))
    return Retries(tuple(delay for _ in tries))
