"""WAHA's message as ours. `_data` is what its engine keeps: NOWEB Baileys' record, GOWS whatsmeow's
(`Info` and `Message`; tulir/whatsmeow, types/message.go), WEBJS the one of WhatsApp's own page
(wwebjs/whatsapp-web.js, structures/Message.js). A message that lacks it is simply shown plainer."""

from dataclasses import replace
from typing import Any

from widget.gateways.base import Ack, Media, Message, Quote
from widget.gateways.content import (
    KINDS,
    MAX_TEXT,
    contacts_in,
    media_in,
    moment_of,
    place_of,
    plain_mimetype,
    shows_something,
    thumbnail_of,
    unwrapped,
)
from widget.gateways.vcards import BEGINNING, cards_of
from widget.gateways.waha.codes import ack_of
from widget.untrusted import as_dict, as_list, as_positive_int, as_str

REVOKED = (1, "REVOKE")  # WebMessageInfo.StubType
EDIT, REVOKES = "1", ("7", "8")  # whatsmeow, types.EditAttribute: by the writer, by an admin
OF_WEBJS = {
    "image": "image",
    "video": "video",
    "ptt": "audio",
    "audio": "audio",
    "document": "document",
    "sticker": "sticker",
}


def message_of(raw: Any) -> Message | None:
    """None for what no chat shows: no id, no time, not an object, a sign about another message."""
    raw = as_dict(raw)
    name, at = raw.get("id"), int(moment_of(raw.get("timestamp")))
    if not isinstance(name, str) or not at:
        return None
    data, location = as_dict(raw.get("_data")), as_dict(raw.get("location"))
    content, wrapped = unwrapped(as_dict(data.get("message")) or as_dict(data.get("Message")))
    deleted, body = _is_deleted(data), str(raw.get("body") or "")[:MAX_TEXT]
    body = "" if body.startswith(BEGINNING) else body  # WEBJS has the card itself there
    if content and not (deleted or body or raw.get("hasMedia") or shows_something(content)):
        return None
    from_me = raw.get("fromMe") is True
    return Message(
        id=bare_id(name),
        ref=name,
        at=at,
        from_me=from_me,
        text="" if deleted else body,
        ack=ack_of(raw.get("ack")) if from_me else Ack.NONE,
        media=None if deleted else _media(raw, media_in(content) or _media_of_webjs(data)),
        quote=None if deleted else _quote(raw.get("replyTo")),
        reactions=_reactions(data.get("reactions")),
        edited=not deleted and (wrapped or _is_edited(data)),
        deleted=deleted,
        place=place_of(location.get("latitude"), location.get("longitude")),
        contacts=() if deleted else cards_of(as_list(raw.get("vCards"))) or contacts_in(content),
    )


def bare_id(message_id: str) -> str:
    """{true|false}_{chatId}_{ID}[_{participant}] -> ID; the other parts differ between a chat's two
    ids."""
    parts = message_id.split("_")
    return parts[2] if len(parts) >= 3 else message_id


def _is_deleted(data: dict[str, Any]) -> bool:
    edit = as_dict(data.get("Info")).get("Edit")
    return data.get("messageStubType") in REVOKED or edit in REVOKES or data.get("type") == "revoked"


def _is_edited(data: dict[str, Any]) -> bool:
    if as_dict(data.get("Info")).get("Edit") == EDIT or data.get("IsEdit") is True:
        return True
    return "editedMessage" in as_dict(data.get("message")) or bool(data.get("latestEditSenderTimestampMs"))


def _media(raw: dict[str, Any], kept: Media | None) -> Media | None:
    """What the engine keeps of the file, with what WAHA itself says of it."""
    if raw.get("hasMedia") is not True:
        return None
    given = as_dict(raw.get("media"))
    mimetype = plain_mimetype(given.get("mimetype") or (kept and kept.mimetype))
    name = as_str(given.get("filename"), 200)
    if kept:
        return replace(kept, mimetype=mimetype, name=name or kept.name)
    kind = mimetype.partition("/")[0]
    return Media(kind if kind in KINDS else "document", mimetype, name)


def _media_of_webjs(data: dict[str, Any]) -> Media | None:
    """`body` of a file is its small picture there, where it has one."""
    kind = OF_WEBJS.get(as_str(data.get("type")))
    if kind is None:
        return None
    return Media(
        kind=kind,
        mimetype=plain_mimetype(data.get("mimetype")),
        name=as_str(data.get("filename"), 200),
        size=as_positive_int(data.get("size")),
        seconds=as_positive_int(data.get("duration")),
        thumbnail=thumbnail_of(data.get("body")) if kind in ("image", "video", "document") else "",
    )


def _quote(reply: Any) -> Quote | None:
    if not isinstance(reply, dict) or not reply.get("id"):
        return None
    return Quote(str(reply.get("body") or "")[:500], None, has_media=reply.get("hasMedia") is True)


def _reactions(reactions: Any) -> tuple[str, ...]:
    """The last reaction of each side; an empty text took it back."""
    if not isinstance(reactions, list):
        return ()
    by_author = {
        as_dict(as_dict(r).get("key")).get("fromMe") is True: str(as_dict(r).get("text") or "")[:16] for r in reactions
    }
    return tuple(text for text in by_author.values() if text)
