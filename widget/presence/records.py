"""What is known about one number: yes, no or unknown, since when, how, and why if unknown."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Answer(Enum):
    YES = "yes"
    NO = "no"  # only ever «not found at HH:MM»
    UNKNOWN = "unknown"


class How(Enum):
    CHECK = "check"
    CHAT = "chat"  # the gateway has a chat with this number


class Why(Enum):
    """Why an answer is unknown."""

    NOT_ASKED = "not_asked"
    LANDLINE = "landline"  # asked only on a click
    INVALID = "invalid"  # never asked
    LIMIT = "limit"  # the line may not ask now; `until` says when
    NO_LINE = "no_line"
    LINE_DOWN = "line_down"
    RESTRICTED = "restricted"
    CANNOT_COUNT = "cannot_count"  # the limiter's store is gone: nothing is asked
    THROTTLED = "throttled"
    FAILED = "failed"


@dataclass(frozen=True)
class Presence:
    """`at` and `until` are unix seconds, 0 where they do not apply. `chat_id` is "" where it is just the number's."""

    answer: Answer
    at: float = 0.0
    how: How = How.CHECK
    why: Why = Why.NOT_ASKED
    until: float = 0.0
    chat_id: str = ""

    def record(self) -> list[Any]:
        """As stored: short, JSON, and with no number in it."""
        return [self.answer.value, self.at, self.how.value, self.why.value, self.until, self.chat_id]


def unknown(why: Why, *, at: float = 0.0, until: float = 0.0) -> Presence:
    return Presence(Answer.UNKNOWN, at=at, why=why, until=until)


def read_record(record: Any) -> Presence | None:
    """A stored record, or None for one that this version cannot read."""
    try:
        answer, at, how, why, until, chat_id = record
        return Presence(Answer(answer), float(at), How(how), Why(why), float(until), str(chat_id))
    except (TypeError, ValueError, OverflowError):
        return None
