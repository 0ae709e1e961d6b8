"""Put the rooms together. Each builds itself (building.py); tests hand in other parts through the same door."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

import httpx
from flask import Flask, has_request_context, request
from huey import Huey

from widget.bitrix24.building import build_bitrix24
from widget.cache import Cache, redis_takes_writes
from widget.card.building import build_card
from widget.chats.building import build_chats
from widget.config import Config
from widget.gateways.base import Webhooks
from widget.gateways.building import build_gateways
from widget.gateways.kinds import KINDS
from widget.http import OutsideError, fetch_file, make_client
from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs, open_queue
from widget.keys import PhoneKeys
from widget.later.building import build_later
from widget.logs import Pool
from widget.metrics import Metrics
from widget.openlines.building import build_mirror, build_open_lines
from widget.parts import Services
from widget.phones.building import PhoneParts, build_phones
from widget.phones.hours import Hours
from widget.phones.updating import UpdateError
from widget.places import Places
from widget.presence.building import build_presence
from widget.replies.building import build_replies
from widget.schedule import schedule
from widget.session import SessionTokens
from widget.storage.building import Repositories, build_repositories
from widget.storage.database import takes_writes
from widget.webhooks.building import build_webhooks

FAN_OUT = 320  # calls to gateways in flight at once in one process: ten for each of its threads


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
    workers = pool or Pool(FAN_OUT, thread_name_prefix="fan-out")
    infra = Infrastructure(
        config,
        clock,
        sleep,
        client,
        workers=workers,
        behind=behind or workers,
        cache=Cache(app, config.redis_url),
        keys=PhoneKeys(config.secret_key, config.old_secret_keys),
    )
    stored = build_repositories(infra)
    metrics = Metrics()
    bitrix24 = build_bitrix24(infra, stored, metrics, _caller)
    gateways = build_gateways(infra)
    presence = build_presence(infra, stored, gateways, metrics)
    phones = _phones(config, clock)
    jobs = Jobs(lambda: queue or _queue(config), clock, stored.turns)
    readers = webhooks or {kind.name: kind.webhooks for kind in KINDS.values()}
    mirror = build_mirror(infra, stored, bitrix24, jobs)
    chats = build_chats(infra, stored, bitrix24.rest, gateways, presence.feedback, presence.outgoing, mirror)
    card = build_card(infra, stored, bitrix24.rest, presence, phones.numbering, phones.hours)
    services = Services(
        config=config,
        clock=clock,
        session_tokens=_session_tokens(config, stored),
        storage=stored,
        bitrix24=bitrix24,
        gateways=gateways,
        presence=presence,
        chats=chats,
        open_lines=build_open_lines(infra, stored, bitrix24, gateways, chats.service, jobs, mirror),
        card=card,
        webhooks=build_webhooks(infra, stored, bitrix24, gateways, presence, jobs, readers, mirror, chats.transcripts),
        replies=build_replies(infra, stored, bitrix24.rest),
        later=build_later(infra, stored, gateways, chats, card.door, phones.numbering, phones.hours),
        jobs=jobs,
        phones=phones,
        metrics=metrics,
        cache=infra.cache,
        places=Places(config.portal_requests, config.portal_megabytes * 1024 * 1024),
        pings=_pings(config, stored, jobs),
    )
    schedule(services)
    return services


def _session_tokens(config: Config, stored: Repositories) -> SessionTokens:
    keys = [*config.old_secret_keys, config.secret_key]
    return SessionTokens(keys, stored.secret_box.fernet, config.session_minutes * 60)


def _pings(config: Config, stored: Repositories, jobs: Jobs) -> dict[str, Callable[[], bool]]:
    """The stores that the service cannot do without, each with a check of whether it answers now."""
    return {
        "database": lambda: takes_writes(stored.engine),
        "cache": lambda: redis_takes_writes(config.redis_url),
        "queue": jobs.reachable,
    }


def _phones(config: Config, clock: Callable[[], float]) -> PhoneParts:
    return build_phones(
        config.numbering_file,
        _registry_file,
        config.numbering_source,
        Hours(*config.light_hours),
        clock,
        weekly=config.numbering_update,
    )


def _registry_file(address: str) -> bytes:
    try:
        return fetch_file(address)
    except OutsideError as error:
        raise UpdateError(f"{address}: {error.reason}") from error


def _queue(config: Config) -> Huey:
    return open_queue(redis_url=config.redis_url, file=config.jobs_file, secret=config.secret_key)


def _caller() -> str:
    """The address of this request; "" in a job."""
    return (request.remote_addr or "") if has_request_context() else ""
