"""Permits counted in Redis: shared by all processes and hosts."""

from collections.abc import Callable, Sequence
from importlib import resources
from typing import cast

import redis

from ratelimit.errors import StorageUnavailable
from ratelimit.limits import Limits
from ratelimit.storage import Grant, Storage
from ratelimit.units import SLACK, microseconds

ERRORS = (redis.RedisError, redis.exceptions.RedisClusterException)  # the second is of a cluster without servers


class RedisStorage(Storage):
    """Counts in Redis 5 or newer, or Valkey, with the server's own clock; one script and one round
    trip per call.

    - Lasting: what was spent lives as long as the server's data. Without `appendonly yes` a restart
      forgets it, and the limits start anew but for callers that say what was spent `before`; with
      `appendfsync always` nothing granted is ever forgotten, with `everysec` a crash may forget a
      second. An eviction policy other than `noeviction` forgets too, and so does a failover to a
      late replica.
    - Waiting: the client decides. Give it short timeouts and no retries: redis-py's own are 5 s,
      ten times over. A retry whose first try did arrive spends nothing more.
    - Space: two keys with one hash tag for each key in use; they expire an hour after their last
      permit can matter.

    `clock` (seconds) replaces the server's: for tests and simulations only, since hosts never agree
    on the time.
    """

    def __init__(self, client: redis.Redis, clock: Callable[[], float] | None = None) -> None:
        self._client = client
        self._clock = clock
        self._acquire = client.register_script(_lua("acquire.lua"))
        self._refund = client.register_script(_lua("refund.lua"))
        self._load = client.register_script(_lua("load.lua"))

    def acquire(
        self, key: str, n: int, limits: Limits, *, id: str, all_or_nothing: bool, must_know: bool
    ) -> Grant | None:
        kept = (limits.memory, SLACK, len(limits.rates), *limits.rate_terms)
        asked = (self._time(), id, n, int(all_or_nothing), int(must_know), *kept, *limits.window_terms)
        try:
            granted, wait, *used = cast(Sequence[int], self._acquire(keys=_keys(key), args=asked))
        except ERRORS as error:
            raise StorageUnavailable("Redis did not grant permits") from error
        return None if granted < 0 else Grant(granted, wait, tuple(used))

    def load(self, key: str, spent: Sequence[tuple[int, int]], limits: Limits, *, id: str) -> None:
        numbers = [number for pair in spent for number in pair]
        try:
            kept = (limits.memory, SLACK, len(limits.rates), *limits.rate_terms)
            self._load(keys=_keys(key), args=(self._time(), id, *kept, *numbers))
        except ERRORS as error:
            raise StorageUnavailable("Redis did not take what was spent") from error

    def refund(self, key: str, *, id: str, first: int, end: int) -> None:
        try:
            self._refund(keys=_keys(key), args=(self._time(), id, first, end))
        except ERRORS as error:
            raise StorageUnavailable("Redis did not take permits back") from error

    def reset(self, key: str) -> None:
        try:
            self._client.delete(*_keys(key))
        except ERRORS as error:
            raise StorageUnavailable("Redis did not forget a key") from error

    def _time(self) -> int | str:
        return "" if self._clock is None else microseconds(self._clock())


def _keys(key: str) -> tuple[str, str]:
    """One hash tag, so that a cluster keeps both on one node."""
    return f"{{{key}}}:log", f"{{{key}}}:state"


def _lua(name: str) -> str:
    return resources.files("ratelimit").joinpath(name).read_text(encoding="utf-8")
