"""Where permits are counted. Both storages compute the same; `memory.py` and the two Lua files read side by side.

What is kept for one key:
  log     one entry for each permit still remembered: when it was granted and under which id
  rates   for each Rate, by its place among the Rates: `due`, when its burst is whole again (GCRA's theoretical arrival
          time); `pace`, the microseconds per permit it is counted in; `since`, when counting in that pace began
  memory  the longest time for which any call on this key needed an entry

Time for a key never runs backwards: `now` is the clock, or the newest entry of the log where the clock is behind it.
"""

from abc import ABC, abstractmethod

from ratelimit.limits import Limits


class Storage(ABC):
    """Counts permits for many keys; safe to share between threads. A `Limiter` is how it is used."""

    @abstractmethod
    def acquire(self, key: str, n: int, limits: Limits, *, id: str, all_or_nothing: bool) -> tuple[int, int]:
        """Grant up to `n` and remember them under `id`; with an empty id only look.

        Returns how many, and the microseconds until one more would be granted. Raises StorageUnavailable.
        """

    @abstractmethod
    def give_back(self, key: str, *, id: str, first: int, end: int) -> None:
        """Forget the permits numbered first..end-1 of this id, as far as they are remembered.

        Raises StorageUnavailable.
        """

    @abstractmethod
    def reset(self, key: str) -> None:
        """Forget everything about the key. Raises StorageUnavailable."""
