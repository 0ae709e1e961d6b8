"""GREEN-API's files: where one may be fetched from, what a sent one is called, and the picture to scan."""

import mimetypes
import re
from base64 import b64decode
from pathlib import PurePath
from urllib.parse import urlsplit

from widget.gateways.base import File, GatewayError, Trouble
from widget.gateways.calls import Calls

LARGEST_FILE = 64 * 1024 * 1024
# Where GREEN-API keeps files: its own hosts, and its buckets as they stand in …/receiving/files/DownloadFile and in
# webhooks that people published. A file anywhere else is not fetched, whatever an answer says.
STORAGE = re.compile(
    r"([\w-]+\.)*(green-api|greenapi)\.com|sw-media(-\w+)*\.storage\.yandexcloud\.net"
    r"|do-media-\d+\.[a-z0-9]+\.digitaloceanspaces\.com",
    re.ASCII,
)
# …/ImageMessage: the type comes from the client's phone and goes into a header of ours.
MIMETYPE = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}(; ?[\w-]{1,20}=[\w.-]{1,40})*", re.ASCII | re.IGNORECASE)


def file_at(calls: Calls, url: str) -> File:
    """The file that an answer names, from the line's own address or the vendor's storage. One call. Raises
    GatewayError; for a file anywhere else without a call."""
    if not (calls.is_own(url) or _in_storage(url)):
        raise GatewayError(Trouble.NO_SUCH_THING)
    answer = calls.download(url, calls.timeouts.history, largest=LARGEST_FILE)
    if answer.status != 200:
        raise GatewayError(Trouble.NO_SUCH_THING)
    mimetype = answer.headers.get("content-type", "")
    return File(mimetype if MIMETYPE.fullmatch(mimetype) else "application/octet-stream", "", answer.body)


def with_extension(file: File) -> str:
    """The file's name; GREEN-API sends by the extension and wants one."""
    if PurePath(file.name).suffix:
        return file.name
    return (file.name or "file") + (mimetypes.guess_extension(file.mimetype.partition(";")[0].strip()) or ".bin")


def picture_of(text: str) -> File:
    """A PNG in base64. Raises GatewayError for anything else: it is shown to a person."""
    try:
        picture = b64decode(text.removeprefix("data:image/png;base64,"), validate=True)
    except ValueError:
        picture = b""
    if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
        raise GatewayError(Trouble.BROKEN_ANSWER)
    return File("image/png", "", picture)


def _in_storage(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc
    return plain and bool(STORAGE.fullmatch(parts.hostname or ""))
