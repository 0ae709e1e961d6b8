"""Files between the two sides: addresses of ours that a portal fetches from, and files that it
keeps for operators."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from mimetypes import guess_type
from urllib.parse import quote, urlsplit

import httpx
from cryptography.fernet import InvalidToken

from widget.chats.files import MAX_FILE_SIZE
from widget.errors import ErrorCode, Refused
from widget.gateways.base import File
from widget.http import OutsideError, fetch
from widget.openlines.calls import MAX_FILE_NAME
from widget.storage.portals import Portal
from widget.storage.secret_box import SecretBox

LIVES_SECONDS = 3600.0  # of an address: a portal fetches at once, and again after a failure
MAX_TOKEN = 2000
FETCH_SECONDS = 60.0


@dataclass(frozen=True)
class FileRef:
    """A file of a message as its gateway calls it."""

    portal_id: int
    chat_id: int
    ref: str


class FileAddresses:
    """Signed, short-lived addresses: who has one gets the file, and learns nothing of chat, number
    or gateway by it."""

    def __init__(self, secret_box: SecretBox, public_url: str, clock: Callable[[], float]) -> None:
        self._secret_box = secret_box
        self._public_url = public_url
        self._clock = clock

    def of(self, ref: FileRef, name: str) -> str:
        until = int(self._clock() + LIVES_SECONDS)
        token = self._secret_box.encrypt(json.dumps(["file", ref.portal_id, ref.chat_id, ref.ref, until]))
        return f"{self._public_url}/openlines/files/{token}/{quote(short_name(name), safe='')}"

    def company(self, token: str) -> int:
        """The portal's id that this address belongs to, 0 for one that is not ours, or not any
        more. No query."""
        try:
            return self.read(token).portal_id
        except Refused:
            return 0

    def read(self, token: str) -> FileRef:
        """Refused(NOT_FOUND) for an address that is not ours, or not any more."""
        try:
            opened = self._secret_box.fernet.decrypt(token) if len(token) <= MAX_TOKEN else b"[]"
            kind, portal_id, chat_id, ref, until = json.loads(opened)
        except (InvalidToken, ValueError, TypeError) as error:
            raise Refused(ErrorCode.NOT_FOUND, reason="file address") from error
        if kind != "file" or self._clock() > until:
            raise Refused(ErrorCode.NOT_FOUND, reason="file address is too old")
        return FileRef(portal_id, chat_id, ref)


def short_name(name: str) -> str:
    """With its ending, which says what it is: a longer name would lose its beginning in the
    portal."""
    stem, dot, ending = name.rpartition(".")
    return name if len(name) <= MAX_FILE_NAME else f"{(stem or name)[: MAX_FILE_NAME - 12]}{dot}{ending[-11:]}"


class PortalFiles:
    """What an operator attached: fetched from the portal's own host and from nowhere else."""

    def __init__(self, client: httpx.Client, *, allow_http: bool) -> None:
        """`client` connects to public addresses only, where the operator of the service wants it
        so."""
        self._client = client
        self._schemes = ("https", "http") if allow_http else ("https",)

    def fetch(self, portal: Portal, name: str, address: str) -> File:
        """One outside call, with no token in it. Raises Refused: FILE_ELSEWHERE for another host,
        TOO_LARGE, FILE_GONE for what the portal does not give."""
        split, home = urlsplit(address), urlsplit(portal.origin)
        if split.scheme not in self._schemes or split.netloc.lower() != home.netloc.lower():
            raise Refused(ErrorCode.FILE_ELSEWHERE, reason="an operator's file")
        try:
            answer = fetch(self._client, "GET", address, timeout=FETCH_SECONDS, largest=MAX_FILE_SIZE + 1)
        except OutsideError as error:
            raise Refused(ErrorCode.PORTAL_FAILED, reason=error.reason) from error
        if answer.status != 200:
            raise Refused(ErrorCode.FILE_GONE, reason=f"HTTP {answer.status}")
        mimetype = answer.headers.get("content-type") or guess_type(name)[0] or ""
        return File(mimetype, name, answer.body)
