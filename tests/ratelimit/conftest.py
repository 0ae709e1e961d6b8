"""A limiter in virtual time, over both storages: whoever takes `new_limiter` runs once for each."""

import itertools
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ratelimit import Limit, Limiter, MemoryStorage, RedisStorage
from sandbox.valkey import Valkey
from tests.stand import PATIENCE

NUMBERS = itertools.count()


class Clock:
    """Seconds that pass when told to; whole microseconds inside."""

    def __init__(self) -> None:
        self.now = 1_760_000_000_000_000

    def __call__(self) -> float:
        return self.now / 1_000_000

    def passes(self, seconds: float = 0.0, *, microseconds: int = 0) -> None:
        self.now += round(seconds * 1_000_000) + microseconds


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="session")
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    # The tests share the machine; only those about a server that is gone need the short timeout.
    with redis.Redis.from_url(valkey.url, socket_timeout=PATIENCE) as connection:
        yield connection


@pytest.fixture(scope="session")
def new_limiters(client: redis.Redis) -> dict[str, Callable[..., tuple[Limiter, Clock]]]:
    """By storage: a function that makes a limiter of its own, and the clock it goes by."""

    def in_memory(*limits: Limit) -> tuple[Limiter, Clock]:
        clock = Clock()
        return Limiter(MemoryStorage(clock), limits), clock

    def in_redis(*limits: Limit) -> tuple[Limiter, Clock]:
        clock = Clock()
        return Limiter(RedisStorage(client, clock), limits, prefix=f"test{next(NUMBERS)}"), clock

    return {"memory": in_memory, "redis": in_redis}


@pytest.fixture(scope="session", params=["memory", "redis"])
def new_limiter(
    request: pytest.FixtureRequest, new_limiters: dict[str, Callable[..., tuple[Limiter, Clock]]]
) -> Callable[..., tuple[Limiter, Clock]]:
    return new_limiters[request.param]


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A server that the test may kill."""
    with Valkey() as server:
        yield server


@pytest.fixture
def short_tempered(own_valkey: Valkey) -> Iterator[redis.Redis]:
    """As an application should: a short timeout, no retries. Only for a server that is gone or
    stands still: one that answers may be slower than this on a busy machine."""
    with redis.Redis.from_url(own_valkey.url, socket_timeout=0.3, retry=Retry(NoBackoff(), 0)) as connection:
        yield connection
