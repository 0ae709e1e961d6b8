"""Files as WAHA takes and keeps them (waha-docs: how-to/send-messages, how-to/receive-messages)."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from widget.gateways.base import File
from widget.untrusted import map_of

# What WhatsApp shows as more than a document without a conversion (waha-docs, how-to/send-messages).
SHOWN_AS = {
    "image/jpeg": "/api/sendImage",
    "image/png": "/api/sendImage",
    "video/mp4": "/api/sendVideo",
    "audio/ogg": "/api/sendVoice",
}
MIMETYPE = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}(; ?[\w-]{1,20}=[\w.-]{1,40})*", re.ASCII | re.IGNORECASE)


def file_request(file: File, caption: str) -> tuple[str, dict[str, Any]]:
    """Where the file goes, and the part of the body that describes it. A voice message can carry no words, and a video
    that says nothing of words gets some of WAHA's own."""
    path = SHOWN_AS.get(file.mimetype.partition(";")[0].strip().lower(), "/api/sendFile")
    if path == "/api/sendVoice" and caption:
        path = "/api/sendFile"
    content = {"mimetype": file.mimetype, "filename": file.name, "data": b64encode(file.body).decode()}
    body: dict[str, Any] = {"file": content}
    if path != "/api/sendVoice":
        body["caption"] = caption
    if path in ("/api/sendVoice", "/api/sendVideo"):
        body["convert"] = False
    return path, body


def stored_at(message: Mapping[str, Any]) -> str:
    """The path of a message's file, "" if it has none.

    The host in media.url is whatever WAHA believes its own to be, often localhost:3000. Only the path is used, at the
    line's own address, so a hostile answer cannot send us elsewhere.
    """
    path = _path_of(str(map_of(message.get("media")).get("url") or ""))
    return path if path.startswith("/api/files/") and ".." not in unquote(path) else ""


def mimetype_of(message: Mapping[str, Any]) -> str:
    """It comes from the client's phone and goes into a header of ours."""
    mimetype = str(map_of(message.get("media")).get("mimetype"))
    return mimetype if MIMETYPE.fullmatch(mimetype) else "application/octet-stream"


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
