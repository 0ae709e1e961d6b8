"""Builds what takes events of portals and webhooks of gateways, and works on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from ratelimit import Limiter, MemoryStorage
from widget.bitrix24.building import Bitrix24
from widget.gateways.base import Webhooks
from widget.gateways.lines import Gateways
from widget.hooks.gateway_receiver import EVENTS, GatewayReceiver, LineNews
from widget.hooks.gateway_work import GatewayWork
from widget.hooks.receiver import Receiver
from widget.hooks.vouching import Vouching
from widget.hooks.work import EventWork
from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs
from widget.openlines.mirroring import OpenLineMirror
from widget.presence.building import PresenceParts
from widget.storage.building import Repositories


@dataclass(frozen=True)
class Hooks:
    receiver: Receiver
    event_work: EventWork
    gateway_receiver: GatewayReceiver
    gateway_work: GatewayWork


def build_hooks(
    infra: Infrastructure,
    stored: Repositories,
    bitrix24: Bitrix24,
    gateways: Gateways,
    presence: PresenceParts,
    jobs: Jobs,
    webhooks: Mapping[str, Webhooks],
    mirror: OpenLineMirror,
) -> Hooks:
    """`webhooks` are the readers of each vendor's. The jobs are told who works on what is written down."""
    card_seconds, clock = infra.config.card_ttl, infra.clock
    vouching = Vouching(
        stored.portals, stored.tokens, stored.events, bitrix24.oauth, bitrix24.rest, stored.vault, clock
    )
    event_work = EventWork(
        *(stored.events, stored.portals, bitrix24.installer, infra.answers, vouching),
        card_seconds=card_seconds,
        removed=mirror.removed,
    )
    gateway_work = GatewayWork(
        *(stored.inbox, stored.lines, stored.portals, stored.conversations),
        heard=presence.learning.heard,
        mirror=mirror,
        ignores=stored.ignores,
    )
    jobs.does("event", event_work.work)
    jobs.does("webhook", gateway_work.work)
    receiver = Receiver(
        stored.portals,
        stored.events,
        vouching,
        infra.answers,
        card_seconds=card_seconds,
        wake=lambda event_id: jobs.wake("event", event_id),
        open_lines=mirror,
    )
    gateway_receiver = GatewayReceiver(
        stored.lines,
        stored.portals,
        stored.inbox,
        LineNews(stored.line_health, gateways, presence.cooling),
        webhooks,
        limiter=Limiter(MemoryStorage(clock=clock), limits=EVENTS, prefix="events"),
        wake=lambda webhook_id: jobs.wake("webhook", webhook_id),
        clock=clock,
    )
    return Hooks(receiver, event_work, gateway_receiver, gateway_work)
