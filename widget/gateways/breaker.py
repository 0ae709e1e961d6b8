"""A gateway that fails again and again is left alone for a growing while, so that no request waits
for it in vain.

pybreaker and circuitbreaker were looked at: both know one fixed pause only, and neither lets one
caller try while the others are still refused.
"""

import threading
from collections.abc import Callable

from widget.timing import doubled, timer_of

FAILURES = 5  # in a row
FIRST_PAUSE = 5.0  # seconds; doubles with every try that fails
MAX_PAUSE = 300.0  # seconds


class Breaker:
    """The breaker of one line. Thread-safe; makes no call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._timer = timer_of(clock)
        self._failures = 0
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def wait_until(self) -> float:
        """0.0 if the gateway may be asked now, else when (unix seconds). After a pause one caller
        is let through at a time: a call beside it is told to wait another pause."""
        with self._lock:
            if self._failures < FAILURES:
                return 0.0
            now = self._timer()
            if now < self._closed_until:
                return self._clock() + self._closed_until - now
            self._closed_until = now + self._pause()
            return 0.0

    def answered(self) -> None:
        with self._lock:
            self._failures = 0
            self._closed_until = 0.0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._closed_until = self._timer() + self._pause()

    def _pause(self) -> float:
        return doubled(FIRST_PAUSE, self._failures - FAILURES, MAX_PAUSE)
