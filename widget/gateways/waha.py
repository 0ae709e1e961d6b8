"""WAHA. Sources: devlikeapro/waha-docs (how-to/*, static/swagger/openapi.json), devlikeapro/waha (issues named below).

Phone ids end in @c.us; @lid ids are opaque and their digits are never a phone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from widget.gateways import base
from widget.gateways.base import Ack, Depth, GatewayError, LineState, Sent, Trouble
from widget.gateways.waha_messages import LATEST, ack_of, bare_id, message_of
from widget.http import Answer, OutsideError, TimedOut, fetch

STATES = {
    "WORKING": LineState.READY,
    "STARTING": LineState.CONNECTING,
    "SCAN_QR_CODE": LineState.SCAN_QR,
    "PASSKEY_REQUIRED": LineState.SCAN_QR,
    "PASSKEY_CONFIRMATION_REQUIRED": LineState.SCAN_QR,
    "STOPPED": LineState.OFFLINE,
    "FAILED": LineState.OFFLINE,
}
# Engines that take the message id we chose (waha-docs, changelog 2026.4.3).
TAKE_OUR_ID = frozenset({"NOWEB", "GOWS"})
LARGEST_FILE = 64 * 1024 * 1024
LARGEST_QR = 256 * 1024
PAGE_LIMIT = 100
LONGEST_ID = 120  # as long as storage keeps
MIMETYPE = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}(; ?[\w-]{1,20}=[\w.-]{1,40})*", re.ASCII | re.IGNORECASE)


class Waha:
    """One WAHA session."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        address: str,
        session: str,
        key: str,
        check_timeout: float,
        history_timeout: float,
        send_timeout: float,
    ) -> None:
        self._http = http
        self._address = address.rstrip("/")
        self._session = session
        self._headers = {"X-Api-Key": key}
        self._check_timeout = check_timeout
        self._history_timeout = history_timeout
        self._send_timeout = send_timeout

    def status(self) -> base.LineStatus:
        try:
            info = self._object("GET", f"/api/sessions/{_part(self._session)}", self._check_timeout)
        except GatewayError as error:
            if error.trouble is Trouble.NO_SUCH_THING:  # a session nobody made, or one that was deleted
                return base.LineStatus(LineState.OFFLINE)
            raise
        engine = str(_dict(info.get("engine")).get("engine") or "")
        state = STATES.get(str(info.get("status")), LineState.UNKNOWN)
        restricted, until = _restriction(_dict(info.get("me")))
        if state is LineState.READY and restricted:
            state = LineState.RESTRICTED
        return base.LineStatus(
            state=state,
            depth=_depth(engine, _dict(info.get("config"))),
            own_message_ids=engine in TAKE_OUR_ID,
            until=until,
        )

    def check(self, phone: str) -> base.Checked:
        found = self._object(
            "GET",
            "/api/contacts/check-exists",
            self._check_timeout,
            params={"phone": phone.lstrip("+"), "session": self._session},
        )
        exists = found.get("numberExists")
        if not isinstance(exists, bool):
            raise GatewayError(Trouble.BROKEN_ANSWER)
        return base.Checked(exists, str(found.get("chatId") or "") if exists else "")

    def chats_of(self, phones: Sequence[str]) -> dict[str, base.ListedChat]:
        """WAHA takes plain phones as ids and finds a chat that is stored under a LID too (merge is its default)."""
        ids = {self.chat_id_of(phone): phone for phone in phones}
        body = {"pagination": {"limit": len(ids), "offset": 0}, "filter": {"ids": list(ids)}}
        listed = self._json("POST", f"/api/{_part(self._session)}/chats/overview", self._check_timeout, json=body)
        if not isinstance(listed, list):
            raise GatewayError(Trouble.BROKEN_ANSWER)
        found: dict[str, base.ListedChat] = {}
        for chat in listed:
            chat_id = str(_dict(chat).get("id") or "")
            phone = ids.get(chat_id) or (self._phone_of_lid(chat_id) if chat_id.endswith("@lid") else None)
            if phone in phones:
                last = _dict(_dict(chat).get("lastMessage"))
                found[str(phone)] = base.ListedChat(chat_id, _seconds(last.get("timestamp")), has_messages=bool(last))
        return found

    def chat_id_of(self, phone: str) -> str:
        return f"{phone.lstrip('+')}@c.us"

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> base.Page:
        """Paged by time: «not newer than the oldest seen», past those of that second already seen.

        Raising a plain offset would repeat messages as new ones arrive. Only an empty page is the end: WAHA may send
        fewer than asked for and have more (waha-docs, how-to/chats). It merges a contact's two halves itself
        (merge=true), so the first id is enough.
        """
        before, seen = _read_cursor(cursor)
        limit = min(limit, PAGE_LIMIT)
        query: dict[str, Any] = {
            "limit": limit,
            "offset": seen,
            "sortOrder": "desc",
            "downloadMedia": "false",  # true is the default and makes the gateway fetch every file
            "merge": "true",
        }
        if before is not None:
            query["filter.timestamp.lte"] = before
        raw = self._json("GET", self._messages_path(chat_ids[0]), self._history_timeout, params=query)
        if not isinstance(raw, list):
            raise GatewayError(Trouble.BROKEN_ANSWER)
        messages = tuple(message for item in raw if (message := message_of(item)) is not None)
        if not messages:
            return base.Page(messages, None)
        oldest = messages[-1].at
        same_second = sum(1 for message in messages if message.at == oldest)
        already = seen if oldest == before else 0
        return base.Page(messages, f"{oldest}:{already + same_second}")

    def find_message(self, chat_id: str, message_id: str) -> base.Message | None:
        path = f"{self._messages_path(chat_id)}/{_part(f'true_{chat_id}_{message_id}')}"
        try:
            return message_of(self._object("GET", path, self._history_timeout, params={"downloadMedia": "false"}))
        except GatewayError as error:
            if error.trouble is Trouble.NO_SUCH_THING:
                return None
            raise

    def send_text(self, chat_id: str, text: str, *, message_id: str) -> base.SendResult:
        body = {"session": self._session, "chatId": chat_id, "text": text, "id": message_id}
        try:
            answer = self._object("POST", "/api/sendText", self._send_timeout, json=body)
        except GatewayError as error:
            outcome = Sent.UNKNOWN if error.sent else Sent.REFUSED
            return base.SendResult(outcome, message_id, error.trouble)
        failed = ack_of(answer.get("ack")) is Ack.FAILED
        given = _given_id(answer.get("id")) or message_id
        return base.SendResult(Sent.REFUSED if failed else Sent.SENT, given, Trouble.BROKEN_ANSWER if failed else None)

    def media(self, chat_id: str, ref: str) -> base.File:
        path = f"{self._messages_path(chat_id)}/{_part(ref)}"
        message = self._object("GET", path, self._history_timeout, params={"downloadMedia": "true"})
        media = _dict(message.get("media"))
        # The host in media.url is whatever WAHA believes its own to be, often localhost:3000. Only the path is
        # used, at the line's own address, so a hostile answer cannot send us elsewhere.
        where = _path_of(str(media.get("url") or ""))
        if not where.startswith("/api/files/") or ".." in unquote(where):
            raise GatewayError(Trouble.NO_SUCH_THING)
        answer = self._fetch("GET", where, self._history_timeout, largest=LARGEST_FILE)
        if answer.status != 200:
            raise GatewayError(_trouble(answer))
        shown = message_of(message)
        name = shown.media.name if shown and shown.media else ""
        # The type comes from the client's phone and goes into a header of ours.
        mimetype = str(media.get("mimetype"))
        return base.File(mimetype if MIMETYPE.fullmatch(mimetype) else "application/octet-stream", name, answer.body)

    def qr(self) -> base.File:
        path = f"/api/{_part(self._session)}/auth/qr"
        answer = self._fetch("GET", path, self._check_timeout, params={"format": "image"}, largest=LARGEST_QR)
        if answer.status != 200:
            raise GatewayError(_trouble(answer))
        mimetype = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if mimetype not in ("image/png", "image/jpeg"):
            raise GatewayError(Trouble.BROKEN_ANSWER)
        return base.File(mimetype, "", answer.body)

    def _phone_of_lid(self, lid: str) -> str | None:
        found = self._object("GET", f"/api/{_part(self._session)}/lids/{_part(lid)}", self._check_timeout)
        number = str(found.get("pn") or "").partition("@")[0]
        return f"+{number}" if number.isdecimal() else None

    def _messages_path(self, chat_id: str) -> str:
        return f"/api/{_part(self._session)}/chats/{_part(chat_id)}/messages"

    def _object(self, method: str, path: str, timeout: float, **request: Any) -> dict[str, Any]:
        found = self._json(method, path, timeout, **request)
        if not isinstance(found, dict):
            raise GatewayError(Trouble.BROKEN_ANSWER, sent=method == "POST")
        return found

    def _json(self, method: str, path: str, timeout: float, **request: Any) -> Any:
        answer = self._fetch(method, path, timeout, **request)
        if answer.status not in (200, 201):
            # 4xx is a refusal; after a 5xx the message may be on its way, unless the body names a refusal.
            trouble = _trouble(answer)
            refused = answer.status < 500 or trouble in (Trouble.RESTRICTED, Trouble.THROTTLED)
            raise GatewayError(trouble, sent=not refused)
        found = answer.json()
        if found is None:
            raise GatewayError(Trouble.BROKEN_ANSWER, sent=True)
        return found

    def _fetch(self, method: str, path: str, timeout: float, **request: Any) -> Answer:
        try:
            return fetch(self._http, method, self._address + path, timeout=timeout, headers=self._headers, **request)
        except TimedOut as error:
            raise GatewayError(Trouble.TIMED_OUT, sent=error.sent) from error
        except OutsideError as error:
            # A connection that broke in the middle of an answer did reach the gateway.
            raise GatewayError(Trouble.BROKEN_ANSWER if error.sent else Trouble.UNREACHABLE, sent=error.sent) from error


def _trouble(answer: Answer) -> Trouble:
    """The class of an error answer.

    422 with `expected` and 404 «didn't find a session» were measured; rate-overlimit: devlikeapro/waha#619;
    error 463: devlikeapro/waha#1992, #2219.
    """
    body = _dict(answer.json())
    text = answer.body[:4000].decode(errors="replace").lower()
    if answer.status in (401, 403):
        return Trouble.CREDENTIALS
    if answer.status == 422 and body.get("expected"):
        return Trouble.LINE_DOWN
    if answer.status == 404:
        return Trouble.LINE_DOWN if "find a session" in text else Trouble.NO_SUCH_THING
    if "rate-overlimit" in text or answer.status == 429:
        return Trouble.THROTTLED
    if "error 463" in text:
        return Trouble.RESTRICTED
    if answer.status in (400, 422):
        return Trouble.MALFORMED
    return Trouble.BROKEN_ANSWER


def _restriction(me: Mapping[str, Any]) -> tuple[bool, float]:
    """Whether WhatsApp lets this account start no new chats, and until when (devlikeapro/waha#2186)."""
    lock, capping = _dict(me.get("reachoutTimelock")), _dict(me.get("messageCapping"))
    if lock.get("isActive") is True:
        return True, _seconds(lock.get("timeEnforcementEnds"))
    if capping.get("cappingStatus") == "CAPPED":
        return True, _seconds(capping.get("cycleEnd"))
    return False, 0.0


def _given_id(message_id: Any) -> str:
    """The bare id in a send's answer, empty if there is none. WEBJS wraps it in an object."""
    given = message_id if isinstance(message_id, str) else _dict(message_id).get("_serialized")
    return bare_id(given) if isinstance(given, str) and len(given) <= LONGEST_ID else ""


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _seconds(value: Any) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < LATEST
    return float(value) if usable else 0.0


def _depth(engine: str, config: Mapping[str, Any]) -> Depth:
    """GOWS keeps everything; NOWEB nothing unless its store is on, and a part of it unless fullSync is."""
    if engine != "NOWEB":
        return Depth.FULL
    store = _dict(_dict(config.get("noweb")).get("store"))
    if store.get("enabled") is not True:
        return Depth.NONE
    return Depth.FULL if store.get("fullSync") is True else Depth.PARTIAL


def _read_cursor(cursor: str | None) -> tuple[int | None, int]:
    if cursor is None:
        return None, 0
    at, _, seen = cursor.partition(":")
    if not (at.isdecimal() and seen.isdecimal()) or len(cursor) > 30:
        raise GatewayError(Trouble.MALFORMED)
    return int(at), int(seen)


def _part(text: str) -> str:
    """One path segment: @ and everything else escaped."""
    return quote(text, safe="")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
