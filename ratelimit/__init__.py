"""How often something may be done: limits, where they are counted, and one call that spends.

`Rate` shapes (a burst, then a steady pace), `Window` caps (never more than so many in any span); a
`Limiter` grants what all its limits allow, in one atomic step. Storage trouble raises and never
lets anything through.

    limits = (Rate(every=3.0, burst=10), Window(limit=100, seconds=86_400))
    checks = Limiter(RedisStorage(client), limits=limits)
    permits = checks.acquire("line-7", 10)      # permits.granted, permits.refused, permits.wait
    checks.refund("line-7", permits, 2)      # two of them were never used

A storage that has forgotten a key (a restart, a flush) can be told again what was spent:
`acquire(…, before=…)`.
"""

from ratelimit.errors import StorageUnavailable
from ratelimit.limiter import Limiter, Permits, Spent
from ratelimit.limits import Limit, Rate, Window
from ratelimit.memory import MemoryStorage
from ratelimit.redis import RedisStorage
from ratelimit.storage import Storage

__all__ = [
    "Limit",
    "Limiter",
    "MemoryStorage",
    "Permits",
    "Rate",
    "RedisStorage",
    "Spent",
    "Storage",
    "StorageUnavailable",
    "Window",
]
