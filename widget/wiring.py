"""Put the rooms together. Each builds itself (building.py); tests hand in other parts through the
same door."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

import httpx
from flask import Flask
from huey import Huey

from widget.bitrix24.building import build_bitrix24
from widget.cache import Cache
from widget.card.building import build_card
from widget.chats.building import build_chats
from widget.config import Config
from widget.current import address_of_request
from widget.entrance import build_entrance
from widget.gateways.base import Webhooks
from widget.gateways.building import build_gateways
from widget.gateways.lines import Gateways
from widget.http import OutsideError, fetch_file, make_client
from widget.infrastructure import Infrastructure
from widget.jobs.building import build_jobs
from widget.keys import PhoneKeys
from widget.later.building import build_later
from widget.logs import Pool
from widget.metrics import Metrics
from widget.openlines.building import build_mirror, build_open_lines
from widget.parts import Prepared, Services
from widget.phones.building import build_phones
from widget.phones.updating import UpdateError
from widget.presence.building import build_presence
from widget.replies.building import build_replies
from widget.schedule import schedule
from widget.storage.building import build_repositories
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
    make_gateways: Callable[[Infrastructure], Gateways] = build_gateways,
    webhooks: Mapping[str, Webhooks] | None = None,
) -> Services:
    """All services for this configuration. Opens no connection yet. `behind` runs what no request
    waits for."""
    workers, cache = pool or Pool(FAN_OUT, thread_name_prefix="fan-out"), Cache(app, config.redis_url)
    keys = PhoneKeys(config.secret_key, config.old_secret_keys)
    infra = Infrastructure(config, clock, sleep, client, workers, behind or workers, cache, keys, Metrics())
    phones = build_phones(config, _registry_file, clock)
    stored = build_repositories(infra)
    jobs = build_jobs(infra, stored, queue)
    gateways = make_gateways(infra)
    bitrix24 = build_bitrix24(infra, stored, address_of_request)
    presence = build_presence(infra, stored, gateways)
    mirror = build_mirror(infra, stored, bitrix24, jobs)
    chats = build_chats(infra, stored, bitrix24.rest, gateways, presence.feedback, presence.outgoing, mirror)
    card = build_card(infra, stored, bitrix24.rest, presence, phones)
    services = Services(
        infra=infra,
        entrance=build_entrance(config, stored.secret_box.fernet),
        storage=stored,
        jobs=jobs,
        phones=phones,
        gateways=gateways,
        bitrix24=bitrix24,
        presence=presence,
        chats=chats,
        card=card,
        open_lines=build_open_lines(infra, stored, bitrix24, gateways, chats.service, jobs, mirror),
        prepared=Prepared(
            build_replies(infra, stored, bitrix24.rest), build_later(infra, stored, gateways, chats, card.door, phones)
        ),
        webhooks=build_webhooks(infra, stored, bitrix24, gateways, presence, jobs, mirror, chats.transcripts, webhooks),
    )
    schedule(services)
    return services


def _registry_file(address: str) -> bytes:
    try:
        return fetch_file(address)
    except OutsideError as error:
        raise UpdateError(f"{address}: {error.reason}") from error
