"""A company's working days: who opens which card when, who writes to whom, and who truly has
WhatsApp.

Made from a seed, and the same for every way that is compared. Nothing here knows how presence is
found out.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DAY = 86_400.0
MINUTE = 60.0
FIRST_MIDNIGHT = datetime(2025, 6, 1, 21, tzinfo=UTC).timestamp()  # a Monday's in Moscow
WEEK = 5  # days that are worked

# A rep works on a dozen current deals and opens each again and again; a few deals are everybody's
# for a while. A new lead a day takes the place of the oldest deal, so a deal is current for about
# two weeks. A rep opens the card to write to a client or to answer one. The shares of all other
# openings:
CURRENT, HOT, NEW, OWN, ANY = 0.70, 0.12, 0.11, 0.05, 0.02
DEALS = 12  # current ones of a rep
ZIPF = 1.0  # the exponent: the third-busiest of them is opened a third as often as the busiest
HOT_CARDS = 40
NEW_LEADS = 1  # a day for each rep
NUMBERS = {1: 0.50, 2: 0.33, 3: 0.12, 4: 0.05}  # of a card
LANDLINES = 0.05  # of all numbers; one in twenty has WhatsApp Business
ON_WHATSAPP = {False: 0.85, True: 0.05}  # by «is a landline»
# Of the old cards' WhatsApp numbers: their line has a chat with them already, by «is current».
TALKED = {True: 0.60, False: 0.35}
MOVES = 0.0005  # of numbers a day join or leave WhatsApp

SENDS = 0.25  # of openings lead to a message,
TO_ANY = 0.10  # of these to any number of the card, the others to one the client uses
REPLIES = 0.60  # of messages are answered,
GOES_ON = 0.80  # and of these answers are answered
WRITE_FIRST = 3  # clients of a rep's current deals a day, new leads among them

_ZIPF = [1 / place**ZIPF for place in range(1, DEALS + 1)]
_FLAT: list[float] = []
HOURS = {9: 0.9, 10: 1.3, 11: 1.4, 12: 1.1, 13: 0.6, 14: 1.1, 15: 1.3, 16: 1.2, 17: 0.8, 18: 0.3}


@dataclass(frozen=True)
class Number:
    """One number. `changes` are the moments at which it joins or leaves WhatsApp, from `at_first`
    on."""

    phone: str
    landline: bool
    at_first: bool
    changes: tuple[float, ...] = ()

    def on_whatsapp(self, at: float) -> bool:
        return self.at_first ^ bool(bisect_right(self.changes, at) % 2)


@dataclass(frozen=True)
class TracedCard:
    """A card, the line its rep writes through, and the numbers on it. `talked` have a chat on that
    line already."""

    rep: int
    line: int
    numbers: tuple[Number, ...]
    talked: tuple[Number, ...] = ()


@dataclass(frozen=True, order=True)
class Opening:
    """A rep opens a card; `writes_to` is whom they then mean to write to."""

    at: float
    line: int = field(compare=False)
    card: TracedCard = field(compare=False)
    writes_to: Number | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TracedMessage:
    """A message of the line's (`incoming` False) or of the client's. To a number without WhatsApp
    it is refused."""

    at: float
    line: int
    number: Number
    incoming: bool


Event = Opening | TracedMessage


@dataclass(frozen=True)
class Size:
    reps: int = 50
    lines: int = 5
    cards: int = 2_000
    days: int = 5
    openings: int = 22  # of one rep on one day, before those that a client's message leads to: then about 30


@dataclass(frozen=True)
class Trace:
    """Everything that happens, in order. `lines` are numbered from 0, `days` are the midnights they
    begin at."""

    size: Size
    cards: tuple[TracedCard, ...]
    events: tuple[Event, ...]
    midnights: tuple[float, ...]

    def day_of(self, at: float) -> int:
        """Which working day: what happens after midnight still belongs to the evening before."""
        return bisect_right(self.midnights, at) - 1

    @property
    def numbers(self) -> dict[str, Number]:
        return {number.phone: number for card in self.cards for number in card.numbers}


def make_trace(size: Size, seed: int) -> Trace:
    """The same for the same size and seed."""
    return _Company(size, random.Random(seed)).works()


class _Company:
    def __init__(self, size: Size, chance: random.Random) -> None:
        self._size = size
        self._chance = chance
        self._phones = self._fresh_phones()
        self._end = self._midnight(size.days - 1) + DAY
        self._leads = [[self._card(rep, talked=0.0) for rep in self._lead_reps()] for _ in range(size.days)]
        old = max(DEALS, size.cards // size.reps - NEW_LEADS * size.days)
        self._own = [
            [self._card(rep, talked=TALKED[place < DEALS]) for place in range(old)] for rep in range(size.reps)
        ]
        self._old = [card for cards in self._own for card in cards]
        self._hot = chance.sample(self._old, min(HOT_CARDS, len(self._old)))

    def works(self) -> Trace:
        events: list[Event] = []
        for day in range(self._size.days):
            self._begin(day)
            for opening in self._openings(day):
                events += [opening, *self._conversation(opening)]
            events += self._from_clients(day)
        midnights = tuple(self._midnight(day) for day in range(self._size.days))
        cards = (*self._old, *(lead for leads in self._leads for lead in leads))
        events = [event for event in events if event.at < self._end]
        return Trace(self._size, cards, tuple(sorted(events, key=lambda event: event.at)), midnights)

    def _begin(self, day: int) -> None:
        """A new lead is the busiest of its rep's deals from now on; hot deals cool down, others
        become hot."""
        for lead in self._leads[day]:
            self._own[lead.rep].insert(0, lead)
        for _ in range(len(self._hot) // 8):
            self._hot[self._chance.randrange(len(self._hot))] = self._chance.choice(self._old)

    def _openings(self, day: int) -> Iterator[Opening]:
        for rep in range(self._size.reps):
            for _ in range(self._size.openings):
                at, card = self._moment(day), self._opened_by(rep, day)
                writes = self._chance.random() < SENDS
                yield Opening(at, self._line(rep), card, self._addressee(card, at) if writes else None)

    def _opened_by(self, rep: int, day: int) -> TracedCard:
        own = self._own[rep]
        current, new = own[:DEALS], own[:NEW_LEADS]
        pools = [(current, _ZIPF), (self._hot, _FLAT), (new, _FLAT), (own, _FLAT), (self._old, _FLAT)]
        ((pool, weigh),) = self._chance.choices(pools, weights=[CURRENT, HOT, NEW, OWN, ANY])
        return self._chance.choices(pool, weights=weigh[: len(pool)] or None)[0]

    def _addressee(self, card: TracedCard, at: float) -> Number:
        known = self._usual(card, at)
        return known if known and self._chance.random() >= TO_ANY else self._chance.choice(card.numbers)

    def _usual(self, card: TracedCard, at: float) -> Number | None:
        """The number this client uses WhatsApp with."""
        return next((number for number in card.numbers if number.on_whatsapp(at)), None)

    def _conversation(self, opening: Opening) -> Iterator[Event]:
        """The message that an opening leads to, the answer, the card opened for that, and so on."""
        number, at = opening.writes_to, opening.at + self._chance.uniform(1, 4) * MINUTE
        if number is None:
            return
        yield TracedMessage(at, opening.line, number, incoming=False)
        if number.on_whatsapp(at) and self._chance.random() < REPLIES:
            at += self._chance.expovariate(1 / (25 * MINUTE))
            yield from self._written(at, opening.line, opening.card, number)

    def _written(self, at: float, line: int, card: TracedCard, number: Number) -> Iterator[Event]:
        """A client's message, and what it leads to."""
        yield TracedMessage(at, line, number, incoming=True)
        if self._chance.random() < GOES_ON:
            answer = Opening(at + self._chance.expovariate(1 / (10 * MINUTE)), line, card, number)
            yield from (answer, *self._conversation(answer))

    def _from_clients(self, day: int) -> Iterator[Event]:
        for rep in range(self._size.reps):
            for card in self._chance.sample(self._own[rep][:DEALS], WRITE_FIRST):
                at = self._moment(day)
                number = self._usual(card, at)
                if number:
                    yield from self._written(at, card.line, card, number)

    def _lead_reps(self) -> Iterator[int]:
        return (rep for rep in range(self._size.reps) for _ in range(NEW_LEADS))

    def _card(self, rep: int, *, talked: float) -> TracedCard:
        (count,) = self._chance.choices(list(NUMBERS), weights=list(NUMBERS.values()))
        numbers = tuple(self._number() for _ in range(count))
        chats = [n for n in numbers if n.on_whatsapp(FIRST_MIDNIGHT) and self._chance.random() < talked]
        return TracedCard(rep, self._line(rep), numbers, tuple(chats))

    def _number(self) -> Number:
        landline = self._chance.random() < LANDLINES
        on = self._chance.random() < ON_WHATSAPP[landline]
        days = (self._end - FIRST_MIDNIGHT) / DAY
        moves = self._chance.random() < MOVES * days
        changes = (self._chance.uniform(FIRST_MIDNIGHT, self._end),) if moves else ()
        return Number(("+7495" if landline else "+7916") + next(self._phones), landline, on, changes)

    def _fresh_phones(self) -> Iterator[str]:
        return (f"{at:07d}" for at in self._chance.sample(range(1_000_000, 10_000_000), 5 * self._size.cards))

    def _line(self, rep: int) -> int:
        return rep * self._size.lines // self._size.reps

    def _moment(self, day: int) -> float:
        (hour,) = self._chance.choices(list(HOURS), weights=list(HOURS.values()))
        return self._midnight(day) + (hour + self._chance.random()) * 3600

    def _midnight(self, day: int) -> float:
        week, weekday = divmod(day, WEEK)
        return FIRST_MIDNIGHT + timedelta(days=7 * week + weekday).total_seconds()
