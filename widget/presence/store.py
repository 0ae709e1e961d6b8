"""What is known of numbers, remembered twice: in SQL, so that a restart costs no check, and in the
cache for reading.

A warm card reads the cache along with its other records and never gets as far as SQL. A process
that knows a number's answer for one line knows it for all of its network.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cachetools import FIFOCache

from widget.cache import Cache, StoreGone
from widget.presence.freshness import FreshnessPolicy
from widget.presence.records import Presence, PresenceAnswer, UnknownReason, read_record, unknown
from widget.singleflight.distributed import Leases
from widget.storage.database import NOT_WRITTEN
from widget.storage.presences import Presences
from widget.storage.secret_box import DecryptionError, SecretBox

log = logging.getLogger(__name__)

NETWORK = "whatsapp"  # answers are shared by all lines of one network
NEGATIVE = "miss"  # a negative entry of the cache: the number is not in SQL
NEGATIVE_SECONDS = 60.0
MAX_OUTDATED = 20_000  # records that an outage left behind in the cache, by one process


@dataclass(frozen=True)
class Looked:
    """A look at the cache: the answers by cache key; the ones too old to be shown (`forgotten`);
    the raw records."""

    known: dict[str, Presence]
    forgotten: dict[str, Presence]
    records: dict[str, Any]


class PresenceStore:
    def __init__(
        self,
        cache: Cache,
        presences: Presences,
        secret_box: SecretBox,
        *,
        key_of: Callable[[int, str], str],
        freshness: FreshnessPolicy,
        clock: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._presences = presences
        self._secret_box = secret_box
        self._key_of = key_of
        self._freshness = freshness
        self._clock = clock
        # Where the cache could not be told: what it holds under these keys, if anything, is older
        # than SQL.
        self._outdated: FIFOCache[str, object] = FIFOCache(MAX_OUTDATED)
        self._lock = threading.Lock()

    def keys(self, portal_id: int, phones: Collection[str]) -> dict[str, str]:
        """Cache keys of the phones: they hold the portal and no number that could be read."""
        return {self.key(portal_id, self._key_of(portal_id, phone)): phone for phone in phones}

    @staticmethod
    def key(portal_id: int, phone_key: str) -> str:
        """The cache key for a number's key (keys.py)."""
        return f"p:{portal_id}:{NETWORK}:{phone_key}"

    def look(self, portal_id: int, keys: Collection[str], records: Mapping[str, Any]) -> "Looked":
        """What is known under these keys, for a caller that fetched their records along with
        others.

        One query for all that the cache has nothing about, and a round trip to put that into the
        cache. A record from before an outage, during which more was learned here, is not believed.
        """
        now = self._clock()
        outdated = self._drop_outdated()
        held = {key: record for key in keys if (record := records.get(key)) is not None and key not in outdated}
        missing = [key for key in keys if key not in held or not self._says(held[key], now)]
        if missing:
            held |= self._recall(portal_id, missing, held)
        found = {key: p for key, record in held.items() if (p := read_record(record))}
        gone = {key: p for key, p in found.items() if self._freshness.is_gone(p, now)}
        return Looked(
            {key: self._decrypted(p) for key, p in found.items() if key not in gone},
            {key: self._decrypted(p) for key, p in gone.items()},
            held,
        )

    def complete(self, portal_id: int, keys: Collection[str], records: Mapping[str, Any]) -> dict[str, Presence]:
        """As `look`, without what is too old to be shown. Same cost."""
        return self.look(portal_id, keys, records).known

    def get_many(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """As `complete`, with the records fetched here: one round trip more. Raises StoreGone."""
        return self.complete(portal_id, keys, self._cache.get_many(list(keys)))

    def without_cache(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """What SQL knows under these keys, when the cache is out of reach. One query."""
        return {key: self._decrypted(p) for key, p in self._stored(portal_id, keys).items()}

    def anywhere(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """What is known under these keys, from the cache or, if that is gone, from SQL."""
        try:
            return self.get_many(portal_id, keys)
        except StoreGone:
            return self.without_cache(portal_id, keys)

    def one(self, portal_id: int, phone: str) -> Presence | None:
        """What is known of one number, None if nothing. As `anywhere`."""
        (key,) = self.keys(portal_id, [phone])
        return self.anywhere(portal_id, [key]).get(key)

    def shown(self, portal_id: int, phone: str) -> Presence:
        """What a page shows of one number: unknown where nothing is known. As `anywhere`."""
        return self.one(portal_id, phone) or unknown(UnknownReason.NOT_ASKED)

    def put(self, portal_id: int, found: Mapping[str, Presence]) -> None:
        """Remember: answers in SQL and in the cache, what could not be found out only in the cache.

        A cache that is gone loses nothing but time: what it still holds of these numbers when it is
        back is forgotten there. One upsert, one round trip.
        """
        sealed = {key: self._encrypted(presence) for key, presence in found.items()}
        self._store(portal_id, sealed)
        self._drop_outdated()
        try:
            self._cache.set_each({key: (p.record(), self._lasts(p)) for key, p in sealed.items()})
        except StoreGone:
            self._outlive(sealed)

    def publish(
        self,
        portal_id: int,
        found: Mapping[str, Presence],
        *,
        read: Mapping[str, Any],
        leases: Leases,
        lasts: Callable[[Presence], bool],
        outweighs: Callable[[Presence], bool],
    ) -> dict[str, Presence]:
        """Remember what came out of a question, as `put` does, but for what does not `last`.

        Not where the cache no longer holds what was `read` before the question and what it holds
        `outweighs` an answer of it: that is returned. The leases of the question are given back.
        One round trip and one upsert; one round trip more where something else came out meanwhile.
        """
        sealed = {key: self._encrypted(presence) for key, presence in found.items()}
        records = {key: (read.get(key), p.record(), self._lasts(p) if lasts(p) else 0.0) for key, p in sealed.items()}
        lasting = {key: p for key, p in sealed.items() if lasts(p)}
        self._drop_outdated()
        try:
            stands = self._cache.publish(records, leases=leases.names)
            leases.given_back = True
            changed = {key: read_record(record) for key, record in stands.items()}
            newer = {key: p for key, p in self._shown(changed).items() if outweighs(p)}
            ours = {key: p for key, p in lasting.items() if key in changed and key not in newer}
            self._cache.set_each({key: (p.record(), self._lasts(p)) for key, p in ours.items()})
        except StoreGone:
            newer = {key: p for key, p in self.without_cache(portal_id, found).items() if outweighs(p)}
            self._outlive({key: p for key, p in lasting.items() if key not in newer})
        self._store(portal_id, {key: p for key, p in lasting.items() if key not in newer})
        return newer

    def _store(self, portal_id: int, sealed: Mapping[str, Presence]) -> None:
        lasting = {key: p for key, p in sealed.items() if p.answer is not PresenceAnswer.UNKNOWN and p.tried <= p.at}
        rows = {_phone_key(key): (p.record(), self._freshness.expires_at(p)) for key, p in lasting.items()}
        try:
            self._presences.put_many(portal_id, NETWORK, rows)
        except NOT_WRITTEN as error:  # a disk that is full: the cache has them
            log.error("presence.not_stored error=%s", type(error).__name__)

    def _outlive(self, sealed: Mapping[str, Presence]) -> None:
        """Note that the cache could not be told of these, so that its records are not believed when
        it is back."""
        with self._lock:
            self._outdated.update(dict.fromkeys(sealed, object()))
        log.warning("presence.cache_gone answers=%d", len(sealed))

    def _shown(self, found: Mapping[str, Presence | None]) -> dict[str, Presence]:
        now = self._clock()
        return {key: self._decrypted(p) for key, p in found.items() if p and not self._freshness.is_gone(p, now)}

    def _drop_outdated(self) -> Mapping[str, object]:
        """The keys that the cache was wrong about until now; here and for other processes it
        forgets them, if it is back. One round trip after an outage, else none."""
        with self._lock:
            outdated = dict(self._outdated)
        if not outdated:
            return outdated
        try:
            self._cache.delete_many(list(outdated))
        except StoreGone:
            return outdated
        with self._lock:
            for key, failure in outdated.items():
                if self._outdated.get(key) is failure:  # it may have failed once more meanwhile
                    del self._outdated[key]
        return outdated

    def _recall(self, portal_id: int, keys: Sequence[str], held: Mapping[str, Any]) -> dict[str, Any]:
        """Their records from SQL into the cache, unless more was learned meanwhile. What is too old
        to be shown is recalled too, for a moment: how often an answer came out the same is worth
        knowing for longer."""
        kept, now = self._kept(portal_id, keys), self._clock()
        found: dict[str, tuple[Any, Any, float]] = {}
        for key in keys:
            presence = kept.get(key)
            record = presence.record() if presence else [NEGATIVE, now]  # sealed as it is
            shown = presence is not None and not self._freshness.is_gone(presence, now)
            found[key] = (held.get(key), record, self._lasts(presence) if shown and presence else NEGATIVE_SECONDS)
        recalled = {key: record for key, (_before, record, _seconds) in found.items()}
        try:
            changed = self._cache.publish(found)
        except StoreGone:
            return recalled  # the next reader asks SQL again
        return recalled | {key: record for key, record in changed.items() if record is not None}

    def _says(self, record: Any, now: float) -> bool:
        """Whether the cache's record says what SQL would, be it that there is nothing. An unknown
        that is over does not: SQL may have what was known before it."""
        if isinstance(record, list) and record[:1] == [NEGATIVE]:
            return bool(now < record[1] + NEGATIVE_SECONDS)
        presence = read_record(record)
        return presence is not None and not (
            presence.answer is PresenceAnswer.UNKNOWN and self._freshness.is_gone(presence, now)
        )

    def _stored(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        kept, now = self._kept(portal_id, keys), self._clock()
        return {key: presence for key, presence in kept.items() if not self._freshness.is_gone(presence, now)}

    def _kept(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        by_phone = {_phone_key(key): key for key in keys}
        records = self._presences.get_many(portal_id, NETWORK, list(by_phone))
        found = {by_phone[phone_key]: read_record(record) for phone_key, record in records.items()}
        return {key: presence for key, presence in found.items() if presence is not None}

    def _lasts(self, presence: Presence) -> float:
        """Seconds until it is forgotten, at least one."""
        return max(1.0, self._freshness.end(presence) - self._clock())

    def _encrypted(self, presence: Presence) -> Presence:
        """WhatsApp's own id of a chat is often another spelling of the number, and not for people
        to read."""
        return replace(presence, chat_id=self._secret_box.encrypt(presence.chat_id)) if presence.chat_id else presence

    def _decrypted(self, presence: Presence) -> Presence:
        if not presence.chat_id:
            return presence
        try:
            return replace(presence, chat_id=self._secret_box.decrypt(presence.chat_id))
        except DecryptionError:  # written with a key that is gone
            return replace(presence, chat_id="")


def _phone_key(key: str) -> str:
    return key.rpartition(":")[2]
