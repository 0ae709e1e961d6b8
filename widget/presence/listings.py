"""A line's chats as its gateway lists them: each proves its number, and costs the line nothing.

The first question about anybody on a line lists the line's newest chats, in one go. What the list shows is learned for
all of them, so that most cards that are opened later know at once. Of people whom nobody here has opened only a keyed
hash is kept.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor

from cachetools import TLRUCache, TTLCache

from widget.gateways.base import Gateway, GatewayError, ListedChat
from widget.gateways.lines import Gateways
from widget.once import Once
from widget.phones.spellings import spellings
from widget.presence.lifetimes import DAY, Lifetimes
from widget.presence.memory import Memory
from widget.presence.records import Answer, How, Presence, unlike
from widget.storage.lines import Line
from widget.timing import timer_of

log = logging.getLogger(__name__)

LISTED_SECONDS = 900  # a line is listed so often by one process; webhooks tell of what comes meanwhile
FAILED_SECONDS = 60
MISSED_SECONDS = 300  # for how long a number without a chat is not looked for again
MOST_LINES = 128
MOST_LEARNED = 1000  # chats of one listing
MOST_MISSED = 50_000
RENEW_BEFORE = 7 * DAY  # a proof that is forgotten within this time is learned again

Found = Mapping[str, ListedChat]  # by number


class Listings:
    def __init__(
        self,
        gateways: Gateways,
        memory: Memory,
        lifetimes: Lifetimes,
        pool: Executor,
        clock: Callable[[], float],
    ) -> None:
        self._gateways = gateways
        self._memory = memory
        self._lifetimes = lifetimes
        self._pool = pool
        self._clock = clock
        self._listed: TLRUCache[Line, Found | None] = TLRUCache(MOST_LINES, _known_until, timer=timer_of(clock))
        self._listing: Once[Line, Found | None] = Once()
        self._missed: TTLCache[tuple[int, str], bool] = TTLCache(MOST_MISSED, MISSED_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def with_chats(
        self, line: Line, phones: Mapping[str, str], *, known: Mapping[str, Presence], again: bool
    ) -> dict[str, Presence]:
        """Those of the phones (cache key -> number) that have a chat on this line. If that cannot be told, the checks
        decide.

        One listing of the line, unless this process has one of some minutes ago. Then, where the gateway can look up
        single numbers, a second call for those that are not in it, unless they were not found minutes ago; `again`
        looks once more. What is `known` of the numbers holds against a chat only where a send was refused after it.
        """
        gateway = self._gateways.of(line)
        listed = self._list(line, gateway, again=again and not gateway.capabilities.chats_at_once)
        found = _chats_of(phones, listed)
        found |= self._look_up(line, gateway, {k: p for k, p in phones.items() if k not in found}, again=again)
        return self._proofs(line, gateway, phones, found, known)

    def elsewhere(
        self, lines: Sequence[Line], phones: Mapping[str, str], *, known: Mapping[str, Presence]
    ) -> dict[str, Presence]:
        """Those of the phones that other lines have a chat with, each on the line that it was last used on. One
        listing a line, all at once, unless this process has one of some minutes ago; single numbers are not looked up.
        """
        flying = [self._pool.submit(self._listed_on, line, phones, known) for line in lines]
        found: dict[str, Presence] = {}
        for future in flying:
            for key, presence in future.result().items():
                if key not in found or presence.last_at > found[key].last_at:
                    found[key] = presence
        return found

    def _listed_on(self, line: Line, phones: Mapping[str, str], known: Mapping[str, Presence]) -> dict[str, Presence]:
        try:
            gateway = self._gateways.of(line)
        except GatewayError:  # an address that may not be called
            return {}
        listed = self._list(line, gateway, again=False)
        return self._proofs(line, gateway, phones, _chats_of(phones, listed), known)

    def _proofs(
        self,
        line: Line,
        gateway: Gateway,
        phones: Mapping[str, str],
        found: Mapping[str, ListedChat],
        known: Mapping[str, Presence],
    ) -> dict[str, Presence]:
        proving = {key: chat for key, chat in found.items() if not _refused_since(chat, known.get(key))}
        return {key: self._presence(line, gateway, phones[key], chat) for key, chat in proving.items()}

    def _list(self, line: Line, gateway: Gateway, *, again: bool) -> Found:
        with self._lock:
            known = line in self._listed and not again
            listed = self._listed[line] if known else None
        if not known:
            listed = self._listing.get(line, lambda: self._list_now(line, gateway))
        return listed or {}

    def _list_now(self, line: Line, gateway: Gateway) -> Found | None:
        listed: Found | None = None
        try:
            listed = dict(list(gateway.all_chats().items())[:MOST_LEARNED])
        except GatewayError as error:
            log.info("presence line=%s: chats not listed (%s)", line.id, error.trouble.value)
        else:
            self._learn(line, gateway, listed)
        with self._lock:
            if listed is None and line in self._listed:
                return self._listed[line]  # it was listed minutes ago, and somebody pressed
            self._listed[line] = listed
        return listed

    def _learn(self, line: Line, gateway: Gateway, listed: Found) -> None:
        """Remember what is news of it, for every spelling that a card may have. One query, one upsert, one round
        trip; never a row in `chats`, which holds numbers."""
        spelled = {phone: chat for planned, chat in listed.items() for phone in spellings(planned)}
        keys = self._memory.keys(line.portal_id, spelled)
        known = self._memory.without_cache(line.portal_id, keys)
        news = {
            key: self._presence(line, gateway, phone, spelled[phone])
            for key, phone in keys.items()
            if self._is_news(line, spelled[phone], known.get(key))
        }
        self._memory.put(line.portal_id, news)
        log.info("presence line=%s: listed=%d learned=%d", line.id, len(listed), len(news))

    def _is_news(self, line: Line, chat: ListedChat, known: Presence | None) -> bool:
        if known is not None and known.proved:
            moved = known.how is How.CHAT and known.line_id != line.id and chat.last_at > known.last_at
            return moved or self._clock() >= self._lifetimes.end(known) - RENEW_BEFORE
        return chat.has_messages and not _refused_since(chat, known)

    def _look_up(
        self, line: Line, gateway: Gateway, phones: Mapping[str, str], *, again: bool
    ) -> dict[str, ListedChat]:
        with self._lock:
            wanted = {key: p for key, p in phones.items() if again or (line.id, p) not in self._missed}
        if not 0 < len(wanted) <= gateway.capabilities.chats_at_once:
            return {}
        try:
            listed = gateway.chats_of(list(wanted.values()))
        except GatewayError as error:
            log.info("presence line=%s: chats not looked up (%s)", line.id, error.trouble.value)
            return {}
        found = {key: chat for key, p in wanted.items() if (chat := listed.get(p)) and chat.has_messages}
        self._miss(line, [p for key, p in wanted.items() if key not in found])
        return found

    def _miss(self, line: Line, phones: Collection[str]) -> None:
        with self._lock:
            for phone in phones:
                self._missed[line.id, phone] = True

    def _presence(self, line: Line, gateway: Gateway, phone: str, chat: ListedChat) -> Presence:
        """As of now, when the chat was there; a card that has the number makes the chat ours from it."""
        chat_id = unlike(gateway.chat_id_of(phone), chat.chat_id)
        return Presence(Answer.YES, self._clock(), How.CHAT, chat_id=chat_id, line_id=line.id, last_at=chat.last_at)


def _chats_of(phones: Mapping[str, str], listed: Found) -> dict[str, ListedChat]:
    return {key: chat for key, phone in phones.items() if (chat := _chat_of(phone, listed))}


def _chat_of(phone: str, listed: Found) -> ListedChat | None:
    """Whatever spelling either has."""
    named = (listed[one] for one in spellings(phone) if one in listed)
    return next((chat for chat in named if chat.has_messages), None)


def _refused_since(chat: ListedChat, known: Presence | None) -> bool:
    """A message of ours was refused after the last one of the chat: it proves nothing any more."""
    return known is not None and known.how is How.SEND and known.at >= chat.last_at


def _known_until(_line: Line, listed: Found | None, now: float) -> float:
    return now + (FAILED_SECONDS if listed is None else LISTED_SECONDS)
