"""What is known of Russian mobile numbers before the registry is imported: counted figures for
blocks of 100,000.

tools/blocks.py counts them from the registry and says in blocks.txt of which month. Three of four
numbers lie in a block of one region; where a block is divided, the answer is what most of its
numbers have, and called probable. Landlines are well known to libphonenumber, so only 9xx is here.
"""

import threading
from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .operators import Operator, operator_named
from .regions import Region, regions_named

_BLOCKS = Path(__file__).with_name("blocks.txt")
_FIRST = 90_000  # the code and two more digits: 900 00 …
_COUNT = 10_000
_NOTHING = -1
_SURE = 90  # percent of a block: from here on a fact is sure: from here on a fact is sure
_PROBABLE = 50  # percent of a block: with fewer, another answer may be as likely
_READING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Block:
    """What most of a block's numbers have; `regions_sure` and `operator_sure` where nearly all have
    it.

    `zones` are the zones of all its numbers but a hundredth: one of them, or several with one time,
    is certain.
    """

    regions: tuple[Region, ...]
    regions_sure: bool
    operator: Operator | None
    operator_sure: bool
    zones: tuple[str, ...]


class _Table(NamedTuple):
    counted: date
    at: "array[int]"  # which of `blocks` each of the 10,000 beginnings has
    blocks: list[Block]


def block_of(e164: str) -> Block | None:
    """The block of a Russian mobile number, None where none of its numbers was assigned. Reads the
    file once."""
    if not e164.startswith("+79") or len(e164) != 12:
        return None
    table = _table()
    at = table.at[int(e164[2:7]) - _FIRST]
    return table.blocks[at] if at != _NOTHING else None


def counted_at() -> float:
    """The unix time of the registry that the figures were counted from."""
    return datetime.combine(_table().counted, time(), UTC).timestamp()


def _table() -> _Table:
    with _READING:  # `cache` alone would let the first cards after a start each read it
        return _read()


@cache
def _read() -> _Table:
    """About 4,000 lines, 15 ms; many blocks are alike, so 1,500 are kept."""
    texts: dict[str, list[str]] = {"R": [], "O": [], "Z": []}
    at = array("h", [_NOTHING]) * _COUNT
    known: dict[tuple[str, ...], int] = {}
    blocks: list[Block] = []
    counted = date.min
    with _BLOCKS.open(encoding="utf-8") as lines:
        for line in lines:
            kind, _, rest = line.rstrip("\n").partition(" ")
            if kind in texts:
                texts[kind].append(rest)
            elif kind == "D":
                counted = date.fromisoformat(rest)
            elif kind == "B":
                first, count, *figures = rest.split(" ")
                if tuple(figures) not in known:
                    known[tuple(figures)] = len(blocks)
                    blocks.append(_block(figures, texts))
                for beginning in range(int(first) - _FIRST, int(first) - _FIRST + int(count)):
                    at[beginning] = known[tuple(figures)]
    return _Table(counted, at, blocks)


def _block(figures: list[str], texts: dict[str, list[str]]) -> Block:
    region, inside, operator, given, zones = figures
    named = region != "-" and int(inside) >= _PROBABLE
    owned = operator != "-" and int(given) >= _PROBABLE
    return Block(
        regions=regions_named(texts["R"][int(region)]) if named else (),
        regions_sure=int(inside) >= _SURE,
        operator=operator_named(texts["O"][int(operator)]) if owned else None,
        operator_sure=int(given) >= _SURE,
        zones=tuple(texts["Z"][int(zones)].split()) if zones != "-" else (),
    )
