"""What happens to a line. Each protocol makes its own webhooks of these."""

from dataclasses import dataclass
from enum import Enum

from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage, SandboxReaction


class GatewayEventKind(Enum):
    MESSAGE = "message"  # the client wrote, or the line by any of its devices
    ACK = "ack"
    EDITED = "edited"
    REVOKED = "revoked"
    REACTION = "reaction"
    STATUS = "status"  # the line's own state, or a restriction of it


@dataclass(frozen=True)
class Happening:
    """`message` is the message it is about, none for STATUS. The line is as it is now."""

    what: GatewayEventKind
    line: SandboxLine
    at: float
    message: SandboxMessage | None = None
    ack: SandboxAck | None = None  # ACK
    reaction: SandboxReaction | None = None  # REACTION
