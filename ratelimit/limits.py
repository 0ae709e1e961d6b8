"""The two kinds of limit. Values only; how they are counted is in the storages."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ratelimit.units import microseconds

# Both keep every sum of microseconds below 2**53, where a Lua number stops being exact, and a log
# in bounds.
MAX_COUNT = 10_000
MAX_PACE = 86_400
MAX_WINDOW = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, then one every `every` seconds (GCRA, a leaky bucket that needs no
    clockwork).

    Between any two moments at most `burst + elapsed / every` permits are used. Raises ValueError.
    """

    every: float
    burst: int = 1

    def __post_init__(self) -> None:
        _seconds("every", self.every, most=MAX_PACE)
        _count("burst", self.burst)

    @property
    def pace(self) -> int:
        """Microseconds between two permits."""
        return microseconds(self.every)


@dataclass(frozen=True, slots=True)
class Window:
    """Never more than `limit` in any `seconds`, wherever that span begins (a log, so no edge lets
    two windows through).

    The storage keeps one entry of about 100 bytes for each permit in the window. Raises ValueError.
    """

    limit: int
    seconds: float

    def __post_init__(self) -> None:
        _count("limit", self.limit)
        _seconds("seconds", self.seconds, most=MAX_WINDOW)

    @property
    def span(self) -> int:
        """The length of the window in microseconds."""
        return microseconds(self.seconds)


Limit = Rate | Window


@dataclass(frozen=True, slots=True)
class Limits:
    """Several limits that all must agree, sorted by kind as the storages read them."""

    rates: tuple[Rate, ...]
    windows: tuple[Window, ...]
    memory: int  # for how many microseconds a spent permit can matter to any of them
    rate_terms: tuple[int, ...]  # pace and burst of each rate, one after another
    window_terms: tuple[int, ...]  # limit and span of each window, one after another

    @classmethod
    def of(cls, limits: Iterable[Limit]) -> "Limits":
        """The limits, sorted. Raises ValueError for none: a limiter without limits would let
        everything through."""
        return cls._of(tuple(limits))

    @classmethod
    @lru_cache(1024)  # the same few are handed in again and again
    def _of(cls, given: tuple[Limit, ...]) -> "Limits":
        rates = tuple(limit for limit in given if isinstance(limit, Rate))
        windows = tuple(limit for limit in given if isinstance(limit, Window))
        if not given:
            raise ValueError("at least one limit is needed")
        if len(rates) + len(windows) != len(given):
            raise ValueError("a limit is a Rate or a Window")
        spans = [*(rate.burst * rate.pace for rate in rates), *(window.span for window in windows)]
        return cls(
            rates,
            windows,
            memory=max(spans),
            rate_terms=tuple(number for rate in rates for number in (rate.pace, rate.burst)),
            window_terms=tuple(number for window in windows for number in (window.limit, window.span)),
        )


def _seconds(name: str, value: float, *, most: float) -> None:
    if not math.isfinite(value) or microseconds(value) < 1:
        raise ValueError(f"{name} must be at least a microsecond, not {value!r}")
    if value > most:
        raise ValueError(f"{name} must be at most {most} seconds, not {value!r}")


def _count(name: str, value: int) -> None:
    if not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
        raise ValueError(f"{name} must be a whole number from 1 to {MAX_COUNT}, not {value!r}")
