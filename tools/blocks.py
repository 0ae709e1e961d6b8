"""Count the blocks of 100,000 Russian mobile numbers that the widget ships.

`PYTHONPATH=. python tools/blocks.py DEF-9xx.csv 2026-04-01`, with the date that the file is of.
Reads the ministry's registry of mobile ranges (open data, https://opendata.digital.gov.ru) and
writes widget/phones/blocks.txt: for each block the regions and the operator that most of its
assigned numbers have, with their share in percent, and every time zone of at least one number in a
hundred. Figures, not the registry's rows.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from widget.phones.operators import operator_named
from widget.phones.regions import Region, regions_named, zones_of
from widget.phones.registry import RegistryRow, rows_of

BLOCK = 100_000
RARE = 0.01  # of a block; fewer numbers do not make its time uncertain
UNSAID = 0.1  # of a block, for which the registry names no region; with more its time is not known
TARGET = Path(__file__).parent.parent / "widget" / "phones" / "blocks.txt"
HEAD = """\
# Russian mobile numbers in blocks of 100,000. Counted by tools/blocks.py from the registry of the Ministry of Digital
# Development (open data, DEF-9xx.csv, D its date). R regions, O operator, Z time zones, numbered from 0 in this order.
# B: code and two digits of the first block, how many blocks alike follow it, R, percent of the assigned numbers, O,
# percent, Z. "-" where the registry does not say.
D {date}
"""


def blocks_of(rows: list[RegistryRow]) -> Iterator[tuple[int, list[tuple[RegistryRow, int]]]]:
    """Each block with the rows that reach into it, and how many of its numbers each has."""
    parts = [
        (block, row, min(row.last, block * BLOCK + BLOCK - 1) - max(row.first, block * BLOCK) + 1)
        for row in rows
        for block in range(row.first // BLOCK, row.last // BLOCK + 1)
    ]
    for block, found in groupby(sorted(parts), key=lambda part: part[0]):
        yield block, [(row, numbers) for _, row, numbers in found]


def figures_of(block: list[tuple[RegistryRow, int]]) -> tuple[tuple[Region, ...], int, str, int, tuple[str, ...]]:
    total = sum(numbers for _, numbers in block)
    regions: Counter[tuple[Region, ...]] = Counter()
    operators: Counter[str] = Counter()
    for row, numbers in block:
        regions[tuple(sorted(regions_named(row.territory), key=lambda region: region.ru))] += numbers
        operator = operator_named(row.operator)
        operators[operator.ru if operator else ""] += numbers
    most = max(regions, key=lambda names: (regions[names], len(names)))
    inside = sum(numbers for names, numbers in regions.items() if names and set(names) <= set(most))
    owner, given = operators.most_common(1)[0]
    zones = {zone for names, numbers in regions.items() if numbers >= RARE * total for zone in zones_of(names)}
    unknown = regions[()] >= UNSAID * total
    return most, inside * 100 // total, owner, given * 100 // total, () if unknown else tuple(sorted(zones))


def main(source: Path, date: str) -> None:
    rows = [row for row in rows_of(source) if row.code.startswith("9")]
    counted = [(block, figures_of(found)) for block, found in blocks_of(rows)]
    texts: dict[str, dict[str, int]] = {"R": {}, "O": {}, "Z": {}}

    def number(kind: str, text: str) -> str:
        return str(texts[kind].setdefault(text, len(texts[kind]))) if text else "-"

    lines: list[list[str]] = []
    before = -1
    for block, (regions, inside, operator, given, zones) in counted:
        names, places = ", ".join(region.ru for region in regions), " ".join(zones)
        figures = [number("R", names), str(inside), number("O", operator), str(given), number("Z", places)]
        if lines and block == before + 1 and lines[-1][2:] == figures:
            lines[-1][1] = str(int(lines[-1][1]) + 1)
        else:
            lines.append([str(block), "1", *figures])
        before = block
    with TARGET.open("w", encoding="utf-8") as file:
        file.write(HEAD.format(date=date))
        file.writelines(f"{kind} {text}\n" for kind, found in texts.items() for text in found)
        file.writelines(f"B {' '.join(line)}\n" for line in lines)
    print(f"{len(counted)} blocks in {len(lines)} lines, {TARGET.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
