"""Evolution API v2. Sources: EvolutionAPI/evolution-api (2.3.6, files named below),
EvolutionAPI/docs-evolution, and issues of evolution-foundation/evolution-api. «Measured» was seen
on a running 2.3.6.

Phone ids end in @s.whatsapp.net; @lid ids are opaque and their digits are never a phone. Two things
cost more than they look: each send and each sign of typing asks WhatsApp about the number first
(whatsapp.baileys.service.ts, whatsappNumber), and one instance keeps one webhook.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote

from widget.gateways import base
from widget.gateways.adapter import BaseAdapter, Given
from widget.gateways.base import Capabilities, GatewayError, GatewayErrorCode, LineState, Unsupported
from widget.gateways.calls import Calls
from widget.gateways.content import bytes_of, mimetype_of, picture_of
from widget.gateways.evolution.answers import (
    chats_by_phone,
    checked_of,
    code_of,
    instance_is_unknown,
    json_of,
    list_in,
    listed_chat,
    says_nothing,
)
from widget.gateways.evolution.codes import EVENTS, REASONS, SECRET_HEADER, STATES
from widget.gateways.evolution.messages import (
    ack_of,
    home_of,
    id_of,
    ids_of,
    is_of,
    message_of,
    parse_ref,
    person_id,
    time_of,
)
from widget.gateways.evolution.paging import Found, cursor_of, page_of, read_place, where_before
from widget.http import HttpResponse
from widget.phones.spellings import phone_of_digits
from widget.untrusted import as_dict, as_list, as_positive_int, as_str

PAGE_LIMIT = 100
NEWEST_CHATS = 300  # how many chats one listing looks through
LOOKED_UP = 10  # numbers whose chats are looked up at once, a call each
NEWEST_MESSAGES = 10  # of a chat that is looked up: among them is one that proves it, or it hardly does
TYPING_MS = 800  # the request waits for it, and Evolution ends the sign itself
MAX_FILE = 64 * 1024 * 1024
MAX_FILE_ANSWER = MAX_FILE * 4 // 3 + 64 * 1024  # in base64
MAX_LISTING = 32 * 1024 * 1024  # last messages come with their thumbnails
MAX_QR = 256 * 1024
CONNECTING_SECONDS = 2.0  # what Evolution waits before it shows a QR
PLACES = ("remoteJid", "remoteJidAlt")
VISUAL = ("image", "video")
CAPABILITIES = Capabilities(
    checks_at_once=10,
    checks_when_sending=True,
    chats_at_once=LOOKED_UP,
    queues_sends=False,
    qr=True,
    pairing_code=True,
    files=True,
    largest_file=MAX_FILE,
    reply=True,
    edit=True,
    delete=True,
    react=True,
    mark_read=True,
    typing=True,
    location=True,
    contact=True,
)


class Joins(Enum):
    """How an Evolution joins the two places in which a record may name its chat."""

    OR = "or"  # since 2.3.7
    AND = "and"


class Evolution(BaseAdapter):
    """One Evolution instance. `session` is its name, `key` the global key or, better, the
    instance's own token."""

    capabilities = CAPABILITIES
    home = "s.whatsapp.net"

    def __init__(self, calls: Calls, *, session: str, key: str) -> None:
        super().__init__(calls)
        self._session = session
        self._headers = {"apikey": key}
        self._joins: Joins | None = None  # not known yet

    def status(self) -> base.LineStatus:
        """One call, and a second one for the reason when the line is not open. Evolution does not
        tell restrictions."""
        state = self._connection()
        if state in (LineState.OFFLINE, LineState.CONNECTING):
            state = _why_not_open(state, self._instance())
        return base.LineStatus(state)

    def check(self, phones: Sequence[str]) -> dict[str, base.CheckResult]:
        """One number that Evolution must ask WhatsApp about spoils the whole batch of a line that
        is down: that is an error for all of them, never a no. A second call where the answer says
        nothing: for the line's state."""
        asked = {phone.lstrip("+"): phone for phone in phones}  # a number twice is refused
        if not asked:
            return {}
        body = {"numbers": list(asked)}
        answer = self._fetch("POST", self._path("chat/whatsappNumbers"), self._calls.timeouts.check, json=body)
        if says_nothing(answer):
            raise GatewayError(GatewayErrorCode.TIMED_OUT if self._is_open() else GatewayErrorCode.LINE_DOWN, sent=True)
        return checked_of(list_in(json_of(answer)), asked)

    def all_chats(self) -> base.ChatList:
        """The newest 300, one call."""
        listed = self._newest_chats()
        found = chats_by_phone(listed)
        found.whole = found.whole and len(listed) < NEWEST_CHATS
        return found

    def chats_of(self, phones: Sequence[str]) -> dict[str, base.ListedChat]:
        """By the newest messages of each; on 2.3.6 two calls a number. Each has the time of a
        check: a user waits."""
        found = {phone: self._chat_of(self.chat_id_of(phone)) for phone in phones}
        return {phone: chat for phone, chat in found.items() if chat is not None}

    def phones_of(self, lids: Sequence[str]) -> dict[str, str]:
        """By the keys of each one's newest messages, in which a phone may stand beside the LID. One
        call a LID; up to three until it is known how this version joins its conditions."""
        found = {lid: self._phone_of(lid) for lid in lids}
        return {lid: phone for lid, phone in found.items() if phone}

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> base.Page:
        """Evolution keeps a client's two halves apart: each id is asked by itself, one call each,
        and the answers are laid together. Paged by time, see paging.py."""
        place = read_place(cursor)
        limit = max(1, min(limit, PAGE_LIMIT))
        size = limit + len(place.seen)
        found = [self._found(one, size, where_before(place)) for one in dict.fromkeys(chat_ids)]
        return page_of(found, place, limit)

    def cursor_at(self, at: float) -> str:
        return cursor_of(int(at))

    def find_message(self, chat_id: str, message_id: str) -> base.Message | None:
        if not message_id:
            return None
        found = self._found(chat_id, 5, {}, message_id)
        return next((message for record in found.records if (message := message_of(record)) is not None), None)

    def edit(self, chat_id: str, ref: str, text: str) -> None:
        """WhatsApp takes changes for 15 minutes."""
        body = {"number": _person(chat_id), "text": text, "key": parse_ref(ref)}
        self._call("POST", "chat/updateMessage", self._calls.timeouts.send, json=body)

    def delete(self, chat_id: str, ref: str) -> None:
        self._call("DELETE", "chat/deleteMessageForEveryone", self._calls.timeouts.send, json=parse_ref(ref))

    def react(self, chat_id: str, ref: str, emoji: str) -> None:
        body = {"key": parse_ref(ref), "reaction": emoji}
        self._call("POST", "message/sendReaction", self._calls.timeouts.send, json=body)

    def mark_read(self, chat_id: str, refs: Sequence[str]) -> None:
        """Evolution leaves out messages under a LID and says success all the same
        (whatsapp.baileys.service.ts, markMessageAsRead): a call that would only do that is not
        made, and Unsupported."""
        keys = [key for ref in refs if not str((key := parse_ref(ref))["remoteJid"]).endswith("@lid")]
        if not keys:
            raise Unsupported
        body = {"readMessages": keys}
        self._call("POST", "chat/markMessageAsRead", self._calls.timeouts.send, json=body)

    def typing(self, chat_id: str, *, on: bool) -> None:
        """Costs a check like a send. The sign ends by itself, so that ending it takes no call."""
        if on:
            body = {"number": _person(chat_id), "presence": "composing", "delay": TYPING_MS}
            timeout = self._calls.timeouts.send + TYPING_MS / 1000
            self._call("POST", "chat/sendPresence", timeout, json=body)

    def media(self, chat_id: str, ref: str) -> base.File:
        """One call."""
        body = {"message": {"key": {"id": parse_ref(ref)["id"]}}, "convertToMp4": False}
        path, timeout = "chat/getBase64FromMediaMessage", self._calls.timeouts.history
        found = as_dict(self._call("POST", path, timeout, json=body, largest=MAX_FILE_ANSWER))
        return base.File(
            mimetype=mimetype_of(found.get("mimetype")),
            name=as_str(found.get("fileName"), 200),
            body=bytes_of(found.get("base64")),
        )

    def qr(self) -> base.File:
        """Starts to connect where that was not begun, which takes Evolution two seconds."""
        said = self._connect({})
        picture = as_str(said.get("base64"), MAX_QR)
        if not picture.startswith("data:image/png;base64,"):
            raise GatewayError(GatewayErrorCode.LINE_DOWN)  # connected already, banned, or no QR was made yet
        return picture_of(picture)

    def pairing_code(self, phone: str) -> str:
        """Evolution makes a code only when it starts to connect: LINE_DOWN while it shows a QR
        already."""
        code = as_str(self._connect({"number": phone.lstrip("+")}).get("pairingCode"), 20)
        if not code.isascii() or not code.replace("-", "").isalnum():
            raise GatewayError(GatewayErrorCode.LINE_DOWN)
        return code

    def set_webhook(self, url: str, secret: str) -> None:
        """Replaces the webhook that the instance had: it has one. Then restarts the instance, whose
        connection.update proves the way; one that is not connected cannot be restarted, and is told
        to connect instead."""
        webhook = {
            "enabled": True,
            "url": url,
            "byEvents": False,  # one address for all events
            "base64": False,
            "headers": {SECRET_HEADER: secret},
            "events": list(EVENTS),
        }
        self._call("POST", "webhook/set", self._calls.timeouts.send, json={"webhook": webhook})
        try:
            restarted = as_dict(self._call("POST", "instance/restart", self._calls.timeouts.send))
        except GatewayError as error:
            if error.gateway_code is not GatewayErrorCode.LINE_DOWN:
                raise
            restarted = {"error": True}
        if restarted.get("error"):  # not connected, said in a 200 (instance.controller.ts, restartInstance)
            self._connect({})

    def _post_text(self, chat_id: str, text: str, message_id: str, reply_to: str, *, preview: bool) -> Given:
        """Evolution makes its own ids: a message whose end is unclear has none to be looked up
        by."""
        body = {"text": text, "linkPreview": preview}
        return self._post("message/sendText", chat_id, body, reply_to, self._calls.timeouts.send)

    def _post_location(self, chat_id: str, location: base.Location, reply_to: str) -> Given:
        """The schema wants a name and an address, which may be empty
        (validate/message.schema.ts)."""
        where = {"latitude": location.latitude, "longitude": location.longitude}
        body = {"name": location.name, "address": "", **where}
        return self._post("message/sendLocation", chat_id, body, reply_to, self._calls.timeouts.send)

    def _post_contact(self, chat_id: str, card: base.ContactCard, reply_to: str) -> Given:
        """Evolution writes the vCard, and escapes nothing in it: what would begin another field of
        it is left out."""
        name, company = (re.sub(r"[;,\\\s]+", " ", text).strip() for text in (card.name, card.company))
        number = {"wuid": card.phone.lstrip("+"), "phoneNumber": card.phone}
        contact = {"fullName": name, **number, **({"organization": company} if company else {})}
        return self._post("message/sendContact", chat_id, {"contact": [contact]}, reply_to, self._calls.timeouts.send)

    def _post_file(self, chat_id: str, file: base.File, caption: str, reply_to: str, timeout: float) -> Given:
        """Audio without a caption goes as a voice message, other audio as a document: a voice has
        no caption."""
        content = b64encode(file.body).decode()
        kind = file.mimetype.partition("/")[0]
        if kind == "audio" and not caption:
            return self._post("message/sendWhatsAppAudio", chat_id, {"audio": content}, reply_to, timeout)
        body = {
            "mediatype": kind if kind in VISUAL else "document",
            "mimetype": file.mimetype,
            "caption": caption,
            "media": content,
            "fileName": file.name,
        }
        return self._post("message/sendMedia", chat_id, body, reply_to, timeout)

    def _post(self, path: str, chat_id: str, body: dict[str, Any], reply_to: str, timeout: float) -> Given:
        quoted = {"quoted": {"key": {"id": parse_ref(reply_to)["id"]}}} if reply_to else {}
        wanted = {"number": _person(chat_id), **body, **quoted}
        sent = as_dict(self._call("POST", path, timeout, json=wanted))
        given = id_of(as_dict(sent.get("key")))
        if not given:  # an answer of success without a message
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return Given(given, ack_of(sent.get("status")))

    def _newest_chats(self) -> list[Any]:
        body = {"take": NEWEST_CHATS, "skip": 0}
        listed = self._call("POST", "chat/findChats", self._calls.timeouts.check, json=body, largest=MAX_LISTING)
        return list_in(listed)

    def _chat_of(self, chat_id: str) -> base.ListedChat | None:
        newest = self._found(chat_id, NEWEST_MESSAGES, {}, timeout=self._calls.timeouts.check).records
        if not newest:
            return None
        return listed_chat(home_of(newest[0]), newest)

    def _phone_of(self, lid: str) -> str | None:
        records = self._found(lid, NEWEST_MESSAGES, {}, timeout=self._calls.timeouts.check).records
        named = (one.partition("@") for record in records for one in ids_of(record.get("key")))
        phones = (phone_of_digits(digits) for digits, _, home in named if home == self.home)
        return next((phone for phone in phones if phone), None)

    def _found(
        self, chat_id: str, size: int, where: dict[str, Any], message_id: str = "", timeout: float = 0.0
    ) -> Found:
        """The newest messages of one id, in either place where a record names it. 2.3.7 joins the
        two places with «or», 2.3.6 with «and» (channel.service.ts, fetchMessages; both seen): no
        record names one id twice, so nothing is found there, and each place is asked for by itself.
        Three calls until it is known which one this is."""
        timeout = timeout or self._calls.timeouts.history
        if self._joins is not Joins.AND:
            found = self._in_places(chat_id, PLACES, size, where, message_id, timeout)
            if found.records or self._joins is Joins.OR:
                self._joins = Joins.OR
                return found
        halves = [self._in_places(chat_id, (place,), size, where, message_id, timeout) for place in PLACES]
        records = {id_of(as_dict(record.get("key"))): record for half in halves for record in half.records}
        if records:
            self._joins = Joins.AND
        newest = sorted(records.values(), key=time_of, reverse=True)
        return Found(tuple(newest), more=any(half.more for half in halves))

    def _in_places(
        self, chat_id: str, places: Sequence[str], size: int, where: dict[str, Any], message_id: str, timeout: float
    ) -> Found:
        """Without a `where` Evolution would give every chat's messages, so what comes is looked at
        again."""
        wanted = {**dict.fromkeys(places, _person(chat_id)), **({"id": message_id} if message_id else {})}
        body = {"where": {"key": wanted, **where}, "page": 1, "offset": size}  # `offset` is the size of a page
        answer = as_dict(self._call("POST", "chat/findMessages", timeout, json=body))
        messages = as_dict(answer.get("messages"))
        records = messages.get("records")
        if not isinstance(records, list):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        ours = tuple(record for record in map(as_dict, records) if is_of(record, chat_id, message_id))
        return Found(ours, more=len(records) >= size or as_positive_int(messages.get("total")) > len(records))

    def _connection(self) -> LineState:
        answer = self._fetch("GET", self._path("instance/connectionState"), self._calls.timeouts.check)
        if instance_is_unknown(answer):  # it was never made, or was deleted
            return LineState.OFFLINE
        said = as_dict(as_dict(json_of(answer)).get("instance")).get("state")
        return STATES.get(as_str(said), LineState.UNKNOWN)

    def _is_open(self) -> bool:
        try:
            return self._connection() is LineState.READY
        except GatewayError:
            return False

    def _instance(self) -> dict[str, Any]:
        """What Evolution keeps about this instance. The answer holds tokens, in old versions of all
        instances: only ours is looked at, and nothing is kept."""
        wanted = {"instanceName": self._session}
        try:
            listed = json_of(self._fetch("GET", "/instance/fetchInstances", self._calls.timeouts.check, params=wanted))
        except GatewayError:  # the reason stays unknown; that the line is not open is known
            return {}
        named = (one for one in map(as_dict, as_list(listed)) if one.get("name") == self._session)
        return next(named, {})

    def _connect(self, params: dict[str, str]) -> dict[str, Any]:
        timeout = self._calls.timeouts.check + CONNECTING_SECONDS
        said = as_dict(self._call("GET", "instance/connect", timeout, params=params, largest=MAX_QR))
        if said.get("error"):  # an error in a 200 (instance.controller.ts, connectToWhatsapp)
            raise GatewayError(code_of(200, said))
        return said

    def _call(self, method: str, verb: str, timeout: float, **request: Any) -> Any:
        return json_of(self._fetch(method, self._path(verb), timeout, **request))

    def _path(self, verb: str) -> str:
        return f"/{verb}/{quote(self._session, safe='')}"

    def _fetch(self, method: str, path: str, timeout: float, **request: Any) -> HttpResponse:
        return self._calls.fetch(method, path, timeout, headers=self._headers, **request)


def _why_not_open(state: LineState, instance: dict[str, Any]) -> LineState:
    """A line that was never logged in waits for its QR, in both states; so does one that was logged
    out."""
    reason = instance.get("disconnectionReasonCode")
    because = REASONS.get(reason) if isinstance(reason, int) else None
    if because is LineState.SCAN_QR or (instance and not instance.get("ownerJid")):
        return LineState.SCAN_QR
    # An old reason stays after a new login, so a line that connects is not called banned.
    return because if because and state is LineState.OFFLINE else state


def _person(chat_id: str) -> str:
    """The id of a person's chat as it is; nothing else ever goes into a request, least of all
    nothing."""
    if not chat_id or person_id(chat_id) != chat_id:
        raise GatewayError(GatewayErrorCode.MALFORMED)
    return chat_id
