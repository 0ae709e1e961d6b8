"""What WAHA reports by itself (waha-docs: how-to/events)."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from widget.gateways.base import Ack, EventKind, GatewayEvent, LineState, Trouble
from widget.gateways.content import moment_of
from widget.gateways.waha.chats import person_of
from widget.gateways.waha.codes import NACK_RESTRICTED, ack_of, state_of
from widget.gateways.waha.messages import bare_id, message_of
from widget.untrusted import LATEST, list_of, map_of, seconds_of, text_of


class WahaWebhooks:
    """The MAC is of the body alone: the time in the headers proves nothing."""

    refuse_with = 401

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == "x-webhook-hmac"), "")
        expected = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
        return bool(secret) and hmac.compare_digest(given.lower().encode(errors="replace"), expected.encode())

    def events(self, body: Any) -> list[GatewayEvent]:
        envelope = map_of(body)
        read = READERS.get(text_of(envelope.get("event")))
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
    )


def _ack(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """Of our own messages only. Whose chat it is stands in the id: `from` is the reader or ourselves, by engine."""
    name, ack = text_of(payload.get("id")), ack_of(payload.get("ack"))
    from_me = payload.get("fromMe") is True or name.startswith("true_")
    chat_ids = _chat_ids({"id": name, "fromMe": from_me, "_data": payload.get("_data")}, envelope)
    if not chat_ids or not from_me or ack is Ack.NONE:
        return None
    restricted, until = _refused_as_restricted(payload) if ack is Ack.FAILED else (False, 0.0)
    return GatewayEvent(
        EventKind.ACK,
        at=_told_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(name),
        from_me=True,
        ack=ack,
        why=Trouble.RESTRICTED if restricted else None,
        until=until if restricted else 0.0,
    )


def _reaction(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    reaction, chat_ids = map_of(payload.get("reaction")), _chat_ids(payload, envelope)
    message_id, emoji = text_of(reaction.get("messageId")), reaction.get("text")
    if not chat_ids or not message_id or not isinstance(emoji, str | None):
        return None
    return GatewayEvent(
        EventKind.REACTION,
        at=seconds_of(payload.get("timestamp")) or _told_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=payload.get("fromMe") is True,
        text=text_of(emoji, 16),
    )


def _edited(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """The payload is the message that brings the change: its own id is another one."""
    message_id, chat_ids = text_of(payload.get("editedMessageId")), _chat_ids(payload, envelope)
    if not chat_ids or not message_id:
        return None
    return GatewayEvent(
        EventKind.EDITED,
        at=seconds_of(payload.get("timestamp")) or _told_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=_from_me(payload),
        text=text_of(payload.get("body")),
    )


def _revoked(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent | None:
    """`after` is what took the message back, `before` the message itself where the engine still has it."""
    after, before = map_of(payload.get("after")), map_of(payload.get("before"))
    named = after or before
    message_id = text_of(payload.get("revokedMessageId")) or text_of(before.get("id"))
    chat_ids = _chat_ids(named, envelope)
    if not chat_ids or not message_id:
        return None
    return GatewayEvent(
        EventKind.DELETED,
        at=seconds_of(after.get("timestamp")) or _told_at(envelope),
        chat_ids=chat_ids,
        message_id=bare_id(message_id),
        from_me=_from_me(named),
    )


def _status(payload: dict[str, Any], envelope: dict[str, Any]) -> GatewayEvent:
    told = {"restriction": payload.get("restriction")} if payload.get("restriction") else {}
    state, until = state_of(payload.get("status"), {**map_of(envelope.get("me")), **told})
    points = list_of(payload.get("statuses"))
    at = _milliseconds(map_of(points[-1]).get("timestamp")) if points else 0.0
    why = Trouble.RESTRICTED if state is LineState.RESTRICTED else None
    return GatewayEvent(EventKind.LINE, at=at or _told_at(envelope), state=state, until=until, why=why)


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
    """Every id of the other person that is named, phones before LIDs; () if it is not a chat with one person.

    The chat is the middle of the message's id. The raw record adds the other kind of id: Baileys in `key`
    (`remoteJidAlt`), whatsmeow in `Info`, or in the record itself when that is a receipt.
    """
    parts = text_of(payload.get("id")).split("_")
    data = map_of(payload.get("_data"))
    key, info = map_of(data.get("key")), map_of(data.get("Info")) or data
    named = [parts[1] if len(parts) > 2 else "", key.get("remoteJid"), key.get("remoteJidAlt"), info.get("Chat")]
    if _from_me(payload):
        named += [payload.get("to"), info.get("RecipientAlt")]
    else:
        named += [payload.get("from"), payload.get("participant"), info.get("SenderAlt")]
    people = [person_of(name) for name in named if isinstance(name, str) and name]
    if None in people:  # a group, a newsletter, a broadcast, and whatever comes next
        return ()
    me = map_of(envelope.get("me"))
    ours = {person_of(text_of(me.get(name))) for name in ("id", "lid", "jid")}
    return tuple(sorted({person for person in people if person and person not in ours}, key=_phones_first))


def _phones_first(chat_id: str) -> tuple[bool, str]:
    return chat_id.endswith("@lid"), chat_id


def _from_me(payload: dict[str, Any]) -> bool:
    said = payload.get("fromMe")
    return said if isinstance(said, bool) else text_of(payload.get("id")).startswith("true_")


def _refused_as_restricted(payload: dict[str, Any]) -> tuple[bool, float]:
    """Whether WhatsApp's code of a failed message says so, and until when. Baileys keeps the code in the message's
    record or in the update of it; newer versions name it in an `error` of its own."""
    data, error = map_of(payload.get("_data")), map_of(payload.get("error"))
    kept = [
        *list_of(data.get("messageStubParameters")),
        *list_of(map_of(data.get("update")).get("messageStubParameters")),
    ]
    codes = [str(code) for code in (*kept, error.get("code"))]
    return NACK_RESTRICTED in codes, moment_of(error.get("until"))


def _told_at(envelope: dict[str, Any]) -> float:
    return _milliseconds(envelope.get("timestamp"))


def _milliseconds(value: Any) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LATEST * 1000
    return seconds_of(value / 1000) if usable else 0.0
