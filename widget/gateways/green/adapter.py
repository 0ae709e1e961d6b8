"""GREEN-API, a hosted gateway. Sources: green-api.com/en/docs/api (a page for each method, named
below; ratelimiter; 466-error-example-body), green-api/whatsapp-api-client-python, and the quirks
page faq/features-of-the-checkwhatsapp-method-with-some-numbers.

The token is a part of every path: no address of this gateway may reach a log or an error. Sends are
accepted into a queue and go out when the account lets them. Phone ids end in @c.us; @lid ids are
opaque.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from widget.gateways import base
from widget.gateways.adapter import BaseAdapter, Given
from widget.gateways.base import Ack, GatewayError, GatewayErrorCode, LineState, Unsupported
from widget.gateways.calls import Calls
from widget.gateways.content import picture_of
from widget.gateways.green.chats import chats_by_phone
from widget.gateways.green.codes import error_of
from widget.gateways.green.files import file_at, with_extension
from widget.gateways.green.messages import id_of, message_of, person_of
from widget.gateways.green.paging import MAX_JOURNAL_ITEMS, Cursor, page_of
from widget.gateways.green.webhooks import STATES
from widget.http import HttpResponse
from widget.untrusted import as_dict, as_str

CAPABILITIES = base.Capabilities(
    checks_at_once=1,
    chats_at_once=0,
    checks_when_sending=False,  # nothing says so; a number without WhatsApp is told by the status noAccount
    queues_sends=True,
    qr=True,
    pairing_code=True,
    files=True,
    largest_file=100 * 1024 * 1024,  # …/sending/SendFileByUpload
    reply=True,
    edit=True,
    delete=True,
    react=True,
    mark_read=True,
    typing=True,
    location=True,
    contact=True,
    queue_seconds=86_400,
)
MAX_JOURNAL = 32 * 1024 * 1024  # a day of a busy line, each picture with its thumbnail
MAX_QR = 256 * 1024
PAGE_LIMIT = 100
BETWEEN_HISTORIES = 1.1  # seconds; the second getChatHistory within one is answered with 429
TYPING_MILLISECONDS = 3000  # it stands in the queue before the message: short, so that it does not hold that up
# «Replacing the first digit 1 with 10, 100, … returns true, and the message gets stuck in the
# queue» (the quirks page).
FALSE_YES = re.compile(r"\+?10")
PAIRING_CODE = re.compile(r"[A-Z0-9]{4}-?[A-Z0-9]{4}", re.ASCII)
WEBHOOKS_WE_READ = (
    *("incomingWebhook", "outgoingWebhook", "outgoingMessageWebhook", "outgoingAPIMessageWebhook"),
    *("stateWebhook", "editedMessageWebhook", "deletedMessageWebhook"),
)


class Green(BaseAdapter):
    """One instance. `session` is its idInstance, `key` its apiTokenInstance."""

    capabilities = CAPABILITIES
    home = "c.us"

    def __init__(self, calls: Calls, *, session: str, key: str) -> None:
        super().__init__(calls)
        self._session = session
        self._key = key

    def status(self) -> base.LineStatus:
        """GREEN-API allows one a second and advises one a minute."""
        state = as_str(self._object("GET", "getStateInstance", self._calls.timeouts.check).get("stateInstance"))
        return base.LineStatus(STATES.get(state, LineState.UNKNOWN))

    def check(self, phones: Sequence[str]) -> dict[str, base.CheckResult]:
        """Counts against the plan: 30 000 a month, or 100 on the free one. A North American number
        that begins with a zero is not asked about, because the answer would be a wrong yes."""
        [phone] = phones
        if FALSE_YES.match(phone):
            raise GatewayError(GatewayErrorCode.MALFORMED)
        body = {"chatId": self.chat_id_of(phone)}
        found = self._object("POST", "checkWhatsapp", self._calls.timeouts.check, json=body)
        exists = found.get("existsWhatsapp")
        if not isinstance(exists, bool):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return {phone: _checked(found) if exists else base.CheckResult(False)}

    def all_chats(self) -> base.ChatList:
        """Chats with a message of the last 24 hours (…/journals/LastIncomingMessages): an older
        chat is not found. Two calls, each allowed once a second; a journal may be two minutes
        behind."""
        journals = [
            self._journal("GET", method, self._calls.timeouts.check)
            for method in ("lastIncomingMessages", "lastOutgoingMessages")
        ]
        return base.ChatList(chats_by_phone(item for journal in journals for item in journal))

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> base.Page:
        """There are no pages (…/journals/GetChatHistory): an older one is asked for with all the
        newer ones, and cut at the message that was the oldest shown. One call a second for a line,
        of all processes: the others wait for their turn."""
        where, limit = Cursor.read(cursor), min(limit, PAGE_LIMIT)
        count = where.count_for(limit)
        journals = [self._chat_history({"chatId": chat_id, "count": count}) for chat_id in chat_ids]
        return page_of(journals, where, count, limit)

    def cursor_at(self, at: float) -> str:
        """All that is newer has to be read along with it."""
        return str(Cursor(MAX_JOURNAL_ITEMS, int(at)))

    def _chat_history(self, body: dict[str, Any]) -> list[Any]:
        """In its turn. Another program may read the instance too: asking once more costs
        nothing."""
        timeout = self._calls.timeouts.history
        for last_try in (False, True):
            self._calls.pace.wait(f"history:{self._session}", BETWEEN_HISTORIES)
            try:
                return self._journal("POST", "getChatHistory", timeout, json=body)
            except GatewayError as error:
                if error.gateway_code is not GatewayErrorCode.BUSY or last_try:
                    raise
        raise AssertionError("unreachable")

    def find_message(self, chat_id: str, message_id: str) -> base.Message | None:
        """A message may come into the journal two minutes late (…/journals/GetMessage)."""
        body = {"chatId": chat_id, "idMessage": message_id}
        try:
            message = message_of(self._object("POST", "getMessage", self._calls.timeouts.history, json=body))
        except GatewayError as error:
            if error.gateway_code is GatewayErrorCode.NO_SUCH_THING:
                return None
            raise
        if message is None or message.id != message_id:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return message

    def edit(self, chat_id: str, ref: str, text: str) -> None:
        self._do("editMessage", {"chatId": chat_id, "idMessage": ref, "message": text})

    def delete(self, chat_id: str, ref: str) -> None:
        self._do("deleteMessage", {"chatId": chat_id, "idMessage": ref})

    def react(self, chat_id: str, ref: str, emoji: str) -> None:
        """…/service/SendReaction. Its page does not say how to take one back; an empty one does so
        in WhatsApp."""
        self._do("sendReaction", {"chatId": chat_id, "idMessage": ref, "reaction": emoji})

    def mark_read(self, chat_id: str, refs: Sequence[str]) -> None:
        """GREEN-API takes one message, or none for the whole chat (…/marks/ReadChat): several are
        the whole chat."""
        if refs:
            self._do("readChat", {"chatId": chat_id} | ({"idMessage": refs[0]} if len(refs) == 1 else {}))

    def typing(self, chat_id: str, *, on: bool) -> None:
        """It ends by itself (…/service/SendTyping): taking it back makes no call."""
        if on:
            self._do("sendTyping", {"chatId": chat_id, "typingTime": TYPING_MILLISECONDS})

    def media(self, chat_id: str, ref: str) -> base.File:
        body = {"chatId": chat_id, "idMessage": ref}
        found = self._object("POST", "downloadFile", self._calls.timeouts.history, json=body)
        return file_at(self._calls, as_str(found.get("downloadUrl"), 2000))

    def qr(self) -> base.File:
        """A new one every 20 seconds, one call a second (…/account/QR)."""
        found = self._object("GET", "qr", self._calls.timeouts.check, largest=MAX_QR)
        if found.get("type") in ("alreadyLogged", "error"):  # an error is «you need to make log out»
            raise GatewayError(GatewayErrorCode.LINE_DOWN)
        return picture_of(as_str(found.get("message"), MAX_QR))

    def pairing_code(self, phone: str) -> str:
        """Valid for two and a half minutes (…/account/GetAuthorizationCode)."""
        digits = phone.lstrip("+")
        if not (digits.isascii() and digits.isdecimal()):
            raise GatewayError(GatewayErrorCode.MALFORMED)
        body = {"phoneNumber": int(digits)}
        found = self._object("POST", "getAuthorizationCode", self._calls.timeouts.check, json=body)
        if found.get("status") is False:  # it is logged in already, or WhatsApp gave no code
            raise GatewayError(GatewayErrorCode.LINE_DOWN)
        code = as_str(found.get("code"), 20)
        if not PAIRING_CODE.fullmatch(code):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
        return code

    def set_webhook(self, url: str, secret: str) -> None:
        """One call. GREEN-API restarts the instance for it and applies it within five minutes; the
        restart itself is the first thing it reports (stateInstanceChanged), which proves the way
        (…/account/SetSettings)."""
        body = {"webhookUrl": url, "webhookUrlToken": secret, **dict.fromkeys(WEBHOOKS_WE_READ, "yes")}
        found = self._object("POST", "setSettings", self._calls.timeouts.check, json=body)
        if found.get("saveSettings") is not True:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)

    def _post_text(self, chat_id: str, text: str, message_id: str, reply_to: str, *, preview: bool) -> Given:
        """The id is GREEN-API's own. The message waits in the queue for up to 24 hours; a webhook
        or the history says how it ended (…/sending/SendMessage)."""
        body = {"chatId": chat_id, "message": text, "linkPreview": preview}
        return self._post_json("sendMessage", body, reply_to)

    def _post_location(self, chat_id: str, location: base.Location, reply_to: str) -> Given:
        """…/sending/SendLocation"""
        named = {"nameLocation": location.name} if location.name else {}
        where = {"latitude": location.latitude, "longitude": location.longitude}
        return self._post_json("sendLocation", {"chatId": chat_id, **named, **where}, reply_to)

    def _post_contact(self, chat_id: str, card: base.ContactCard, reply_to: str) -> Given:
        """…/sending/SendContact. A number of less than 11 digits is refused."""
        named = {"firstName": card.name, **({"company": card.company} if card.company else {})}
        contact = {"phoneContact": int(card.phone.lstrip("+")), **named}
        return self._post_json("sendContact", {"chatId": chat_id, "contact": contact}, reply_to)

    def _post_json(self, method: str, body: dict[str, Any], reply_to: str) -> Given:
        quoted = {"quotedMessageId": reply_to} if reply_to else {}
        return self._post(method, self._calls.timeouts.send, json=body | quoted)

    def _post_file(self, chat_id: str, file: base.File, caption: str, reply_to: str, timeout: float) -> Given:
        """To the line's own address. GREEN-API recommends its media host for this, but only
        recommends it, and no other host is ever given a token here. How a file is shown follows
        from its extension (…/sending/SendFileByUpload); all sound becomes a voice message, which
        has no words (green-api/issues#550)."""
        name = with_extension(file)
        if caption and file.mimetype.startswith("audio/"):
            raise Unsupported
        fields = {"chatId": chat_id, "fileName": name, "caption": caption, "quotedMessageId": reply_to}
        return self._post(
            "sendFileByUpload",
            timeout,
            data={field: value for field, value in fields.items() if value},
            files={"file": (name, file.body, file.mimetype)},
        )

    def _post(self, method: str, timeout: float, **request: Any) -> Given:
        given = id_of(self._object("POST", method, timeout, **request).get("idMessage"))
        if not given:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return Given(given, Ack.PENDING)

    def _do(self, method: str, body: dict[str, Any]) -> None:
        """A call whose answer is its status: some of these answer with an empty body."""
        answer = self._fetch("POST", method, self._calls.timeouts.send, json=body)
        if as_dict(answer.json()).get("setRead") is False:
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)

    def _object(self, http: str, method: str, timeout: float, **request: Any) -> dict[str, Any]:
        found = self._fetch(http, method, timeout, **request).json()
        if not isinstance(found, dict):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return found

    def _journal(self, http: str, method: str, timeout: float, **request: Any) -> list[Any]:
        found = self._fetch(http, method, timeout, largest=MAX_JOURNAL, **request).json()
        if not isinstance(found, list):
            raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
        return found

    def _fetch(self, http: str, method: str, timeout: float, **request: Any) -> HttpResponse:
        path = f"/waInstance{quote(self._session, safe='')}/{method}/{quote(self._key, safe='')}"
        answer = self._calls.fetch(http, path, timeout, **request)
        if answer.status != 200:
            raise error_of(answer)
        return answer


def _checked(found: dict[str, Any]) -> base.CheckResult:
    """Of a yes. Today's answer names a LID or the phone as WhatsApp spells it, or both, an older
    one nothing."""
    given, number = person_of(found.get("chatId")), str(found.get("phoneNumber") or "")
    spelled = person_of(f"{number.lstrip('+').removesuffix('@c.us')}@c.us")
    return base.CheckResult(True, spelled or given)
