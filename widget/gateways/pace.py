"""One call after the other, with a gap between them, where a gateway takes only so many a second."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pace:
    """For one method of one line, in this process. Who comes while another one is at it waits for the turn."""

    def __init__(self, gap: float, sleep: Callable[[float], None], now: Callable[[], float] = time.monotonic) -> None:
        """`gap` in seconds, from the end of one call to the start of the next."""
        self._gap = gap
        self._sleep = sleep
        self._now = now
        self._ended = -gap
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        with self._turn:
            left = self._ended + self._gap - self._now()
            if left > 0:
                self._sleep(left)
            try:
                yield
            finally:
                self._ended = self._now()
