"""The limiter, one permit and ten, beside the `limits` package. Both on the admitted path.

Ours holds both of the widget's limits in one call: ten at once and then one every three seconds,
and a hundred a day. The package's moving window holds one limit in a call: it is measured with the
day's alone, and with both (ten in half a minute, which is nearest to the first).
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import redis
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerSecond
from limits.storage import MemoryStorage as TheirMemory
from limits.storage import RedisStorage as TheirRedis
from limits.strategies import MovingWindowRateLimiter

from benchmarks import tables
from benchmarks.environment import Environment
from benchmarks.pace import RunSize, goal, middle
from ratelimit import Limiter, MemoryStorage, Rate, RedisStorage, Window

LIMITS = (Rate(every=3.0, burst=10), Window(limit=100, seconds=86_400))
THEIR_DAY = RateLimitItemPerDay(100)
THEIR_BURST = RateLimitItemPerSecond(10, 30)
GOAL = 0.9  # of their speed, with the same limits
PERMITS = (1, 10)
BURST = 10

# Takes a key and a number of permits; says whether they were granted.
Acquire = Callable[[str, int], bool]


async def measure(environment: Environment, pace: RunSize) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with redis.Redis.from_url(environment.redis_url) as client:
        stores = {
            "redis": (RedisStorage(client), TheirRedis(environment.redis_url.replace("unix:", "redis+unix:"))),
            "memory": (MemoryStorage(), TheirMemory()),
        }
        for store, (our_store, their_store) in stores.items():
            subjects = {
                "ours": _ours(Limiter(our_store, limits=LIMITS)),
                "limits, one": _theirs(their_store, THEIR_DAY),
                "limits, both": _theirs(their_store, THEIR_DAY, THEIR_BURST),
            }
            for permits in PERMITS:
                figures[f"{store}_{permits}"] = _beside(subjects, permits, pace)
    reached = min(figures[f"redis_{permits}"]["ratios"]["limits, both"] for permits in PERMITS)
    return figures | {"goals": [goal("limiter against `limits` with both limits, on Redis", reached, reached >= GOAL)]}


def show(figures: dict[str, Any]) -> str:
    rows = []
    for store in ("redis", "memory"):
        for permits in PERMITS:
            each = figures[f"{store}_{permits}"]
            for name, of in each["middle"].items():
                label = f"{store}, {permits} permit{'s' if permits > 1 else ''}: {name}"
                rows.append([label, of["per_second"], of["p50_us"], of["p99_us"], each["ratios"].get(name, "")])
    columns = ["", "calls a second", "p50 us", "p99 us", "how fast is ours"]
    return "\n".join([tables.table("Limiter", columns, rows), tables.goals(figures["goals"])])


def _ours(limiter: Limiter) -> Acquire:
    return lambda key, n: limiter.acquire(key, n).granted == n


def _theirs(storage: Any, *limits: RateLimitItem) -> Acquire:
    limiter = MovingWindowRateLimiter(storage)
    return lambda key, n: all(limiter.hit(limit, key, cost=n) for limit in limits)


def _beside(subjects: dict[str, Acquire], permits: int, pace: RunSize) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in subjects}
    for number in range(pace.rounds):
        for name, acquire in subjects.items():
            rounds[name].append(_hammer(acquire, permits, pace.seconds / 4, f"{name}-{permits}-{number}"))
    ratios = {
        name: round(median(b["p50_us"] / a["p50_us"] for a, b in zip(rounds["ours"], each, strict=True)), 2)
        for name, each in rounds.items()
        if name != "ours"
    }
    return {"middle": {name: middle(each) for name, each in rounds.items()}, "ratios": ratios}


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
