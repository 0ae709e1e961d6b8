"""WAHA's message as ours. `_data` is what its engine keeps and differs between engines; what is read of it is
Baileys' WebMessageInfo (WhiskeySockets/Baileys, WAProto). A message that lacks it is simply shown plainer."""

import re
from typing import Any

from widget.gateways.base import Ack, Media, Message, Quote
from widget.gateways.waha_codes import ack_of
from widget.untrusted import LATEST, map_of, whole_of

REVOKED = 1  # WebMessageInfo.StubType.REVOKE
MEDIA_PARTS = {
    "imageMessage": "image",
    "videoMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
}
LONGEST_TEXT = 65_536
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def message_of(raw: Any) -> Message | None:
    """None for what no chat shows: no id, no time, not an object."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
        return None
    at = raw.get("timestamp")
    if not isinstance(at, (int, float)) or isinstance(at, bool) or not 0 < at < LATEST:
        return None
    data = map_of(raw.get("_data"))
    deleted = data.get("messageStubType") in (REVOKED, "REVOKE")
    from_me = raw.get("fromMe") is True
    return Message(
        id=bare_id(raw["id"]),
        ref=raw["id"],
        at=int(at),
        from_me=from_me,
        text="" if deleted else str(raw.get("body") or "")[:LONGEST_TEXT],
        ack=ack_of(raw.get("ack")) if from_me else Ack.NONE,
        media=None if deleted else _media(raw, map_of(data.get("message"))),
        quote=_quote(raw.get("replyTo")),
        reactions=_reactions(data.get("reactions")),
        edited="editedMessage" in map_of(data.get("message")),
        deleted=deleted,
        place=_place(raw.get("location")),
        contacts=len(raw["vCards"]) if isinstance(raw.get("vCards"), list) else 0,
    )


def bare_id(message_id: str) -> str:
    """{true|false}_{chatId}_{ID}[_{participant}] -> ID; the other parts differ between a chat's two ids."""
    parts = message_id.split("_")
    return parts[2] if len(parts) >= 3 else message_id


def _media(raw: dict[str, Any], content: dict[str, Any]) -> Media | None:
    if raw.get("hasMedia") is not True:
        return None
    part = next((name for name in MEDIA_PARTS if isinstance(content.get(name), dict)), "")
    detail = map_of(content.get(part))
    given = map_of(raw.get("media"))
    mimetype = str(given.get("mimetype") or detail.get("mimetype") or "application/octet-stream").lower()
    kind = MEDIA_PARTS.get(part) or mimetype.partition("/")[0]
    return Media(
        kind=kind if kind in MEDIA_PARTS.values() else "document",
        mimetype=mimetype.partition(";")[0].strip()[:100],
        name=str(given.get("filename") or detail.get("fileName") or "")[:200],
        size=whole_of(detail.get("fileLength")),
        seconds=whole_of(detail.get("seconds")),
        thumbnail=_base64(detail.get("jpegThumbnail")),
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
        str(map_of(map_of(r).get("key")).get("fromMe")): str(map_of(r).get("text") or "")[:16] for r in reactions
    }
    return tuple(text for text in by_author.values() if text)


def _place(location: Any) -> tuple[float, float] | None:
    latitude, longitude = map_of(location).get("latitude"), map_of(location).get("longitude")
    try:
        place = float(latitude), float(longitude)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None


def _base64(value: Any) -> str:
    """Only what can stand in a data: URL, and small."""
    ok = isinstance(value, str) and len(value) < 40_000 and _BASE64.fullmatch(value)
    return value if ok else ""
