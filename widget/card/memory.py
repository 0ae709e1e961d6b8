"""Cards that were read a moment ago, in this process, each for the one user who read it.

Two workers keep their own; what they share is a card's *generation* in the cache. Throwing a card away means giving
it a new generation, and whoever holds an older one reads the portal again.
"""

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache, TTLCache

from widget.bitrix24.access import AccessList
from widget.bitrix24.crm import COMPANY, CONTACT, Viewer
from widget.card.collect import CardPhone
from widget.session import Session
from widget.timing import timer_of

MOST_CARDS = 2000  # about 4 kB each
MOST_DRAWN = 500  # about 15 kB each


@dataclass(frozen=True)
class Card:
    """What one user may see of one CRM item. `hidden` counts linked people this user may not see.

    `country` is the one its numbers were read with, `granted` says which access lists hold the user: a card that was
    read under other settings is read again.
    """

    phones: tuple[CardPhone, ...]
    hidden: int
    viewer: Viewer
    read_at: float
    generation: str = ""
    country: str = ""
    granted: Mapping[AccessList, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """A drawn card: the fragment, its phones, its line (0 without one), how many numbers were new or out of date."""

    html: str
    phones: tuple[str, ...]
    line_id: int
    new: int


class CardMemory:
    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._cards: TTLCache[Session, Card] = TTLCache(MOST_CARDS, seconds, timer=timer_of(clock))
        self._drawn: LRUCache[Session, tuple[object, Drawn]] = LRUCache(MOST_DRAWN)
        self._lock = threading.Lock()

    def get(self, session: Session) -> Card | None:
        with self._lock:
            return self._cards.get(session)

    def put(self, session: Session, card: Card) -> None:
        with self._lock:
            self._cards[session] = card

    def drawn(self, session: Session, shows: object) -> Drawn | None:
        """The card as it was drawn last, if it showed exactly this then."""
        with self._lock:
            before, drawn = self._drawn.get(session, (None, None))
        return drawn if before == shows else None

    def put_drawn(self, session: Session, shows: object, drawn: Drawn) -> None:
        with self._lock:
            self._drawn[session] = (shows, drawn)

    @staticmethod
    def generation_key(session: Session) -> str:
        """The cache key of the card's generation: one for all users who have it open."""
        return f"g:{session.portal_id}:{session.entity_type_id}:{session.entity_id}"

    @classmethod
    def generation_keys(cls, session: Session) -> list[str]:
        """What a remembered card depends on: the card's own generation, and that of the portal's people."""
        return [cls.generation_key(session), _people_key(session.portal_id)]

    @classmethod
    def generation_in(cls, records: Mapping[str, Any], session: Session) -> str:
        """Both generations as one text, "" when neither was ever renewed."""
        return "/".join(str(records.get(key, "")) for key in cls.generation_keys(session)).strip("/")

    @classmethod
    def dropped(cls, portal_id: int, entity_type_id: int, entity_id: int) -> dict[str, str]:
        """The records that drop a changed card for everybody. Which cards show a contact or a company is not known
        here, so a change of one drops every card of its portal: each is read again when it is next opened."""
        keys = [f"g:{portal_id}:{entity_type_id}:{entity_id}"]
        if entity_type_id in (CONTACT, COMPANY):
            keys.append(_people_key(portal_id))
        return {key: cls.new_generation() for key in keys}

    @staticmethod
    def new_generation() -> str:
        return secrets.token_hex(8)


def _people_key(portal_id: int) -> str:
    return f"g:{portal_id}:people"
