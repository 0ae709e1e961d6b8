"""Two clocks, and pauses that grow: what is stored and shown has the time of day, what is
remembered for a while has a clock that never jumps."""

import time
from collections.abc import Callable


def timer_of(clock: Callable[[], float]) -> Callable[[], float]:
    """The clock for durations beside this one: the system's monotonic one, or a test's own. Set
    back by an hour, the time of day would keep what is remembered for 10 s for an hour."""
    if clock is time.time:
        return time.monotonic
    found: Callable[[], float] = getattr(clock, "timer", clock)
    return found


def doubled(first: float, times: int, most: float) -> float:
    """The pause (seconds) after `first` was doubled `times` times, at most `most` (pure)."""
    return min(most, first * 2.0 ** min(max(0, times), 16))
