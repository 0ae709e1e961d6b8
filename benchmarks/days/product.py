"""This product, always visible: its own parts as wiring.py puts them together, in virtual time.

What is not its own: the gateway (gateway.py), the clock, and the portal, whose cards are handed in
as if they were read a moment ago. SQL is a SQLite file that no measured time waits for, the limiter
counts in memory.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from hashlib import sha256
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import httpx
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import event

from benchmarks.days.gateway import Clock, TrueGateway, TrueGateways
from benchmarks.days.tally import CAP, FLOOR, PaintedAnswer, Tally
from benchmarks.days.trace import DAY, Number, Opening, Trace, TracedCard, TracedMessage
from benchmarks.stub import GATEWAY
from widget.bitrix24.crm import Person, PersonKind, TypedPhone, Viewer
from widget.card.reading import Phones
from widget.card.rows import Row
from widget.card.view import CardView, settings_of
from widget.chats.sending import Draft
from widget.config import Config
from widget.context import Card, CardPhone, hours_of
from widget.presence.budget import AskedBy
from widget.presence.records import PresenceAnswer, Source
from widget.session import Session
from widget.storage.building import Repositories
from widget.storage.database import upgrade
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.storage.settings import Defaults
from widget.wiring import build

OLDER = 365 * DAY  # the lines were added so long ago
DEAL = 2
COUNTRY = "RU"
P = ParamSpec("P")
T = TypeVar("T")


class Product:
    """Lives through a trace (ways.py says how), as a context manager."""

    def __init__(self, trace: Trace, tally: Tally, dialogs: float = 0.0) -> None:
        """`dialogs` is how many of the numbers that are on WhatsApp an open line talks with
        already, by the CRM."""
        self._dialogs = dialogs
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
        self._put_together(folder)
        self._clock.now = self._trace.midnights[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def opened(self, opening: Opening) -> None:
        """The page paints what is known and asks about the rest behind it; a rep who wants to write
        to a number that is still unknown presses."""
        self._clock.now = opening.at
        for line in self._lines:  # what the worker does meanwhile
            self._presence.chat_index.refresh(line)
        session, view = self._painted(opening)
        if view.to_ask:
            view = self._check(session, view.to_ask, AskedBy.PAGE)
        if opening.writes_to and _row(view, opening.writes_to).presence.answer is PresenceAnswer.UNKNOWN:
            self._check(session, [_row(view, opening.writes_to).item.key], AskedBy.PRESS)

    def told(self, message: TracedMessage) -> None:
        """What a webhook reports, or what a rep sends through the line. Reps do not write to a
        number that is shown to have no WhatsApp."""
        self._clock.now = message.at
        line, phone = self._lines[message.line], message.number.phone
        if message.incoming:
            self._gateways_by_line[line.id].chats[phone] = message.at
            self._usage.count(line.portal_id, line.id, received=1)
            self._presence.evidence.learn(line, phone, Source.MESSAGE, message.at)
            return
        known = self._presence.known.one(line.portal_id, phone)
        if known and known.answer is PresenceAnswer.NO and not message.number.on_whatsapp(message.at):
            return
        chat, _new = self._chats.open(line, phone, user_id=1)
        self._sent += 1
        self._chats.send(Draft(line, chat, f"send-{self._sent}", user_id=1), "Добрый день")
        went = message.number.on_whatsapp(message.at)
        self._presence.evidence.learn(line, phone, Source.DELIVERED if went else Source.SEND, message.at)

    def _painted(self, opening: Opening) -> tuple[Session, CardView]:
        name, rep = self._names[id(opening.card)], opening.line + 1
        session = Session(self._portal.id, rep, DEAL, name, language="ru")
        read = Card(self._phones(opening.card), 0, Viewer(rep, False, "", ""), self._clock(), country=COUNTRY)
        self._card.memory.put(session, read)
        seen = self._card.loader.see(session, self._portal)
        view = self._card.checks.view(seen, self._card.loader.known(seen), self._settings)
        self._tally.painted(opening, [_seen(_row(view, number)) for number in opening.card.numbers])
        return session, view

    def _check(self, session: Session, keys: list[str], by: AskedBy) -> CardView:
        return self._card.checks.check(
            self._card.loader.see(session, self._portal), self._settings, keys, None, by
        ).view

    def _phones(self, card: TracedCard) -> tuple[CardPhone, ...]:
        if id(card) not in self._collected:
            typed = tuple(TypedPhone(number.phone, "MOBILE") for number in card.numbers)
            talking = tuple(number.phone for number in card.numbers if self._is_in_dialog(number))
            person = Person(PersonKind.CONTACT, self._names[id(card)], "", typed, dialogs=talking)
            self._collected[id(card)] = self._phones_of((person,), self._portal, "ru")
        return self._collected[id(card)]

    def _is_in_dialog(self, number: Number) -> bool:
        lot = int(sha256(number.phone.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return lot < self._dialogs and number.on_whatsapp(self._trace.midnights[0])

    def _put_together(self, folder: str) -> None:
        """By wiring.py, with another gateway, clock and executor; nothing outside is called."""
        clock, here = self._clock, _InlineExecutor()
        config = Config(
            secret_key="days",
            encryption_keys=(Fernet.generate_key().decode(),),
            bitrix_client_id="",
            bitrix_client_secret="",
            database_url=f"sqlite:///{folder}/widget.sqlite3",
            checks_per_day=CAP,
            checks_floor=FLOOR,
        )
        self._gateways_by_line: dict[int, TrueGateway] = {}
        services = build(
            Flask("days"),
            config,
            clock=clock,
            client=lambda: httpx.Client(transport=httpx.MockTransport(_no_call)),
            sleep=_never,
            pool=here,
            make_gateways=lambda _infra: TrueGateways(self._gateways_by_line, clock),
        )
        stored = services.storage
        event.listen(stored.engine, "connect", _hurry)
        upgrade(stored.engine)
        self._stack.callback(stored.engine.dispose)
        self._portal, self._lines = self._company(stored)
        for number, line in enumerate(self._lines):
            self._gateways_by_line[line.id] = TrueGateway(number, self._numbers, self._tally, clock)
        for card in self._trace.cards:
            for talked in card.talked:
                self._gateways_by_line[self._lines[card.line].id].chats[talked.phone] = clock()
        self._usage, self._presence, self._card = stored.usage, services.presence, services.card
        self._chats = services.chats.service
        self._phones_of = Phones(services.phones.numbering, services.infra.keys).of
        self._settings = settings_of(self._portal, self._lines, hours_of(self._portal, services.phones.hours))

    def _company(self, stored: Repositories) -> tuple[Portal, tuple[Line, ...]]:
        """The portal and its lines. Reps who share a line as their usual one are one user here."""
        portal = stored.portals.add(
            member_id="m", domain="p.example", endpoint="https://p.example/rest/", country=COUNTRY
        )
        for number in range(self._trace.size.lines):
            line_id = stored.lines.add(
                portal.id,
                name=f"Line {number + 1}",
                gateway=GATEWAY,
                address="https://gateway.example",
                session=f"line-{number + 1}",
                key="",
            )
            stored.settings.put(portal.id, number + 1, Defaults(line_id=line_id))
        return portal, stored.lines.all_of(portal.id)


class _InlineExecutor(Executor):
    """Work is done at once, in the order it is given: the same seed gives the same figures."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def _never(seconds: float) -> None:
    raise AssertionError(f"a wait of {seconds} s: all here is answered at once")


def _no_call(request: httpx.Request) -> httpx.Response:
    """Every card is handed in: a portal that was asked would be a mistake."""
    raise AssertionError(f"a call of {request.url.host}")


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _row(view: CardView, number: Number) -> Row:
    return next(row for row in view.rows if row.item.phone.e164 == number.phone)


def _seen(row: Row) -> PaintedAnswer | None:
    if row.presence.answer is PresenceAnswer.UNKNOWN:
        return None
    return PaintedAnswer(row.presence.answer is PresenceAnswer.YES, row.presence.at)
