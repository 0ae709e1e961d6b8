"""The rows of a card (pure): one phone, what is known of it, and why the rest is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from widget.card.collect import CardPhone
from widget.card.memory import Card
from widget.phones.hours import LocalTime
from widget.phones.numbers import LineKind
from widget.presence.records import Answer, How, Presence, Why, unknown
from widget.storage.chats import Chat
from widget.storage.lines import Line


@dataclass(frozen=True)
class Row:
    """One phone of the card. `local` is None where the client's time is not known; `chat` is the last used one."""

    item: CardPhone
    presence: Presence
    local: LocalTime | None
    chat: Chat | None
    chat_line: Line | None


@dataclass(frozen=True)
class CardView:
    """Everything the page draws. `to_ask` are keys of rows that nobody knows about and that may be asked now.

    `barred`: there are lines, but none that this user may use.
    """

    rows: list[Row]
    total: int
    hidden: int
    lines: Sequence[Line]
    line: Line | None
    old: bool
    zone: str
    hours: str
    barred: bool = False

    @property
    def to_ask(self) -> list[str]:
        return [row.item.key for row in self.rows if _may_ask(row)]


@dataclass(frozen=True)
class Known:
    """A card with all that is known about its phones. `outdated`: somebody threw the card away meanwhile."""

    card: Card
    shown: list[CardPhone]
    chats: "KnownChats"
    answers: dict[str, Presence]
    outdated: bool
    store_gone: bool


@dataclass(frozen=True)
class KnownChats:
    """The last chat of each number on a line the user may use, and the numbers some line proved to have WhatsApp."""

    last: dict[str, Chat]
    proved: set[str]


def row_of(item: CardPhone, known: Known, lines: Sequence[Line], local: LocalTime | None) -> Row:
    """The row of one phone, from what is known."""
    phone = item.phone.e164 or ""
    chat = known.chats.last.get(phone)
    chat_line = next((line for line in lines if chat and line.id == chat.line_id), None)
    presence = known.answers.get(phone)
    if phone in known.chats.proved and not (presence and presence.answer is Answer.YES):
        # When they last talked on a line that is closed to this user is not theirs to know.
        presence = Presence(Answer.YES, chat.last_at if chat and chat.proved else 0.0, How.CHAT)
    return Row(
        item=item,
        presence=presence or unknown(_why_unknown(item, known, lines)),
        local=local,
        chat=chat,
        chat_line=chat_line,
    )


def answered(row: Row, answers: Mapping[str, Presence]) -> Row:
    """Limits and stores in trouble are not remembered, so the answer just given is drawn over what is."""
    given = answers.get(row.item.phone.e164 or "")
    if given is None or row.presence.answer is Answer.YES:
        return row
    return replace(row, presence=given)


def _why_unknown(item: CardPhone, known: Known, lines: Sequence[Line]) -> Why:
    if item.phone.e164 is None:
        return Why.INVALID
    if known.store_gone:
        return Why.CANNOT_COUNT
    if not lines:
        return Why.NO_LINE
    return Why.LANDLINE if item.phone.kind is LineKind.LANDLINE else Why.NOT_ASKED


def _may_ask(row: Row) -> bool:
    return row.presence.answer is Answer.UNKNOWN and row.presence.why is Why.NOT_ASKED
