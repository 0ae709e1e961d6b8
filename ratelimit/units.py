"""Time is counted in whole microseconds, so that Python and Lua agree to the last digit."""

SECOND = 1_000_000

# What is remembered outlives its use by this much: a clock that is put back a little still finds
# it, and a book that counts by the hour (`acquire(…, before=…)`), asked after that, no longer tells
# what had left its limits already.
SLACK = (3600 + 60) * SECOND


def microseconds(seconds: float) -> int:
    return round(seconds * SECOND)
