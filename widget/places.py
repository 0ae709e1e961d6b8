"""One company must not hurt the others: how many threads of a process, and how many bytes, one of
them may hold.

A request waits for the portal and the gateways of its own company. When they answer in 14 seconds,
a few dozen reps hold every thread, and every other company's card waits as long. So a request takes
a place before anything is done, and what comes beyond a company's share is refused at once: nothing
was begun, and the page tries again.
"""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from widget.errors import AppError, ErrorCode


class Crowded(AppError):
    """The company's share is taken. Nothing was done; trying again soon can help."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.CROWDED, "its share of the threads is taken")


class RequestPlace:
    """The place of one request: a thread, and the bytes of its answers, until it ends."""

    def __init__(self, places: "Places", whose: Hashable) -> None:
        self._places = places
        self.whose = whose
        self.bytes = 0
        self.left = False

    def carry(self, size: int) -> bool:
        """Count bytes of an answer that came for this request. Returns False if its company holds
        too many at once."""
        return self._places.carry(self, size)

    def leave(self) -> None:
        self._places.leave(self)


class Places:
    """The places of one process."""

    def __init__(self, requests: int, size: int) -> None:
        """One company holds at most `requests` at once, and `size` bytes of answers in all of
        them."""
        self._most_requests = requests
        self._most_bytes = size
        self._requests: Counter[Hashable] = Counter()
        self._bytes: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def take(self, whose: Hashable) -> RequestPlace:
        """A place for one request; to be left when it ends. Raises Crowded."""
        with self._lock:
            if self._requests[whose] >= self._most_requests:
                raise Crowded
            self._requests[whose] += 1
        return RequestPlace(self, whose)

    def carry(self, place: RequestPlace, size: int) -> bool:
        with self._lock:
            if place.left:  # a call that outlived its request: its bytes would never be given back
                return True
            if self._bytes[place.whose] + size > self._most_bytes:
                return False
            self._bytes[place.whose] += size
            place.bytes += size
            return True

    def leave(self, place: RequestPlace) -> None:
        with self._lock:
            place.left = True
            for held, given_back in ((self._requests, 1), (self._bytes, place.bytes)):
                held[place.whose] -= given_back
                if not held[place.whose]:
                    del held[place.whose]


_place: ContextVar[RequestPlace | None] = ContextVar("place", default=None)


def current_place() -> RequestPlace | None:
    """The place of the request that this thread works for; None in commands and jobs, which have
    their own process."""
    return _place.get()


def hold(place: RequestPlace | None) -> None:
    """Work for this place's request in this thread from now on; for none with None."""
    _place.set(place)


@contextmanager
def at_place(place: RequestPlace | None) -> Iterator[None]:
    """Work for this place's request, in any thread."""
    before = _place.set(place)
    try:
        yield
    finally:
        _place.reset(before)


def carry(size: int) -> bool:
    """Count bytes that came for this thread's request, if it works for one. Returns False as
    `RequestPlace.carry`."""
    place = _place.get()
    return place is None or place.carry(size)
