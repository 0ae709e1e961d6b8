"""GREEN-API's files: where one may be fetched from, and what a sent one is called."""

import mimetypes
import re
from pathlib import PurePath

from widget.gateways.base import File
from widget.gateways.calls import Calls
from widget.gateways.content import mimetype_of

MAX_FILE = 64 * 1024 * 1024
# Where GREEN-API keeps files: its own hosts, and its buckets as they stand in
# …/receiving/files/DownloadFile and in webhooks that people published, and in the vendor's own
# integrations (green-api/*, the hosts that they let through). A file anywhere else is not fetched
# unless the operator has named its host.
STORAGES = re.compile(
    r"([\w-]+\.)*(green-api|greenapi)\.com"
    r"|(sw-)?media(-\w+)*\.storage\.(greenapi\.net|yandexcloud\.(net|kz))"
    r"|do-media-\d+\.[a-z0-9]+\.digitaloceanspaces\.com",
    re.ASCII,
)


def file_at(calls: Calls, url: str) -> File:
    """The file that an answer names, from the line's own address or the vendor's storage. One call.
    Raises GatewayError; for a file anywhere else without a call."""
    answer = calls.download(url, STORAGES, calls.timeouts.history, largest=MAX_FILE)
    return File(mimetype_of(answer.headers.get("content-type")), "", answer.body)


def with_extension(file: File) -> str:
    """The file's name; GREEN-API sends by the extension and wants one."""
    if PurePath(file.name).suffix:
        return file.name
    return (file.name or "file") + (mimetypes.guess_extension(file.mimetype.partition(";")[0].strip()) or ".bin")
