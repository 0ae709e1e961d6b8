"""The rows of a card (pure): one phone, what is known of it, and why the rest is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from widget.card.collect import CardPhone
from widget.card.memory import Card
from widget.phones.hours import LocalTime
from widget.phones.numbers import LineKind
from widget.presence.budget import Asking, Left
from widget.presence.records import Answer, How, Presence, Why, unknown
from widget.storage.chats import Chat
from widget.storage.lines import Line


@dataclass(frozen=True)
class Row:
    """One phone of the card. `local` is None where the client's time is not known; `chat` is the last used one on a
    line that may be used, `kept` the last one on a line that was switched off or removed.

    `asking` is what the page's own question about it would be, None where it has none. `vain` says that somebody has
    just pressed, and the answer could not be renewed.
    """

    item: CardPhone
    presence: Presence
    local: LocalTime | None
    chat: Chat | None
    chat_line: Line | None
    asking: Asking | None = None
    vain: bool = False
    kept: Chat | None = None
    kept_line: Line | None = None

    @property
    def own_line(self) -> Line | None:
        """The line that its button opens, None for the one that the card shows."""
        return self.chat_line if self.chat and self.chat.written else None


@dataclass(frozen=True)
class CardView:
    """Everything the page draws. `to_ask` are keys of rows that nobody knows about or that are out of date, and that
    the page may ask about by itself; `to_press` those that nobody knows about, `to_renew` those that a refresh asks.

    `barred`: there are lines, but none that this user may use. `left` is the line's budget where it was seen lately.
    `gone` is the line that the page showed until it was switched off or removed.
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
    left: Left | None = None
    gone: Line | None = None

    @property
    def to_ask(self) -> list[str]:
        return [row.item.key for row in self.rows if row.asking]

    @property
    def to_press(self) -> list[str]:
        return [row.item.key for row in self.rows if row.asking is Asking.NEW]

    @property
    def to_renew(self) -> list[str]:
        return [row.item.key for row in self.rows if _may_renew(row)]


@dataclass(frozen=True)
class Known:
    """A card with all that is known about its phones. `outdated`: somebody threw the card away meanwhile."""

    card: Card
    shown: list[CardPhone]
    chats: "KnownChats"
    answers: dict[str, Presence]
    to_ask: dict[str, Asking]
    outdated: bool
    store_gone: bool


@dataclass(frozen=True)
class KnownChats:
    """The last chat of each number on a line the user may use, on one that they could use until it was switched off or
    removed, and the numbers some line proved to have WhatsApp."""

    last: dict[str, Chat]
    kept: dict[str, Chat]
    proved: set[str]


def row_of(
    item: CardPhone, known: Known, lines: Sequence[Line], local: LocalTime | None, kept: Sequence[Line] = ()
) -> Row:
    """The row of one phone, from what is known. `kept` are the lines whose chats can only be read."""
    phone = item.phone.e164 or ""
    chat, old_chat = known.chats.last.get(phone), known.chats.kept.get(phone)
    chat_line = next((line for line in lines if chat and line.id == chat.line_id), None)
    presence = known.answers.get(phone)
    asking = known.to_ask.get(phone)
    if phone in known.chats.proved and not (presence and (presence.proved or _refused_since(presence, chat))):
        # When they last talked on a line that is closed to this user is not theirs to know.
        presence = Presence(Answer.YES, chat.last_at if chat and chat.proved else 0.0, How.CHAT)
        asking = None
    presence = presence or unknown(_why_unknown(item, known, lines))
    return Row(
        item=item,
        presence=presence,
        local=local,
        chat=chat,
        chat_line=chat_line,
        asking=asking if _by_itself(item, presence, known, lines) else None,
        kept=old_chat,
        kept_line=next((line for line in kept if old_chat and line.id == old_chat.line_id), None),
    )


def answered(row: Row, answers: Mapping[str, Presence]) -> Row:
    """Limits and stores in trouble are not remembered, so the answer just given is drawn over what is; but nothing
    takes away an answer that is there. Whoever has just asked is not made to ask again."""
    given = answers.get(row.item.phone.e164 or "")
    if given is None:
        return row
    if row.presence.answer is Answer.UNKNOWN:
        return replace(row, presence=given, asking=None)
    vain = given.answer is Answer.UNKNOWN or given.tried > given.at
    noted = replace(row.presence, why=given.why, until=given.until) if vain else row.presence
    return replace(row, presence=noted, asking=None, vain=vain)


def _why_unknown(item: CardPhone, known: Known, lines: Sequence[Line]) -> Why:
    if item.phone.e164 is None:
        return Why.INVALID
    if known.store_gone:
        return Why.CANNOT_COUNT
    if not lines:
        return Why.NO_LINE
    return Why.LANDLINE if item.phone.kind is LineKind.LANDLINE else Why.NOT_ASKED


def _refused_since(presence: Presence, chat: Chat | None) -> bool:
    """A message of ours was refused after the last one of the chat: the chat proves nothing any more."""
    if presence.answer is Answer.UNKNOWN and presence.why is Why.REFUSED:
        return True
    return presence.how is How.SEND and presence.at >= (chat.last_at if chat else 0.0)


def _by_itself(item: CardPhone, presence: Presence, known: Known, lines: Sequence[Line]) -> bool:
    """The page asks about what could be anybody's WhatsApp; a landline only on a click."""
    askable = item.phone.kind is not LineKind.LANDLINE and bool(lines) and not known.store_gone
    return askable and (presence.answer is not Answer.UNKNOWN or presence.why is Why.NOT_ASKED)


def _may_renew(row: Row) -> bool:
    landline = row.item.phone.kind is LineKind.LANDLINE and row.presence.answer is Answer.UNKNOWN
    return row.item.phone.e164 is not None and not landline and not row.presence.proved
