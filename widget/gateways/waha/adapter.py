"""WAHA. Sources: devlikeapro/waha-docs (how-to/*, static/swagger/openapi.json), devlikeapro/waha
(source, issues).

Its codes and what they mean are in `codes.py`, what it reports by itself in `webhooks.py`. Phone
ids end in @c.us; @lid ids are opaque and their digits are never a phone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from widget.gateways import base
from widget.gateways.adapter import BaseAdapter, Given
from widget.gateways.base import Capabilities, Depth, File, GatewayError, GatewayErrorCode
from widget.gateways.calls import Calls
from widget.gateways.content import mimetype_of, vcard_of
from widget.gateways.waha.chats import chat_in, chats_by_phone, name_of, person_of, phones_by_lid
from widget.gateways.waha.codes import state_of
from widget.gateways.waha.files import file_request, is_presigned, stored_at, url_of
from widget.gateways.waha.messages import message_of
from widget.gateways.waha.paging import WahaPlace
from widget.gateways.waha.sent import ack_given, given_id
from widget.gateways.waha.session import WahaSession, part
from widget.gateways.waha.settings import with_store, with_webhook
from widget.http import HttpResponse
from widget.phones.spellings import phone_of_digits
from widget.untrusted import as_dict, as_str

CAPABILITIES = Capabilities(
    checks_at_once=1,  # devlikeapro/waha#1010 asks for more
    checks_when_sending=False,
    chats_at_once=10,
    queues_sends=False,
    qr=True,
    pairing_code=True,
    files=True,
    largest_file=35 * 1024 * 1024,  # WAHA takes bodies up to 50 MB (devlikeapro/waha#1365), base64 adds a third
    reply=True,
    edit=True,
    delete=True,
    react=True,
    mark_read=True,
    typing=True,
    location=True,
    contact=True,  # of WEBJS a 501: refused, and said so
    keeps_on_request=True,
)
# Engines that take the message id we chose (waha-docs, changelog 2026.4.3).
TAKE_OUR_ID = frozenset({"NOWEB", "GOWS"})
MAX_FILE = 64 * 1024 * 1024
MAX_LISTING = 32 * 1024 * 1024
MAX_QR = 256 * 1024
NEWEST_CHATS = 500
NEWEST_MESSAGES = 10  # of a chat that is looked up: among them is one that proves it, or it hardly does
MAX_LIDS = 5000
PAGE_LIMIT = 100
# Without its files: true is the default, and makes the gateway fetch every one of them.
NEWEST_FIRST = {"sortOrder": "desc", "downloadMedia": "false", "merge": "true"}
PAIRING_CODE = re.compile(r"[A-Z0-9-]{4,20}", re.ASCII)


class Waha(BaseAdapter):
    """One WAHA session."""

    capabilities = CAPABILITIES
    home = "c.us"

    def __init__(self, calls: Calls, *, session: str, key: str) -> None:
        super().__init__(calls)
        self._http = WahaSession(calls, name=session, key=key)
        self._takes_our_ids: bool | None = None  # what its last answer to a send showed; older versions take none

    def status(self) -> base.LineStatus:
        try:
            info = self._info()
        except GatewayError as error:
            if error.gateway_code is GatewayErrorCode.NO_SUCH_THING:  # a session that was never made, or was deleted
                return base.LineStatus(base.LineState.OFFLINE)
            raise
        engine = str(as_dict(info.get("engine")).get("engine") or "")
        state, until = state_of(info.get("status"), as_dict(info.get("me")))
        return base.LineStatus(
            state=state,
            depth=_depth(engine, as_dict(info.get("config"))),
            own_message_ids=engine in TAKE_OUR_ID and self._takes_our_ids is not False,
            own_ids_proved=self._takes_our_ids is True,
            until=until,
        )

    def check(self, phones: Sequence[str]) -> dict[str, base.CheckResult]:
        """`chatId` is WhatsApp's own spelling, which differs for old Brazilian mobiles
        (devlikeapro/waha#238)."""
        [phone] = phones
        found = self._http.object(
            "GET",
            "/api/contacts/check-exists",
            self._http.timeouts.check,
            params={"phone": phone.lstrip("+"), "session": self._http.name},
        )
        exists = found.get("numberExists")
        if not isinstance(exists, bool):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return {phone: base.CheckResult(exists, (person_of(as_str(found.get("chatId"))) or "") if exists else "")}

    def all_chats(self) -> base.ChatList:
        """The newest 500, one call, and one for the phones behind LIDs where there are any. Never
        the overview: for each chat in it WAHA asks WhatsApp for a picture, 300 within half a second
        and again after each restart (seen on 2026.2.1)."""
        query = {"limit": NEWEST_CHATS, "offset": 0, "sortBy": "conversationTimestamp", "sortOrder": "desc"}
        listed = self._list("chats", query)
        hidden = any(name_of(as_dict(chat)).endswith("@lid") for chat in listed)
        found = chats_by_phone(listed, self._phones_by_lid() if hidden else {})
        found.whole = found.whole and len(listed) < NEWEST_CHATS
        return found

    def chats_of(self, phones: Sequence[str]) -> dict[str, base.ListedChat]:
        """By its newest messages: WAHA finds a chat that is stored under a LID by the phone too
        (merge)."""
        query = {**NEWEST_FIRST, "limit": NEWEST_MESSAGES, "offset": 0}
        found = {}
        for phone in phones:
            chat_id = self.chat_id_of(phone)
            chat = chat_in(self._list(f"chats/{part(chat_id)}/messages", query), chat_id)
            if chat:
                found[phone] = chat
        return found

    def phones_of(self, lids: Sequence[str]) -> dict[str, str]:
        """Of the pairs that the session has seen (waha-docs: how-to/contacts, «no network
        check»)."""
        known = phones_by_lid(self._list("lids", {"limit": MAX_LIDS, "offset": 0}))
        found = {lid: phone_of_digits(known[lid].partition("@")[0]) for lid in lids if lid in known}
        return {lid: phone for lid, phone in found.items() if phone}

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> base.Page:
        """WAHA merges a contact's two halves itself (merge=true), so the first id is enough."""
        place, limit = WahaPlace.read(cursor), min(limit, PAGE_LIMIT)
        query: dict[str, Any] = {
            **NEWEST_FIRST,
            "limit": limit + place.overlap,
            "offset": place.offset,
        }
        if place.before is not None:
            query["filter.timestamp.lte"] = place.before
        raw = self._http.json("GET", self._messages(chat_ids[0]), self._http.timeouts.history, params=query)
        if not isinstance(raw, list):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return place.page([message for item in raw if (message := message_of(item)) is not None], limit)

    def cursor_at(self, at: float) -> str:
        return WahaPlace(int(at)).cursor

    def find_message(self, chat_id: str, message_id: str) -> base.Message | None:
        path = self._message(chat_id, f"true_{chat_id}_{message_id}")
        query = {"downloadMedia": "false"}
        try:
            return message_of(self._http.object("GET", path, self._http.timeouts.history, params=query))
        except GatewayError as error:
            if error.gateway_code is GatewayErrorCode.NO_SUCH_THING:
                return None
            raise

    def edit(self, chat_id: str, ref: str, text: str) -> None:
        self._http.done("PUT", self._message(chat_id, ref), self._http.timeouts.send, json={"text": text})

    def delete(self, chat_id: str, ref: str) -> None:
        self._http.done("DELETE", self._message(chat_id, ref), self._http.timeouts.send)

    def react(self, chat_id: str, ref: str, emoji: str) -> None:
        body = {"session": self._http.name, "messageId": ref, "reaction": emoji}
        self._http.done("PUT", "/api/reaction", self._http.timeouts.send, json=body)

    def mark_read(self, chat_id: str, refs: Sequence[str]) -> None:
        body = {"session": self._http.name, "chatId": chat_id, "messageIds": list(refs)}
        self._http.done("POST", "/api/sendSeen", self._http.timeouts.send, json=body)

    def typing(self, chat_id: str, *, on: bool) -> None:
        body = {"session": self._http.name, "chatId": chat_id}
        path = "/api/startTyping" if on else "/api/stopTyping"
        self._http.done("POST", path, self._http.timeouts.send, json=body)

    def media(self, chat_id: str, ref: str) -> File:
        path, timeout = self._message(chat_id, ref), self._http.timeouts.history
        message = self._http.object("GET", path, timeout, params={"downloadMedia": "true"})
        answer, shown = self._fetch_file(url_of(message), timeout), message_of(message)
        mimetype = mimetype_of(as_dict(message.get("media")).get("mimetype"))
        return File(mimetype, shown.media.name if shown and shown.media else "", answer.body)

    def qr(self) -> File:
        path, query = f"/api/{self._http.part}/auth/qr", {"format": "image"}
        answer = self._http.answer("GET", path, self._http.timeouts.check, params=query, largest=MAX_QR)
        mimetype = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if mimetype not in ("image/png", "image/jpeg"):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return File(mimetype, "", answer.body)

    def pairing_code(self, phone: str) -> str:
        path, body = f"/api/{self._http.part}/auth/request-code", {"phoneNumber": phone.lstrip("+")}
        code = as_str(self._http.object("POST", path, self._http.timeouts.check, json=body).get("code"))
        if not PAIRING_CODE.fullmatch(code):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return code

    def set_webhook(self, url: str, secret: str) -> None:
        """Two calls. WAHA takes a whole configuration only, so what it has now is read and put back
        beside ours; it restarts a running session with it, and the states of that are the first
        reports.

        A change of the configuration between the two calls is lost: WAHA offers nothing against
        that. Apps are left alone by being left out.
        """
        config = with_webhook(self._info().get("config"), url, secret)
        self._http.object("PUT", self._http.info, self._http.timeouts.send, json={"config": config})

    def keep_messages(self) -> None:
        """NOWEB's store (waha-docs: engines/noweb), written back as `set_webhook` does. What was
        written before the store is on comes only with a new scan of the code."""
        config = with_store(self._info().get("config"))
        self._http.object("PUT", self._http.info, self._http.timeouts.send, json={"config": config})

    def _fetch_file(self, url: str, timeout: float) -> HttpResponse:
        """From WAHA itself, or from the bucket that it keeps its files in."""
        where = stored_at(url)
        if where:
            return self._http.answer("GET", where, timeout, largest=MAX_FILE)
        if not is_presigned(url):
            raise GatewayError(GatewayErrorCode.NO_SUCH_THING)
        return self._http.download(url, timeout, largest=MAX_FILE)

    def _post_text(self, chat_id: str, text: str, message_id: str, reply_to: str, *, preview: bool) -> Given:
        body = {"session": self._http.name, "chatId": chat_id, "text": text, "id": message_id, "linkPreview": preview}
        given = self._post("/api/sendText", body, reply_to, self._http.timeouts.send)
        if given.message_id and message_id:
            self._takes_our_ids = given.message_id == message_id
        return given

    def _post_file(self, chat_id: str, file: File, caption: str, reply_to: str, timeout: float) -> Given:
        path, body = file_request(file, caption)
        return self._post(path, {**body, "session": self._http.name, "chatId": chat_id}, reply_to, timeout)

    def _post_location(self, chat_id: str, location: base.Location, reply_to: str) -> Given:
        """A title is required."""
        title = location.name or f"{location.latitude:.5f}, {location.longitude:.5f}"
        where = {"latitude": location.latitude, "longitude": location.longitude, "title": title}
        body = {"session": self._http.name, "chatId": chat_id, **where}
        return self._post("/api/sendLocation", body, reply_to, self._http.timeouts.send)

    def _post_contact(self, chat_id: str, card: base.ContactCard, reply_to: str) -> Given:
        """NOWEB of before 2025 answers nothing at all (devlikeapro/waha, session.noweb.core.ts,
        sendContactVCard)."""
        body = {"session": self._http.name, "chatId": chat_id, "contacts": [{"vcard": vcard_of(card)}]}
        more = {"reply_to": reply_to} if reply_to else {}
        answer = self._http.answer("POST", "/api/sendContactVcard", self._http.timeouts.send, json=body | more)
        if not answer.body:
            return Given("")
        body = answer.json()
        if not isinstance(body, dict):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return Given(given_id(body), ack_given(body))

    def _found_by(self, message_id: str) -> str:
        return message_id if self._takes_our_ids else ""

    def _post(self, path: str, body: dict[str, Any], reply_to: str, timeout: float) -> Given:
        answer = self._http.object("POST", path, timeout, json=body | ({"reply_to": reply_to} if reply_to else {}))
        return Given(given_id(answer), ack_given(answer))

    def _info(self) -> dict[str, Any]:
        return self._http.object("GET", self._http.info, self._http.timeouts.check)

    def _list(self, what: str, query: dict[str, Any]) -> list[Any]:
        path, timeout = f"/api/{self._http.part}/{what}", self._http.timeouts.check
        listed = self._http.json("GET", path, timeout, params=query, largest=MAX_LISTING)
        if not isinstance(listed, list):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return listed[: query["limit"]]  # a gateway that answers with more is not read for longer

    def _phones_by_lid(self) -> dict[str, str]:
        """Without it the chats under LIDs are not known, and the others are."""
        try:
            return phones_by_lid(self._list("lids", {"limit": MAX_LIDS, "offset": 0}))
        except GatewayError:
            return {}

    def _messages(self, chat_id: str) -> str:
        return f"/api/{self._http.part}/chats/{part(chat_id)}/messages"

    def _message(self, chat_id: str, ref: str) -> str:
        return f"{self._messages(chat_id)}/{part(ref)}"


def _depth(engine: str, config: Mapping[str, Any]) -> Depth:
    """GOWS keeps everything; NOWEB nothing unless its store is on, and a part of it unless fullSync
    is."""
    if engine != "NOWEB":
        return Depth.FULL
    store = as_dict(as_dict(config.get("noweb")).get("store"))
    if store.get("enabled") is not True:
        return Depth.NONE
    return Depth.FULL if store.get("fullSync") is True else Depth.PARTIAL
