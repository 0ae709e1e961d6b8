"""What is known of numbers, remembered twice: in SQL, so that a restart costs no check, and in the cache for reading.

A warm card reads the cache along with its other records and never gets as far as SQL. Whoever knows a number's answer
for one line knows it for all of its network.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cachetools import FIFOCache

from widget.answers import Answers, StoreGone
from widget.presence.lifetimes import Lifetimes
from widget.presence.records import Answer, Presence, read_record
from widget.storage.database import NOT_WRITTEN
from widget.storage.presences import Presences
from widget.storage.vault import Vault, VaultError

log = logging.getLogger(__name__)

NETWORK = "whatsapp"  # answers are shared by all lines of one network
NOBODY = "nobody"  # in the cache: SQL has nothing about this number either
NOBODY_SECONDS = 60.0
MOST_OUTDATED = 20_000  # records that an outage left behind in the cache, by one process


class Memory:
    def __init__(
        self,
        answers: Answers,
        presences: Presences,
        vault: Vault,
        *,
        key_of: Callable[[int, str], str],
        lifetimes: Lifetimes,
        clock: Callable[[], float],
    ) -> None:
        self._answers = answers
        self._presences = presences
        self._vault = vault
        self._key_of = key_of
        self._lifetimes = lifetimes
        self._clock = clock
        # Where the cache could not be told: what it holds under these keys, if anything, is older than SQL.
        self._outdated: FIFOCache[str, object] = FIFOCache(MOST_OUTDATED)
        self._lock = threading.Lock()

    def keys(self, portal_id: int, phones: Collection[str]) -> dict[str, str]:
        """Cache keys of the phones: they hold the portal and no number that could be read."""
        return {f"p:{portal_id}:{NETWORK}:{self._key_of(portal_id, phone)}": phone for phone in phones}

    def complete(self, portal_id: int, keys: Collection[str], records: Mapping[str, Any]) -> dict[str, Presence]:
        """What is known under these keys, for a caller that fetched their records along with others.

        One query for all that the cache has nothing about, and a round trip for each that SQL has, into the cache.
        A record from before an outage, during which more was learned here, is not believed.
        """
        now = self._clock()
        outdated = self._drop_outdated()
        records = {key: record for key, record in records.items() if key not in outdated}
        found = {key: read_record(records.get(key)) for key in keys}
        known = {key: p for key, p in found.items() if p is not None and not self._lifetimes.is_gone(p, now)}
        missing = [key for key in keys if key not in known and not _nobody_knows(records.get(key), now)]
        known |= self._recall(portal_id, missing)
        return {key: self._opened(presence) for key, presence in known.items()}

    def get_many(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """The same with the cache's round trip. Raises StoreGone."""
        return self.complete(portal_id, keys, self._answers.get_many(list(keys)))

    def without_cache(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """The same when the cache is out of reach. One query."""
        return {key: self._opened(p) for key, p in self._stored(portal_id, keys).items()}

    def forgotten(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """Answers too old to be shown to anybody, where they are still stored. One query, none for no keys."""
        if not keys:
            return {}
        kept, now = self._kept(portal_id, keys), self._clock()
        return {key: self._opened(p) for key, p in kept.items() if self._lifetimes.is_gone(p, now)}

    def anywhere(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        """What is known, wherever it can be read."""
        try:
            return self.get_many(portal_id, keys)
        except StoreGone:
            return self.without_cache(portal_id, keys)

    def one(self, portal_id: int, phone: str) -> Presence | None:
        """The same of one number."""
        (key,) = self.keys(portal_id, [phone])
        return self.anywhere(portal_id, [key]).get(key)

    def put(self, portal_id: int, found: Mapping[str, Presence]) -> None:
        """Remember: answers in SQL and in the cache, what could not be found out only in the cache.

        A cache that is gone loses nothing but time: what it still holds of these numbers when it is back is forgotten
        there. One upsert, a round trip for each of yes, no and unknown.
        """
        sealed = {key: self._sealed(presence) for key, presence in found.items()}
        lasting = {key: p for key, p in sealed.items() if p.answer is not Answer.UNKNOWN and p.tried <= p.at}
        rows = {_phone_key(key): (p.record(), self._lifetimes.kept(p)) for key, p in lasting.items()}
        try:
            self._presences.put_many(portal_id, NETWORK, rows)
        except NOT_WRITTEN as error:  # a disk that is full: the cache has them
            log.error("presences not stored: %s", type(error).__name__)
        self._drop_outdated()
        try:
            for answer in Answer:
                records = {key: p.record() for key, p in sealed.items() if p.answer is answer}
                self._answers.set_many(records, self._lasts(p for p in sealed.values() if p.answer is answer))
        except StoreGone:
            with self._lock:
                self._outdated.update(dict.fromkeys(sealed, object()))
            log.warning("presence: the cache is out of reach, %d answers are in SQL only", len(lasting))

    def _drop_outdated(self) -> Mapping[str, object]:
        """The keys that the cache was wrong about until now; here and for other processes it forgets them, if it is
        back. One round trip after an outage, else none."""
        with self._lock:
            outdated = dict(self._outdated)
        if not outdated:
            return outdated
        try:
            self._answers.delete_many(list(outdated))
        except StoreGone:
            return outdated
        with self._lock:
            for key, failure in outdated.items():
                if self._outdated.get(key) is failure:  # it may have failed once more meanwhile
                    del self._outdated[key]
        return outdated

    def _recall(self, portal_id: int, keys: Sequence[str]) -> dict[str, Presence]:
        """From SQL into the cache, unless somebody has learned more meanwhile."""
        if not keys:
            return {}
        stored = self._stored(portal_id, keys)
        now = self._clock()
        try:
            for key, presence in stored.items():
                self._answers.add_many([key], presence.record(), self._lifetimes.end(presence) - now)  # sealed as it is
            nobody = [key for key in keys if key not in stored]
            self._answers.add_many(nobody, [NOBODY, now], NOBODY_SECONDS)
        except StoreGone:
            pass  # the answer is there; the next reader asks SQL again
        return stored

    def _stored(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        kept, now = self._kept(portal_id, keys), self._clock()
        return {key: presence for key, presence in kept.items() if not self._lifetimes.is_gone(presence, now)}

    def _kept(self, portal_id: int, keys: Collection[str]) -> dict[str, Presence]:
        by_phone = {_phone_key(key): key for key in keys}
        records = self._presences.get_many(portal_id, NETWORK, list(by_phone))
        found = {by_phone[phone_key]: read_record(record) for phone_key, record in records.items()}
        return {key: presence for key, presence in found.items() if presence is not None}

    def _lasts(self, found: Any) -> float:
        return max((self._lifetimes.end(presence) for presence in found), default=0.0) - self._clock()

    def _sealed(self, presence: Presence) -> Presence:
        """WhatsApp's own id of a chat is often another spelling of the number, which nobody should read."""
        return replace(presence, chat_id=self._vault.seal(presence.chat_id)) if presence.chat_id else presence

    def _opened(self, presence: Presence) -> Presence:
        if not presence.chat_id:
            return presence
        try:
            return replace(presence, chat_id=self._vault.open(presence.chat_id))
        except VaultError:  # written with a key that is gone
            return replace(presence, chat_id="")


def _phone_key(key: str) -> str:
    return key.rpartition(":")[2]


def _nobody_knows(record: Any, now: float) -> bool:
    return isinstance(record, list) and record[:1] == [NOBODY] and now < record[1] + NOBODY_SECONDS
