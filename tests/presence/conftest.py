"""Answers in this process or in Redis, and a line whose gateway answers as a test says."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask

from ratelimit import Limiter, MemoryStorage, Rate, Window
from tests.stand import Clock
from widget.answers import Answers
from widget.gateways.base import Checked, GatewayError, LineState, LineStatus, ListedChat, Trouble
from widget.keys import PhoneKeys
from widget.metrics import Metrics
from widget.presence.checker import Checker, Lifetimes
from widget.presence.flights import Flights
from widget.storage.lines import Line
from widget.storage.vault import Vault

LINE = Line(1, 1, "Sales", "waha", "https://gw.example", "sales", "key", "")
OTHER_PORTALS_LINE = Line(2, 2, "Sales", "waha", "https://gw.example", "sales", "key", "")
KEY = Fernet.generate_key().decode()
SURE, UNSURE = 300.0, 15.0


@dataclass
class FakeGateway:
    """One line. `says` maps a phone to True, False, a Checked or a Trouble; whatever else is asked is not there."""

    says: dict[str, Any] = field(default_factory=dict)
    chats: dict[str, ListedChat] = field(default_factory=dict)
    state: LineState | Trouble = LineState.READY
    listing: Trouble | None = None
    sent: bool = True  # whether a request that failed had left
    checked: list[str] = field(default_factory=list)
    listed: int = 0
    states: int = 0
    hold: threading.Event | None = None

    def status(self) -> LineStatus:
        self.states += 1
        if isinstance(self.state, Trouble):
            raise GatewayError(self.state)
        return LineStatus(self.state)

    def check(self, phone: str) -> Checked:
        self.checked.append(phone)
        if self.hold:
            self.hold.wait(10)
        said = self.says.get(phone, False)
        if isinstance(said, Trouble):
            raise GatewayError(said, sent=self.sent)
        return said if isinstance(said, Checked) else Checked(said, self.chat_id_of(phone) if said else "")

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        self.listed += 1
        if self.listing:
            raise GatewayError(self.listing)
        return {phone: chat for phone, chat in self.chats.items() if phone in phones}

    def chat_id_of(self, phone: str) -> str:
        return f"{phone.lstrip('+')}@c.us"


@dataclass
class FakeGateways:
    gateway: FakeGateway

    def of(self, line: Line) -> FakeGateway:
        return self.gateway

    def status(self, line: Line) -> LineStatus:
        return self.gateway.status()

    def distrust(self, line: Line) -> None:
        pass


@dataclass
class FakeChats:
    remembered: list[tuple[int, int, str, dict[str, Any]]] = field(default_factory=list)

    def remember(self, portal_id: int, line_id: int, phone: str, **more: Any) -> None:
        self.remembered.append((portal_id, line_id, phone, more))


@dataclass
class Desk:
    """A checker with everything around it that a test may look at."""

    checker: Checker
    gateway: FakeGateway
    chats: FakeChats
    answers: Answers
    limiter: Limiter
    metrics: Metrics


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def in_process() -> Answers:
    return Answers(Flask("answers"), "")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as workers:
        yield workers


@pytest.fixture
def make_desk(gateway: FakeGateway, in_process: Answers, pool: ThreadPoolExecutor, clock: Clock) -> Callable[..., Desk]:
    """make_desk(burst=…, answers=…, storage=…): desks share the gateway, and whatever is handed in."""

    def make(
        *, burst: int = 10, every: float = 3.0, day: int = 100, answers: Answers | None = None, storage: Any = None
    ) -> Desk:
        answers = answers or in_process
        limits = (Rate(every=every, burst=burst), Window(limit=day, seconds=86_400))
        limiter = Limiter(storage or MemoryStorage(clock=clock), limits=limits, prefix="checks")
        chats, metrics = FakeChats(), Metrics()
        checker = Checker(
            answers,
            Flights(answers, lease_seconds=5),
            limiter,
            FakeGateways(gateway),  # type: ignore[arg-type]
            chats,  # type: ignore[arg-type]
            pool,
            metrics,
            Vault([KEY]),
            key_of=PhoneKeys("secret").key,
            lifetimes=Lifetimes(sure=SURE, unknown=UNSURE),
            clock=clock,
        )
        return Desk(checker, gateway, chats, answers, limiter, metrics)

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
