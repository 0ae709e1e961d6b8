"""Evolution's message as ours. A record is Baileys' message in a row of Evolution's own
(whatsapp.baileys.service.ts, prepareMessage; WhiskeySockets/Baileys, WAProto); webhooks carry the
same. What a record lacks is simply not shown."""

import re
from collections.abc import Mapping
from typing import Any

from widget.gateways.base import ARRIVED, Ack, GatewayError, GatewayErrorCode, Message, Quote
from widget.gateways.content import body_of, contacts_in, media_in, moment_of, place_of, shows_something, unwrapped
from widget.gateways.names import person_in
from widget.untrusted import as_dict, as_list, as_str

# src/utils/renderStatus.ts. DELETED and EDITED stand beside them and are not acks.
ACKS = {
    "ERROR": Ack.FAILED,
    "PENDING": Ack.PENDING,
    "SERVER_ACK": Ack.SENT,
    "DELIVERY_ACK": Ack.DELIVERED,
    "READ": Ack.READ,
    "PLAYED": Ack.READ,
}
# They come out of order. A failure comes after the server took the message; what was delivered did
# not fail.
PROGRESS = (Ack.NONE, Ack.PENDING, Ack.SENT, Ack.FAILED, Ack.DELIVERED, Ack.READ)
_REF = re.compile(r"(true|false)_(\d{5,20}@(?:s\.whatsapp\.net|lid))_([\w.-]{1,120})", re.ASCII)
_ID = re.compile(r"[\w.-]{1,120}", re.ASCII)


def message_of(record: Any) -> Message | None:
    """None for what no chat shows: no id, no person's chat, no time, a sign about another
    message."""
    record = as_dict(record)
    key, at, home = as_dict(record.get("key")), int(time_of(record)), home_of(record)
    if not (at and home and id_of(key)):
        return None
    content, edited = unwrapped(as_dict(record.get("message")))
    statuses = _statuses(record)
    # 2.3.7 leaves the row of a message that was taken back, with nothing in it, and calls it
    # edited.
    deleted = "DELETED" in statuses or key.get("deleted") is True or ("EDITED" in statuses and not content)
    if not deleted and not shows_something(content):
        return None
    place = as_dict(content.get("locationMessage"))
    from_me = key.get("fromMe") is True
    return Message(
        id=id_of(key),
        ref=f"{'true' if from_me else 'false'}_{home}_{id_of(key)}",
        at=at,
        from_me=from_me,
        text="" if deleted else body_of(content),
        ack=_furthest(statuses) if from_me else Ack.NONE,
        media=None if deleted else media_in(content),
        quote=None if deleted else _quote(record, content),
        edited=not deleted and (edited or "EDITED" in statuses),
        deleted=deleted,
        place=place_of(place.get("degreesLatitude"), place.get("degreesLongitude")),
        contacts=() if deleted else contacts_in(content),
    )


def is_ours(record: Mapping[str, Any]) -> bool:
    return as_dict(record.get("key")).get("fromMe") is True


def has_arrived(record: Mapping[str, Any]) -> bool:
    """Whether this is a message of ours that came to the client's phone: fewer ticks prove nothing
    of its number."""
    return is_ours(record) and _furthest(_statuses(record)) in ARRIVED


def reaction_of(record: Any) -> tuple[str, bool, str] | None:
    """(id of the message it is about, whether it is ours, the emoji; "" takes it back) of a
    reaction's record."""
    said = as_dict(as_dict(as_dict(record).get("message")).get("reactionMessage"))
    about = id_of(as_dict(said.get("key")))
    from_me = as_dict(as_dict(record).get("key")).get("fromMe") is True
    return (about, from_me, as_str(said.get("text"), 16)) if about else None


def ack_of(status: Any) -> Ack:
    return ACKS.get(status, Ack.NONE) if isinstance(status, str) else Ack.NONE


def id_of(key: Mapping[str, Any]) -> str:
    """The message's own id in a key; "" if none."""
    found = key.get("id")
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def person_id(jid: Any) -> str:
    """The id of a person's chat without the device; "" for groups, newsletters, broadcasts and
    nonsense."""
    return person_in(jid, "s.whatsapp.net", homes=("s.whatsapp.net",))


def ids_of(key: Any) -> tuple[str, ...]:
    """All ids that a key names for the chat, a phone id before a LID. None at all for what is not a
    person's chat.

    `remoteJidAlt` is the other id; it may be missing, and nothing leads to the phone then
    (evolution-foundation/evolution-api#1872). Older versions call it `senderPn`.
    """
    key = as_dict(key)
    if not person_id(key.get("remoteJid")):
        return ()
    other = "" if key.get("fromMe") is True else person_id(key.get("senderPn"))
    named = [person_id(key.get("remoteJid")), person_id(key.get("remoteJidAlt")), other]
    return tuple(sorted({one for one in named if one}, key=lambda one: (one.endswith("@lid"), named.index(one))))


def home_of(record: Mapping[str, Any]) -> str:
    """The id under which Evolution stores the message; "" if that is not a person's chat."""
    return person_id(as_dict(record.get("key")).get("remoteJid"))


def is_of(record: Mapping[str, Any], chat_id: str, message_id: str = "") -> bool:
    key = as_dict(record.get("key"))
    return chat_id in ids_of(key) and message_id in ("", id_of(key))


def time_of(record: Mapping[str, Any]) -> float:
    return moment_of(record.get("messageTimestamp"))


def parse_ref(ref: str) -> dict[str, Any]:
    """The key that our `ref` stands for. Raises GatewayError for what we did not write."""
    found = _REF.fullmatch(ref)
    if not found:
        raise GatewayError(GatewayErrorCode.MALFORMED)
    return {"id": found[3], "fromMe": found[1] == "true", "remoteJid": found[2]}


def _statuses(record: Mapping[str, Any]) -> set[str]:
    """All that was ever said of it, in its row and in the updates beside it."""
    said = [record.get("status"), *(as_dict(update).get("status") for update in as_list(record.get("MessageUpdate")))]
    return {status for status in said if isinstance(status, str)}


def _furthest(statuses: set[str]) -> Ack:
    return max(map(ack_of, statuses), key=PROGRESS.index, default=Ack.NONE)


def _quote(record: Mapping[str, Any], content: Mapping[str, Any]) -> Quote | None:
    """The row carries the context itself; a webhook may only have it inside the part."""
    inside = next(
        (as_dict(part).get("contextInfo") for part in content.values() if "contextInfo" in as_dict(part)), None
    )
    context = as_dict(record.get("contextInfo")) or as_dict(inside)
    if not context.get("stanzaId"):
        return None
    quoted, _ = unwrapped(as_dict(context.get("quotedMessage")))
    return Quote(body_of(quoted)[:500], None, has_media=media_in(quoted) is not None)
