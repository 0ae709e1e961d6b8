"""The limiter, one permit and ten, beside the `limits` package. Both on the admitted path.

Ours holds both of the widget's limits in one call: ten at once and then one every three seconds, and a hundred a day.
The package's moving window holds the second alone; for both it would be asked twice.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import redis
from limits import RateLimitItemPerDay
from limits.storage import MemoryStorage as TheirMemory
from limits.storage import RedisStorage as TheirRedis
from limits.strategies import MovingWindowRateLimiter

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.pace import RunSize, middle
from ratelimit import Limiter, MemoryStorage, Rate, RedisStorage, Window

LIMITS = (Rate(every=3.0, burst=10), Window(limit=100, seconds=86_400))
THEIRS = RateLimitItemPerDay(100)
PERMITS = (1, 10)
BURST = 10

# Takes a key and a number of permits; says whether they were granted.
Acquire = Callable[[str, int], bool]


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with redis.Redis.from_url(environment.redis_url) as client:
        stores = {
            "redis": {
                "ours": _ours(Limiter(RedisStorage(client), limits=LIMITS)),
                "limits": _theirs(TheirRedis(environment.redis_url.replace("unix:", "redis+unix:"))),
            },
            "memory": {
                "ours": _ours(Limiter(MemoryStorage(), limits=LIMITS)),
                "limits": _theirs(TheirMemory()),
            },
        }
        for store, pair in stores.items():
            for permits in PERMITS:
                figures[f"{store}_{permits}"] = _beside(pair, permits, pace)
    return figures | {"goals": []}


def show(figures: dict[str, Any]) -> str:
    rows = []
    for store in ("redis", "memory"):
        for permits in PERMITS:
            each = figures[f"{store}_{permits}"]
            for name in ("ours", "limits"):
                of = each[name]
                label = f"{store}, {permits} permit{'s' if permits > 1 else ''}: {name}"
                rows.append(
                    [label, of["per_second"], of["p50_us"], of["p99_us"], each["ratio"] if name == "ours" else ""]
                )
    columns = ["", "calls a second", "p50 us", "p99 us", "ours / limits"]
    return "\n".join(
        [
            tables.table("Limiter", columns, rows),
            tables.notes("ours holds both of the widget's limits in a call; the moving window of `limits` one of them"),
        ]
    )


def _ours(limiter: Limiter) -> Acquire:
    return lambda key, n: limiter.acquire(key, n).granted == n


def _theirs(storage: Any) -> Acquire:
    limiter = MovingWindowRateLimiter(storage)
    return lambda key, n: limiter.hit(THEIRS, key, cost=n)


def _beside(pair: dict[str, Acquire], permits: int, pace: RunSize) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in pair}
    for number in range(pace.rounds):
        for name, acquire in pair.items():
            rounds[name].append(_hammer(acquire, permits, pace.seconds / 4, f"{name}-{permits}-{number}"))
    ratio = median(a["per_second"] / b["per_second"] for a, b in zip(rounds["ours"], rounds["limits"], strict=True))
    return {name: middle(each) for name, each in rounds.items()} | {"ratio": round(ratio, 2)}


def _hammer(acquire: Acquire, permits: int, seconds: float, prefix: str) -> dict[str, float]:
    """A new key whenever the burst is spent, so that every call is granted."""
    took: list[float] = []
    failed = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        key = f"{prefix}-{len(took) * permits // BURST}"
        failed += not acquire(key, permits)
        before, now = now, time.perf_counter()
        took.append(now - before)
    took.sort()
    return {
        "done": len(took),
        "failed": failed,
        "per_second": round(len(took) / (now - start)),
        "p50_us": round(1e6 * took[len(took) // 2], 1),
        "p99_us": round(1e6 * took[int(0.99 * len(took))], 1),
    }
