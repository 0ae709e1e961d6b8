"""Single flight: of all callers that want the same answer at once, in any thread or process, one
asks.

In the process the others wait for a future. Across processes the asker holds a lease (SET NX with
an expiry, so a killed process blocks the others for seconds only) and the others poll for the
value, not for the lock: a lock would queue them.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from widget.cache import Cache, StoreGone

T = TypeVar("T")
Records = Mapping[str, Any]

POLL_SECONDS = 0.02


@dataclass
class Leases:
    """The leases behind some keys. The publisher of the answers may give them back in the same
    round trip."""

    names: list[str]
    given_back: bool = False


class DistributedSingleFlight:
    def __init__(
        self,
        cache: Cache,
        *,
        lease_seconds: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cache = cache
        self._lease_seconds = lease_seconds
        self._now = now
        self._sleep = sleep
        self._flying: dict[str, Future[object]] = {}
        self._lock = threading.Lock()

    def run(
        self,
        keys: Sequence[str],
        known: Callable[[Sequence[str], Records], Mapping[str, T]],
        ask: Callable[[Sequence[str], Leases], Mapping[str, T]],
        fallback: T,
        *,
        beside: Sequence[str] = (),
    ) -> dict[str, T]:
        """An answer for every key. `known` is given the records that stand under the keys, and
        under those `beside` them. `ask` runs for the keys that no other thread or process is asking
        about, publishes what it learns under them, and may give the leases back with that. A caller
        that waited in vain for another's answer gets `fallback`.

        One round trip, another for leases that `ask` has not given back. Raises what `ask` raises,
        and StoreGone before anything was asked. Once something was asked, a store that goes away
        takes no answer with it.
        """
        mine, theirs = self._claim(keys)
        answers: dict[str, T] = {}
        try:
            answers |= self._lead(mine, known, ask, fallback, beside)
        finally:
            self._publish(mine, answers, fallback)
        deadline = self._now() + self._lease_seconds
        for key, flight in theirs.items():
            try:
                answers[key] = flight.result(timeout=max(0.0, deadline - self._now()))  # type: ignore[assignment]
            except TimeoutError:
                answers[key] = fallback
        return answers

    def _claim(self, keys: Sequence[str]) -> tuple[list[str], dict[str, Future[object]]]:
        mine: list[str] = []
        theirs: dict[str, Future[object]] = {}
        with self._lock:
            for key in dict.fromkeys(keys):
                if key in self._flying:
                    theirs[key] = self._flying[key]
                else:
                    self._flying[key] = Future()
                    mine.append(key)
        return mine, theirs

    def _publish(self, mine: Sequence[str], answers: Mapping[str, T], fallback: T) -> None:
        with self._lock:
            single_flight = {key: self._flying.pop(key) for key in mine}
        for key, flight in single_flight.items():
            flight.set_result(answers.get(key, fallback))

    def _lead(
        self,
        keys: Sequence[str],
        known: Callable[[Sequence[str], Records], Mapping[str, T]],
        ask: Callable[[Sequence[str], Leases], Mapping[str, T]],
        fallback: T,
        beside: Sequence[str],
    ) -> dict[str, T]:
        """Ask for the keys whose lease is ours; wait for the values of the others, and take over a
        lease that ends without a value. Raises StoreGone, unless there are answers already: then
        the others are late."""
        answers: dict[str, T] = {}
        waiting = list(keys)
        deadline = self._now() + self._lease_seconds
        while waiting:
            last = self._now() >= deadline  # looked at before the try: a lease may end during one
            try:
                held, records = self._cache.add_and_get(
                    [_lease(key) for key in waiting], 1, self._lease_seconds, wanted=[*waiting, *beside]
                )
            except StoreGone:
                if not answers:
                    raise
                return answers | dict.fromkeys(waiting, fallback)
            leased = [key for key in waiting if _lease(key) in held]
            leases = Leases(held)
            try:
                # The former holder of the lease may have answered meanwhile: the records were read
                # after it was ours.
                answers |= known(waiting, records)
                unanswered = [key for key in leased if key not in answers]
                if unanswered:
                    answers |= ask(unanswered, leases)
            finally:
                if not leases.given_back:
                    with suppress(StoreGone):  # a lease that cannot be given back ends by itself
                        self._cache.delete_many(leases.names)
            waiting = [key for key in waiting if key not in answers and key not in leased]
            if waiting and last:
                return answers | dict.fromkeys(waiting, fallback)
            if waiting:
                self._sleep(POLL_SECONDS)
        return answers


def _lease(key: str) -> str:
    return f"lease:{key}"
