"""The one thing most callers need."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ratelimit.errors import StorageUnavailable
from ratelimit.limits import MAX_COUNT, Limit, Limits
from ratelimit.storage import Storage
from ratelimit.units import SECOND, microseconds

Spent = tuple[float, int]  # when (unix seconds), and how many permits
LOADS = 3  # tries to tell a storage what it does not know, before it is taken for broken


@dataclass(frozen=True, slots=True)
class Permits:
    """An answer: how many of the permits asked for were granted, and when the next one is to be
    had.

    `wait` is seconds until ONE more would be granted, 0.0 if one is free now; another caller may
    take it first. `used` is how many permits each Window holds now, in the order of the limits.
    """

    asked: int
    granted: int
    wait: float
    key: str = field(default="", repr=False)
    id: str = field(default="", repr=False)
    used: tuple[int, ...] = field(default=(), repr=False)

    @property
    def refused(self) -> int:
        return self.asked - self.granted


class Limiter:
    """Grants permits by key, as many as all limits allow. Safe to share between threads.

    The limits may be others on every call (a line's own settings); what was spent stays spent:
      - all Windows of a key count in one log, so another `limit` or shorter `seconds` hold at once
        for what is in it; longer `seconds` miss only what the old window had already let go;
      - a Rate is known by its place among the Rates and counts permits: at the first grant under a
        new `every` the permits still owed (rounded up) are owed at the new pace; a smaller `burst`
        first waits until enough are paid.

    A clock put back grants nothing extra: time stands still for a key until the clock passes its
    newest permit, and `wait` says how long that takes. A clock put forward cannot be told from time
    passing, and is believed.
    """

    def __init__(self, storage: Storage, limits: Iterable[Limit], prefix: str = "limit") -> None:
        """Limiters with one storage and prefix share what they count. Raises ValueError."""
        if not prefix or set(prefix) & set("{}"):
            raise ValueError(f"a prefix is text without braces, not {prefix!r}")
        self._storage = storage
        self._limits = Limits.of(limits)
        self._prefix = prefix

    def acquire(
        self,
        key: str,
        n: int = 1,
        *,
        all_or_nothing: bool = False,
        limits: Iterable[Limit] | None = None,
        before: Callable[[], Iterable[Spent]] | None = None,
    ) -> Permits:
        """Spend up to `n` permits in one atomic step; with `all_or_nothing` either `n` or none.

        `before` says what was spent, from a book that lasts longer than the storage; it is asked
        when the storage does not know the key (a restart, a flush), which is then loaded before
        anything is granted. So nothing more is granted than without the loss, if everything is in
        the book before it is asked for here.

        A refusal spends nothing. Raises StorageUnavailable, and then nothing may be done;
        ValueError for `n` below 1; what `before` raises. One Redis round trip, three where the key
        had to be loaded.
        """
        return self._ask(key, n, limits, before, id=os.urandom(8).hex(), all_or_nothing=all_or_nothing)

    def peek(
        self,
        key: str,
        n: int = 1,
        *,
        limits: Iterable[Limit] | None = None,
        before: Callable[[], Iterable[Spent]] | None = None,
    ) -> Permits:
        """What `acquire` would answer now, spending nothing. Same errors and cost."""
        return self._ask(key, n, limits, before, id="", all_or_nothing=False)

    def load(self, key: str, spent: Iterable[Spent], *, limits: Iterable[Limit] | None = None) -> None:
        """Tell the storage what this key has spent. A storage that knows the key ignores it, so of
        many callers that tell it at once the first one is heard. Times may be rough, but never too
        early: they say when a permit ends.

        A Rate takes the permits for having kept to it. Raises StorageUnavailable. One Redis round
        trip.
        """
        self._load(self._name(key), spent, self._terms(limits))

    def refund(self, key: str, permits: Permits, n: int, *, limits: Iterable[Limit] | None = None) -> None:
        """Give back `n` in all of these permits, which were never used: other callers may have them
        then.

        Saying it twice changes nothing, a larger `n` later adds the difference, more than was
        granted counts as all of them; so it is safe to repeat and creates no permits. A Window gets
        back exactly those permits, a Rate those that time has not brought back already. Permits
        from before a reset or from a peek hold nothing to give. `limits` is taken as in `acquire`,
        but the storage knows what was spent and under what.

        Raises StorageUnavailable (the permits stay spent), ValueError for a negative `n` or another
        key's permits. One Redis round trip, none if there is nothing to give.
        """
        if n < 0:
            raise ValueError(f"n must not be negative, not {n!r}")
        if permits.key != self._name(key):
            raise ValueError("these permits were granted for another key")
        returned = min(n, permits.granted)
        if returned and permits.id:
            self._storage.refund(permits.key, id=permits.id, first=permits.granted - returned, end=permits.granted)

    def reset(self, key: str) -> None:
        """Forget what this key has spent. Raises StorageUnavailable. One Redis round trip."""
        self._storage.reset(self._name(key))

    def _ask(
        self,
        key: str,
        n: int,
        limits: Iterable[Limit] | None,
        before: Callable[[], Iterable[Spent]] | None,
        *,
        id: str,
        all_or_nothing: bool,
    ) -> Permits:
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"n must be a whole number from 1, not {n!r}")
        name, terms = self._name(key), self._terms(limits)
        for _attempt in range(LOADS):
            answer = self._storage.acquire(
                name, n, terms, id=id, all_or_nothing=all_or_nothing, must_know=before is not None
            )
            if answer is not None:
                return Permits(n, answer.granted, answer.wait / SECOND, name, id, answer.used)
            self._load(name, before() if before else (), terms)
        raise StorageUnavailable("the storage forgets what it was told a moment ago")

    def _load(self, name: str, spent: Iterable[Spent], terms: Limits) -> None:
        permits = sorted((microseconds(at), min(n, MAX_COUNT)) for at, n in spent if n > 0)
        self._storage.load(name, permits, terms, id=os.urandom(8).hex())

    def _terms(self, limits: Iterable[Limit] | None) -> Limits:
        return self._limits if limits is None else Limits.of(limits)

    def _name(self, key: str) -> str:
        if not key:
            raise ValueError("a key must not be empty")
        return f"{self._prefix}:{key}"
