"""What is inside a message of WhatsApp, as the libraries behind gateways write it in JSON (pure).

It is one protocol (WhiskeySockets/Baileys, WAProto: Message). Baileys, Node's JSON and Go's
(tulir/whatsmeow, waE2E) spell some of it in ways of their own, and vendors wrap those once more:
all spellings are read here.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from widget.gateways.base import ContactCard, File, GatewayError, GatewayErrorCode, Media
from widget.gateways.vcards import cards_of
from widget.untrusted import MAX_UNIX_SECONDS, as_dict, as_list, as_positive_int, as_str, as_unix_seconds

MEDIA_PARTS = {
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",  # the round ones
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
}
KINDS = frozenset(MEDIA_PARTS.values())
# Each holds a `message`, which is what the client sees.
WRAPPERS = (
    *("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension"),
    *("documentWithCaptionMessage", "editedMessage", "associatedChildMessage", "lottieStickerMessage"),
    *("botInvokeMessage", "groupMentionedMessage"),
)
DEEPEST = 5  # wrappers nest, but not without end
# What no chat shows by itself: signs about other messages, and the frame of an album, whose
# pictures come one by one.
SHOWS_NOTHING = frozenset(
    {
        *("reactionMessage", "protocolMessage", "senderKeyDistributionMessage", "pollUpdateMessage"),
        *("albumMessage", "messageContextInfo"),
    }
)
ANSWERS = {  # what was pressed in a message with buttons
    "buttonsResponseMessage": "selectedDisplayText",
    "templateButtonReplyMessage": "selectedDisplayText",
    "listResponseMessage": "title",
}
MAX_TEXT = 65_536
MAX_THUMBNAIL = 40_000  # in base64
MIMETYPE = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}(; ?[\w-]{1,20}=[\w.-]{1,40})*", re.ASCII | re.IGNORECASE)
VOICE = "audio/ogg; codecs=opus"  # the only type of a voice message that every phone plays, its parameter too
_OPUS_HEAD = re.compile(rb"OggS.{24}OpusHead.(.)", re.DOTALL)  # the first page of Opus in Ogg (RFC 7845)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def is_voice_note(file: File) -> bool:
    """Whether WhatsApp can play it as a voice message: Opus of one channel in Ogg (Meta:
    audio-messages). By what is in it: Ogg may hold anything."""
    head = _OPUS_HEAD.match(file.body)
    return file.mimetype.startswith("audio/ogg") and head is not None and head[1] == b"\x01"


def unwrapped(content: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The message inside its wrappers, and whether one of them was that of an edit."""
    edited = False
    for _ in range(DEEPEST):
        wrapper = next((name for name in WRAPPERS if isinstance(content.get(name), dict)), "")
        inner = as_dict(as_dict(content.get(wrapper)).get("message"))
        if not inner:
            break
        content, edited = inner, edited or wrapper == "editedMessage"
        if edited:  # an edit carries the new words in one more message
            content = as_dict(as_dict(content.get("protocolMessage")).get("editedMessage")) or content
    return content, edited


def shows_something(content: Mapping[str, Any]) -> bool:
    return bool(content.keys() - SHOWS_NOTHING)


def body_of(content: Mapping[str, Any]) -> str:
    """The text of a message, or the caption of its file. Protocol: of the parts only one is
    there."""
    if text := as_str(content.get("conversation"), MAX_TEXT):
        return text
    if text := as_str(as_dict(content.get("extendedTextMessage")).get("text"), MAX_TEXT):
        return text
    pressed = [as_dict(content.get(part)).get(name) for part, name in ANSWERS.items()]
    captions = [as_dict(content.get(part)).get("caption") for part in MEDIA_PARTS]
    return next((text for said in (*captions, *pressed) if (text := as_str(said, MAX_TEXT))), "")


def media_in(content: Mapping[str, Any]) -> Media | None:
    """The file of a message, None if it has none."""
    part = next((name for name in MEDIA_PARTS if isinstance(content.get(name), dict)), "")
    if not part:
        return None
    detail = as_dict(content[part])
    return Media(
        kind=MEDIA_PARTS[part],
        mimetype=plain_mimetype(detail.get("mimetype")),
        name=as_str(detail.get("fileName"), 200),
        size=_long(detail.get("fileLength")),
        seconds=as_positive_int(detail.get("seconds")),
        thumbnail=thumbnail_of(detail.get("jpegThumbnail") or detail.get("JPEGThumbnail")),
    )


def bytes_of(said: Any) -> bytes:
    """What a text in base64 holds. Raises GatewayError where it is none, or empty."""
    try:
        found = b64decode(said, validate=True) if isinstance(said, str) else b""
    except ValueError:
        found = b""
    if not found:
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
    return found


def picture_of(said: Any) -> File:
    """The code to scan, a PNG in base64 or a data: URL of it. Raises GatewayError for anything
    else: it is shown."""
    picture = bytes_of(said.removeprefix("data:image/png;base64,") if isinstance(said, str) else said)
    if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
    return File("image/png", "", picture)


def mimetype_of(said: Any) -> str:
    """A mimetype that may go into a header of ours: it comes from the client's phone.
    «octet-stream» for anything else."""
    return said if isinstance(said, str) and MIMETYPE.fullmatch(said) else "application/octet-stream"


def plain_mimetype(said: Any) -> str:
    """A mimetype for a page: in small letters, without parameters."""
    return mimetype_of(said).lower().partition(";")[0].strip()[:100]


def contacts_in(content: Mapping[str, Any]) -> tuple[ContactCard, ...]:
    """The contacts that it shares."""
    several = as_list(as_dict(content.get("contactsArrayMessage")).get("contacts"))
    one = content.get("contactMessage")
    return cards_of(several or ([one] if isinstance(one, dict) else []))


def vcard_of(card: ContactCard) -> str:
    """As WhatsApp's own phones write it (RFC 2426): `waid` makes the number one to write to."""
    name, company = _escaped(card.name), _escaped(card.company)
    firm = f"ORG:{company};\n" if company else ""
    number = f"TEL;type=CELL;type=VOICE;waid={card.phone.lstrip('+')}:{card.phone}\n"
    return f"BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{firm}{number}END:VCARD"


def _escaped(text: str) -> str:
    """For one field of a vCard: on one line, with its own signs escaped."""
    return re.sub(r"([\\,;])", r"\\\1", " ".join(text.split()))


def place_of(latitude: Any, longitude: Any) -> tuple[float, float] | None:
    """A place on Earth, None for anything else."""
    try:
        place = float(latitude), float(longitude)
    except (TypeError, ValueError, OverflowError):
        return None
    return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None


def thumbnail_of(said: Any) -> str:
    """A small picture in base64, "" for anything else: a text, Node's buffer, or an object with a
    number for each byte. Only what can stand in a data: URL."""
    if isinstance(said, dict) and said.get("type") == "Buffer":
        said = said.get("data")
    if isinstance(said, dict):
        said = [said.get(str(place)) for place in range(len(said))] if len(said) < MAX_THUMBNAIL else []
    if isinstance(said, list):
        try:
            said = b64encode(bytes(said[:MAX_THUMBNAIL])).decode()
        except (TypeError, ValueError):  # no numbers, or none of a byte
            return ""
    return said if isinstance(said, str) and len(said) < MAX_THUMBNAIL and _BASE64.fullmatch(said) else ""


def moment_of(said: Any) -> float:
    """Unix seconds; also of milliseconds, and of a 64-bit number in its two halves. 0.0 for what is
    not a time."""
    if isinstance(said, dict):
        said = _long(said)
    usable = isinstance(said, int | float) and not isinstance(said, bool)
    if usable and MAX_UNIX_SECONDS <= said < MAX_UNIX_SECONDS * 1000:
        said /= 1000
    return as_unix_seconds(said)


def _long(said: Any) -> int:
    """A whole number above 0, also one in halves of 32 bits (long.js); else 0."""
    if not isinstance(said, dict):
        return as_positive_int(said)
    low, high = said.get("low"), said.get("high", 0)
    if not (isinstance(low, int) and isinstance(high, int)) or max(abs(low), abs(high)) >= 2**32:
        return 0
    return max(0, (high << 32) + (low & 0xFFFFFFFF))
