"""The states of lines as their gateways last gave them, shared by all processes: no request waits
for one.

The worker asks every line once a minute; what is older is asked behind the request that reads it,
by one process at a time. Kept in the cache beside what else may vanish: a state that is gone is
«not known yet» for a moment.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cachetools import TTLCache

from widget.cache import Cache, StoreGone
from widget.gateways.base import Depth, GatewayError, GatewayErrorCode, LineState, LineStatus, Quota
from widget.timing import timer_of

# How old a state may be before it is asked again: so long may a card say «connected» of a line that
# went down without a report. A line that is not ready is asked again sooner, because a rep waits
# for it.
READY_SECONDS = 30
OTHER_SECONDS = 5
KEPT_SECONDS = 600  # older than that it is not known
LEASE_SECONDS = 30  # one process asks; if that is killed, another one after this
MAX_REMEMBERED = 4096  # lines remembered in this process
LOST_SECONDS = 7 * 24 * 3600  # for how long it is said that a report was not taken


@dataclass(frozen=True)
class Said:
    """A gateway's answer about its line, or why there is none, and when (unix seconds); `old`: to
    be asked anew."""

    answer: LineStatus | GatewayError
    at: float
    old: bool = False


@dataclass(frozen=True)
class LostReports:
    """Reports of a line that were too large to be taken: how many within a week of each other, and
    the last one's time (unix seconds) and bytes."""

    times: int
    at: float
    size: int


class States:
    def __init__(self, clock: Callable[[], float], cache: Cache | None = None, behind: Executor | None = None) -> None:
        """Without `answers` the states are this process's alone. `behind` runs what no request
        waits for; without it that is done at once."""
        self._clock = clock
        self._timer = timer_of(clock)
        self._cache = cache
        self._behind = behind
        self._here: TTLCache[int, tuple[Said, float]] = TTLCache(MAX_REMEMBERED, KEPT_SECONDS, timer=self._timer)
        self._lock = threading.Lock()

    def known(self, line_ids: Sequence[int]) -> dict[int, Said]:
        """What was said of these lines lately. One Redis round trip where this process's own memory
        is old."""
        found = {line_id: said for line_id in line_ids if (said := self.here(line_id))}
        doubtful = [line_id for line_id in line_ids if line_id not in found or found[line_id].old]
        for line_id, said in self._elsewhere(doubtful).items():
            if line_id not in found or said.at > found[line_id].at:
                self._remember(line_id, said)
                found[line_id] = self.here(line_id) or said
        return found

    def here(self, line_id: int) -> Said | None:
        """What was said of the line lately, out of this process's memory. No round trip."""
        with self._lock:
            said, until = self._here.get(line_id, (None, 0.0))
        return replace(said, old=said.old or self._timer() >= until) if said else None

    def put(self, line_id: int, answer: LineStatus | GatewayError) -> None:
        """Keep the answer that a line's gateway gave just now. One Redis round trip."""
        self._share(line_id, Said(answer, self._clock()))

    def report(self, line_id: int, state: LineState, until: float) -> None:
        """Keep the state that a webhook told. What else is known of the line stays, and it is asked
        anew. One or two Redis round trips."""
        known = self.known([line_id]).get(line_id)
        if known and isinstance(known.answer, LineStatus):
            self._share(line_id, Said(replace(known.answer, state=state, until=until), self._clock(), old=True))
        else:
            self._forget(line_id)

    def distrust(self, line_id: int) -> None:
        """Mark the line's state as doubtful: it is asked anew. One Redis round trip."""
        known = self.here(line_id)
        if known:
            self._remember(line_id, replace(known, old=True))

    def lose(self, line_id: int, size: int) -> None:
        """Count a report that was too large to be taken. Two Redis round trips; where they fail,
        only the log has it."""
        if self._cache is None:
            return
        known = self.lost(line_id)
        with suppress(StoreGone):
            record = [known.times + 1 if known else 1, self._clock(), size]
            self._cache.set_many({_lost_key(line_id): record}, LOST_SECONDS)

    def lost(self, line_id: int) -> LostReports | None:
        """What was lost lately. One Redis round trip."""
        if self._cache is None:
            return None
        try:
            times, at, size = self._cache.get_many([_lost_key(line_id)])[_lost_key(line_id)]
            return LostReports(int(times), float(at), int(size))
        except (StoreGone, KeyError, TypeError, ValueError, OverflowError):
            return None

    def behind(self, work: Callable[[], object]) -> None:
        if self._behind is None:
            work()
        else:
            self._behind.submit(work)

    def may_ask(self, line_id: int) -> bool:
        """Whether no other process is asking about it now; to be given back by `asked`."""
        if self._cache is None:
            return True
        with suppress(StoreGone):
            return bool(self._cache.add_many([_lease(line_id)], 1, LEASE_SECONDS))
        return True

    def asked(self, line_id: int) -> None:
        if self._cache is not None:
            with suppress(StoreGone):  # it ends by itself
                self._cache.delete_many([_lease(line_id)])

    def _share(self, line_id: int, said: Said) -> None:
        self._remember(line_id, said)
        if self._cache is not None:
            with suppress(StoreGone):  # then the others ask for themselves
                self._cache.set_many({_key(line_id): _record(said)}, KEPT_SECONDS)

    def _forget(self, line_id: int) -> None:
        with self._lock:
            self._here.pop(line_id, None)
        if self._cache is not None:
            with suppress(StoreGone):
                self._cache.delete_many([_key(line_id)])

    def _remember(self, line_id: int, said: Said) -> None:
        ready = isinstance(said.answer, LineStatus) and said.answer.state is LineState.READY
        age = min(max(0.0, self._clock() - said.at), KEPT_SECONDS)  # by clocks that may be apart
        with self._lock:
            self._here[line_id] = said, self._timer() + (READY_SECONDS if ready else OTHER_SECONDS) - age

    def _elsewhere(self, line_ids: list[int]) -> dict[int, Said]:
        if self._cache is None or not line_ids:
            return {}
        try:
            found = self._cache.get_many([_key(line_id) for line_id in line_ids])
        except StoreGone:
            return {}
        read = {line_id: _read(found.get(_key(line_id))) for line_id in line_ids}
        since = self._clock() - KEPT_SECONDS
        return {line_id: said for line_id, said in read.items() if said and said.at > since}


def _key(line_id: int) -> str:
    return f"line-state:{line_id}"


def _lost_key(line_id: int) -> str:
    return f"line-lost:{line_id}"


def _lease(line_id: int) -> str:
    return f"lease:line-state:{line_id}"


def _record(said: Said) -> list[Any]:
    """As stored: when, whether it is old, then a status or an error."""
    answer = said.answer
    if isinstance(answer, GatewayError):
        quota = [answer.quota.used, answer.quota.total] if answer.quota else None
        return [said.at, said.old, "trouble", answer.gateway_code.value, answer.until, quota]
    values = [answer.state.value, answer.depth.value, answer.own_message_ids, answer.own_ids_proved, answer.until]
    return [said.at, said.old, "status", *values]


def _read(record: Any) -> Said | None:
    """A stored record, None for one that this version cannot read."""
    try:
        at, old, kind, *values = record
        answer = _status(*values) if kind == "status" else _error(*values)
        return Said(answer, float(at), old=old is True)
    except (TypeError, ValueError, OverflowError):
        return None


def _status(state: Any, depth: Any, own_ids: Any, proved: Any, until: Any) -> LineStatus:
    return LineStatus(LineState(state), Depth(depth), own_ids is True, proved is True, float(until))


def _error(code: Any, until: Any, quota: Any) -> GatewayError:
    return GatewayError(GatewayErrorCode(code), until=float(until), quota=Quota(*map(int, quota)) if quota else None)
