"""What one request knows: its user, their card, the lines they may use, and the time. Read once, at
the door.

The card's rows, an open chat and the application's own page all work on this value and ask for
nothing of it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Protocol

from widget.bitrix24.access import AccessList
from widget.bitrix24.crm import NO_FACTS, ItemFacts, PersonKind, Viewer
from widget.errors import ErrorCode, Refused
from widget.phones.facts import Facts
from widget.phones.hours import Hours, LocalTime, local_time
from widget.phones.numbers import Phone
from widget.session import Session
from widget.storage.lines import Line
from widget.storage.portals import Portal


class ReadMode(Enum):
    """How new the card of a request must be."""

    REMEMBERED = "remembered"  # as this user read it within its lifetime
    CURRENT = "current"  # the same, unless a user or an event has thrown it away meanwhile
    ANEW = "anew"  # from the portal


@dataclass(frozen=True)
class Owner:
    kind: PersonKind
    id: int
    name: str
    in_whatsapp: bool = False  # they write there to an open line of Bitrix24, from one of their phones
    first_name: str = ""
    full_name: str = ""  # "" for a company


@dataclass(frozen=True)
class CardPhone:
    """A phone on this card. `key` stands for it in the page; `typed` is what people wrote, all
    spellings.

    `offers` are numbers that the typed text may mean. A request names one by its key, and it is
    looked up among these, which are worked out from the text whenever the card is read: no other
    number can be asked for.
    """

    key: str
    phone: Phone
    facts: Facts
    owners: tuple[Owner, ...]
    typed: tuple[str, ...]
    offers: tuple["CardPhone", ...] = ()
    in_dialog: bool = False  # an open line of Bitrix24 talks with this very number in WhatsApp
    lid: str = ""  # of a client whose phone is not known: `phone` is how they are called then

    @property
    def client(self) -> str:
        """Who chats are with: the phone in E.164 or the LID, "" for what could not be
        understood."""
        return self.phone.e164 or self.lid

    def __repr__(self) -> str:
        return f"CardPhone(key={self.key!r})"


@dataclass(frozen=True)
class Card:
    """What one user may see of one CRM item. `hidden` counts linked people this user may not see.

    `country` is the one its numbers were read with, `granted` says which access lists hold the
    user: a card that was read under other settings is read again.
    """

    phones: tuple[CardPhone, ...]
    hidden: int
    viewer: Viewer
    read_at: float
    generation: str = ""
    country: str = ""
    granted: Mapping[AccessList, bool] = field(default_factory=dict)
    responsible: int = 0  # the user whom the item is assigned to, 0 if not known
    item: ItemFacts = NO_FACTS

    @cached_property
    def numbers(self) -> tuple[CardPhone, ...]:
        """The phones that are numbers."""
        return tuple(item for item in self.phones if item.phone.e164)

    @cached_property
    def clients(self) -> tuple[CardPhone, ...]:
        """The phones that can have a chat."""
        return tuple(item for item in self.phones if item.client)


@dataclass(frozen=True)
class CardContext:
    """A proved user with a card open; on the application's own page the card has no phone, or the
    one typed there.

    `lines` are those that this user may use here, oldest first; `past_lines` those that they could
    use until they were switched off or removed: their chats can be read. `no_line_allowed`: there
    are lines, but none that this user may use.
    """

    session: Session
    portal: Portal
    card: Card
    lines: tuple[Line, ...]
    past_lines: tuple[Line, ...]
    no_line_allowed: bool
    hours: Hours
    now: float = field(compare=False)  # two requests may know the same

    @property
    def viewer(self) -> Viewer:
        return self.card.viewer

    @property
    def zone(self) -> str:
        """The zone whose times this user reads: of their profile, else the browser's, "" (UTC)
        without either."""
        return self.viewer.zone or self.session.zone

    @property
    def is_typed(self) -> bool:
        """Whether a typed number is all that brought the user here: neither a card nor a right to
        its chat says what they may read (chats/typed.py)."""
        return bool(self.session.number) and not self.session.granted and not self.viewer.admin

    @property
    def readable(self) -> tuple[Line, ...]:
        return (*self.lines, *self.past_lines)

    def line(self, line_id: int) -> Line:
        """A line that this user may use. Raises Refused: LINE_OFF for one that is switched off or
        removed."""
        for line in self.lines:
            if line.id == line_id:
                return line
        if any(line.id == line_id for line in self.past_lines):
            raise Refused(ErrorCode.LINE_OFF, reason="line")
        raise Refused(ErrorCode.NOT_ALLOWED, reason="line")

    def usual_line(self, usual: int | None) -> Line | None:
        """The line that this user chose as their usual one, where it may be used; else the first,
        None without any."""
        return next((line for line in self.lines if line.id == usual), self.lines[0] if self.lines else None)

    def line_to_read(self, line_id: int) -> Line:
        """A line whose chats this user may read, switched off or not. No call. Raises Refused."""
        line = next((line for line in self.readable if line.id == line_id), None)
        if line is None:
            raise Refused(ErrorCode.NOT_ALLOWED, reason="line")
        return line

    def phone(self, phone_key: str) -> CardPhone:
        """The phone behind a key. Raises Refused where it is not on this user's card."""
        return found(self.card.phones, phone_key)

    def phone_of(self, client: str) -> CardPhone:
        """The phone of a chat's client: a chat opens from the cards that have its client, and from
        no other. Raises Refused."""
        for item in self.card.phones:
            if client and item.client == client:
                return item
        raise not_on_card()

    def local(self, item: CardPhone) -> LocalTime | None:
        """The client's clock now, None where no zone is known."""
        return local_time(item.facts.zones, datetime.fromtimestamp(self.now, UTC), self.hours)


def hours_csv(hours: Hours) -> str:
    """The hours of the traffic light as the page's clock reads them: «7,8,19,21»."""
    return f"{hours.red_until},{hours.amber_until},{hours.green_until},{hours.amber_late_until}"


def hours_of(portal: Portal, usual: Hours) -> Hours:
    """The portal's own hours, else the service's."""
    return Hours(*portal.light_hours) if portal.light_hours else usual


def found(phones: Iterable[CardPhone], key: str) -> CardPhone:
    """The phone of this key. Raises Refused where there is none."""
    for item in phones:
        if item.key == key:
            return item
    raise not_on_card()


def not_on_card() -> Refused:
    return Refused(ErrorCode.NOT_ALLOWED, reason="phone is not on this card")


class Door(Protocol):
    """Makes the context of a request."""

    def enter(self, session: Session, portal: Portal, reading: ReadMode = ReadMode.REMEMBERED) -> CardContext:
        """What the request knows. No call where the card is remembered, else one batch at the
        portal. Raises Refused.

        With CURRENT a round trip more.
        """
        ...

    def typed(self, context: CardContext, text: str) -> CardPhone:
        """A number that the user typed, with its facts; without `phone.e164` if it is none. No
        outside call."""
        ...
