"""A line's chats as its gateway lists them: each that its messages prove costs no check.

The worker lists every line's newest chats, and looks into those whose messages the list does not
show; what it finds is learned for all of them, so that most cards that are opened later know at
once. A request never lists: it may look up the few numbers that it is about to ask WhatsApp about.
Of people in no opened card only a keyed hash is kept.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from typing import Any

from cachetools import TTLCache

from widget.cache import Cache, StoreGone
from widget.gateways.base import Gateway, GatewayError, ListedChat
from widget.gateways.lines import Gateways
from widget.gateways.names import canonical_id
from widget.phones.spellings import spellings
from widget.presence.freshness import DAY, FreshnessPolicy
from widget.presence.records import Presence, PresenceAnswer, Source
from widget.presence.store import PresenceStore
from widget.storage.lines import Line
from widget.timing import timer_of

log = logging.getLogger(__name__)

LISTED_SECONDS = 900  # a line is listed so often; webhooks tell of what comes meanwhile
FAILED_SECONDS = 60
MISSED_SECONDS = 300  # for how long a number without a chat is not looked for again
LOOKED_SECONDS = 7 * 24 * 3600  # for how long a chat that proved nothing is left alone, unless something new is in it
MAX_LEARNED = 1000  # chats of one listing
MAX_LOOKED_INTO = 60  # chats of one round: one call to the gateway each, which asks WhatsApp nothing
MAX_MISSED = 50_000
RENEW_BEFORE = 7 * DAY  # a proof that is forgotten within this time is learned again

# For how long a listing stands for a look-up. Longer than until the next one, which may take a
# while.
FRESH_SECONDS = 2 * LISTED_SECONDS

ListedChats = Mapping[str, ListedChat]  # by number


class ChatIndex:
    def __init__(
        self,
        gateways: Gateways,
        memory: PresenceStore,
        freshness: FreshnessPolicy,
        pool: Executor,
        clock: Callable[[], float],
        *,
        cache: Cache,
        reports: Callable[[Line], bool],
    ) -> None:
        """`reports` says whether what comes on a line meanwhile is told by its gateway. At most one
        query."""
        self._gateways = gateways
        self._cache = cache
        self._reports = reports
        self._pool = pool
        self._memory = memory
        self._freshness = freshness
        self._clock = clock
        self._missed: TTLCache[tuple[int, str], bool] = TTLCache(MAX_MISSED, MISSED_SECONDS, timer=timer_of(clock))
        self._looked: TTLCache[tuple[int, str], float] = TTLCache(MAX_MISSED, LOOKED_SECONDS, timer=timer_of(clock))
        self._next: dict[int, float] = {}
        self._lock = threading.Lock()

    @staticmethod
    def key(line: Line) -> str:
        """Under which the cache says until when a listing of the line stands."""
        return f"listed:{line.id}"

    def find(
        self, line: Line, phones: Mapping[str, str], *, record: Any, known: Mapping[str, Presence], force: bool
    ) -> dict[str, Presence]:
        """Those of the phones (cache key -> number) that have a chat on this line. If that cannot
        be told, the checks decide.

        For the rows of a card: no call where the worker has listed all chats of this line lately
        and its gateway tells what came since, or where the gateway cannot look up single numbers;
        else, or with `force`, one call a number that was not looked for some minutes ago, all of
        them at once. `record` is what stands under the line's `key`. What is `known` of the numbers
        may hold against a chat.
        """
        if not force and self._is_listed(record):
            return {}
        gateway = self._gateways.of(line)
        with self._lock:
            wanted = {key: phone for key, phone in phones.items() if force or (line.id, phone) not in self._missed}
        if not 0 < len(wanted) <= gateway.capabilities.chats_at_once:
            return {}
        flying = [self._pool.submit(gateway.chats_of, [phone]) for phone in wanted.values()]
        try:
            listed = {phone: chat for future in flying for phone, chat in future.result().items()}
        except GatewayError as error:
            log.info("presence.chats_not_looked_up line=%s error=%s", line.id, error.gateway_code.value)
            return {}
        found = {key: chat for key, phone in wanted.items() if (chat := listed.get(phone)) and chat.proves}
        self._miss(line, [phone for key, phone in wanted.items() if key not in found])
        proving = {key: chat for key, chat in found.items() if not _holds_against(known.get(key), chat)}
        return {key: self._presence(line, phones[key], chat) for key, chat in proving.items()}

    def refresh(self, line: Line) -> None:
        """List the line's newest chats and learn what they prove; nothing when that was done some
        minutes ago. For the worker, and for a line that is ready.

        One call or two, and one for each chat whose messages the list does not show: some dozens a
        round, newest first, each once until something new is in it. Never raises for a gateway in
        trouble.
        """
        now = self._clock()
        with self._lock:
            if now < self._next.get(line.id, 0.0):
                return
            self._next[line.id] = now + FAILED_SECONDS
        gateway = self._gateways.of(line)
        try:
            every = gateway.all_chats()
            listed = dict(list(every.items())[:MAX_LEARNED])
        except GatewayError as error:
            log.info("presence.chats_not_listed line=%s error=%s", line.id, error.gateway_code.value)
            return
        self._learn(line, {phone: chat for phone, chat in listed.items() if chat.proves})
        left = self._look_into(line, gateway, {phone: chat for phone, chat in listed.items() if not chat.proves})
        if left:
            return
        with self._lock:
            self._next[line.id] = now + LISTED_SECONDS
        if every.whole and len(listed) == len(every) and self._reports(line):
            self._tell(line, now + FRESH_SECONDS)

    def _tell(self, line: Line, until: float) -> None:
        """Tell all processes that the chats of the line are learned, until then (unix seconds). One
        round trip."""
        try:
            self._cache.set_many({self.key(line): until}, FRESH_SECONDS)
        except StoreGone:
            log.info("presence.listing_unknown line=%s", line.id)

    def _is_listed(self, record: Any) -> bool:
        """Whether all chats of the line are learned, so that a number of which nothing is known has
        none."""
        return isinstance(record, int | float) and self._clock() < record

    def _look_into(self, line: Line, gateway: Gateway, unproved: ListedChats) -> int:
        """Look for proof in the messages of chats. Returns how many are left for the next round."""
        at_once = gateway.capabilities.chats_at_once
        unknown = self._unknown(line, unproved) if at_once else []
        wanted = unknown[:MAX_LOOKED_INTO]
        for start in range(0, len(wanted), at_once or 1):
            part = wanted[start : start + at_once]
            try:
                found = gateway.chats_of(part)
            except GatewayError as error:
                log.info("presence.chats_not_looked_into line=%s error=%s", line.id, error.gateway_code.value)
                return len(unknown) - start
            self._learn(line, {phone: chat for phone, chat in found.items() if chat.proves})
            with self._lock:
                self._looked.update({(line.id, phone): unproved[phone].last_at for phone in part})
        return len(unknown) - len(wanted)

    def _unknown(self, line: Line, listed: ListedChats) -> list[str]:
        """The numbers whose chats may tell something new, in the order of the list. One query."""
        with self._lock:
            new = [
                phone
                for phone, chat in listed.items()
                if chat.has_messages and self._looked.get((line.id, phone), -1.0) < chat.last_at
            ]
        keys = self._memory.keys(line.portal_id, new)
        known = self._memory.without_cache(line.portal_id, keys)
        return [phone for key, phone in keys.items() if self._is_news(line, listed[phone], known.get(key))]

    def _learn(self, line: Line, listed: ListedChats) -> None:
        """Remember the listed chats that are news, for every spelling that a card may have. One
        query, one upsert, one round trip; never a row in `chats`, which holds numbers."""
        if not listed:
            return
        spelled = {phone: chat for planned, chat in listed.items() for phone in spellings(planned)}
        keys = self._memory.keys(line.portal_id, spelled)
        known = self._memory.without_cache(line.portal_id, keys)
        news = {
            key: self._presence(line, phone, chat)
            for key, phone in keys.items()
            if self._is_news(line, chat := spelled[phone], known.get(key)) and not _holds_against(known.get(key), chat)
        }
        self._memory.put(line.portal_id, news)
        log.info("presence.chats_listed line=%s listed=%d learned=%d", line.id, len(listed), len(news))

    def _is_news(self, line: Line, chat: ListedChat, known: Presence | None) -> bool:
        """Whether such a chat, proved, would say more than what is known."""
        if known is None or not known.proved:
            return True
        moved = known.how is Source.CHAT and known.line_id != line.id and chat.last_at > known.last_at
        return moved or self._clock() >= self._freshness.end(known) - RENEW_BEFORE

    def _miss(self, line: Line, phones: Collection[str]) -> None:
        with self._lock:
            for phone in phones:
                self._missed[line.id, phone] = True

    def _presence(self, line: Line, phone: str, chat: ListedChat) -> Presence:
        """The listed chat as a proof, of now, when the chat was there. A card with the number makes
        a row in `chats` of it."""
        chat_id = canonical_id(phone, line.gateway, chat.chat_id)
        return Presence(
            PresenceAnswer.YES, self._clock(), Source.CHAT, chat_id=chat_id, line_id=line.id, last_at=chat.last_at
        )


def _holds_against(known: Presence | None, chat: ListedChat) -> bool:
    """A «no» newer than all that the chat shows: a refused send, or «not found» where the client
    never wrote."""
    if known is None or known.answer is not PresenceAnswer.NO or known.at < chat.last_at:
        return False
    return known.how is Source.SEND or not chat.heard
