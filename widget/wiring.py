"""Put the parts together: the one place that names concrete classes. Tests hand in others through the same door."""

import atexit
import itertools
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import redis
from flask import Flask, has_request_context, request
from huey import Huey
from sqlalchemy import Engine

from ratelimit import Limiter, MemoryStorage, Rate, RedisStorage, Storage, Window
from widget.addresses import PublicOnly
from widget.answers import REDIS_OPTIONS, Answers, redis_takes_writes
from widget.bitrix24.entry import Entry
from widget.bitrix24.install import Installer
from widget.bitrix24.oauth import OAuth
from widget.bitrix24.renewal import Renewal
from widget.bitrix24.rest import Rest
from widget.bitrix24.strangers import FAILURES, Strangers
from widget.card.checks import CardChecks
from widget.card.learning import Learning
from widget.card.loading import Loader
from widget.card.memory import CardMemory
from widget.card.reading import CardReader, Phones
from widget.card.reveals import Reveals
from widget.chats.previews import Previews
from widget.chats.service import ChatService
from widget.chats.unclear import UnclearEnds
from widget.config import Config
from widget.gateways.base import Webhooks
from widget.gateways.calls import Timeouts
from widget.gateways.kinds import KINDS
from widget.gateways.lines import Gateways
from widget.gateways.pace import Pace
from widget.gateways.states import States
from widget.hooks.gateway_receiver import GatewayReceiver, LineNews
from widget.hooks.gateway_work import GatewayWork
from widget.hooks.receiver import Receiver
from widget.hooks.vouching import Vouching
from widget.hooks.work import EventWork
from widget.http import OutsideError, fetch_file, make_client
from widget.jobs.queue import EVERY_HOUR, EVERY_MINUTE, EVERY_NIGHT, Jobs, open_queue
from widget.keys import PhoneKeys
from widget.logs import Pool
from widget.marks import Marks
from widget.metrics import Metrics
from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.phones.updating import UpdateError, Updater
from widget.places import Places
from widget.presence.asking import Asker
from widget.presence.budget import Terms
from widget.presence.checker import Checker
from widget.presence.cooling import Cooling
from widget.presence.evidence import Evidence
from widget.presence.flights import Flights
from widget.presence.lifetimes import Lifetimes
from widget.presence.listings import Listings
from widget.presence.memory import Memory
from widget.presence.outgoing import Outgoing, OutgoingTerms
from widget.presence.purse import Purse
from widget.presence.rounds import Rounds
from widget.session import Tickets
from widget.storage.changes import Changes
from widget.storage.chats import Chats
from widget.storage.conversations import Conversations
from widget.storage.counted import Counted
from widget.storage.database import open_database, takes_writes
from widget.storage.events import UNPROVED, Events
from widget.storage.inbox import Inbox
from widget.storage.line_health import LineHealths
from widget.storage.lines import Lines
from widget.storage.messages import Messages
from widget.storage.portals import Portals
from widget.storage.presences import Presences
from widget.storage.rest_log import RestLog
from widget.storage.sends import Sends
from widget.storage.settings import UserSettings
from widget.storage.tokens import Tokens
from widget.storage.usage import Usage, flush_at_exit
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
    conversations: Conversations
    line_health: LineHealths
    settings: UserSettings
    marks: Marks
    changes: Changes
    tokens: Tokens
    oauth: OAuth
    rest_log: RestLog
    entry: Entry
    rest: Rest
    installer: Installer
    events: Events
    inbox: Inbox
    receiver: Receiver
    gateway_receiver: GatewayReceiver
    event_work: EventWork
    gateway_work: GatewayWork
    jobs: Jobs
    gateways: Gateways
    usage: Usage
    cooling: Cooling
    evidence: Evidence
    purse: Purse
    reveals: Reveals
    known: Memory
    door: CardReader
    loader: Loader
    card_memory: CardMemory
    card_checks: CardChecks
    hours: Hours
    rounds: Rounds
    chat_service: ChatService
    unclear_ends: UnclearEnds
    outgoing: Outgoing
    numbering: Numbering
    numbering_updater: Updater
    metrics: Metrics
    places: Places
    pings: Mapping[str, Callable[[], bool]]

    @property
    def chats(self) -> Chats:
        return self.conversations.chats

    @property
    def sends(self) -> Sends:
        return self.conversations.sends

    @property
    def messages(self) -> Messages:
        return self.conversations.messages

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
    behind: Executor | None = None,
    queue: Huey | None = None,
    webhooks: Mapping[str, Webhooks] | None = None,
) -> Services:
    """All services for this configuration. Opens no connection yet. `behind` runs what no request waits for."""
    engine = open_database(config.database_url)
    vault = Vault(config.encryption_keys)
    portals, tokens = Portals(engine, vault, clock), Tokens(engine, vault)
    lines, line_health = Lines(engine, vault, clock), LineHealths(engine, clock)
    usage, presences = Usage(engine, clock), Presences(engine, clock)
    answers, keys = Answers(app, config.redis_url), PhoneKeys(config.secret_key)
    marks = Marks(answers, keys)
    conversations = _conversations(engine, vault, clock, usage, marks)
    chats, sends = conversations.chats, conversations.sends
    settings, changes = UserSettings(engine, marks.choice_changed), Changes(engine, clock)
    numbering, numbering_updater = _numbering(config, clock)
    metrics = Metrics(lambda: {state.value: number for state, number in sends.count_unclear().items()})
    workers = pool or Pool(FAN_OUT, thread_name_prefix="fan-out")
    oauth = OAuth(
        client(),
        config.auth_servers,
        config.bitrix_client_id,
        config.bitrix_client_secret,
        allow_http=config.allow_http,
        timeout=config.portal_timeout,
        clock=clock,
        strangers=Strangers(Limiter(_permits(config, clock), limits=FAILURES, prefix="strangers"), _caller),
    )
    rest_log, events = RestLog(engine, keep=config.rest_log_days > 0), Events(engine, clock)
    # Both authorisation servers may be asked in turn, and the answer has to be stored.
    renewal = Renewal(oauth, portals, tokens, metrics, lease_seconds=2 * config.portal_timeout + 5)
    rest = Rest(
        [client() for _ in itertools.repeat(None, PORTAL_CLIENTS)],
        oauth,
        renewal,
        portals,
        tokens,
        rest_log,
        metrics,
        timeout=config.portal_timeout,
        patience=config.portal_patience,
        sleep=sleep,
        clock=clock,
    )
    installer = Installer(
        client(),
        oauth,
        rest,
        portals,
        tokens,
        events,
        public_url=config.public_url,
        timeout=config.portal_timeout,
        clock=clock,
    )
    atexit.register(flush_at_exit, weakref.ref(usage))
    lifetimes = Lifetimes(fresh=config.presence_ttl, unknown=config.unknown_ttl)
    known = Memory(answers, presences, vault, key_of=keys.key, lifetimes=lifetimes, clock=clock)
    cooling = Cooling(line_health, clock)
    purse = Purse(_limiter(config, clock), usage, cooling, _terms(config), clock)
    reveals, evidence = Reveals(answers, usage, keys), Evidence(known, chats, clock)
    outgoing = Outgoing(
        _counter(config, clock, "firsts"),
        _counter(config, clock, "sends"),
        usage,
        purse,
        cooling,
        OutgoingTerms(
            config.firsts_per_day, config.young_firsts_per_day, config.sends_per_day, young_days=config.young_days
        ),
        clock,
    )
    learning = Learning(evidence, cooling, purse, reveals, usage, conversations.counted)
    inbox = Inbox(engine, vault, clock)
    gateway_work = GatewayWork(inbox, lines, portals, conversations, heard=learning.heard)
    vouching = Vouching(portals, tokens, events, oauth, rest, vault, clock)
    event_work = EventWork(events, portals, installer, answers, vouching, card_seconds=config.card_ttl)
    jobs = Jobs(lambda: queue or _queue(config), clock)
    receiver = Receiver(
        portals,
        events,
        vouching,
        answers,
        card_seconds=config.card_ttl,
        wake=lambda event_id: jobs.wake("event", event_id),
    )
    jobs.does("event", event_work.work)
    jobs.does("webhook", gateway_work.work)
    jobs.at(EVERY_HOUR, "update-portals", event_work.update_outdated)
    nightly: dict[str, Callable[[], object]] = {
        "subscriptions": event_work.look_at_subscriptions,
        "forget-events": events.forget_done,
        "forget-unproved": lambda: events.forget_all(UNPROVED),
        "forget-webhooks": inbox.forget_old,
        "forget-changes": changes.forget_old,
        "wipe-texts": lambda: sends.wipe_texts(clock() - config.send_texts_days * DAY),
        "forget-messages": lambda: conversations.messages.wipe(clock() - config.send_texts_days * DAY),
        "forget-counted": lambda: conversations.counted.forget(clock() - config.send_texts_days * DAY),
        "forget-usage": usage.purge,
        "forget-presences": presences.purge,
        "update-numbering": numbering_updater.update_weekly,
        "forget-rest-log": lambda: rest_log.wipe(clock() - config.rest_log_days * DAY),
    }
    for name, work in nightly.items():
        jobs.at(EVERY_NIGHT, name, work)
    gateways = Gateways(
        client if config.allow_private_lines else lambda: make_client(backend=PublicOnly()),
        Timeouts(config.check_timeout, config.history_timeout, config.send_timeout),
        allow_http=config.allow_http,
        allow_private=config.allow_private_lines,
        clock=clock,
        file_hosts=config.file_hosts,
        pace=Pace(Limiter(_permits(config, clock), limits=[Rate(every=1)], prefix="pace"), sleep),
        states=States(clock, answers, behind or workers),
    )
    listings = Listings(
        gateways,
        known,
        lifetimes,
        workers,
        clock,
        answers=answers,
        reports=lambda line: line_health.of(line.portal_id, line.id).hook_at > 0,
    )
    rounds = Rounds(portals, lines, gateways, listings, workers)
    chat_service = ChatService(gateways, conversations, clock, learning, outgoing)
    ends = UnclearEnds(conversations, portals, lines, chat_service.look_for, answers, workers, clock)
    minutely: dict[str, Callable[[], object]] = {
        "events-left": event_work.work_on_what_was_left,
        "webhooks-left": gateway_work.work_on_what_was_left,
        "lines": rounds.go,
        "unclear-sends": ends.look,
    }
    for name, work in minutely.items():
        jobs.at(EVERY_MINUTE, name, work)
    checker = Checker(
        known,
        # Longer than the slowest honest answer: a look-up of three calls, a check and a call for what it meant.
        Flights(answers, lease_seconds=6 * config.check_timeout + 5, sleep=sleep),
        purse,
        Asker(gateways, cooling, workers, metrics, clock),
        listings,
        lifetimes=lifetimes,
        clock=clock,
    )
    card_memory = CardMemory(answers, vault, config.card_ttl, clock)
    hours = Hours(*config.light_hours)
    door = CardReader(rest, card_memory, lines, Phones(numbering, keys), hours, workers, clock)
    loader = Loader(door, answers, known, chats, settings, lifetimes, Previews(conversations), clock)
    return Services(
        config=config,
        clock=clock,
        engine=engine,
        vault=vault,
        tickets=Tickets(config.secret_key, vault.fernet, config.session_minutes * 60),
        portals=portals,
        lines=lines,
        conversations=conversations,
        line_health=line_health,
        settings=settings,
        marks=marks,
        changes=changes,
        tokens=tokens,
        oauth=oauth,
        rest_log=rest_log,
        entry=Entry(oauth, portals, tokens, clock),
        rest=rest,
        installer=installer,
        events=events,
        inbox=inbox,
        receiver=receiver,
        gateway_receiver=GatewayReceiver(
            lines,
            portals,
            inbox,
            LineNews(line_health, gateways, cooling),
            webhooks or {kind.name: kind.webhooks for kind in KINDS.values()},
            wake=lambda webhook_id: jobs.wake("webhook", webhook_id),
            clock=clock,
        ),
        event_work=event_work,
        gateway_work=gateway_work,
        jobs=jobs,
        gateways=gateways,
        usage=usage,
        cooling=cooling,
        evidence=evidence,
        purse=purse,
        reveals=reveals,
        known=known,
        door=door,
        loader=loader,
        card_memory=card_memory,
        card_checks=CardChecks(loader, card_memory, checker),
        hours=hours,
        rounds=rounds,
        chat_service=chat_service,
        unclear_ends=ends,
        outgoing=outgoing,
        numbering=numbering,
        numbering_updater=numbering_updater,
        metrics=metrics,
        places=Places(config.portal_requests, config.portal_megabytes * 1024 * 1024),
        pings={
            "database": lambda: takes_writes(engine),
            "cache": lambda: redis_takes_writes(config.redis_url),
            "queue": jobs.reachable,
        },
    )


def _conversations(
    engine: Engine, vault: Vault, clock: Callable[[], float], usage: Usage, marks: Marks
) -> Conversations:
    return Conversations(
        engine,
        Chats(engine, clock, marks.chat_changed),
        Sends(engine, vault, clock),
        Messages(engine, vault, clock),
        Counted(engine, usage),
    )


def _numbering(config: Config, clock: Callable[[], float]) -> tuple[Numbering, Updater]:
    file = Path(config.numbering_file) if config.numbering_file else None
    updater = Updater(_registry_file, config.numbering_source, file, clock, weekly=config.numbering_update)
    return Numbering(file), updater


def _registry_file(address: str) -> bytes:
    try:
        return fetch_file(address)
    except OutsideError as error:
        raise UpdateError(f"{address}: {error.reason}") from error


def _queue(config: Config) -> Huey:
    return open_queue(redis_url=config.redis_url, file=config.jobs_file, secret=config.secret_key)


def _terms(config: Config) -> Terms:
    """At most a card's worth at once, then one every few seconds, and no more a day than the line sends: whom it
    protects is the company's WhatsApp account, which is banned for checking numbers nobody writes to."""
    return Terms(
        burst=config.check_burst,
        every=config.check_every,
        per_day=config.checks_per_day,
        floor=config.checks_floor,
        young_per_day=config.young_checks_per_day,
        young_days=config.young_days,
    )


def _limiter(config: Config, clock: Callable[[], float]) -> Limiter:
    """The limits of each call come from the line (presence/budget.py); these stand for calls that name none."""
    limits = (
        Rate(every=config.check_every, burst=config.check_burst),
        Window(limit=config.checks_per_day, seconds=DAY),
    )
    return Limiter(_permits(config, clock), limits=limits, prefix="checks")


def _counter(config: Config, clock: Callable[[], float], prefix: str) -> Limiter:
    """The same for what is sent (presence/outgoing.py)."""
    return Limiter(_permits(config, clock), limits=[Window(limit=1, seconds=DAY)], prefix=prefix)


def _caller() -> str:
    """The address of this request; "" in a job."""
    return (request.remote_addr or "") if has_request_context() else ""


def _permits(config: Config, clock: Callable[[], float]) -> Storage:
    if config.redis_url:
        return RedisStorage(redis.Redis.from_url(config.redis_url, **REDIS_OPTIONS))
    return MemoryStorage(clock=clock)
