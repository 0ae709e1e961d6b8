"""What every gateway can be asked, and the values it answers with.

An adapter is bound to one line. Each verb says what it costs in outside calls; whatever goes wrong is a
GatewayError with a class of trouble, never a raw status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Trouble(Enum):
    """Why a gateway gave no answer. The value is what texts and logs are keyed by."""

    LINE_DOWN = "line_down"  # not connected to WhatsApp: scan the QR, start it, wait
    THROTTLED = "throttled"  # WhatsApp asks for a pause
    RESTRICTED = "restricted"  # no new chats for a while
    QUOTA = "quota"  # the gateway's own plan is used up
    CREDENTIALS = "credentials"  # the gateway does not take our key
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    MALFORMED = "malformed"  # the gateway does not understand the request
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"  # no connection to the gateway itself
    BROKEN_ANSWER = "broken_answer"  # HTML, empty, cut, or an error nobody knows
    NO_SUCH_THING = "no_such_thing"


class GatewayError(Exception):
    """No usable answer. `sent` is False only when the gateway surely never acted on the request."""

    def __init__(self, trouble: Trouble, *, sent: bool = False) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.sent = sent


class LineState(Enum):
    READY = "ready"
    CONNECTING = "connecting"
    SCAN_QR = "scan_qr"
    OFFLINE = "offline"
    RESTRICTED = "restricted"  # works, but may start no new chats
    UNKNOWN = "unknown"  # the gateway did not say


class Depth(Enum):
    """How far back this line's history goes, for the words at its end."""

    FULL = "full"
    PARTIAL = "partial"  # older messages are only on the phone
    NONE = "none"  # the gateway keeps no messages


@dataclass(frozen=True)
class LineStatus:
    state: LineState
    depth: Depth = Depth.PARTIAL
    own_message_ids: bool = False  # takes a message id of ours with a send
    until: float = 0.0  # end of a restriction, unix seconds, 0 if unknown


@dataclass(frozen=True)
class Checked:
    """The answer of one check. `chat_id` is the gateway's own id of the chat, to be used instead of a computed one."""

    exists: bool
    chat_id: str = ""


@dataclass(frozen=True)
class ListedChat:
    chat_id: str
    last_at: float
    has_messages: bool


class Ack(Enum):
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    NONE = "none"  # not ours, or the gateway does not say


@dataclass(frozen=True)
class Media:
    """A file in a message. `size` is bytes, 0 if not known; `thumbnail` is a small JPEG in base64 or empty."""

    kind: str  # image, video, audio, document, sticker
    mimetype: str
    name: str
    size: int = 0
    seconds: int = 0
    thumbnail: str = ""


@dataclass(frozen=True)
class Quote:
    text: str
    from_me: bool | None
    has_media: bool = False


@dataclass(frozen=True)
class Message:
    """One message as the chat shows it. `at` is unix seconds; `id` is unique within its chat; `ref` is what the
    gateway calls the message when it is asked for its file."""

    id: str
    ref: str
    at: int
    from_me: bool
    text: str
    ack: Ack = Ack.NONE
    media: Media | None = None
    quote: Quote | None = None
    reactions: tuple[str, ...] = ()
    edited: bool = False
    deleted: bool = False
    place: tuple[float, float] | None = None  # latitude, longitude
    contacts: int = 0  # how many contact cards it carries


@dataclass(frozen=True)
class Page:
    """A page of history, newest first. `cursor` continues it, None at the end."""

    messages: tuple[Message, ...]
    cursor: str | None


class Sent(Enum):
    SENT = "sent"
    QUEUED = "queued"  # accepted, not sent yet
    REFUSED = "refused"
    UNKNOWN = "unknown"  # it may have gone out


@dataclass(frozen=True)
class SendResult:
    outcome: Sent
    message_id: str = ""
    trouble: Trouble | None = None


@dataclass(frozen=True)
class File:
    mimetype: str
    name: str
    body: bytes


class Gateway(Protocol):
    """One line at its gateway."""

    def status(self) -> LineStatus:
        """One call. Raises GatewayError."""

    def check(self, phone: str) -> Checked:
        """Ask whether this E.164 number has WhatsApp. One call, and the only verb that costs the line.

        A line that is down answers late or wrongly: read `status` first. Raises GatewayError for every
        answer that is not surely a yes or a no.
        """

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        """Which of these numbers have a chat, without asking WhatsApp. One call."""

    def chat_id_of(self, phone: str) -> str:
        """The id a chat with this number most likely has; an id from a check or a list is better."""

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> Page:
        """One page, newest first. Nothing is skipped or repeated when messages arrive meanwhile. One call an id."""

    def find_message(self, chat_id: str, message_id: str) -> Message | None:
        """The message with our id, or None if the chat has none. One call."""

    def send_text(self, chat_id: str, text: str, *, message_id: str) -> SendResult:
        """One request, never repeated here. Does not raise: an unclear end is UNKNOWN."""

    def media(self, chat_id: str, ref: str) -> File:
        """The file of a message. Two calls."""

    def qr(self) -> File:
        """The picture to scan with the phone; another one every few seconds. One call.

        Raises GatewayError: LINE_DOWN when there is nothing to scan.
        """
