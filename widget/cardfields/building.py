"""Builds what tells cards the facts of their conversations."""

from collections.abc import Callable

from widget.bitrix24.own_writes import OwnWrites
from widget.bitrix24.rest import Rest
from widget.cache import Cache
from widget.cardfields.talks import CardTalks
from widget.cardfields.work import CardFieldWork
from widget.phones.numbering import Numbering
from widget.presence.store import PresenceStore
from widget.storage.building import Repositories


def build_card_fields(
    stored: Repositories,
    rest: Rest,
    known: PresenceStore,
    numbering: Numbering,
    cache: Cache,
    clock: Callable[[], float],
) -> CardFieldWork:
    talks, hidden = CardTalks(stored.conversations, known, numbering.knows), stored.conversations.hidden
    return CardFieldWork(stored.card_fields, hidden, stored.portals, talks, rest, OwnWrites(cache), clock)
