"""This product, always visible: its own parts as wiring.py puts them together, in virtual time.

What is not its own: the gateway (gateway.py), the clock, and the portal, whose cards are handed in as if they were read
a moment ago. SQL is a SQLite file that nobody waits for, the limiter counts in memory.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Engine, event

from benchmarks.days.gateway import Clock, TrueGateway, TrueGateways
from benchmarks.days.tally import CAP, FLOOR, Seen, Tally
from benchmarks.days.trace import DAY, Message, Number, Opening, Trace
from benchmarks.days.trace import Card as TraceCard
from ratelimit import Limiter, MemoryStorage, Window
from widget.answers import Answers
from widget.bitrix24.crm import Kind, Person, TypedPhone, Viewer
from widget.bitrix24.rest import Rest
from widget.card.checks import CardChecks
from widget.card.loading import Loader
from widget.card.memory import CardMemory
from widget.card.reading import CardReader, Phones
from widget.card.rows import Row
from widget.card.view import CardView, settings_of
from widget.chats.previews import Previews
from widget.chats.sending import Draft
from widget.chats.service import ChatService
from widget.context import Card, CardPhone, hours_of
from widget.keys import PhoneKeys
from widget.marks import Marks
from widget.metrics import Metrics
from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.presence.asking import Asker
from widget.presence.budget import AskedBy, Terms
from widget.presence.checker import Checker
from widget.presence.cooling import Cooling
from widget.presence.evidence import Evidence
from widget.presence.feedback import Learning
from widget.presence.flights import Flights
from widget.presence.lifetimes import Lifetimes
from widget.presence.listings import Listings
from widget.presence.memory import Memory
from widget.presence.purse import Purse
from widget.presence.records import Answer, How
from widget.presence.reveal_stats import Reveals
from widget.session import Session
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database, upgrade
from widget.storage.line_health import LineHealths
from widget.storage.lines import Line, Lines
from widget.storage.messages import Messages
from widget.storage.portals import Portal, Portals
from widget.storage.presences import Presences
from widget.storage.sends import Sends
from widget.storage.settings import Defaults, UserSettings
from widget.storage.usage import Usage
from widget.storage.vault import Vault

TERMS = Terms(burst=10, every=3.0, per_day=CAP, floor=FLOOR, young_per_day=20, young_days=10)  # as config.py has them
OLDER = 365 * DAY  # the lines were added so long ago
DEAL = 2
COUNTRY = "RU"
P = ParamSpec("P")
T = TypeVar("T")


class Product:
    """Lives through a trace (ways.py says how), as a context manager."""

    def __init__(self, trace: Trace, tally: Tally) -> None:
        self._trace = trace
        self._tally = tally
        self._clock = Clock(trace.midnights[0] - OLDER)
        self._stack = ExitStack()
        self._collected: dict[int, tuple[CardPhone, ...]] = {}
        self._names = {id(card): number for number, card in enumerate(trace.cards, 1)}
        self._numbers = trace.numbers
        self._sent = 0

    def __enter__(self) -> "Product":
        folder = self._stack.enter_context(TemporaryDirectory())
        engine = _open(Path(folder) / "widget.sqlite3")
        self._stack.callback(engine.dispose)
        self._put_together(engine)
        self._clock.now = self._trace.midnights[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def opened(self, opening: Opening) -> None:
        """The page paints what is known and asks about the rest behind it; whoever wants to write and is still not told
        whether they can, presses."""
        self._clock.now = opening.at
        for line in self._lines:  # what the worker does meanwhile
            self._listings.refresh(line)
        session, view = self._painted(opening)
        if view.to_ask:
            view = self._check(session, view.to_ask, AskedBy.PAGE)
        if opening.writes_to and _row(view, opening.writes_to).presence.answer is Answer.UNKNOWN:
            self._check(session, [_row(view, opening.writes_to).item.key], AskedBy.PRESS)

    def told(self, message: Message) -> None:
        """What a webhook reports, or what a rep sends through the line. Nobody writes to a number that is shown to have
        no WhatsApp."""
        self._clock.now = message.at
        line, phone = self._lines[message.line], message.number.phone
        if message.incoming:
            self._gateways_by_line[line.id].chats[phone] = message.at
            self._usage.count(line.portal_id, line.id, received=1)
            self._evidence.learn(line, phone, How.MESSAGE, message.at)
            return
        known = self._memory.one(line.portal_id, phone)
        if known and known.answer is Answer.NO and not message.number.on_whatsapp(message.at):
            return
        chat, _new = self._chat_service.open(line, phone, user_id=1)
        self._sent += 1
        self._chat_service.send(Draft(line, chat, f"send-{self._sent}", user_id=1), "Добрый день")
        went = message.number.on_whatsapp(message.at)
        self._evidence.learn(line, phone, How.DELIVERED if went else How.SEND, message.at)

    def _painted(self, opening: Opening) -> tuple[Session, CardView]:
        name, rep = self._names[id(opening.card)], opening.line + 1
        session = Session(self._portal.id, rep, DEAL, name, language="ru")
        read = Card(self._phones(opening.card), 0, Viewer(rep, False, "", ""), self._clock(), country=COUNTRY)
        self._card_memory.put(session, read)
        seen = self._loader.see(session, self._portal)
        view = self._checks.view(seen, self._loader.known(seen), self._settings)
        self._tally.painted(opening, [_seen(_row(view, number)) for number in opening.card.numbers])
        return session, view

    def _check(self, session: Session, keys: list[str], by: AskedBy) -> CardView:
        return self._checks.check(self._loader.see(session, self._portal), self._settings, keys, None, by).view

    def _phones(self, card: TraceCard) -> tuple[CardPhone, ...]:
        if id(card) not in self._collected:
            typed = tuple(TypedPhone(number.phone, "MOBILE") for number in card.numbers)
            person = Person(Kind.CONTACT, self._names[id(card)], "", typed)
            self._collected[id(card)] = self._reader_of_phones.of((person,), self._portal, "ru")
        return self._collected[id(card)]

    def _put_together(self, engine: Engine) -> None:
        """As wiring.py does, without what no card asks for."""
        clock, vault, pool = self._clock, Vault([Fernet.generate_key().decode()]), _Here()
        answers, self._keys, self._numbering = Answers(Flask("days"), ""), PhoneKeys("days"), Numbering(None)
        marks = Marks(answers, self._keys)
        portals, lines = Portals(engine, vault, clock), Lines(engine, vault, clock)
        chats, settings = Chats(engine, clock, marks.chat_changed), UserSettings(engine, marks.choice_changed)
        self._portal, self._lines = self._company(portals, lines, settings)
        self._gateways_by_line = {
            line.id: TrueGateway(number, self._numbers, self._tally, clock) for number, line in enumerate(self._lines)
        }
        for card in self._trace.cards:
            for number in card.talked:
                self._gateways_by_line[self._lines[card.line].id].chats[number.phone] = clock()
        gateways = TrueGateways(self._gateways_by_line, clock)
        self._usage, cooling = Usage(engine, clock), Cooling(LineHealths(engine, clock), clock)
        lifetimes = Lifetimes()
        self._memory = Memory(
            answers, Presences(engine, clock), vault, key_of=self._keys.key, lifetimes=lifetimes, clock=clock
        )
        limiter = Limiter(MemoryStorage(clock), limits=[Window(limit=CAP, seconds=DAY)])
        purse = Purse(limiter, self._usage, cooling, TERMS, clock)
        self._listings = Listings(
            gateways, self._memory, lifetimes, pool, clock, answers=answers, reports=lambda line: False
        )
        checker = Checker(
            self._memory,
            Flights(answers, lease_seconds=30, now=clock),
            purse,
            Asker(gateways, cooling, pool, Metrics(), clock),
            self._listings,
            lifetimes=lifetimes,
            clock=clock,
        )
        self._card_memory = CardMemory(answers, vault, 300, clock)
        hours = Hours(7, 8, 19, 21)
        self._reader_of_phones = Phones(self._numbering, self._keys)
        # Every card is handed in: a portal that was asked would be a mistake.
        door = CardReader(cast(Rest, None), self._card_memory, lines, self._reader_of_phones, hours, pool, clock)
        counted = Counted(engine, self._usage)
        sends, messages = Sends(engine, vault, clock), Messages(engine, vault, clock)
        conversations = Conversations(engine, chats, sends, messages, counted)
        previews = Previews(conversations)
        self._loader = Loader(door, answers, self._memory, chats, settings, lifetimes, previews, clock)
        self._checks = CardChecks(self._loader, self._card_memory, checker)
        self._settings = settings_of(self._portal, self._lines, hours_of(self._portal, hours))
        self._evidence = Evidence(self._memory, chats, clock)
        reveals = Reveals(answers, self._usage, self._keys)  # openings decide nothing here
        learning = Learning(self._evidence, cooling, purse, reveals, self._usage, counted)
        self._chat_service = ChatService(gateways, conversations, clock, learning)

    def _company(self, portals: Portals, lines: Lines, settings: UserSettings) -> tuple[Portal, tuple[Line, ...]]:
        """The portal and its lines. Reps who share a line as their usual one are one user here."""
        portal = portals.add(member_id="m", domain="p.example", endpoint="https://p.example/rest/", country=COUNTRY)
        for number in range(self._trace.size.lines):
            line_id = lines.add(
                portal.id,
                name=f"Line {number + 1}",
                gateway="waha",
                address="https://gateway.example",
                session=f"line-{number + 1}",
                key="",
            )
            settings.put(portal.id, number + 1, Defaults(line_id=line_id))
        return portal, lines.all_of(portal.id)


class _Here(Executor):
    """Work is done at once, in the order it is given: the same seed gives the same figures."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def _open(file: Path) -> Engine:
    engine = open_database(f"sqlite:///{file}")
    event.listen(engine, "connect", _hurry)
    upgrade(engine)
    return engine


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _row(view: CardView, number: Number) -> Row:
    return next(row for row in view.rows if row.item.phone.e164 == number.phone)


def _seen(row: Row) -> Seen | None:
    if row.presence.answer is Answer.UNKNOWN:
        return None
    return Seen(row.presence.answer is Answer.YES, row.presence.at)
