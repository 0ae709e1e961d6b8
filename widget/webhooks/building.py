"""Builds what takes events of portals and webhooks of gateways, and works on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ratelimit import Limiter, MemoryStorage
from widget.bitrix24.building import Bitrix24
from widget.chats.ingest import Ingest, WebhookListener, ignore_webhook
from widget.chats.transcripts import Transcripts
from widget.gateways.base import GatewayEvent, Webhooks
from widget.gateways.kinds import KINDS
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs
from widget.openlines.mirroring import OpenLineMirror
from widget.presence.building import PresenceParts
from widget.storage.building import Repositories
from widget.storage.counted import Went
from widget.storage.lines import Line
from widget.webhooks.gateway_receiver import EVENTS, GatewayReceiver, LineNews, WebhookIntake
from widget.webhooks.receiver import Receiver
from widget.webhooks.vouching import Vouching
from widget.webhooks.work import EventWork


@dataclass(frozen=True)
class WebhookParts:
    receiver: Receiver
    event_work: EventWork
    gateway_receiver: GatewayReceiver
    ingest: Ingest


def build_webhooks(
    infra: Infrastructure,
    stored: Repositories,
    bitrix24: Bitrix24,
    gateways: Gateways,
    presence: PresenceParts,
    jobs: Jobs,
    mirror: OpenLineMirror,
    transcripts: Transcripts | None = None,
    readers: Mapping[str, Webhooks] | None = None,
) -> WebhookParts:
    """`readers` stand in for those of the vendors' webhooks. Registers the work on them with
    `jobs`."""
    card_seconds, clock = infra.config.card_ttl, infra.clock
    vouching = Vouching(
        stored.portals, stored.tokens, stored.events, bitrix24.oauth, bitrix24.rest, stored.secret_box, clock
    )
    event_work = EventWork(
        *(stored.events, stored.portals, bitrix24.installer, infra.cache, vouching),
        card_seconds=card_seconds,
        removed=mirror.removed,
    )
    ingest = Ingest(
        stored.inbox,
        stored.lines,
        stored.portals,
        stored.conversations,
        listener=_all(presence.feedback.on_webhook, transcripts.on_webhook if transcripts else ignore_webhook),
        mirror=mirror,
        ignores=stored.ignores,
    )
    jobs.register("event", event_work.work)
    jobs.register("webhook", ingest.work)
    receiver = Receiver(
        stored.portals,
        stored.events,
        vouching,
        infra.cache,
        card_seconds=card_seconds,
        enqueue=lambda event_id: jobs.enqueue("event", event_id),
        open_lines=mirror,
    )
    limiter = Limiter(MemoryStorage(clock=clock), limits=EVENTS, prefix="events")
    intake = WebhookIntake(stored.inbox, limiter, lambda webhook_id: jobs.enqueue("webhook", webhook_id))
    news = LineNews(stored.line_health, gateways, presence.cooldown_policy)
    gateway_receiver = GatewayReceiver(stored.lines, stored.portals, intake, news, readers or _readers(), clock)
    return WebhookParts(receiver, event_work, gateway_receiver, ingest)


def _readers() -> dict[str, Webhooks]:
    return {kind.name: kind.webhooks for kind in KINDS.values()}


def _all(*listeners: WebhookListener) -> WebhookListener:
    def hear(line: Line, phone: str, event: GatewayEvent, went: Went) -> None:
        for listener in listeners:
            listener(line, phone, event, went)

    return hear
