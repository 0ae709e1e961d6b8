"""Builds what sends later."""

from widget.chats.building import ChatParts
from widget.context import Door
from widget.gateways.lines import Gateways
from widget.infrastructure import Infrastructure
from widget.later.authors import Authors
from widget.later.work import LaterWork, Stored
from widget.phones.building import PhoneParts
from widget.phones.facts import facts_of
from widget.phones.numbers import parse
from widget.storage.building import Repositories


def build_later(
    infra: Infrastructure,
    stored: Repositories,
    gateways: Gateways,
    chats: ChatParts,
    door: Door,
    phones: PhoneParts,
) -> LaterWork:
    """Authors get the notices of `chats`."""

    def zones_of(phone: str) -> tuple[str, ...]:
        return facts_of(parse(phone, "RU", phones.numbering.knows), "en", phones.numbering).zones

    reads = Stored(stored.scheduled, stored.kept_files, stored.portals, stored.lines, stored.settings, stored.chats.get)
    authors = Authors(door, chats.rights, chats.service.typed)
    work = LaterWork(reads, chats.service, gateways, authors, zones_of, phones.hours, infra.clock)
    chats.notifying.also(work.reasons)
    return work
