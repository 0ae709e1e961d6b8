"""What WAHA reports by itself (waha-docs: how-to/events)."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, LineState
from widget.gateways.content import moment_of
from widget.gateways.waha.chats import person_of
from widget.gateways.waha.codes import NACK_RESTRICTED, ack_of, state_of
from widget.gateways.waha.messages import bare_id, message_of
from widget.untrusted import MAX_UNIX_SECONDS, as_dict, as_list, as_str, as_unix_seconds


class WahaWebhooks:
    """The MAC is of the body alone: the time in the headers proves nothing."""

    refuse_with = 401

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == "x-webhook-hmac"), "")
        expected = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        return bool(secret) and hmac.compare_digest(given.lower().encode(errors="replace"), expected.encode())

    def events(self, body: Any) -> list[GatewayEvent]:
        envelope = as_dict(body)
        read = READERS.get(as_str(envelope.get("event")))
        payload = envelope.get("payload")
        if read is None or not isinstance(payload, dict):
            return []
        event = read(payload, envelope)
        return [] if event is None else [event]


def _message(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    message, chat_ids = message_of(payload), _chat_ids(payload, envelope)
    if message is None or not chat_ids:
        return None
    return GatewayEvent(
        EventKind.MESSAGE,
        at=float(message.at),
        chat_ids=chat_ids,
        message_id=message.id,
        from_me=message.from_me,
        message=message,
        name="" if message.from_me else _name(as_dict(payload.get("_data"))),
    )


def _name(data: Mapping[str, Any]) -> str:
    """How the writer calls themselves, in the words of Baileys, whatsmeow or WhatsApp's own
    page."""
    named = data.get("pushName"), as_dict(data.get("Info")).get("PushName"), data.get("notifyName")
    return next((name for name in map(as_str, named) if name), "")


def _ack(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """Of our own messages only. Whose chat it is stands in the id: `from` is the reader or
    ourselves, by engine."""
    name, ack = as_str(payload.get("id")), ack_of(payload.get("ack"))
    from_me = payload.get("fromMe") is True or name.startswith("true_")
    chat_ids = _chat_ids({"id": name, "fromMe": from_me, "_data": payload.get("_data")}, envelope)
    if not chat_ids or not from_me or ack is Ack.NONE:
        return None
    restricted, until = _refused_as_restricted(payload) if ack is Ack.FAILED else (False, 0.0)
    return GatewayEvent(
        EventKind.ACK,
        at=_reported_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(name),
        from_me=True,
        ack=ack,
        why=GatewayErrorCode.RESTRICTED if restricted else None,
        until=until if restricted else 0.0,
    )


def _reaction(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    reaction, chat_ids = as_dict(payload.get("reaction")), _chat_ids(payload, envelope)
    message_id, emoji = as_str(reaction.get("messageId")), reaction.get("text")
    if not chat_ids or not message_id or not isinstance(emoji, str | None):
        return None
    return GatewayEvent(
        EventKind.REACTION,
        at=as_unix_seconds(payload.get("timestamp")) or _reported_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=payload.get("fromMe") is True,
        text=as_str(emoji, 16),
    )


def _edited(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """The payload is the message that brings the change: its own id is another one."""
    message_id, chat_ids = as_str(payload.get("editedMessageId")), _chat_ids(payload, envelope)
    if not chat_ids or not message_id:
        return None
    return GatewayEvent(
        EventKind.EDITED,
        at=as_unix_seconds(payload.get("timestamp")) or _reported_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=_from_me(payload),
        text=as_str(payload.get("body")),
    )


def _revoked(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """`after` is what took the message back, `before` the message itself where the engine still has
    it."""
    after, before = as_dict(payload.get("after")), as_dict(payload.get("before"))
    named = after or before
    message_id = as_str(payload.get("revokedMessageId")) or as_str(before.get("id"))
    chat_ids = _chat_ids(named, envelope)
    if not chat_ids or not message_id:
        return None
    return GatewayEvent(
        EventKind.DELETED,
        at=as_unix_seconds(after.get("timestamp")) or _reported_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=_from_me(named),
    )


def _status(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent:
    restricted = {"restriction": payload.get("restriction")} if payload.get("restriction") else {}
    state, until = state_of(payload.get("status"), {**as_dict(envelope.get("me")), **restricted})
    points = as_list(payload.get("statuses"))
    at = _milliseconds(as_dict(points[-1]).get("timestamp")) if points else 0.0
    why = GatewayErrorCode.RESTRICTED if state is LineState.RESTRICTED else None
    return GatewayEvent(EventKind.LINE, at=at or _reported_at(envelope), state=state, until=until, why=why)


READERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], GatewayEvent | None]] = {
    "message": _message,
    "message.any": _message,
    "message.ack": _ack,
    "message.reaction": _reaction,
    "message.edited": _edited,
    "message.revoked": _revoked,
    "session.status": _status,
}


def _chat_ids(payload: dict[str, Any], envelope: dict[str, Any]) -> tuple[str, ...]:
    """Every id of the other person that is named, phones before LIDs; () if it is not a chat with
    one person.

    The chat is the middle of the message's id. The raw record adds the other kind of id: Baileys in
    `key` (`remoteJidAlt`), whatsmeow in `Info`, or in the record itself when that is a receipt.
    """
    parts = as_str(payload.get("id")).split("_")
    data = as_dict(payload.get("_data"))
    key, info = as_dict(data.get("key")), as_dict(data.get("Info")) or data
    named = [parts[1] if len(parts) > 2 else "", key.get("remoteJid"), key.get("remoteJidAlt"), info.get("Chat")]
    if _from_me(payload):
        named += [payload.get("to"), info.get("RecipientAlt")]
    else:
        named += [payload.get("from"), payload.get("participant"), info.get("SenderAlt")]
    people = [person_of(name) for name in named if isinstance(name, str) and name]
    if None in people:  # a group, a newsletter, a broadcast, or a kind we do not know
        return ()
    me = as_dict(envelope.get("me"))
    ours = {person_of(as_str(me.get(name))) for name in ("id", "lid", "jid")}
    return tuple(sorted({person for person in people if person and person not in ours}, key=_phones_first))


def _phones_first(chat_id: str) -> tuple[bool, str]:
    return chat_id.endswith("@lid"), chat_id


def _from_me(payload: dict[str, Any]) -> bool:
    said = payload.get("fromMe")
    return said if isinstance(said, bool) else as_str(payload.get("id")).startswith("true_")


def _refused_as_restricted(payload: dict[str, Any]) -> tuple[bool, float]:
    """Whether WhatsApp's code of a failed message says so, and until when. Baileys keeps the code
    in the message's record or in the update of it; newer versions name it in an `error` of its
    own."""
    data, error = as_dict(payload.get("_data")), as_dict(payload.get("error"))
    kept = [
        *as_list(data.get("messageStubParameters")),
        *as_list(as_dict(data.get("update")).get("messageStubParameters")),
    ]
    codes = [str(code) for code in (*kept, error.get("code"))]
    return NACK_RESTRICTED in codes, moment_of(error.get("until"))


def _reported_at(envelope: dict[str, Any]) -> float:
    return _milliseconds(envelope.get("timestamp"))


def _milliseconds(value: Any) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MAX_UNIX_SECONDS * 1000
    return as_unix_seconds(value / 1000) if usable else 0.0
