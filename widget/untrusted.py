"""Values of a JSON that came from outside: each is what it should be, or the neutral value of its
kind."""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_ZONE = 64
MAX_WHOLE = 2**53  # of a whole number; JSON sets no bounds, and 10^400 has no float
MAX_UNIX_SECONDS = 100_000_000_000  # unix seconds; beyond it are milliseconds, infinity and years that no calendar has


def as_dict(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one: PHP writes empty ones as lists."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_rows(value: Any) -> list[Any]:
    """A PHP list, which is an object in JSON where it has holes."""
    return list(value.values()) if isinstance(value, dict) else as_list(value)


def as_str(value: Any, longest: int = 65_536) -> str:
    """A string cut to a length; "" for anything else."""
    return value[:longest] if isinstance(value, str) else ""


def as_positive_int(value: Any) -> int:
    """A whole number above 0 that a computer has room for, also one in a decimal string (protobuf's
    JSON writes 64-bit ones so); else 0."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_WHOLE else 0


def as_zone(value: Any) -> str:
    """The name of a time zone that this machine knows; "" for anything else."""
    name = as_str(value)
    try:
        return ZoneInfo(name).key if 0 < len(name) <= MAX_ZONE else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder of the zone data
        return ""


def as_unix_seconds(value: Any) -> float:
    """Unix seconds, also in a decimal string; 0.0 for what is not a time."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:18])
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < MAX_UNIX_SECONDS
    return float(value) if usable else 0.0
