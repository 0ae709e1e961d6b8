"""Presence of many phones: what is known in one read, and the rest asked once, within the line's limits.

The limits protect the customer's WhatsApp account, so they fail closed: when they cannot be counted nothing is asked.
A gateway that fails or hangs makes an «unknown» that lives for seconds; it is never a «no».
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from ratelimit import Limit, Limiter, Permits, Rate, StorageUnavailable, Window
from widget.answers import Answers, StoreGone
from widget.gateways.base import Gateway, GatewayError, LineState, Trouble
from widget.gateways.lines import Gateways
from widget.metrics import Metrics
from widget.presence.flights import Flights
from widget.presence.records import Answer, How, Presence, Why, read_record, unknown
from widget.storage.chats import Chats
from widget.storage.lines import Line
from widget.storage.vault import Vault, VaultError

log = logging.getLogger(__name__)

DAY = 86_400
NETWORK = "whatsapp"  # answers are shared by all lines of one network

_WHY = {
    Trouble.LINE_DOWN: Why.LINE_DOWN,
    Trouble.THROTTLED: Why.THROTTLED,
    Trouble.RESTRICTED: Why.RESTRICTED,
}


@dataclass(frozen=True)
class Lifetimes:
    """How long an answer is fresh, in seconds. An unknown one only bridges the moment."""

    sure: float
    unknown: float


@dataclass(frozen=True)
class Pace:
    """How many checks a line may make: so many at once, then one every few seconds, and so many a day."""

    burst: int
    every: float
    per_day: int

    def of(self, line: Line) -> tuple[Limit, ...]:
        """The limits of one line: its own where it has them."""
        own = line.limits
        burst = self.burst if own.burst is None else own.burst
        every = self.every if own.every is None else own.every
        per_day = self.per_day if own.per_day is None else own.per_day
        return Rate(every=every, burst=burst), Window(limit=per_day, seconds=DAY)


class Checker:
    def __init__(
        self,
        answers: Answers,
        flights: Flights,
        limiter: Limiter,
        gateways: Gateways,
        chats: Chats,
        pool: Executor,
        metrics: Metrics,
        vault: Vault,
        *,
        key_of: Callable[[int, str], str],
        lifetimes: Lifetimes,
        clock: Callable[[], float],
        pace: Pace | None = None,
    ) -> None:
        """Without a `pace` every line has the limits of the `limiter`."""
        self._pace = pace
        self._answers = answers
        self._flights = flights
        self._limiter = limiter
        self._gateways = gateways
        self._chats = chats
        self._pool = pool
        self._metrics = metrics
        self._vault = vault
        self._key_of = key_of
        self._lifetimes = lifetimes
        self._clock = clock

    def keys(self, portal_id: int, phones: Sequence[str]) -> dict[str, str]:
        """Cache keys of the phones: they hold the portal and no number that could be read."""
        return {f"p:{portal_id}:{NETWORK}:{self._key_of(portal_id, phone)}": phone for phone in phones}

    def read(self, records: Mapping[str, object]) -> dict[str, Presence]:
        """The fresh ones among cached records, by cache key. For a caller that fetched them along with others."""
        found = {key: presence for key, record in records.items() if (presence := read_record(record))}
        return {key: self._opened(presence) for key, presence in found.items() if self._fresh(presence)}

    def check(self, line: Line, phones: Sequence[str]) -> dict[str, Presence]:
        """An answer for every phone, first come first asked when the line may not ask about all.

        Costs, for the phones nobody knows about: a state and a chat listing for the line, and one check each for
        those without a chat. Never raises for a gateway or a store in trouble: that is an «unknown» with a reason.
        """
        keys = self.keys(line.portal_id, phones)
        begun = self._clock()
        late = unknown(Why.FAILED, at=begun)
        try:
            found = self._flights.fly(
                list(keys),
                known=lambda wanted: self._since(begun, self.read(self._answers.get_many(wanted))),
                ask=lambda wanted: self._ask(line, {key: keys[key] for key in wanted}),
                late=late,
            )
        except (StoreGone, StorageUnavailable):
            log.warning("presence line=%s: the limits cannot be counted, nothing was asked", line.id)
            return dict.fromkeys(phones, unknown(Why.CANNOT_COUNT, at=self._clock()))
        return {keys[key]: presence for key, presence in found.items()}

    def _since(self, begun: float, found: dict[str, Presence]) -> dict[str, Presence]:
        """Without the unknowns of before: who asks again after a failure wants to know, not to be told again."""
        return {key: p for key, p in found.items() if p.answer is not Answer.UNKNOWN or p.at >= begun}

    def forget(self, portal_id: int, phones: Sequence[str]) -> None:
        """Throw the answers away; one round trip."""
        self._answers.delete_many(list(self.keys(portal_id, phones)))

    def wait(self, line: Line) -> float:
        """Seconds until this line may ask about one more number, 0 if it may now. Raises StorageUnavailable."""
        permits = self._limiter.peek(str(line.id), limits=self._limits(line))
        return 0.0 if permits.granted else permits.wait  # its own wait is for the permit after that one

    def _limits(self, line: Line) -> tuple[Limit, ...] | None:
        return self._pace.of(line) if self._pace else None

    def _fresh(self, presence: Presence) -> bool:
        sure = presence.answer is not Answer.UNKNOWN
        return self._clock() < presence.at + (self._lifetimes.sure if sure else self._lifetimes.unknown)

    def _ask(self, line: Line, phones: Mapping[str, str]) -> dict[str, Presence]:
        """Ask about phones that are ours alone to ask about (cache key -> number), and publish what was learned."""
        found = self._listen(line, phones)
        self._publish(found)
        return found

    def _listen(self, line: Line, phones: Mapping[str, str]) -> dict[str, Presence]:
        trouble = self._line_trouble(line)
        if trouble:
            return dict.fromkeys(phones, unknown(trouble, at=self._clock()))
        gateway = self._gateways.of(line)
        found = self._with_chats(gateway, line, phones)
        silent = [key for key in phones if key not in found]
        if not silent:
            return found
        permits = self._limiter.acquire(str(line.id), len(silent), limits=self._limits(line))
        allowed, refused = silent[: permits.granted], silent[permits.granted :]
        found |= self._check_all(gateway, line, {key: phones[key] for key in allowed}, permits)
        until = self._clock() + permits.wait
        return found | {key: unknown(Why.LIMIT, at=self._clock(), until=until) for key in refused}

    def _line_trouble(self, line: Line) -> Why | None:
        """Read before any check: a line that is down would let each of ten checks hang for seconds."""
        try:
            state = self._gateways.status(line).state
        except GatewayError as error:
            return _WHY.get(error.trouble, Why.FAILED)
        if state is LineState.RESTRICTED:
            return Why.RESTRICTED
        return None if state is LineState.READY else Why.LINE_DOWN

    def _with_chats(self, gateway: Gateway, line: Line, phones: Mapping[str, str]) -> dict[str, Presence]:
        """A chat proves WhatsApp and costs the line nothing. If it cannot be listed, the checks decide."""
        try:
            listed = gateway.chats_of(list(phones.values()))
        except GatewayError as error:
            log.info("presence line=%s: chats not listed (%s)", line.id, error.trouble.value)
            return {}
        found = {}
        for key, phone in phones.items():
            chat = listed.get(phone)
            if chat and chat.has_messages:
                self._chats.remember(
                    line.portal_id, line.id, phone, chat_ids=[chat.chat_id], proved=True, last_at=chat.last_at
                )
                found[key] = Presence(
                    Answer.YES, self._clock(), How.CHAT, chat_id=_unlike(gateway.chat_id_of(phone), chat.chat_id)
                )
        return found

    def _check_all(
        self, gateway: Gateway, line: Line, phones: Mapping[str, str], permits: Permits
    ) -> dict[str, Presence]:
        """All at once. A permit whose question never left is given back."""
        flying = {key: self._pool.submit(gateway.check, phone) for key, phone in phones.items()}
        found = {}
        never_left = 0
        for key, future in flying.items():
            try:
                checked = future.result()
                answer = Answer.YES if checked.exists else Answer.NO
                chat_id = _unlike(gateway.chat_id_of(phones[key]), checked.chat_id)
                found[key] = Presence(answer, self._clock(), chat_id=chat_id)
            except GatewayError as error:
                if error.trouble is Trouble.LINE_DOWN:
                    self._gateways.distrust(line)
                never_left += not error.sent and error.trouble is Trouble.UNREACHABLE
                found[key] = unknown(_WHY.get(error.trouble, Why.FAILED), at=self._clock())
        if never_left:
            self._limiter.give_back(str(line.id), permits, never_left)
        for presence in found.values():
            self._metrics.checked(presence.answer.value)
        log.info("presence line=%s checked=%d", line.id, len(found))
        return found

    def _publish(self, found: Mapping[str, Presence]) -> None:
        """A limit is not published: it is as quickly asked again as read."""
        sure = {key: self._sealed(p).record() for key, p in found.items() if p.answer is not Answer.UNKNOWN}
        unsure = {key: p.record() for key, p in found.items() if p.answer is Answer.UNKNOWN and p.why is not Why.LIMIT}
        self._answers.set_many(sure, self._lifetimes.sure)
        self._answers.set_many(unsure, self._lifetimes.unknown)

    def _sealed(self, presence: Presence) -> Presence:
        """WhatsApp's own id of a chat is often another spelling of the number, which nobody should read in Redis."""
        return replace(presence, chat_id=self._vault.seal(presence.chat_id)) if presence.chat_id else presence

    def _opened(self, presence: Presence) -> Presence:
        if not presence.chat_id:
            return presence
        try:
            return replace(presence, chat_id=self._vault.open(presence.chat_id))
        except VaultError:  # written with a key that is gone
            return replace(presence, chat_id="")


def _unlike(usual: str, chat_id: str) -> str:
    """The chat's id where it is not simply the number, which whoever has the number knows anyway."""
    return "" if chat_id == usual else chat_id
