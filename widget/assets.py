"""What goes out packed: the static files, once when the process starts, and pages as they are
drawn.

A card opens in a frame of every CRM item, mostly to show one button: each request and each kilobyte
of it is paid then.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Response, abort, request

# Stylesheets of one page, in their order.
STYLES: Mapping[str, tuple[str, ...]] = {
    "page/plain.css": ("tokens.css", "base.css"),
    "page/card.css": (
        "tokens.css",
        "base.css",
        "card/card.css",
        "chats/chat.css",
        "replies/replies.css",
        "later/later.css",
        "waiting/waiting.css",
    ),
    "page/application.css": (
        *("tokens.css", "base.css", "card/card.css", "chats/chat.css", "replies/replies.css", "later/later.css"),
        *("waiting/waiting.css", "admin/app.css"),
    ),
    "page/install.css": ("tokens.css", "base.css", "install/install.css"),
}
FOR_EVER = "public, max-age=31536000, immutable"  # the version is in the address
WORTH_PACKING = 1000  # bytes
QUICKLY = 5  # of gzip's levels: a card takes 0.3 ms


@dataclass(frozen=True)
class Asset:
    mimetype: str
    plain: bytes
    packed: bytes


class Assets:
    """All files of a folder, in memory: about 150 kB. `version` changes with any of them."""

    def __init__(self, folder: Path) -> None:
        files = {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        digest = hashlib.sha256(b"".join(name.encode() + body for name, body in files.items()))
        self.version = digest.hexdigest()[:12]
        joined = {name: b"".join(map(files.__getitem__, parts)) for name, parts in STYLES.items()}
        self._assets = {name: _asset(name, body) for name, body in {**files, **joined}.items()}

    def send(self, filename: str) -> Response:
        """The file, packed for a browser that takes it so; 404 for another name."""
        asset = self._assets.get(filename)
        if asset is None:
            abort(404)
        packed = request.accept_encodings.quality("gzip") > 0
        response = Response(asset.packed if packed else asset.plain, mimetype=asset.mimetype)
        response.headers["Cache-Control"] = FOR_EVER
        _say_how(response, packed=packed)
        response.set_etag(f"{self.version}-{'gzip' if packed else 'plain'}")
        response.make_conditional(request)
        return response


@dataclass(frozen=True)
class PackedPage:
    """A drawn page that goes out more than once: as bytes, and packed at the first browser that
    takes it so. For a card these two took a third of what it costs when nothing has changed."""

    plain: bytes

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.plain, QUICKLY, mtime=0)

    def response(self) -> Response:
        packed = request.accept_encodings.quality("gzip") > 0 and len(self.plain) >= WORTH_PACKING
        response = Response(self.packed if packed else self.plain, mimetype="text/html")
        _say_how(response, packed=packed)
        return response


def pack(response: Response) -> None:
    """Pack a drawn page or fragment. Nothing of a stranger's stands in one beside a secret of ours
    that would stay the same from answer to answer, so its length tells nothing."""
    if "Vary" in response.headers or response.mimetype != "text/html" or response.is_streamed:
        return
    body = response.get_data()
    packed = request.accept_encodings.quality("gzip") > 0 and len(body) >= WORTH_PACKING
    if packed:
        response.set_data(gzip.compress(body, QUICKLY, mtime=0))
    _say_how(response, packed=packed)


def _say_how(response: Response, *, packed: bool) -> None:
    response.headers.add("Vary", "Accept-Encoding")  # nothing else that we send depends on the request
    if packed:
        response.headers.add("Content-Encoding", "gzip")


def _asset(name: str, body: bytes) -> Asset:
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(mimetype, body, gzip.compress(body, 9, mtime=0))
