"""What the adapters of all vendors share: a send and how it ended, sizes, times, and ids of
phones."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from widget.gateways.base import (
    Ack,
    Capabilities,
    ContactCard,
    File,
    GatewayError,
    GatewayErrorCode,
    ListedChat,
    Location,
    SendResult,
    Sent,
    Unsupported,
)
from widget.gateways.calls import Calls

log = logging.getLogger(__name__)

SLOWEST = 375_000  # bytes of a file a second, from us through the gateway to WhatsApp: how much longer it may take


@dataclass(frozen=True)
class Given:
    """What the answer to a send names: the message's id, "" if it names none, and how far it
    got."""

    message_id: str
    ack: Ack = Ack.NONE


class BaseAdapter:
    """An adapter of one line. A vendor's subclass adds its verbs (base.Gateway); for sends it
    writes `_post_text` and others like it, which make one request, never repeated, and raise
    GatewayError."""

    capabilities: ClassVar[Capabilities]
    home: ClassVar[str]  # how the vendor ends the id of a phone

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def chat_id_of(self, phone: str) -> str:
        """The id a chat with this number most likely has."""
        return f"{phone.lstrip('+')}@{self.home}"

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        """Raises Unsupported: what its list has is all there is."""
        raise Unsupported

    def phones_of(self, lids: Sequence[str]) -> dict[str, str]:
        """Raises Unsupported: only a check would tell."""
        raise Unsupported

    def keep_messages(self) -> None:
        """Raises Unsupported: it keeps them, or does not, as its owner has set it up."""
        raise Unsupported

    def send_text(
        self, chat_id: str, text: str, *, message_id: str, reply_to: str = "", preview: bool = False
    ) -> SendResult:
        """One request. Never raises: an unclear end is UNKNOWN."""
        return self._sent(
            "text", message_id, lambda: self._post_text(chat_id, text, message_id, reply_to, preview=preview)
        )

    def send_file(
        self, chat_id: str, file: File, *, message_id: str, caption: str = "", reply_to: str = ""
    ) -> SendResult:
        """One request with a file, none if it is too large. Never raises. No vendor takes an id of
        ours for a file, so an unclear end has no id to look the message up by."""
        if len(file.body) > self.capabilities.largest_file:
            return SendResult(Sent.REFUSED, error=GatewayErrorCode.MALFORMED)
        timeout = self._calls.timeouts.send + len(file.body) / SLOWEST
        return self._sent("file", "", lambda: self._post_file(chat_id, file, caption, reply_to, timeout))

    def send_location(self, chat_id: str, location: Location, *, reply_to: str = "") -> SendResult:
        """One request. Never raises; an unclear end has no id to look the message up by."""
        return self._sent("location", "", lambda: self._post_location(chat_id, location, reply_to))

    def send_contact(self, chat_id: str, card: ContactCard, *, reply_to: str = "") -> SendResult:
        """The same for a contact card."""
        return self._sent("contact", "", lambda: self._post_contact(chat_id, card, reply_to))

    def _post_text(self, chat_id: str, text: str, message_id: str, reply_to: str, *, preview: bool) -> Given:
        raise NotImplementedError

    def _post_location(self, chat_id: str, location: Location, reply_to: str) -> Given:
        raise Unsupported

    def _post_contact(self, chat_id: str, card: ContactCard, reply_to: str) -> Given:
        raise Unsupported

    def _post_file(self, chat_id: str, file: File, caption: str, reply_to: str, timeout: float) -> Given:
        """`timeout` in seconds, by the file's size."""
        raise NotImplementedError

    def _found_by(self, message_id: str) -> str:
        """The id to look a message up by whose answer was lost: ours where the gateway takes it,
        else ""."""
        return ""

    def _sent(self, what: str, message_id: str, post: Callable[[], Given]) -> SendResult:
        began = time.monotonic()
        try:
            result = _result(post())
        except GatewayError as error:
            outcome = Sent.UNKNOWN if error.sent else Sent.REFUSED
            result = SendResult(outcome, self._found_by(message_id), error.gateway_code)
        took = 1000 * (time.monotonic() - began)
        code = result.error.value if result.error else "none"
        log.info("gateway.sent what=%s outcome=%s error=%s ms=%.0f", what, result.outcome.value, code, took)
        return result


def _result(given: Given) -> SendResult:
    if given.ack is Ack.FAILED:
        return SendResult(Sent.REFUSED, given.message_id, GatewayErrorCode.BROKEN_ANSWER)
    return SendResult(Sent.QUEUED if given.ack is Ack.PENDING else Sent.SENT, given.message_id)
