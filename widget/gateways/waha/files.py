"""Files as WAHA takes and keeps them (waha-docs: how-to/send-messages, how-to/receive-messages)."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from widget.gateways.base import File
from widget.gateways.content import VOICE, is_voice_note
from widget.untrusted import as_dict, as_str

# What WhatsApp shows as more than a document without a conversion (waha-docs,
# how-to/send-messages).
SHOWN_AS = {
    "image/jpeg": "/api/sendImage",
    "image/png": "/api/sendImage",
    "video/mp4": "/api/sendVideo",
}
# Buckets that WAHA is known to keep files in (waha-docs, how-to/storages). A link alone sends us
# nowhere: any other host is one that the operator has named.
BUCKETS = re.compile(
    r"([\w.-]+\.)?(amazonaws\.com|digitaloceanspaces\.com|backblazeb2\.com|wasabisys\.com"
    r"|r2\.cloudflarestorage\.com|storage\.yandexcloud\.(net|kz)|storage\.googleapis\.com)",
    re.ASCII,
)
KEPT_AT = "/api/files/"
SIGNATURE = re.compile(r"(^|&)X-Amz-Signature=\w", re.IGNORECASE)
MAX_URL = 4000


def file_request(file: File, caption: str) -> tuple[str, dict[str, Any]]:
    """Where the file goes, and the part of the body that describes it. A voice message can carry no
    words, and a video that says nothing of words gets some of WAHA's own."""
    voice = is_voice_note(file) and not caption
    shown_as = SHOWN_AS.get(file.mimetype.partition(";")[0].strip().lower(), "/api/sendFile")
    path = "/api/sendVoice" if voice else shown_as
    mimetype = VOICE if voice else file.mimetype
    content = {"mimetype": mimetype, "filename": file.name, "data": b64encode(file.body).decode()}
    body: dict[str, Any] = {"file": content}
    if path != "/api/sendVoice":
        body["caption"] = caption
    if path in ("/api/sendVoice", "/api/sendVideo"):
        body["convert"] = False
    return path, body


def url_of(message: Mapping[str, Any]) -> str:
    """Where WAHA says that the message's file is, "" if it has none."""
    return as_str(as_dict(message.get("media")).get("url"), MAX_URL)


def stored_at(url: str) -> str:
    """The path of a file that WAHA keeps itself, below the line's address; "" for one that it keeps
    elsewhere.

    The host is what WAHA believes its own to be, often localhost:3000, and a proxy may have put it
    under a path of its own, which the line's address has too. Only what follows is used, so a
    hostile answer cannot send us elsewhere.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    _, ours, name = parts.path.partition(KEPT_AT)
    signed = SIGNATURE.search(parts.query)
    return f"{ours}{name}" if name and not signed and ".." not in unquote(name) else ""


def is_presigned(url: str) -> bool:
    """A link into a bucket (waha-docs, how-to/storages): the signature in it is all that is asked
    for."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(SIGNATURE.search(parts.query))
