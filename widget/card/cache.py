"""Cards that were read a moment ago, each for the one user who read it: in this process, and sealed
in the cache.

What all processes and users share of a card is its *generation* in the cache. Throwing a card away
means giving it a new generation, and a reader that holds an older one reads the portal again.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from cachetools import LRUCache, TTLCache

from widget.assets import PackedPage
from widget.bitrix24.access import AccessList
from widget.bitrix24.crm import COMPANY, CONTACT, CrmCard, ItemFacts, Person, PersonKind, TypedPhone, Viewer
from widget.cache import Cache, StoreGone
from widget.context import Card
from widget.session import Session
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.timing import timer_of

MAX_CARDS = 2000  # about 4 kB each
MAX_DRAWN = 500  # about 6 kB for each phone in it


@dataclass(frozen=True)
class ReadCard:
    """One card as the portal gave it to one user, and when (unix seconds)."""

    crm: CrmCard
    granted: Mapping[AccessList, bool]
    read_at: float
    generation: str = ""


@dataclass(frozen=True)
class Drawn:
    """A drawn card: the fragment, its phones, its line (0 without one), how many numbers were new
    or out of date."""

    page: PackedPage
    phones: tuple[str, ...]
    line_id: int
    new: int


class CardCache:
    def __init__(self, cache: Cache, secret_box: SecretBox, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._cache = cache
        self._secret_box = secret_box
        self._clock = clock
        self._cards: TTLCache[Session, Card] = TTLCache(MAX_CARDS, seconds, timer=timer_of(clock))
        self._drawn: LRUCache[Session, tuple[object, Drawn]] = LRUCache(MAX_DRAWN)
        self._lock = threading.Lock()

    def get(self, session: Session) -> Card | None:
        """The card as this process read it within its lifetime."""
        with self._lock, suppress(KeyError):
            card = self._cards[session]
            return card if self._clock() < card.read_at + self.seconds else None
        return None

    def put(self, session: Session, card: Card) -> None:
        with self._lock:
            self._cards[session] = card

    def shared(self, session: Session) -> tuple[str, ReadCard | None]:
        """The card's generation, and what any process read of it for this user since then, within
        its lifetime. One round trip. Nothing where the cache is out of reach."""
        key = _shared_key(session)
        try:
            records = self._cache.get_many([*self.generation_keys(session), key])
        except StoreGone:
            return "", None
        generation = self.generation_in(records, session)
        card = self._decrypted(session, records.get(key))
        fresh = card and card.generation == generation and 0 <= self._clock() - card.read_at < self.seconds
        return generation, card if fresh else None

    def generation(self, session: Session) -> str:
        """Which generation the card is in now. One round trip; "" where the cache is out of
        reach."""
        try:
            return self.generation_in(self._cache.get_many(self.generation_keys(session)), session)
        except StoreGone:
            return ""

    def share(self, session: Session, card: ReadCard) -> None:
        """Keep the card for this user's next request, whichever process or host takes it:
        encrypted, so that no name and no phone stands anywhere in the clear. One round trip; none
        of it is missed where the cache is gone."""
        sealed = self._secret_box.encrypt(_shared_key(session) + " " + json.dumps(_record(card), ensure_ascii=False))
        with suppress(StoreGone):  # without the record another process reads the portal itself
            self._cache.set_many({_shared_key(session): sealed}, self.seconds)

    def drawn(self, session: Session, shows: object) -> Drawn | None:
        """The card as it was drawn last, if it showed exactly this then."""
        with self._lock:
            before, drawn = self._drawn.get(session, (None, None))
        return drawn if before == shows else None

    def put_drawn(self, session: Session, shows: object, drawn: Drawn) -> None:
        with self._lock:
            self._drawn[session] = (shows, drawn)

    def throw_away(self, session: Session) -> None:
        """Have every process read this card anew. One round trip. Raises StoreGone."""
        self._cache.set_many({self.generation_key(session): self.new_generation()}, 2 * self.seconds)

    def drop(self, portal_id: int, entity_type_id: int, entity_id: int) -> None:
        """Have every process read this card anew, since something of ours belongs to it now. One
        round trip. Never raises: without the cache the change is seen at the next reading."""
        with suppress(StoreGone):
            self._cache.set_many(self.dropped(portal_id, entity_type_id, entity_id), 2 * self.seconds)

    def _decrypted(self, session: Session, record: Any) -> ReadCard | None:
        """The record, opened; None if it is missing, another card's, or written by another
        version."""
        try:
            name, _, text = self._secret_box.decrypt(record).partition(" ") if record else ("", "", "")
            return _read(json.loads(text)) if name == _shared_key(session) else None
        except (DecryptionError, ValueError, TypeError, KeyError):
            return None

    @staticmethod
    def generation_key(session: Session) -> str:
        """The cache key of the card's generation: one for all users who have it open."""
        return f"g:{session.portal_id}:{session.entity_type_id}:{session.entity_id}"

    @classmethod
    def generation_keys(cls, session: Session) -> list[str]:
        """What a remembered card depends on: the card's own generation, and that of the portal's
        people."""
        return [cls.generation_key(session), _people_key(session.portal_id)]

    @classmethod
    def generation_in(cls, records: Mapping[str, Any], session: Session) -> str:
        """Both generations as one text, "" when neither was ever renewed."""
        return "/".join(str(records.get(key, "")) for key in cls.generation_keys(session)).strip("/")

    @classmethod
    def dropped(cls, portal_id: int, entity_type_id: int, entity_id: int) -> dict[str, str]:
        """The records that drop a changed card for all users. Which cards show a contact or a
        company is not known here, so a change of one drops every card of its portal: each is read
        again when it is next opened."""
        keys = [f"g:{portal_id}:{entity_type_id}:{entity_id}"]
        if entity_type_id in (CONTACT, COMPANY):
            keys.append(_people_key(portal_id))
        return {key: cls.new_generation() for key in keys}

    @staticmethod
    def new_generation() -> str:
        return secrets.token_hex(8)


def _people_key(portal_id: int) -> str:
    return f"g:{portal_id}:people"


def _shared_key(session: Session) -> str:
    return f"card:{session.portal_id}:{session.user_id}:{session.entity_type_id}:{session.entity_id}"


def _record(card: ReadCard) -> dict[str, Any]:
    people = [{**asdict(person), "kind": person.kind.value} for person in card.crm.people]
    crm = {"people": people, "hidden": card.crm.hidden, "viewer": asdict(card.crm.viewer)}
    crm["responsible"], crm["item"] = card.crm.responsible, asdict(card.crm.item)
    granted = [[list(codes), yes] for codes, yes in card.granted.items()]
    return {"crm": crm, "granted": granted, "read_at": card.read_at, "generation": card.generation}


def _read(record: Any) -> ReadCard:
    crm = record["crm"]
    people = tuple(
        Person(
            **{
                **each,
                "kind": PersonKind(each["kind"]),
                "phones": tuple(TypedPhone(**phone) for phone in each["phones"]),
                "dialogs": tuple(each.get("dialogs", ())),
            }
        )
        for each in crm["people"]
    )
    return ReadCard(
        CrmCard(people, crm["hidden"], Viewer(**crm["viewer"]), crm["responsible"], ItemFacts(**crm["item"])),
        {tuple(codes): yes for codes, yes in record["granted"]},
        record["read_at"],
        record["generation"],
    )
