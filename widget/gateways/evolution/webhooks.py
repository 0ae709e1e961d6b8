"""What Evolution tells by itself (src/api/integrations/event/webhook/webhook.controller.ts).

Nothing signs the body: a static header that we set is all there is. Events come up to ten times and
in any order, and a line without network sends several connection.update a second, so a reader must
bear repetition. An event may be spelled «messages.upsert» or «MESSAGES_UPSERT».
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from widget.gateways.base import Ack, EventKind, GatewayEvent, LineState
from widget.gateways.content import body_of, unwrapped
from widget.gateways.evolution.codes import REASONS, SECRET_HEADER, STATES
from widget.gateways.evolution.messages import (
    ack_of,
    id_of,
    ids_of,
    message_of,
    person_id,
    reaction_of,
    time_of,
)
from widget.untrusted import as_dict, as_str

MAX_AT_ONCE = 200  # some versions put several messages into one event
REVOKED = (0, "REVOKE")  # protocolMessage.type of «deleted for everybody» (WhiskeySockets/Baileys, WAProto)


class EvolutionWebhooks:
    """Pure. `date_time` of the envelope is never used: it is local time that is called UTC."""

    # A 401, 400, 403, 404 or 422 makes Evolution drop the event for good, and the first ones may
    # come before a changed secret has reached its database; after a 503 it tries nine times more.
    refuse_with = 503

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        said = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER.lower()), "")
        return bool(secret) and hmac.compare_digest(said.encode(errors="surrogateescape"), secret.encode())

    def events(self, body: Any) -> list[GatewayEvent]:
        payload = as_dict(body)
        event = as_str(payload.get("event"), 40).lower().replace("_", ".")
        read = _READERS.get(event)
        if read is None:
            return []
        own = person_id(payload.get("sender"))
        data = payload.get("data")
        several = data if isinstance(data, list) else [data]
        found = (read(as_dict(one), own) for one in several[:MAX_AT_ONCE])
        return [one for one in found if one is not None]


def _message(data: dict[str, Any], own: str) -> GatewayEvent | None:
    """A message of the client or ours, a reaction, or one taken back. One whose time is missing is
    told all the same: the chat can be read again."""
    key, content = as_dict(data.get("key")), as_dict(data.get("message"))
    chat_ids, message_id = _chat(key, own), id_of(key)
    if not message_id or not (chat_ids or (ids_of(key) and key.get("fromMe") is True)):
        return None
    at, from_me = time_of(data), key.get("fromMe") is True
    if (reaction := reaction_of(data)) is not None:
        about, _, emoji = reaction
        return GatewayEvent(EventKind.REACTION, at, chat_ids, about, from_me, text=emoji)
    protocol = as_dict(content.get("protocolMessage"))
    if protocol:  # an edit has an event of its own, and the rest is between devices
        about = id_of(as_dict(protocol.get("key")))
        revoked = about and _is_revoke(protocol.get("type"))
        return GatewayEvent(EventKind.DELETED, at, chat_ids, about, from_me) if revoked else None
    message = message_of(data)
    if message is None and at:  # nothing that a chat shows
        return None
    name = "" if from_me else as_str(data.get("pushName"))
    return GatewayEvent(EventKind.MESSAGE, at, chat_ids, message_id, from_me, message=message, name=name)


def _update(data: dict[str, Any], own: str) -> GatewayEvent | None:
    """A status. Only of messages of ours: those of the client's say that we read them."""
    if data.get("status") == "DELETED":
        return _deleted(data, own)
    key = _flat_key(data)
    ack = ack_of(data.get("status"))
    if ack is Ack.NONE or key.get("fromMe") is not True or not (ids_of(key) and id_of(key)):
        return None
    return GatewayEvent(EventKind.ACK, chat_ids=_chat(key, own), message_id=id_of(key), from_me=True, ack=ack)


def _edited(data: dict[str, Any], own: str) -> GatewayEvent | None:
    """`data` is WhatsApp's own protocolMessage, whose key is in its writer's words: in a client's
    edit the chat is called by our number, and «from me» means the client. So a chat that is ours is
    left out, and the message is known by its id alone."""
    key = as_dict(data.get("key"))
    if not (id_of(key) and ids_of(key)):
        return None
    chat_ids = tuple(one for one in ids_of(key) if one != own)
    from_me = key.get("fromMe") is True and bool(chat_ids)
    if _is_revoke(data.get("type")):  # 2.3.7 calls a deletion an edit
        return GatewayEvent(EventKind.DELETED, chat_ids=chat_ids, message_id=id_of(key), from_me=from_me)
    text = body_of(unwrapped(as_dict(data.get("editedMessage")))[0])
    if not text:
        return None
    return GatewayEvent(EventKind.EDITED, chat_ids=chat_ids, message_id=id_of(key), from_me=from_me, text=text)


def _is_revoke(kind: Any) -> bool:
    return kind in REVOKED and not isinstance(kind, bool)


def _deleted(data: dict[str, Any], own: str) -> GatewayEvent | None:
    key = _flat_key(data)
    if not (ids_of(key) and id_of(key)):
        return None
    return GatewayEvent(
        EventKind.DELETED, chat_ids=_chat(key, own), message_id=id_of(key), from_me=key.get("fromMe") is True
    )


def _line(data: dict[str, Any], _own: str) -> GatewayEvent | None:
    state = STATES.get(as_str(data.get("state")), LineState.UNKNOWN)
    reason = data.get("statusReason")
    if state is LineState.OFFLINE and isinstance(reason, int):
        state = REASONS.get(reason, state)
    return GatewayEvent(EventKind.LINE, state=state) if "state" in data else None


def _chat(key: dict[str, Any], own: str) -> tuple[str, ...]:
    """The client's ids. In what was written on the phone one of them may be our own number; where
    it is the only one, the message itself has to say whose chat it is, and nothing is ever filed
    under our number."""
    return tuple(one for one in ids_of(key) if one != own)


def _flat_key(data: dict[str, Any]) -> dict[str, Any]:
    """The key of a status: `keyId` beside its fields, a `key`, or the fields alone, by version and
    event."""
    if isinstance(data.get("key"), dict):
        return as_dict(data["key"])
    return {**data, "id": data.get("keyId") or data.get("id")}


_READERS: dict[str, Callable[[dict[str, Any], str], GatewayEvent | None]] = {
    "messages.upsert": _message,
    "send.message": _message,
    "messages.update": _update,
    "messages.edited": _edited,
    "messages.delete": _deleted,
    "connection.update": _line,
}
