"""Put the rooms together. Each builds itself (building.py); tests hand in other parts through the same door."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from flask import Flask, has_request_context, request
from huey import Huey

from widget.bitrix24.building import Bitrix24, build_bitrix24
from widget.bitrix24.crm import Viewer
from widget.bitrix24.own_writes import OwnWrites
from widget.cache import Cache, redis_takes_writes
from widget.card.building import CardParts, build_card
from widget.cardfields.talks import CardTalks
from widget.cardfields.work import CardFieldWork
from widget.chats.building import ChatParts, build_chats
from widget.config import Config
from widget.gateways.base import Webhooks
from widget.gateways.building import build_gateways
from widget.gateways.kinds import KINDS
from widget.gateways.lines import Gateways
from widget.http import OutsideError, fetch_file, make_client
from widget.infrastructure import Infrastructure
from widget.jobs.queue import EVERY_HOUR, EVERY_MINUTE, EVERY_NIGHT, Jobs, open_queue
from widget.keys import PhoneKeys
from widget.later.building import build_later
from widget.later.work import LaterWork
from widget.logs import Pool
from widget.metrics import Metrics
from widget.openlines.building import OpenLines, build_mirror, build_open_lines
from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.phones.updating import UpdateError, Updater
from widget.places import Places
from widget.presence.building import PresenceParts, build_presence
from widget.replies.building import ReplyParts, build_replies
from widget.session import SessionTokens
from widget.storage.building import Repositories, build_repositories
from widget.storage.chats import Chat
from widget.storage.database import takes_writes
from widget.storage.events import UNPROVED
from widget.storage.lines import Line
from widget.timeline.badges import WaitingBadges
from widget.timeline.work import TimelineWork
from widget.webhooks.building import WebhookParts, build_webhooks

DAY = 86_400
FAN_OUT = 320  # calls to gateways in flight at once in one process: ten for each of its threads


@dataclass(frozen=True)
class Services:
    """Everything a view may use, room by room."""

    config: Config
    clock: Callable[[], float]
    session_tokens: SessionTokens
    storage: Repositories
    bitrix24: Bitrix24
    gateways: Gateways
    presence: PresenceParts
    chats: ChatParts
    open_lines: OpenLines
    card: CardParts
    webhooks: WebhookParts
    replies: ReplyParts
    later: LaterWork
    jobs: Jobs
    numbering: Numbering
    numbering_updater: Updater
    hours: Hours
    metrics: Metrics
    cache: Cache
    places: Places
    pings: Mapping[str, Callable[[], bool]]

    def saw(self, portal_id: int, viewer: Viewer) -> None:
        """Note that this employee is here, under this name. One statement where that is news, else none."""
        self.storage.staff.seen(portal_id, viewer.user_id, viewer.name, admin=viewer.admin)

    def own(self, line: Line, chat: Chat, user_id: int, by: int, *, typed: bool = False) -> Chat | None:
        """Make an employee the owner of a chat (0 for none) by the word of `by`. Returns the chat, None if nothing
        changed. Its open line follows in a job. `typed`: a typed number is all that brought them to it."""
        owned = self.storage.conversations.waits.own(chat, user_id, at=self.clock(), typed=typed)
        if owned:
            self.open_lines.owned(line, owned, user_id, by)
        return owned

    def staff_names(self, portal_id: int) -> dict[int, str]:
        """Names of employees as last seen here, by user id. One query where they are not remembered."""
        return {user_id: employee.name for user_id, employee in self.storage.staff.of(portal_id).items()}

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
    (numbering, numbering_updater), hours = _numbering(config, clock), Hours(*config.light_hours)
    jobs = Jobs(lambda: queue or _queue(config), clock, stored.turns)
    readers = webhooks or {kind.name: kind.webhooks for kind in KINDS.values()}
    mirror = build_mirror(infra, stored, bitrix24, jobs)
    chats = build_chats(infra, stored, bitrix24.rest, gateways, presence.feedback, presence.outgoing, mirror)
    card = build_card(infra, stored, bitrix24.rest, presence, numbering, hours)
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
        later=build_later(infra, stored, gateways, chats, card.door, numbering, hours),
        jobs=jobs,
        numbering=numbering,
        numbering_updater=numbering_updater,
        hours=hours,
        metrics=metrics,
        cache=infra.cache,
        places=Places(config.portal_requests, config.portal_megabytes * 1024 * 1024),
        pings=_pings(config, stored, jobs),
    )
    _schedule(services)
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


def _schedule(here: Services) -> None:
    """Register the work that is done by the clock."""
    stored, received = here.storage, here.webhooks

    def texts_end() -> float:
        return here.clock() - here.config.send_texts_days * DAY

    told = stored.timelines, here.bitrix24.rest, stored.portals, stored.lines, stored.conversations
    minutely: dict[str, Callable[[], object]] = {
        "events-left": received.event_work.work_on_what_was_left,
        "webhooks-left": received.ingest.work_on_what_was_left,
        "lines": here.presence.rounds.go,
        "unclear-sends": here.chats.unclear_ends.look,
        "later": here.later.go,
        "mirrors-left": here.open_lines.work.work_on_what_was_left,
        "mirrors-read": here.open_lines.lost.go,
        "timelines": TimelineWork(*told, stored.mirrors, writes_itself=here.open_lines.activities.are_kept).go,
        "badges": WaitingBadges(*told, here.clock).go,
        "notices": here.chats.notifying.go,
        "card-fields": CardFieldWork(
            *(stored.card_fields, stored.conversations.hidden, stored.portals),
            CardTalks(stored.conversations, here.presence.known, here.numbering.knows),
            *(here.bitrix24.rest, OwnWrites(here.cache), here.clock),
        ).go,
    }
    hourly: dict[str, Callable[[], object]] = {
        "update-portals": received.event_work.update_outdated,
        "who-left": here.chats.leavers.look,
        "timelines-behind": stored.timelines.backlog.reopen,
        "card-fields-behind": stored.card_fields.backlog.reopen,
    }
    nightly: dict[str, Callable[[], object]] = {
        "unveiling": here.chats.unveiling.go,
        "subscriptions": received.event_work.look_at_subscriptions,
        "forget-events": stored.events.forget_done,
        "forget-unproved": lambda: stored.events.forget_all(UNPROVED),
        "forget-webhooks": stored.inbox.forget_old,
        "forget-changes": stored.changes.forget_old,
        "wipe-texts": lambda: stored.sends.wipe_texts(texts_end()),
        "forget-messages": lambda: stored.messages.wipe(texts_end()),
        "forget-counted": lambda: stored.conversations.counted.forget(texts_end()),
        "forget-mirrored": lambda: stored.mirrors.forget(texts_end() - here.config.send_texts_days * DAY),
        "forget-marks": stored.timelines.forget_marks,
        "forget-usage": stored.usage.purge,
        "forget-presences": stored.presences.purge,
        "update-numbering": here.numbering_updater.update_weekly,
        "forget-rest-log": lambda: stored.rest_log.wipe(here.clock() - here.config.rest_log_days * DAY),
    }
    for times, works in ((EVERY_MINUTE, minutely), (EVERY_HOUR, hourly), (EVERY_NIGHT, nightly)):
        for name, work in works.items():
            here.jobs.schedule(times, name, work)


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


def _caller() -> str:
    """The address of this request; "" in a job."""
    return (request.remote_addr or "") if has_request_context() else ""
