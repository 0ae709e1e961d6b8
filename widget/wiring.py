"""Put the parts together: the one place that names concrete classes. Tests hand in others through the same door."""

import itertools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import redis
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ratelimit import Limiter, MemoryStorage, Rate, RedisStorage, Window
from widget.answers import REDIS_OPTIONS, Answers
from widget.bitrix24.entry import Entry
from widget.bitrix24.oauth import OAuth
from widget.bitrix24.rest import Rest
from widget.card.memory import CardMemory
from widget.card.service import Cards
from widget.chats.service import ChatService
from widget.config import Config
from widget.gateways.lines import Gateways, Timeouts
from widget.http import make_client
from widget.keys import PhoneKeys
from widget.metrics import Metrics
from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.presence.checker import Checker, Lifetimes
from widget.presence.flights import Flights
from widget.session import Tickets
from widget.storage.chats import Chats
from widget.storage.database import open_database
from widget.storage.lines import Lines
from widget.storage.portals import Portals
from widget.storage.sends import Sends
from widget.storage.tokens import Tokens
from widget.storage.vault import Vault

DAY = 86_400
PORTAL_CLIENTS = 8  # of 16 connections each, shared by all portals
FAN_OUT = 320  # calls to gateways in flight at once in one process: ten for each of its threads


@dataclass(frozen=True)
class Services:
    """Everything a view may use."""

    config: Config
    clock: Callable[[], float]
    engine: Engine
    vault: Vault
    tickets: Tickets
    portals: Portals
    lines: Lines
    chats: Chats
    sends: Sends
    entry: Entry
    rest: Rest
    gateways: Gateways
    cards: Cards
    chat_service: ChatService
    metrics: Metrics
    pings: Mapping[str, Callable[[], bool]]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def build(
    app: Flask,
    config: Config,
    *,
    clock: Callable[[], float] = time.time,
    client: Callable[[], httpx.Client] = make_client,
    sleep: Callable[[float], None] = time.sleep,
    pool: Executor | None = None,
) -> Services:
    """All services for this configuration. Opens no connection yet."""
    engine = open_database(config.database_url)
    vault = Vault(config.encryption_keys)
    portals, tokens = Portals(engine, clock), Tokens(engine, vault)
    lines, chats, sends = Lines(engine, vault, clock), Chats(engine, clock), Sends(engine, vault, clock)
    answers = Answers(app, config.redis_url)
    metrics = Metrics()
    keys = PhoneKeys(config.secret_key)
    workers = pool or ThreadPoolExecutor(FAN_OUT, thread_name_prefix="fan-out")
    oauth = OAuth(
        client(),
        config.auth_servers,
        config.bitrix_client_id,
        config.bitrix_client_secret,
        allow_http=config.allow_http,
        timeout=config.portal_timeout,
        clock=clock,
    )
    rest = Rest(
        [client() for _ in itertools.repeat(None, PORTAL_CLIENTS)],
        oauth,
        portals,
        tokens,
        timeout=config.portal_timeout,
        sleep=sleep,
    )
    gateways = Gateways(
        client,
        Timeouts(config.check_timeout, config.history_timeout, config.send_timeout),
        allow_http=config.allow_http,
        clock=clock,
    )
    checker = Checker(
        answers,
        # Longer than the slowest honest answer (state, listing, check), so that nobody asks twice.
        Flights(answers, lease_seconds=3 * config.check_timeout + 5, sleep=sleep),
        _limiter(config, clock),
        gateways,
        chats,
        workers,
        metrics,
        vault,
        key_of=keys.key,
        lifetimes=Lifetimes(sure=config.presence_ttl, unknown=config.unknown_ttl),
        clock=clock,
    )
    cards = Cards(
        rest,
        CardMemory(config.card_ttl, clock),
        answers,
        checker,
        gateways,
        portals,
        lines,
        chats,
        Numbering(Path(config.numbering_file) if config.numbering_file else None),
        keys,
        workers,
        Hours(*config.light_hours),
        clock,
    )
    return Services(
        config=config,
        clock=clock,
        engine=engine,
        vault=vault,
        tickets=Tickets(config.secret_key, vault.fernet, config.session_minutes * 60),
        portals=portals,
        lines=lines,
        chats=chats,
        sends=sends,
        entry=Entry(oauth, portals, tokens, clock),
        rest=rest,
        gateways=gateways,
        cards=cards,
        chat_service=ChatService(gateways, chats, sends, clock),
        metrics=metrics,
        pings={"database": lambda: _database_answers(engine), "cache": lambda: _redis_answers(config.redis_url)},
    )


def _limiter(config: Config, clock: Callable[[], float]) -> Limiter:
    """At most a card's worth at once, then one every few seconds, and so many a day: whom it protects is the
    company's WhatsApp account, which is banned for checking numbers nobody writes to."""
    storage = (
        RedisStorage(redis.Redis.from_url(config.redis_url, **REDIS_OPTIONS))
        if config.redis_url
        else MemoryStorage(clock=clock)
    )
    limits = (
        Rate(every=config.check_every, burst=config.check_burst),
        Window(limit=config.checks_per_day, seconds=DAY),
    )
    return Limiter(storage, limits=limits, prefix="checks")


def _database_answers(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    """True without Redis: then the cache is in the process."""
    if not url:
        return True
    try:
        with redis.Redis.from_url(url, **REDIS_OPTIONS) as client:
            return bool(client.ping())
    except RedisError:
        return False
