"""Answers in this process or in Redis, and a line whose gateway answers as a test says."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Engine

from ratelimit import Limiter, MemoryStorage, Storage
from tests.stand import NOON, PATIENCE, Clock
from widget.cache import Cache, StoreGone
from widget.config import Config
from widget.gateways.base import (
    ChatList,
    CheckResult,
    GatewayError,
    GatewayErrorCode,
    LineState,
    LineStatus,
    ListedChat,
)
from widget.gateways.waha.adapter import CAPABILITIES
from widget.infrastructure import Infrastructure
from widget.keys import PhoneKeys
from widget.metrics import Metrics
from widget.presence.building import build_presence
from widget.presence.chat_index import ChatIndex
from widget.presence.check_budget import CheckBudget
from widget.presence.checker import Checker
from widget.presence.cooldown_policy import CooldownPolicy
from widget.presence.evidence import Evidence
from widget.presence.freshness import FreshnessPolicy
from widget.presence.records import Presence
from widget.presence.store import PresenceStore
from widget.storage.building import build_repositories
from widget.storage.database import open_database, upgrade
from widget.storage.line_health import LineHealths
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals
from widget.storage.secret_box import SecretBox
from widget.storage.usage import Usage

LINE = Line(1, 1, "Sales", "waha", "https://gw.example", "sales", "key", "")
OTHER_PORTALS_LINE = Line(2, 2, "Sales", "waha", "https://gw.example", "sales", "key", "")
SUPPORT = replace(LINE, id=3, session="support")
KEY = Fernet.generate_key().decode()
SURE, UNSURE = 300.0, 15.0


@dataclass
class FakeGateway:
    """One line. `says` maps a phone to True, False, a CheckResult or a GatewayErrorCode; whatever
    else is asked is not there."""

    says: dict[str, Any] = field(default_factory=dict)
    chats: dict[str, ListedChat] = field(default_factory=dict)
    older: dict[str, ListedChat] = field(default_factory=dict)  # found only by who asks for them
    finds: int = 100
    state: LineState | GatewayErrorCode = LineState.READY
    listing: GatewayErrorCode | None = None
    sent: bool = True  # whether a request that failed had left
    checked: list[str] = field(default_factory=list)
    listed: int = 0
    looked_up: list[str] = field(default_factory=list)
    states: int = 0
    whole: bool = False  # the listing names every chat
    hold: threading.Event | None = None
    at_once: int = 1
    until: float = 0.0

    @property
    def capabilities(self) -> Any:
        return replace(CAPABILITIES, checks_at_once=self.at_once, chats_at_once=self.finds)

    def status(self) -> LineStatus:
        self.states += 1
        if isinstance(self.state, GatewayErrorCode):
            raise GatewayError(self.state)
        return LineStatus(self.state, until=self.until)

    def check(self, phones: Sequence[str]) -> dict[str, CheckResult]:
        assert 1 <= len(phones) <= self.at_once
        self.checked += phones
        if self.hold:
            self.hold.wait(PATIENCE)
        return {phone: answer for phone in phones if (answer := self._answer(phone)) is not None}

    def _answer(self, phone: str) -> CheckResult | None:
        said = self.says.get(phone, False)
        if isinstance(said, GatewayErrorCode):
            raise GatewayError(said, sent=self.sent)
        return said if not isinstance(said, bool) else CheckResult(said, self.chat_id_of(phone) if said else "")

    def all_chats(self) -> ChatList:
        self.listed += 1
        if self.listing:
            raise GatewayError(self.listing)
        listed = ChatList(self.chats)
        listed.whole = self.whole
        return listed

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        self.looked_up += phones
        if self.listing:
            raise GatewayError(self.listing)
        assert len(phones) <= self.finds
        return {phone: chat for phone, chat in {**self.chats, **self.older}.items() if phone in phones}

    def chat_id_of(self, phone: str) -> str:
        return f"{phone.lstrip('+')}@c.us"


@dataclass
class FakeGateways:
    """One gateway for all lines, but for those that have their own."""

    gateway: FakeGateway
    others: dict[int, FakeGateway] = field(default_factory=dict)

    def of(self, line: Line) -> FakeGateway:
        return self.others.get(line.id, self.gateway)

    def known(self, line: Line) -> LineStatus | GatewayError:
        try:
            return self.of(line).status()
        except GatewayError as error:
            return error

    def distrust(self, line: Line) -> None:
        pass


@dataclass(frozen=True)
class SharedPermits(Infrastructure):
    """Infrastructure whose limiters count where a test says: several desks may share it."""

    permits: Storage = field(default_factory=MemoryStorage)

    def _permits(self) -> Storage:
        return self.permits


def no_client() -> httpx.Client:
    raise AssertionError("nothing of this room calls outside by itself")


@dataclass
class FakeChats:
    remembered: list[tuple[int, int, str, dict[str, Any]]] = field(default_factory=list)

    def remember(self, portal_id: int, line_id: int, phone: str, **more: Any) -> None:
        self.remembered.append((portal_id, line_id, phone, more))


@dataclass
class CheckerFixture:
    """A checker with everything around it that a test may look at."""

    checker: Checker
    gateway: FakeGateway
    gateways: FakeGateways
    chats: FakeChats
    answers: Cache
    limiter: Limiter
    metrics: Metrics
    memory: PresenceStore
    evidence: Evidence
    check_budget: CheckBudget
    usage: Usage
    cooldown_policy: CooldownPolicy
    cooldowns: LineHealths
    freshness: FreshnessPolicy
    clock: Clock
    chat_index: ChatIndex

    def known(self, *phones: str, portal: int = 1) -> dict[str, Presence]:
        """What another reader finds without asking anybody: all that is not forgotten."""
        keys = self.memory.keys(portal, phones)
        found = self.memory.get_many(portal, list(keys))
        return {keys[key]: presence for key, presence in found.items()}

    def spent(self, line: Line = LINE) -> int:
        return self.usage.total(line.portal_id, line.id, "checks", since=0)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


class FlakyCache(Cache):
    """A cache that is out of reach for one process at times, and keeps its data."""

    gone = False

    @property
    def _backend(self):
        if self.gone:
            raise StoreGone
        return self._reached

    @_backend.setter
    def _backend(self, backend):
        self._reached = backend


@pytest.fixture
def in_process() -> Cache:
    return Cache(Flask("cache"), "")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as workers:
        yield workers


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with the portals and lines of above; each test gets a copy."""
    path = tmp_path_factory.mktemp("filled") / "widget.sqlite3"
    engine = open_database(f"sqlite:///{path}")
    upgrade(engine)
    secret_box, clock = SecretBox([KEY]), Clock(NOON - 365 * 86_400)  # lines that are not young
    portals, lines = Portals(engine, secret_box, clock), Lines(engine, secret_box, clock)
    for name in ("one", "two"):
        portals.add(member_id=name, domain=f"{name}.example", endpoint=f"https://{name}.example/rest/", country="RU")
    for line in (LINE, OTHER_PORTALS_LINE, SUPPORT):
        lines.add(line.portal_id, name="Sales", gateway="waha", address=line.address, session=line.session, key="key")
        LineHealths(engine, clock).record_webhook(line.portal_id, line.id)  # what comes meanwhile is told
    engine.dispose()
    return path


@pytest.fixture
def engine(filled_file: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copy(filled_file, tmp_path / "widget.sqlite3")
    opened = open_database(f"sqlite:///{tmp_path / 'widget.sqlite3'}")
    yield opened
    opened.dispose()


@pytest.fixture
def make_desk(
    gateway: FakeGateway, in_process: Cache, pool: ThreadPoolExecutor, clock: Clock, engine: Engine
) -> Iterator[Callable[..., CheckerFixture]]:
    """make_desk(burst=…, answers=…, storage=…): desks share the gateway, the database, and whatever
    is handed in."""

    def make(
        *,
        burst: int = 10,
        every: float = 3.0,
        day: int = 100,
        floor: int = 100,
        answers: Cache | None = None,
        storage: Any = None,
    ) -> CheckerFixture:
        config = Config(
            secret_key="secret",
            encryption_keys=(KEY,),
            bitrix_client_id="app",
            bitrix_client_secret="secret",
            database_url=str(engine.url),
            check_burst=burst,
            check_every=every,
            checks_per_day=day,
            checks_floor=floor,
            young_checks_per_day=20,
            young_days=10,
            presence_ttl=SURE,
            unknown_ttl=UNSURE,
        )
        infra = SharedPermits(
            config,
            clock,
            time.sleep,
            no_client,
            workers=pool,
            behind=pool,
            cache=answers or in_process,
            keys=PhoneKeys("secret"),
            metrics=Metrics(),
            permits=storage or MemoryStorage(clock=clock),
        )
        built, metrics, gateways, chats = build_repositories(infra), infra.metrics, FakeGateways(gateway), FakeChats()
        opened.append(built.engine)
        stored = replace(built, conversations=replace(built.conversations, chats=chats))  # type: ignore[arg-type]
        parts = build_presence(infra, stored, gateways)  # type: ignore[arg-type]
        return CheckerFixture(
            parts.checker,
            gateway,
            gateways,
            chats,
            infra.cache,
            parts.check_budget._limiter,
            metrics,
            parts.known,
            parts.evidence,
            parts.check_budget,
            stored.usage,
            parts.cooldown_policy,
            stored.line_health,
            parts.freshness,
            clock,
            parts.chat_index,
        )

    opened: list[Engine] = []
    yield make
    for each in opened:
        each.dispose()


@pytest.fixture
def desk(make_desk: Callable[..., CheckerFixture]) -> CheckerFixture:
    return make_desk()
