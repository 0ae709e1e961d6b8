"""What GREEN-API reports (green-api.com/en/docs/api/receiving/technology-webhook-endpoint,
…/notifications-format/*).

The token that was given with the address comes back in `Authorization`; nothing proves the body.
What is not answered with 200 is sent again every minute for 24 hours, in the order it happened.
"""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, LineState
from widget.gateways.green.messages import (
    ack_of,
    change_of,
    emoji_of,
    id_of,
    item_of_webhook,
    message_of,
    person_of,
    words_of,
)
from widget.untrusted import as_dict, as_str, as_unix_seconds

# stateInstance, the same in webhooks and in answers
# (green-api.com/en/docs/api/account/GetStateInstance).
STATES = {
    "authorized": LineState.READY,
    "notAuthorized": LineState.SCAN_QR,
    "starting": LineState.CONNECTING,
    "sleepMode": LineState.CONNECTING,
    "yellowCard": LineState.RESTRICTED,
    "blocked": LineState.BANNED,
}
MESSAGES = ("incomingMessageReceived", "outgoingMessageReceived", "outgoingAPIMessageReceived")
# A client wrote whom the plan does not let write (…/notifications-format/QuotaExceeded; an older
# name beside it).
QUOTA_TOLD = ("quotaExceeded", "incomingBlock")
OF_MANY = ("@g.us", "@broadcast", "@newsletter")
SCHEMES = ("Bearer ", "Basic ")


class GreenWebhooks:
    refuse_with = 401

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        for scheme in SCHEMES:
            given = given.removeprefix(scheme)
        return bool(secret) and hmac.compare_digest(given.encode(errors="replace"), secret.encode())

    def events(self, body: Any) -> list[GatewayEvent]:
        payload = as_dict(body)
        kind = payload.get("typeWebhook")
        if kind in MESSAGES:
            return _about_a_message(payload)
        if kind == "outgoingMessageStatus":
            return _about_a_status(payload)
        if kind in QUOTA_TOLD and as_dict(payload.get("quotaData")):
            return [GatewayEvent(EventKind.LINE, as_unix_seconds(payload.get("timestamp")), why=GatewayErrorCode.QUOTA)]
        if kind == "stateInstanceChanged":
            return [_line(STATES.get(as_str(payload.get("stateInstance")), LineState.UNKNOWN), payload)]
        return []


def _about_a_message(payload: Mapping[str, Any]) -> list[GatewayEvent]:
    item = item_of_webhook(payload)
    chat_ids = _chat_ids(as_dict(payload.get("senderData")), from_me=item["type"] == "outgoing")
    if not chat_ids:
        return []
    event = GatewayEvent(
        EventKind.MESSAGE, as_unix_seconds(payload.get("timestamp")), chat_ids, from_me=item["type"] == "outgoing"
    )
    kind, target = change_of(item)
    if kind and not target:
        return []
    if kind == "reactionMessage":
        return [replace(event, kind=EventKind.REACTION, message_id=target, text=emoji_of(item))]
    if kind == "editedMessage":
        return [replace(event, kind=EventKind.EDITED, message_id=target, text=words_of(item))]
    if kind == "deletedMessage":
        return [replace(event, kind=EventKind.DELETED, message_id=target)]
    message = message_of(item)
    name = "" if event.from_me else as_str(as_dict(payload.get("senderData")).get("senderName"))
    return [replace(event, message_id=message.id, message=message, name=name)] if message else []


def _about_a_status(payload: Mapping[str, Any]) -> list[GatewayEvent]:
    """How far a message of ours got. Which message it is, its id says; the chat is named in several
    spellings, and by older bodies not at all."""
    message_id, status = id_of(payload.get("idMessage")), as_str(payload.get("status"))
    chat_id = person_of(payload.get("chatId"))
    yellow = [_line(LineState.RESTRICTED, payload)] if status == "yellowCard" else []
    ack = ack_of(status)
    if ack is Ack.NONE or not message_id or as_str(payload.get("chatId")).endswith(OF_MANY):
        return yellow
    about_it = GatewayEvent(
        EventKind.ACK,
        as_unix_seconds(payload.get("timestamp")),
        (chat_id,) if chat_id else (),
        message_id,
        from_me=True,
        ack=ack,
        not_on_whatsapp=status == "noAccount",
    )
    return [about_it, *yellow]


def _line(state: LineState, payload: Mapping[str, Any]) -> GatewayEvent:
    why = GatewayErrorCode.RESTRICTED if state is LineState.RESTRICTED else None
    return GatewayEvent(EventKind.LINE, as_unix_seconds(payload.get("timestamp")), state=state, why=why)


def _chat_ids(sender: Mapping[str, Any], *, from_me: bool) -> tuple[str, ...]:
    """The chat and, for what came in, who wrote it: one of them may be a LID and the other the
    phone."""
    chat_id = person_of(sender.get("chatId"))
    if not chat_id:
        return ()
    author = "" if from_me else person_of(sender.get("sender"))
    ids = dict.fromkeys(one for one in (chat_id, author) if one)
    return tuple(sorted(ids, key=lambda one: one.endswith("@lid")))
