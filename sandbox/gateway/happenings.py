"""What happens to a line, for whoever reports it: each protocol makes its own webhooks of these."""

from dataclasses import dataclass
from enum import Enum

from sandbox.gateway.model import Ack, Line, Message, Reaction


class What(Enum):
    MESSAGE = "message"  # somebody wrote, the client or the line by any device
    ACK = "ack"
    EDITED = "edited"
    REVOKED = "revoked"
    REACTION = "reaction"
    STATUS = "status"  # the line's own state, or a restriction of it


@dataclass(frozen=True)
class Happening:
    """`message` is the message it is about, none for STATUS. The line is as it is now."""

    what: What
    line: Line
    at: float
    message: Message | None = None
    ack: Ack | None = None  # ACK
    reaction: Reaction | None = None  # REACTION
