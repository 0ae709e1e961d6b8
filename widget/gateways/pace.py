"""One call after the other, with a gap between them, where a gateway takes only so many a
second."""

import logging
import time
from collections.abc import Callable

from ratelimit import Limiter, MemoryStorage, Rate, StorageUnavailable
from widget.gateways.base import GatewayError, GatewayErrorCode

log = logging.getLogger(__name__)

MAX_WAIT = 10.0  # seconds for a turn, then the gateway is called busy
AT_LEAST = 0.01  # seconds between two tries


class Pace:
    """The pace of calls, shared by all processes: each call has its place in the limiter's
    storage."""

    def __init__(self, limiter: Limiter | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        """Without a limiter the turns are this process's alone, and so they are while its storage
        is out of reach."""
        self._own = Limiter(MemoryStorage(), limits=[Rate(every=1)], prefix="pace")
        self._limiter = limiter or self._own
        self._sleep = sleep

    def wait(self, name: str, gap: float) -> None:
        """Wait until this may be called, `gap` seconds after the last one that was. A round trip,
        one more for each wait. Raises GatewayError where others stand in the way for too long."""
        waited = 0.0
        while left := self._left(name, gap):
            if waited >= MAX_WAIT:
                raise GatewayError(GatewayErrorCode.BUSY)
            self._sleep(left)
            waited += left

    def _left(self, name: str, gap: float) -> float:
        limits = [Rate(every=gap)]
        try:
            permits = self._limiter.acquire(name, limits=limits)
        except StorageUnavailable:
            log.warning("pace.limiter_gone")
            permits = self._own.acquire(name, limits=limits)
        return 0.0 if permits.granted else max(AT_LEAST, permits.wait)
