"""The rows of a card (pure): one phone, what is known of it, and why the rest is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from widget.chats.ignoring import may_heed
from widget.chats.previews import LastMessage
from widget.context import CardContext, CardPhone
from widget.phones.hours import LocalTime
from widget.phones.numbers import LineKind
from widget.presence.budget import CheckPriority
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason, unknown
from widget.storage.chats import Chat
from widget.storage.ignores import EVERY_LINE, Ignored
from widget.storage.lines import Line
from widget.storage.settings import Defaults


@dataclass(frozen=True)
class Row:
    """One phone of the card. `local` is None where the client's time is not known; `chat` is the
    last used one on a line that may be used, `last` its last message, `kept` the last one on a line
    that was switched off or removed.

    `priority` is what the page's own question about it would be, None where it has none. `vain`
    says that a press has just asked, and the answer could not be renewed.
    """

    item: CardPhone
    presence: Presence
    local: LocalTime | None
    chat: Chat | None
    chat_line: Line | None
    priority: CheckPriority | None = None
    vain: bool = False
    kept: Chat | None = None
    kept_line: Line | None = None
    waiting: Chat | None = None  # the one whose client waits longest, on a line that may be used
    waiting_line: Line | None = None
    last: LastMessage | None = None
    silence: "Silence | None" = None

    @property
    def renewable(self) -> bool:
        """A refresh asks about it: it is a number that may be checked, and nothing proves it."""
        landline = self.item.phone.kind is LineKind.LANDLINE and self.presence.answer is PresenceAnswer.UNKNOWN
        return self.item.phone.e164 is not None and not landline and not self.presence.proved

    @property
    def own_line(self) -> Line | None:
        """The line that its button opens, None for the one that the card shows."""
        return self.chat_line if self.chat and self.chat.written else None


@dataclass(frozen=True)
class Silence:
    """That a client is ignored: on `lines`, or on all where it names none. `mine`: this user may
    take it back."""

    lines: tuple[str, ...]
    mine: bool


@dataclass(frozen=True)
class KnownPhones:
    """All that is known about the phones of a card: `shown` in order and cut, answers by number,
    what the page would ask by itself. `chosen` is what the user chose for themselves."""

    shown: list[CardPhone]
    chats: "KnownChats"
    answers: Mapping[str, Presence]
    to_ask: Mapping[str, CheckPriority]
    store_gone: bool
    chosen: Defaults = field(default_factory=Defaults)
    previews: Mapping[int, LastMessage] = field(default_factory=dict)  # by the chat's id
    ignored: Sequence[Ignored] = ()


@dataclass(frozen=True)
class KnownChats:
    """The last chat of each number on a line the user may use, on one that they could use until it
    was switched off or removed, and the numbers some line proved to have WhatsApp."""

    last: dict[str, Chat]
    kept: dict[str, Chat]
    proved: set[str]
    waiting: dict[str, Chat] = field(default_factory=dict)  # the one whose client waits longest


def row_of(item: CardPhone, known: KnownPhones, context: CardContext) -> Row:
    """The row of one phone, from what is known (pure)."""
    phone, lines = item.client, context.lines
    chat, old_chat = known.chats.last.get(phone), known.chats.kept.get(phone)
    presence = known.answers.get(phone)
    priority = known.to_ask.get(phone)
    if phone in known.chats.proved and not (presence and (presence.proved or _refused_since(presence, chat))):
        # When they last talked on a line that is closed to this user is not theirs to know.
        presence = Presence(PresenceAnswer.YES, chat.last_at if chat and chat.proved else 0.0, Source.CHAT)
        priority = None
    presence = presence or unknown(_why_unknown(item, known, lines))
    return Row(
        item=item,
        presence=presence,
        local=context.local(item),
        chat=chat,
        chat_line=_line_of(chat, lines),
        priority=priority if _by_itself(item, presence, known, lines) else None,
        kept=old_chat,
        kept_line=_line_of(old_chat, context.past_lines),
        waiting=known.chats.waiting.get(phone),
        waiting_line=_line_of(known.chats.waiting.get(phone), lines),
        last=known.previews.get(chat.id) if chat else None,
        silence=_silence_of(item.client, known.ignored, context) if known.ignored else None,
    )


def answered(row: Row, answers: Mapping[str, Presence]) -> Row:
    """The row with the answer that a check gave just now. A limit or a store in trouble is not
    remembered, so it is drawn from this answer; a yes or no that is there stays. The page does not
    ask about the number again."""
    given = answers.get(row.item.phone.e164 or "")
    if given is None:
        return row
    if row.presence.answer is PresenceAnswer.UNKNOWN:
        return replace(row, presence=given, priority=None)
    vain = given.answer is PresenceAnswer.UNKNOWN or given.tried > given.at
    noted = replace(row.presence, why=given.why, until=given.until) if vain else row.presence
    return replace(row, presence=noted, priority=None, vain=vain)


def _why_unknown(item: CardPhone, known: KnownPhones, lines: Sequence[Line]) -> UnknownReason:
    if item.phone.e164 is None:
        return UnknownReason.INVALID
    if known.store_gone:
        return UnknownReason.CANNOT_COUNT
    if not lines:
        return UnknownReason.NO_LINE
    return UnknownReason.LANDLINE if item.phone.kind is LineKind.LANDLINE else UnknownReason.NOT_ASKED


def _silence_of(client: str, ignored: Sequence[Ignored], context: CardContext) -> Silence | None:
    said = [each for each in ignored if each.client == client]
    if not said:
        return None
    names = {line.id: line.name for line in context.lines}
    everywhere = any(each.line_id == EVERY_LINE for each in said)
    return Silence(
        lines=() if everywhere else tuple(names[each.line_id] for each in said if each.line_id in names),
        mine=any(may_heed(context.viewer, each) for each in said),
    )


def _refused_since(presence: Presence, chat: Chat | None) -> bool:
    """A message of ours was refused after the last one of the chat: the chat proves nothing any
    more."""
    if presence.answer is PresenceAnswer.UNKNOWN and presence.why is UnknownReason.REFUSED:
        return True
    return presence.how is Source.SEND and presence.at >= (chat.last_at if chat else 0.0)


def _by_itself(item: CardPhone, presence: Presence, known: KnownPhones, lines: Sequence[Line]) -> bool:
    """Whether the page may ask about the number by itself: about a mobile; about a landline only on
    a click."""
    askable = item.phone.kind is not LineKind.LANDLINE and bool(lines) and not known.store_gone
    return askable and (presence.answer is not PresenceAnswer.UNKNOWN or presence.why is UnknownReason.NOT_ASKED)


def own_line_of(chat: Chat | None, lines: Sequence[Line]) -> Line | None:
    """`Row.own_line` of a number whose last used chat this is (pure)."""
    return _line_of(chat, lines) if chat and chat.written else None


def _line_of(chat: Chat | None, lines: Sequence[Line]) -> Line | None:
    return next((line for line in lines if chat and line.id == chat.line_id), None)
