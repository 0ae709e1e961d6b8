"""The verbs of every gateway, the events that it reports by itself, and the values of both.

An adapter is bound to one line. Each verb says what it costs in outside calls; a failure is a
GatewayError with a code of ours, never a raw status. A verb that a gateway lacks raises
Unsupported, and its Capabilities say so beforehand: the page shows a control only where the verb is
there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from widget.errors import AppError, ErrorCode


class GatewayErrorCode(Enum):
    """Why a gateway gave no answer. The value is what texts and logs are keyed by."""

    LINE_DOWN = "line_down"  # not connected to WhatsApp: scan the QR, start it, wait
    STATE_UNKNOWN = "state_unknown"  # the line's state is not known yet: it is being asked
    THROTTLED = "throttled"  # WhatsApp asks for a pause
    BUSY = "busy"  # the gateway itself takes no more requests a second: WhatsApp asked for nothing
    RESTRICTED = "restricted"  # no new chats for a while
    QUOTA = "quota"  # the gateway's own plan is used up
    PLAN_ENDED = "plan_ended"  # and the next one is not paid for
    CREDENTIALS = "credentials"  # the gateway does not take our key
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    MALFORMED = "malformed"  # the gateway does not understand the request
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"  # no connection to the gateway itself
    BROKEN_ANSWER = "broken_answer"  # HTML, empty, cut, or an unknown error
    NO_SUCH_THING = "no_such_thing"
    LEFT_ALONE = "left_alone"  # it failed several times in a row and is not asked for a while (breaker.py)
    UNSUPPORTED = "unsupported"  # this kind of gateway cannot do that


# After these a gateway that looks a number up before it sends surely did not ask WhatsApp about it.
NOT_ASKED = frozenset(
    {
        GatewayErrorCode.UNREACHABLE,
        GatewayErrorCode.LEFT_ALONE,
        GatewayErrorCode.UNSUPPORTED,
        GatewayErrorCode.CREDENTIALS,
        GatewayErrorCode.LINE_DOWN,
    }
)


@dataclass(frozen=True)
class Quota:
    """How much of the gateway's own plan is used."""

    used: int
    total: int


class GatewayError(AppError):
    """No usable answer. `sent` is False only when the gateway surely never acted on the request.

    `until` is when asking again may help (unix seconds, 0 if unknown). `host` is where a file lies
    that is not fetched because only the operator may name that host.
    """

    def __init__(
        self,
        gateway_code: GatewayErrorCode,
        *,
        sent: bool = False,
        until: float = 0.0,
        quota: Quota | None = None,
        host: str = "",
    ) -> None:
        super().__init__(ErrorCode.LINE_TROUBLE, gateway_code.value, until=until)
        self.gateway_code = gateway_code
        self.sent = sent
        self.quota = quota
        self.host = host


class Unsupported(GatewayError):
    """This kind of gateway lacks the verb. Nothing was called."""

    def __init__(self) -> None:
        super().__init__(GatewayErrorCode.UNSUPPORTED)


class LineState(Enum):
    READY = "ready"
    CONNECTING = "connecting"
    SCAN_QR = "scan_qr"
    OFFLINE = "offline"
    RESTRICTED = "restricted"  # works, but may start no new chats
    BANNED = "banned"  # WhatsApp has closed the account
    UNKNOWN = "unknown"  # the gateway did not say
    NOT_YET = "not_yet"  # the gateway is being asked: never an answer of its own


class Depth(Enum):
    """How far back this line's history goes, for the words at its end."""

    FULL = "full"
    PARTIAL = "partial"  # older messages are only on the phone
    NONE = "none"  # the gateway keeps no messages


@dataclass(frozen=True)
class LineStatus:
    state: LineState
    depth: Depth = Depth.PARTIAL
    own_message_ids: bool = False  # may take a message id of ours with a send
    own_ids_proved: bool = False  # has answered with one: only then is a message that is not found under it not there
    until: float = 0.0  # end of a restriction, unix seconds, 0 if unknown


@dataclass(frozen=True)
class CheckResult:
    """The answer about one number. `chat_id` is the gateway's own id of the chat, to be used
    instead of a computed one."""

    exists: bool
    chat_id: str = ""


@dataclass(frozen=True)
class ListedChat:
    """What its newest messages show, as far as they were looked at: `heard` that the client wrote
    one of them, `arrived` that one of ours came to their phone. A message of ours with no tick, or
    one, shows nothing."""

    chat_id: str
    last_at: float
    has_messages: bool
    heard: bool = True
    arrived: bool = False

    @property
    def proves(self) -> bool:
        """Whether it shows that the client has WhatsApp."""
        return self.has_messages and (self.heard or self.arrived)


class Ack(Enum):
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    NONE = "none"  # not ours, or the gateway does not say


ARRIVED = frozenset({Ack.DELIVERED, Ack.READ})  # at the client's phone: fewer ticks prove nothing of its number


@dataclass(frozen=True)
class Media:
    """A file in a message. `size` is bytes, 0 if not known; `thumbnail` is a small JPEG in base64
    or empty."""

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
class ContactCard:
    """A contact that is shared in a message: its phones as they were written, in one of ours a
    single one in E.164."""

    name: str
    phones: tuple[str, ...] = ()
    company: str = ""

    @property
    def phone(self) -> str:
        """The first one, "" without any."""
        return next(iter(self.phones), "")

    def __repr__(self) -> str:
        return f"ContactCard(phones={len(self.phones)})"


@dataclass(frozen=True)
class Message:
    """One message as the chat shows it. `at` is unix seconds; `id` is unique within its chat; `ref`
    is what the gateway calls the message when it is asked for its file."""

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
    contacts: tuple[ContactCard, ...] = ()


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


class ChatList(dict[str, ListedChat]):
    """Listed chats by number. `whole`: the gateway has no other chat with a person, and knows the
    phone of each; so a number that is not in it has no chat on this line."""

    whole = False


@dataclass(frozen=True)
class SendResult:
    """`message_id` is what the message can be looked up by, "" if it cannot be: an unclear end
    stays unclear then."""

    outcome: Sent
    message_id: str = ""
    error: GatewayErrorCode | None = None


@dataclass(frozen=True)
class File:
    mimetype: str
    name: str
    body: bytes


@dataclass(frozen=True)
class Location:
    """A point on Earth, in degrees, and what it is called, "" for nothing."""

    latitude: float
    longitude: float
    name: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a kind of gateway can do. Facts about the vendor, the same for every line."""

    checks_at_once: int  # numbers one check request may ask about; 0: it cannot check
    checks_when_sending: bool  # each send asks WhatsApp by itself, and counts as a check
    chats_at_once: int  # numbers that `chats_of` looks up at most, a call each; 0: it knows no more than `all_chats`
    queues_sends: bool  # a send is accepted, and goes out later
    qr: bool
    pairing_code: bool
    files: bool
    largest_file: int  # bytes
    reply: bool
    edit: bool
    delete: bool
    react: bool
    mark_read: bool
    typing: bool
    keeps_on_request: bool = False  # a line that keeps no messages can be told to
    queue_seconds: float = 0.0  # how long an accepted send may wait before it is given up
    location: bool = False  # it sends places
    contact: bool = False  # and contact cards


class Gateway(Protocol):
    """One line at its gateway."""

    @property
    def capabilities(self) -> Capabilities: ...

    def status(self) -> LineStatus:
        """One call. Raises GatewayError."""

    def check(self, phones: Sequence[str]) -> dict[str, CheckResult]:
        """Ask whether these E.164 numbers have WhatsApp, at most `checks_at_once` of them. One
        call, and the only verb that costs the line.

        A number that is missing in the answer is unknown, never a no. A line that is down answers
        late or wrongly: read `status` first. Raises GatewayError for every answer that is not
        surely a yes or a no.
        """

    def all_chats(self) -> ChatList:
        """The newest chats with people by their E.164 numbers as the numbering plan writes them,
        some hundreds at most. One call, or two; WhatsApp hears nothing of it.

        Not there: chats under a LID that nothing in the answer joins to a phone, groups. A list
        that holds no messages proves nothing by itself: `chats_of` does.
        """

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        """Which of these numbers have a chat, at most `chats_at_once` of them, and whether its
        newest messages prove them. One call a number; WhatsApp hears nothing of it. Unsupported
        where `chats_at_once` is 0."""

    def chat_id_of(self, phone: str) -> str:
        """The id a chat with this number most likely has; an id from a check or a list is
        better."""

    def phones_of(self, lids: Sequence[str]) -> dict[str, str]:
        """The E.164 numbers behind these LIDs, as far as the gateway has seen them itself: WhatsApp
        hears nothing. One call, or one a LID. Raises Unsupported where it keeps none."""

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> Page:
        """One page of a chat that may have several ids, newest first, without duplicates. Nothing
        is skipped or repeated when messages arrive meanwhile. At most one call an id."""

    def cursor_at(self, at: float) -> str:
        """The cursor of a page that begins with what was written at this time (unix seconds) or
        before. No call."""

    def find_message(self, chat_id: str, message_id: str) -> Message | None:
        """The message with this id, or None if the chat has none. One call."""

    def send_text(
        self, chat_id: str, text: str, *, message_id: str, reply_to: str = "", preview: bool = False
    ) -> SendResult:
        """One request, never repeated here. Does not raise: an unclear end is UNKNOWN. `message_id`
        is used where the gateway takes ids of ours; `reply_to` is the `ref` of the message that is
        answered. `preview`: the gateway may fetch what the text links to and show a picture of
        it."""

    def send_file(
        self, chat_id: str, file: File, *, message_id: str, caption: str = "", reply_to: str = ""
    ) -> SendResult:
        """`send_text` for a file."""

    def send_location(self, chat_id: str, location: Location, *, reply_to: str = "") -> SendResult:
        """The same for a place. No vendor takes an id of ours for it."""

    def send_contact(self, chat_id: str, card: ContactCard, *, reply_to: str = "") -> SendResult:
        """The same for a contact card."""

    def edit(self, chat_id: str, ref: str, text: str) -> None:
        """Change the text of a message of ours. One call. Raises GatewayError."""

    def delete(self, chat_id: str, ref: str) -> None:
        """Take back a message of ours, for the client too. One call. Raises GatewayError."""

    def react(self, chat_id: str, ref: str, emoji: str) -> None:
        """React to a message; "" takes the reaction back. One call. Raises GatewayError."""

    def mark_read(self, chat_id: str, refs: Sequence[str]) -> None:
        """Give the client read receipts for these messages. One call. Raises GatewayError."""

    def typing(self, chat_id: str, *, on: bool) -> None:
        """Show the client «typing…». One call. Raises GatewayError."""

    def media(self, chat_id: str, ref: str) -> File:
        """The file of a message. Two calls. Raises GatewayError."""

    def qr(self) -> File:
        """The picture to scan with the phone; another one every few seconds. One call.

        Raises GatewayError: LINE_DOWN when there is nothing to scan.
        """

    def pairing_code(self, phone: str) -> str:
        """A code to type into WhatsApp on the phone instead of scanning. One call. Raises
        GatewayError."""

    def set_webhook(self, url: str, secret: str) -> None:
        """Tell the gateway to report to `url`, proving itself with `secret`, and make it report
        something soon, so that the way is proved. At most three calls. Raises GatewayError."""

    def keep_messages(self) -> None:
        """Tell a line that keeps no messages to keep them from now on. At most two calls; the line
        restarts. Raises GatewayError."""


class EventKind(Enum):
    MESSAGE = "message"  # a text: the client's, or ours from any device
    ACK = "ack"
    EDITED = "edited"
    DELETED = "deleted"
    REACTION = "reaction"
    LINE = "line"  # the line's own state changed


@dataclass(frozen=True)
class GatewayEvent:
    """Something a gateway told by itself. Which fields hold depends on the kind.

    `chat_ids` are all ids that the event names for the chat, a phone id before a LID; groups,
    newsletters and broadcasts make no event at all. `at` is unix seconds of the thing itself, not
    of its delivery; 0 if not told.
    """

    kind: EventKind
    at: float = 0.0
    chat_ids: tuple[str, ...] = ()
    message_id: str = ""
    from_me: bool = False
    message: Message | None = None  # MESSAGE
    ack: Ack = Ack.NONE  # ACK
    text: str = ""  # EDITED: the new text; REACTION: the emoji, "" takes it back
    not_on_whatsapp: bool = False  # ACK: the message failed because the number has no WhatsApp
    state: LineState = LineState.UNKNOWN  # LINE
    until: float = 0.0  # LINE: end of a restriction
    why: GatewayErrorCode | None = None  # LINE: what the restriction is; ACK: a restriction made the message fail
    name: str = ""  # MESSAGE of the client: how they call themselves


class Webhooks(Protocol):
    """How a kind of gateway reports. Pure: no call, no state."""

    refuse_with: int  # the status for a wrong secret: 401, or what makes this gateway try again later

    def genuine(self, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
        """Whether the secret's owner sent this. In constant time. Header names in any case."""

    def events(self, body: Any) -> list[GatewayEvent]:
        """The body (any parsed JSON) as events of ours; [] for what we do not use or cannot
        read."""
