"""Builds the card: its door, what is known of it, its checks."""

from dataclasses import dataclass

from widget.bitrix24.rest import Rest
from widget.card.cache import CardCache
from widget.card.checks import CardChecks
from widget.card.loading import Loader
from widget.card.reading import CardPeople, CardReader, Phones
from widget.card.stored import StoredClients
from widget.chats.previews import Previews
from widget.infrastructure import Infrastructure
from widget.marks import Marks
from widget.phones.building import PhoneParts
from widget.presence.building import PresenceParts
from widget.storage.building import Repositories


@dataclass(frozen=True)
class CardParts:
    door: CardReader
    loader: Loader
    checks: CardChecks
    memory: CardCache
    marks: Marks


def build_card(
    infra: Infrastructure, stored: Repositories, rest: Rest, presence: PresenceParts, phones: PhoneParts
) -> CardParts:
    """`phones` has the hours for portals that have none of their own."""
    clock = infra.clock
    memory = CardCache(infra.cache, stored.secret_box, infra.config.card_ttl, clock)
    people = CardPeople(Phones(phones.numbering, infra.keys), stored.conversations.hidden)
    door = CardReader(rest, memory, stored.lines, people, phones.hours, infra.workers, clock)
    clients = StoredClients(stored, Previews(stored.conversations), clock)
    loader = Loader(door, infra.cache, presence.known, clients, presence.freshness, clock)
    return CardParts(door, loader, CardChecks(loader, memory, presence.checker), memory, Marks(infra.cache, infra.keys))
