"""Where permits are counted. Both storages compute the same; `memory.py` and the two Lua files read
side by side.

What is kept for one key:
  log     one entry for each permit still remembered: when it was granted and under which id
  rates   for each Rate, by its place among the Rates: `due`, when its burst is whole again (GCRA's
          theoretical arrival time); `pace`, the microseconds per permit it is counted in; `since`,
          when counting in that pace began
  memory  the longest time for which any call on this key needed an entry

A key is known from its first grant or load until a while after its last permit can matter. An
unknown key was never used, was not used for long, or was lost with the storage's memory.

Time for a key never runs backwards: `now` is the clock, or the newest entry of the log where the
clock is behind it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from ratelimit.limits import Limits


class Grant(NamedTuple):
    """How many permits were granted, the microseconds until one more would be, and how many are in
    each Window then."""

    granted: int
    wait: int
    used: tuple[int, ...] = ()


class Storage(ABC):
    """Counts permits for many keys; safe to share between threads. A `Limiter` is how it is
    used."""

    @abstractmethod
    def acquire(
        self, key: str, n: int, limits: Limits, *, id: str, all_or_nothing: bool, must_know: bool
    ) -> Grant | None:
        """Grant up to `n` and remember them under `id`; with an empty id only look.

        With `must_know` None for a key that is not known, and nothing was granted. Raises
        StorageUnavailable.
        """

    @abstractmethod
    def load(self, key: str, spent: Sequence[tuple[int, int]], limits: Limits, *, id: str) -> None:
        """Make a key known, with what was spent before: (microseconds, permits) from old to new,
        times to come taken for now. Nothing if the key is known already. Raises StorageUnavailable.
        """

    @abstractmethod
    def refund(self, key: str, *, id: str, first: int, end: int) -> None:
        """Forget the permits numbered first..end-1 of this id, as far as they are remembered.

        Raises StorageUnavailable.
        """

    @abstractmethod
    def reset(self, key: str) -> None:
        """Forget everything about the key. Raises StorageUnavailable."""
