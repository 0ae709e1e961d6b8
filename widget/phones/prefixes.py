"""A compact map from the beginnings of phone numbers to values: sorted arrays instead of a dict."""

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Prefixes(Generic[Value]):
    """The longest known beginning of a number decides. 12 bytes an entry, where a dict of strings
    takes 150 or more."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        numbered: dict[Value, int] = {}
        ordered = sorted((int(prefix), value) for prefix, value in values.items())
        self._keys = array("Q", (key for key, _ in ordered))
        self._marks = array("L", (numbered.setdefault(value, len(numbered)) for _, value in ordered))
        self._values = tuple(numbered)
        self._lengths = sorted({len(prefix) for prefix in values}, reverse=True)

    def find(self, digits: str) -> Value | None:
        for length in self._lengths:
            if length <= len(digits):
                key = int(digits[:length])
                at = bisect_left(self._keys, key)
                if at < len(self._keys) and self._keys[at] == key:
                    return self._values[self._marks[at]]
        return None
