"""How a call waits for a busy portal: pauses that grow, within the time that the call may take."""

import random
import time
from collections.abc import Callable

# Bitrix24 drains two requests a second and holds fifty (settings/limits): the first pause is a
# second, then twice as long, each a little longer by chance, so that cards which were refused
# together do not come back together.
BUSY_WAIT = 1.0  # seconds
LONGER_BY = 0.5
MAX_WAITS = 3


class Pauses:
    """The pauses of one call, bounded in number and by the time that the call may take."""

    def __init__(self, patience: float, sleep: Callable[[float], None]) -> None:
        """`patience` is seconds."""
        self._ends = time.monotonic() + patience
        self._sleep = sleep
        self._taken = 0

    @property
    def left(self) -> float:
        """Seconds that are left; a request that is begun gets at least one."""
        return max(1.0, self._ends - time.monotonic())

    def pause(self) -> bool:
        """Wait before the next try; False, at once, where no time would be left for it."""
        seconds = BUSY_WAIT * 2**self._taken + random.uniform(0, LONGER_BY)  # noqa: S311 - not a secret
        if self._taken >= MAX_WAITS or time.monotonic() + seconds + 1 > self._ends:
            return False
        self._taken += 1
        self._sleep(seconds)
        return True
