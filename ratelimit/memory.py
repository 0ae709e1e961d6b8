"""Permits counted in this process: for one process without Redis, for tests and for simulations."""

import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock

from ratelimit.limits import Limits, Rate
from ratelimit.storage import Grant, Storage
from ratelimit.units import SLACK, microseconds


@dataclass(slots=True)
class _Bucket:
    """A Rate's state; the words are those of storage.py."""

    due: int
    pace: int
    since: int


@dataclass(slots=True)
class _Ledger:
    """All that is known about one key. `times` is sorted and runs beside `members`."""

    times: list[int] = field(default_factory=list)
    members: list[tuple[str, int]] = field(default_factory=list)
    buckets: list[_Bucket] = field(default_factory=list)
    memory: int = 0
    forget_at: int = 0


class MemoryStorage(Storage):
    """Counts in this process alone: two processes grant twice as much. A restart forgets
    everything.

    `clock` gives seconds. Idle keys are forgotten as others are used: each grant looks at two of
    them.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ledgers: OrderedDict[str, _Ledger] = OrderedDict()
        self._lock = Lock()

    def acquire(
        self, key: str, n: int, limits: Limits, *, id: str, all_or_nothing: bool, must_know: bool
    ) -> Grant | None:
        with self._lock:
            clock = microseconds(self._clock())
            known = self._known(key, clock)
            if must_know and known is None:
                return None
            ledger = known or _Ledger()
            look = _Look(ledger, limits, _now(ledger, clock))
            granted = min(n, look.free())
            if all_or_nothing and granted < n:
                granted = 0
            ready, used = look.ready(granted), look.used(granted)
            if id and granted:
                look.spend(id, granted)
                self._ledgers[key] = ledger
                self._forget_idle(clock)
            return Grant(granted, ready - clock if ready > look.now else 0, used)

    def load(self, key: str, spent: Sequence[tuple[int, int]], limits: Limits, *, id: str) -> None:
        with self._lock:
            now = microseconds(self._clock())
            if self._known(key, now):
                return
            ledger = _Ledger(memory=limits.memory, forget_at=now + limits.memory + SLACK)
            ledger.buckets = [_Bucket(_owed(spent, rate, now), rate.pace, since=now) for rate in limits.rates]
            ledger.times = [min(at, now) for at, n in spent if min(at, now) > now - limits.memory for _ in range(n)]
            ledger.members = [(id, number) for number in range(len(ledger.times))]
            self._ledgers[key] = ledger
            self._forget_idle(now)

    def refund(self, key: str, *, id: str, first: int, end: int) -> None:
        with self._lock:
            ledger = self._ledgers.get(key)
            if ledger is None:
                return
            now = _now(ledger, microseconds(self._clock()))
            found = [at for at, (owner, number) in enumerate(ledger.members) if owner == id and first <= number < end]
            if not found:
                return
            granted_at = ledger.times[found[0]]
            for at in reversed(found):
                del ledger.times[at], ledger.members[at]
            for bucket in ledger.buckets:
                # Time has paid since the grant, perhaps into a bucket that was full without it:
                # only the rest is undone. Where the pace has changed since, it cannot be told how
                # much time has paid: nothing is.
                if bucket.since <= granted_at:
                    bucket.due -= max(0, len(found) * bucket.pace - (now - granted_at))

    def reset(self, key: str) -> None:
        with self._lock:
            self._ledgers.pop(key, None)

    @property
    def size(self) -> int:
        """How many keys are remembered."""
        return len(self._ledgers)

    def _known(self, key: str, clock: int) -> _Ledger | None:
        ledger = self._ledgers.get(key)
        return ledger if ledger and clock < ledger.forget_at else None

    def _forget_idle(self, clock: int) -> None:
        for _ in range(2):
            key, ledger = next(iter(self._ledgers.items()))
            if ledger.forget_at <= clock:
                del self._ledgers[key]
            else:
                self._ledgers.move_to_end(key)


class _Look:
    """One key at one moment, under the limits of one call."""

    def __init__(self, ledger: _Ledger, limits: Limits, now: int) -> None:
        self.now = now
        self._ledger = ledger
        self._limits = limits
        self._buckets = [_bucket(ledger, place, rate, now) for place, rate in enumerate(limits.rates)]

    def free(self) -> int:
        """How many permits all limits allow; 0 where a lowered limit is already exceeded."""
        times, now = self._ledger.times, self.now
        by_rate = ((now + burst * bucket.pace - bucket.due) // bucket.pace for burst, bucket in self._rates())
        by_window = (
            window.limit - len(times) + bisect_right(times, now - window.span) for window in self._limits.windows
        )
        return max(0, min(chain(by_rate, by_window)))

    def ready(self, granted: int) -> int:
        """When one permit more than `granted` would be allowed; `now` if it is."""
        times, ready = self._ledger.times, self.now
        for burst, bucket in self._rates():
            ready = max(ready, bucket.due + (granted + 1 - burst) * bucket.pace)
        for window in self._limits.windows:
            leaves = len(times) + granted - window.limit  # the place of the entry that must leave the window first
            if leaves >= len(times):
                ready = max(ready, self.now + window.span)
            elif leaves >= 0:
                ready = max(ready, times[leaves] + window.span)  # in the past if it has left already
        return ready

    def used(self, granted: int) -> tuple[int, ...]:
        """How many permits are in each window once `granted` more are."""
        times, now = self._ledger.times, self.now
        return tuple(len(times) - bisect_right(times, now - window.span) + granted for window in self._limits.windows)

    def spend(self, id: str, granted: int) -> None:
        ledger = self._ledger
        ledger.memory = max(ledger.memory, self._limits.memory)
        old = bisect_right(ledger.times, self.now - ledger.memory)
        del ledger.times[:old], ledger.members[:old]
        ledger.times += [self.now] * granted
        ledger.members += [(id, number) for number in range(granted)]
        for bucket in self._buckets:
            bucket.due += granted * bucket.pace
        ledger.buckets[: len(self._buckets)] = self._buckets
        ledger.forget_at = self.now + ledger.memory + SLACK

    def _rates(self) -> Iterator[tuple[int, _Bucket]]:
        return zip((rate.burst for rate in self._limits.rates), self._buckets, strict=True)


def _now(ledger: _Ledger, clock: int) -> int:
    return max(clock, ledger.times[-1]) if ledger.times else clock


def _bucket(ledger: _Ledger, place: int, rate: Rate, now: int) -> _Bucket:
    """The Rate's state now, counted in the pace of this call."""
    if place >= len(ledger.buckets):
        return _Bucket(due=now, pace=rate.pace, since=now)
    known = ledger.buckets[place]
    if known.pace == rate.pace:
        return _Bucket(max(known.due, now), known.pace, known.since)
    owed = -(-max(known.due - now, 0) // known.pace)
    return _Bucket(now + owed * rate.pace, rate.pace, since=now)


def _owed(spent: Sequence[tuple[int, int]], rate: Rate, now: int) -> int:
    """When the Rate's burst is whole again after all this, which kept to it: no more than a whole
    burst is owed."""
    due = 0
    for at, n in spent:
        due = max(due, min(at, now)) + n * rate.pace
    return min(max(due, now), now + rate.burst * rate.pace)
