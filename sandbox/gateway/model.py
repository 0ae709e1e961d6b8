"""What the gateway remembers: lines, their chats, and the messages in them."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

DELIVERED_AFTER = 1.0  # seconds from the server's tick to the device's


class SandboxAck(IntEnum):
    """How far a message got (devlikeapro/waha-docs: how-to/receive-messages)."""

    ERROR = -1
    PENDING = 0
    SERVER = 1
    DEVICE = 2
    READ = 3
    PLAYED = 4


@dataclass(frozen=True)
class SandboxMedia:
    """A file in a message. `lost` ones cannot be fetched from WhatsApp any more."""

    kind: str  # image, document, audio, video
    mimetype: str
    extension: str
    content: bytes = b""
    thumbnail: bytes = b""  # JPEG, as WhatsApp sends it inside the message
    filename: str | None = None
    width: int = 0
    height: int = 0
    seconds: int = 0
    lost: bool = False
    voice: bool = False  # a voice message, WhatsApp's «ptt»


@dataclass(frozen=True)
class SandboxPlace:
    """A point on the map in a message, perhaps with what it is called."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True)
class SandboxCard:
    """What a message may hold instead of words: a place, or a contact card."""

    place: SandboxPlace | None = None
    vcard: str = ""

    @property
    def contacts(self) -> tuple[tuple[str, str], ...]:
        """How its person is called, and the vCard."""
        named = (line[3:] for line in self.vcard.splitlines() if line.startswith("FN:"))
        return ((next(named, ""), self.vcard),) if self.vcard else ()


NO_CARD = SandboxCard()


@dataclass(frozen=True)
class SandboxReaction:
    from_me: bool
    text: str


@dataclass
class SandboxMessage:
    """One message; `id` is the part that is the same on both phones."""

    id: str
    chat_id: str
    at: float
    from_me: bool
    text: str = ""
    media: SandboxMedia | None = None
    place: SandboxPlace | None = None
    quoted: "SandboxMessage | None" = None
    reactions: list[SandboxReaction] = field(default_factory=list)
    edited: bool = False
    revoked: bool = False
    participant: str = ""
    by_api: bool = False
    seen: bool = False
    stuck: SandboxAck | None = None  # the ack that the message keeps for ever
    contacts: tuple[tuple[str, str], ...] = ()  # shared ones: how each is called, and its vCard

    @property
    def full_id(self) -> str:
        parts = ["true" if self.from_me else "false", self.chat_id, self.id, self.participant]
        return "_".join(part for part in parts if part)

    def ack(self, now: float) -> SandboxAck:
        if self.stuck is not None:
            return self.stuck
        if self.seen:
            return SandboxAck.READ
        arrived = not self.from_me or now - self.at >= DELIVERED_AFTER
        return SandboxAck.DEVICE if arrived else SandboxAck.SERVER

    def is_called(self, name: str) -> bool:
        """Whether `name` means this message: its own id, or the full one of either spelling of the
        chat."""
        parts = name.split("_")
        return self.id == (parts[2] if len(parts) > 2 else name)


@dataclass
class SandboxChat:
    id: str
    name: str
    messages: list[SandboxMessage] = field(default_factory=list)  # oldest first

    @property
    def newest(self) -> float:
        return self.messages[-1].at if self.messages else 0.0

    @property
    def unread(self) -> int:
        return sum(not message.from_me and not message.seen for message in self.messages)


@dataclass
class SandboxLine:
    """One WhatsApp account of the company; `status` is one of lines.STATUSES, which each protocol
    says in its own words; `protocol` is who speaks for it, a name of KINDS."""

    name: str
    status: str
    engine: str
    number: str  # digits
    config: dict[str, Any]
    activity: float
    protocol: str
    chats: dict[str, SandboxChat] = field(default_factory=dict)
    title: str = ""
    restricted_until: float = 0.0  # WhatsApp lets it start no new chats until then
    capped: bool = False  # WhatsApp's quota of new chats is used up
    yellow: bool = False  # WhatsApp's warning, as one protocol calls it
    webhook: dict[str, Any] = field(default_factory=dict)  # as its protocol keeps it
    version: str = ""  # of the software that speaks for it
    sub_path: str = ""  # where a proxy in front of the gateway has put it
    s3: bool = False  # the gateway keeps its files in a bucket
    unpaired: set[str] = field(default_factory=set)  # LIDs whose phones it has not seen yet
    pictured: set[str] = field(default_factory=set)  # chats whose picture the gateway has asked WhatsApp for

    def is_at_least(self, *version: int) -> bool:
        """Whether the software is of this version or a later one."""
        return tuple(int(part) for part in self.version.split(".")) >= version

    @property
    def chat_id(self) -> str:
        return f"{self.number}@c.us"
