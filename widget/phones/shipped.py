"""What is known of Russian mobile ranges before the registry is imported: the data file of `ru-phone-parser`.

PyPI package, MIT, ranges of 2012-2015. Compared with the ministry's registry of April 2026: the code and two or more
further digits name the right region for 93 of 100 numbers, one further digit for 79, the code alone for 6; so the
short ones are left out. Operators need one further digit (91 of 100), and old companies are given as their heirs.
Landlines are better known to libphonenumber, so only 9xx is read.
"""

import json
import threading
from collections.abc import Callable, Hashable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeVar

from .operators import Operator, operator_once_named
from .prefixes import Prefixes
from .regions import Region, regions_named

Fact = TypeVar("Fact", bound=Hashable)

_MOBILE = "79"
_REGION_DIGITS = 6  # +7, the code, two more
_OPERATOR_DIGITS = 5
_READING = threading.Lock()
_JOINT = 2  # regions that share a range; where the data names more it only contradicts itself


class Shipped(NamedTuple):
    regions: Prefixes[tuple[Region, ...]]
    operators: Prefixes[Operator | None]


def shipped() -> Shipped:
    """Read once, when a Russian mobile number is first asked for; 32 thousand rows become two sorted arrays."""
    with _READING:  # `cache` alone would let the first cards after a start each read it
        return _read()


@cache
def _read() -> Shipped:
    regions: dict[str, tuple[Region, ...]] = {}
    operators: dict[str, tuple[Operator | None, ...]] = {}

    def take(row: dict[str, str]) -> None:
        prefix = "".join(sign for sign in row["Код"] if sign.isdigit())
        if not prefix.startswith(_MOBILE):
            return
        if len(prefix) >= _REGION_DIGITS:
            _add(regions, prefix, regions_named(row["Регион"]))
        if len(prefix) >= _OPERATOR_DIGITS and row["Оператор"]:
            _add(operators, prefix, (operator_once_named(row["Оператор"]),))

    _each_row(take)
    return Shipped(
        regions=Prefixes({prefix: found if len(found) <= _JOINT else () for prefix, found in regions.items()}),
        operators=Prefixes({prefix: found[0] if len(found) == 1 else None for prefix, found in operators.items()}),
    )


def _add(found: dict[str, tuple[Fact, ...]], prefix: str, facts: tuple[Fact, ...]) -> None:
    known = found.get(prefix, ())
    new = tuple(fact for fact in facts if fact not in known)
    if new:
        found[prefix] = known + new if known else facts


def _each_row(take: Callable[[dict[str, str]], None]) -> None:
    """One row at a time: as a list of dicts the file would take 20 MB. The package's own code is not imported."""
    package = find_spec("phoneparser")
    if package is None or not package.submodule_search_locations:
        return  # installed without it: only the imported registry and libphonenumber are asked
    folder = Path(package.submodule_search_locations[0])
    json.loads((folder / "data" / "data.json").read_text("utf-8"), object_hook=take)
