"""What every room is built with: settings, time, the network, threads, the cache, counters."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass

import httpx

from ratelimit import Limit, Limiter, MemoryStorage, RedisStorage, Storage
from widget.cache import Cache
from widget.config import Config
from widget.keys import PhoneKeys
from widget.metrics import Metrics
from widget.redis_clients import open_redis


@dataclass(frozen=True)
class Infrastructure:
    """`client` makes a client for calls outside. `workers` run a request's calls side by side,
    `behind` runs what no request waits for."""

    config: Config
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    client: Callable[[], httpx.Client]
    workers: Executor
    behind: Executor
    cache: Cache
    keys: PhoneKeys
    metrics: Metrics

    def limiter(self, prefix: str, limits: Iterable[Limit]) -> Limiter:
        """A limiter whose permits all processes share where there is a Redis."""
        return Limiter(self._permits(), limits=limits, prefix=prefix)

    def _permits(self) -> Storage:
        if self.config.redis_url:
            given = None if self.clock is time.time else self.clock  # else the server's own, which all hosts share
            return RedisStorage(open_redis(self.config.redis_url), given)
        return MemoryStorage(clock=self.clock)
