"""Single flight within the process: of all threads that want the same thing at once, one fetches it
for all."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlight(Generic[Key, Value]):
    def __init__(self) -> None:
        self._flying: dict[Key, Future[Value]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, fetch: Callable[[], Value]) -> Value:
        """What `fetch` returns, from the thread that came first. Raises what it raised, in every
        thread. Costs what `fetch` costs, once."""
        with self._lock:
            flight = self._flying.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flying[key] = Future()
        if mine:
            try:
                flight.set_result(fetch())
            except BaseException as error:
                flight.set_exception(error)
            finally:
                with self._lock:
                    del self._flying[key]
        return flight.result()
