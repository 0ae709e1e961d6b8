"""What is known about one number: yes, no or unknown, since when, how, and why if unknown."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class PresenceAnswer(Enum):
    YES = "yes"
    NO = "no"  # only ever «not found at HH:MM»
    UNKNOWN = "unknown"


class Source(Enum):
    """How we know. All but the first cost the line nothing."""

    CHECK = "check"  # WhatsApp was asked
    CHAT = "chat"  # the gateway has a chat with this number
    MESSAGE = "message"  # they wrote to us
    DELIVERED = "delivered"  # a message of ours got its tick
    SEND = "send"  # a message of ours was refused: the number has no WhatsApp
    DIALOG = "dialog"  # an open line of Bitrix24 talks with this number there; read with the card, never stored


class UnknownReason(Enum):
    """Why an answer is unknown, or was not renewed."""

    NOT_ASKED = "not_asked"
    LANDLINE = "landline"  # asked only on a click
    INVALID = "invalid"  # never asked
    LIMIT = "limit"  # the line may not ask now; `until` says when
    SAVED = "saved"  # few checks are left: only a click may spend them
    NO_LINE = "no_line"
    LINE_DOWN = "line_down"
    LINE_UNKNOWN = "line_unknown"  # the line's state is not known yet: it is being asked
    RESTRICTED = "restricted"
    CANNOT_CHECK = "cannot_check"  # the line's gateway has no such verb
    CANNOT_COUNT = "cannot_count"  # the limiter's store is gone: nothing is asked
    THROTTLED = "throttled"
    QUOTA = "quota"  # the gateway's own plan is used up
    LEFT_ALONE = "left_alone"  # the gateway failed several times in a row; `until` says when it is asked again
    BUSY = "busy"  # the gateway itself takes no more requests this second
    PLAN_ENDED = "plan_ended"  # the gateway's vendor was not paid
    CREDENTIALS = "credentials"  # the gateway does not take the line's key
    # a message was refused as if the number were not there, though they wrote or were reached
    # lately
    REFUSED = "refused"
    FAILED = "failed"


# An answer with one of these is told and not remembered: they are as quickly found out as read.
PASSING = frozenset({UnknownReason.LIMIT, UnknownReason.SAVED, UnknownReason.CANNOT_COUNT, UnknownReason.LINE_UNKNOWN})


@dataclass(frozen=True)
class Presence:
    """`at` and `until` are unix seconds, 0 where they do not apply. `chat_id` is canonical
    (gateways/names.py).

    An answer that could not be renewed when it was out of date stays, with `tried`, when that was,
    and `why`. One that was out of date and came out the same was `confirmed` so many times. Of a
    chat that a gateway listed it is known on which line it is, and when its last message came.
    """

    answer: PresenceAnswer
    at: float = 0.0
    how: Source = Source.CHECK
    why: UnknownReason = UnknownReason.NOT_ASKED
    until: float = 0.0
    chat_id: str = ""
    tried: float = 0.0
    confirmed: int = 0
    line_id: int = 0
    last_at: float = 0.0

    @property
    def proved(self) -> bool:
        """Known without asking WhatsApp, so there is nothing to ask again."""
        return self.answer is PresenceAnswer.YES and self.how is not Source.CHECK

    @property
    def listed_on(self) -> int:
        """The line whose gateway lists a chat with the number, 0 where none does."""
        return self.line_id if self.how is Source.CHAT else 0

    def record(self) -> list[Any]:
        """As stored: short, JSON, and with no number in it."""
        known = [self.answer.value, self.at, self.how.value, self.why.value, self.until, self.chat_id]
        return [*known, self.tried, self.confirmed, self.line_id, self.last_at]

    def not_renewed(self, news: "Presence") -> "Presence":
        """This answer, after an inquiry in vain. Of two that are unknown the newer says why."""
        if self.answer is PresenceAnswer.UNKNOWN:
            return news
        return replace(self, why=news.why, until=news.until, tried=news.at)


def unknown(why: UnknownReason, *, at: float = 0.0, until: float = 0.0) -> Presence:
    return Presence(PresenceAnswer.UNKNOWN, at=at, why=why, until=until)


_ADDED_LATER = (0.0, 0, 0, 0.0)


def read_record(record: Any) -> Presence | None:
    """A stored record, or None for one that this version cannot read."""
    try:
        answer, at, how, why, until, chat_id, *more = record
        tried, confirmed, line_id, last_at = [*more, *_ADDED_LATER[len(more) :]][:4]
        return Presence(
            PresenceAnswer(answer),
            float(at),
            Source(how),
            UnknownReason(why),
            float(until),
            str(chat_id),
            tried=float(tried),
            confirmed=max(0, int(confirmed)),
            line_id=int(line_id),
            last_at=float(last_at),
        )
    except (TypeError, ValueError, OverflowError):
        return None
