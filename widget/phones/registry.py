"""The official registry of Russian number ranges, read once into a small file that workers map into
memory.

The registry is open data of the Ministry of Digital Development («Реестр российской системы и плана
нумерации»): CSV files of one form for the codes 3xx, 4xx, 8xx and 9xx. The small file is sorted
arrays behind a JSON head; the pages of the map are shared by all workers, and a look-up is one
bisection.
"""

import json
import mmap
import os
import sys
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .regions import regions_named

_MAGIC = b"RU-NUM1\n"
_ALIGN = 8
_COLUMNS = ("авс/def", "от", "до", "емкость", "оператор", "регион", "территорияг", "инн")
_MAX_LINE = 4096
_SHRUNK = 0.5  # a code that loses half its numbers is a cut file rather than news
_SMALL_CODE = 100_000  # numbers; below that a code may well lose half
_OVERLAPS = 0.01  # of the rows; more is not a registry


class RegistryError(Exception):
    """The file is not what it should be; the text says what and where, for the operator's
    terminal."""


class RegistryRow(NamedTuple):
    first: int  # national number, ten digits
    last: int
    operator: str
    territory: str

    @property
    def code(self) -> str:
        return str(self.first)[:3]

    @property
    def numbers(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class ImportReport:
    rows: int  # in the imported file
    codes: tuple[str, ...]  # of the numbers in the file: what was stored of these codes was replaced
    numbers: int  # assigned by the imported file
    numbers_before: int  # assigned in the same codes before
    overlaps: int  # rows cut short because an earlier one holds their beginning
    unknown_regions: tuple[str, ...]  # names without a region and a time zone in widget/phones/regions.py
    ranges_stored: int  # in the target now, neighbours of one operator and region joined
    size: int  # bytes of the target


def import_registry(source: BinaryIO | Path, target: Path, *, allow_shrink: bool = False) -> ImportReport:
    """Put one registry file into `target`; codes that the file does not hold stay as they were. As
    `import_files`."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            return import_files([file], target, allow_shrink=allow_shrink)
    return import_files([source], target, allow_shrink=allow_shrink)


def import_files(sources: Sequence[BinaryIO], target: Path, *, allow_shrink: bool = False) -> ImportReport:
    """Put several registry files into `target` together: all of them or none.

    Raises RegistryError, and then `target` is untouched. It is replaced in one step, so running
    workers read the old or the new one and never a half. Imports that run at the same time are not
    joined: the last one wins.
    """
    rows, overlaps = _without_overlaps(_rows_in_all(sources))
    stored = _stored_in(target)
    codes = _numbers_by_code(rows)
    before = {code: numbers for code, numbers in _numbers_by_code(stored).items() if code in codes}
    if not allow_shrink:
        _refuse_shrinking(before, codes)
    ranges = _joined(sorted([row for row in stored if row.code not in codes] + rows))
    _write(ranges, target)
    return ImportReport(
        rows=len(rows),
        codes=tuple(sorted(codes)),
        numbers=sum(codes.values()),
        numbers_before=sum(before.values()),
        overlaps=overlaps,
        unknown_regions=tuple(sorted({row.territory for row in rows if not regions_named(row.territory)})),
        ranges_stored=len(ranges),
        size=target.stat().st_size,
    )


class Registry:
    """The small file, read only. Opening reads a JSON head (0.2 ms for 9xx); the rest is mapped."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise RegistryError(f"{path} is not a numbering file of this service; import the registry again")
            head_size = int.from_bytes(file.read(_ALIGN), "little")
            head = json.loads(file.read(head_size))
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        count = head["ranges"]
        start = len(_MAGIC) + _ALIGN + head_size
        if len(data) != start + count * (8 + 8 + 2 + 2) or head["byteorder"] != sys.byteorder:
            raise RegistryError(f"{path} is damaged or from another kind of machine; import the registry again")
        self.codes = frozenset(head["codes"])
        self._texts: list[str] = head["texts"]
        self._firsts = data[start : start + count * 8].cast("Q")
        self._lasts = data[start + count * 8 : start + count * 16].cast("Q")
        self._territories = data[start + count * 16 : start + count * 18].cast("H")
        self._operators = data[start + count * 18 :].cast("H")

    def find(self, national: int) -> RegistryRow | None:
        """The range that holds this ten-digit number; None if it is not assigned."""
        at = bisect_right(self._firsts, national) - 1
        return self._row(at) if at >= 0 and national <= self._lasts[at] else None

    def rows(self) -> Iterator[RegistryRow]:
        return (self._row(at) for at in range(len(self._firsts)))

    def _row(self, at: int) -> RegistryRow:
        operator, territory = self._texts[self._operators[at]], self._texts[self._territories[at]]
        return RegistryRow(self._firsts[at], self._lasts[at], operator, territory)


def _stored_in(target: Path) -> list[RegistryRow]:
    """The ranges in the target; [] if it is missing or damaged, which an import is to mend."""
    try:
        return list(Registry(target).rows()) if target.exists() else []
    except (RegistryError, ValueError, KeyError):
        return []


def _rows_in_all(sources: Sequence[BinaryIO]) -> Iterator[RegistryRow]:
    for number, source in enumerate(sources, 1):
        try:
            yield from _rows_in(source)
        except RegistryError as error:
            raise RegistryError(
                f"file {number} of {len(sources)}: {error}" if len(sources) > 1 else str(error)
            ) from error


def _rows_in(source: BinaryIO) -> Iterator[RegistryRow]:
    """Every row of the CSV, checked: a registry that is half understood would tell reps the wrong
    region."""
    cells: list[str] = []
    for number, line in _lines_of(source):
        before, cells = cells, [_unquoted(cell) for cell in line.split(";")]
        if not before:
            _check_header(cells)
            continue
        if len(cells) != len(_COLUMNS):
            raise RegistryError(f"line {number}: {len(cells)} columns instead of {len(_COLUMNS)}; is the file cut off?")
        yield _row_of(cells, number)
    if not cells or cells[0][:1] not in set("3489"):
        raise RegistryError("the file has no rows")
    if len(cells[-1]) not in (10, 12):
        raise RegistryError("the last line ends in the middle of a tax number: the file is cut off")


def _lines_of(source: BinaryIO) -> Iterator[tuple[int, str]]:
    text = TextIOWrapper(source, encoding="utf-8-sig", newline=None)
    number = 0
    try:
        while line := text.readline(_MAX_LINE):
            number += 1
            if line.lstrip().startswith(("<", "PK\x03")):
                raise RegistryError("this is a web page or an archive, not the registry's CSV file")
            if len(line) == _MAX_LINE:
                raise RegistryError(f"line {number} has no end: not a CSV file")
            if line.strip():
                yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise RegistryError(f"not UTF-8 after line {number}: the registry is published as UTF-8") from error
    finally:
        text.detach()  # the caller's file stays open


def _check_header(cells: list[str]) -> None:
    """Check the columns by name, since another file may have as many of them. Raises
    RegistryError."""
    names = [cell.lower().replace(" ", "").replace("abc", "авс").replace("авc", "авс") for cell in cells]
    if len(names) != len(_COLUMNS) or not all(map(str.startswith, names, _COLUMNS)):
        raise RegistryError(f"unexpected columns: {'; '.join(cells)[:200]!r}; is this one of the registry's files?")


def _row_of(cells: list[str], line: int) -> RegistryRow:
    code, first, last, capacity, operator, region, territory, _tax_number = cells
    if not all(cell.isascii() and cell.isdigit() for cell in (code, first, last, capacity)):
        raise RegistryError(f"line {line}: code, from, to or capacity is not a number")
    if len(code) != 3 or code[0] not in "3489" or max(len(first), len(last)) > 7 or int(first) > int(last):
        raise RegistryError(f"line {line}: no such range: {code} {first}-{last}")
    if int(last) - int(first) + 1 != int(capacity):
        raise RegistryError(f"line {line}: {code} {first}-{last} does not hold {capacity} numbers")
    base = int(code) * 10_000_000
    named = territory if regions_named(territory) or not regions_named(region) else region
    return RegistryRow(base + int(first), base + int(last), " ".join(operator.split()), named)


def _unquoted(cell: str) -> str:
    """Quotes inside a cell are part of a name («ООО "Т2 Мобайл"»); only a cell wholly in quotes is
    CSV's quoting."""
    cell = cell.strip()
    if len(cell) > 1 and cell.startswith('"') and cell.endswith('"') and cell.count('"') % 2 == 0:
        return cell[1:-1].replace('""', '"')
    return cell


def _without_overlaps(rows: Iterable[RegistryRow]) -> tuple[list[RegistryRow], int]:
    ordered = sorted(rows)
    kept: list[RegistryRow] = []
    overlaps = 0
    reached = -1
    for row in ordered:
        overlaps += row.first <= reached
        if row.last > reached:
            kept.append(row._replace(first=max(row.first, reached + 1)))
            reached = row.last
    if overlaps > len(ordered) * _OVERLAPS:
        raise RegistryError(f"{overlaps} of {len(ordered)} ranges overlap: not a registry")
    return kept, overlaps


def _numbers_by_code(rows: Iterable[RegistryRow]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.code] = numbers.get(row.code, 0) + row.numbers
    return numbers


def _refuse_shrinking(before: dict[str, int], now: dict[str, int]) -> None:
    lost = [code for code, numbers in before.items() if numbers > _SMALL_CODE and now[code] < numbers * _SHRUNK]
    if lost:
        codes = ", ".join(sorted(lost)[:10])
        raise RegistryError(f"more than half of the numbers of {codes} would be lost: is the file complete?")


def _joined(rows: list[RegistryRow]) -> list[RegistryRow]:
    """Neighbours with one operator and territory as one range; never across codes, which are
    replaced one by one."""
    joined: list[RegistryRow] = []
    for row in rows:
        before = joined[-1] if joined else None
        if before and before.last + 1 == row.first and before[2:] == row[2:] and before.code == row.code:
            joined[-1] = before._replace(last=row.last)
        else:
            joined.append(row)
    return joined


def _write(rows: list[RegistryRow], target: Path) -> None:
    texts: dict[str, int] = {}
    territories = array("H", (texts.setdefault(row.territory, len(texts)) for row in rows))
    operators = array("H", (texts.setdefault(row.operator, len(texts)) for row in rows))
    codes = sorted({row.code for row in rows})
    head = {"ranges": len(rows), "codes": codes, "byteorder": sys.byteorder, "texts": list(texts)}
    packed = json.dumps(head, ensure_ascii=False).encode()
    packed += b" " * (-len(packed) % _ALIGN)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + len(packed).to_bytes(_ALIGN, "little") + packed)
            for column in (array("Q", (row.first for row in rows)), array("Q", (row.last for row in rows))):
                column.tofile(file)
            territories.tofile(file)
            operators.tofile(file)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o644)  # the service may run as another user than the one who imports
        Path(unfinished).replace(target)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def rows_of(source: Path) -> list[RegistryRow]:
    """The ranges of a registry file, in order. Raises RegistryError."""
    with source.open("rb") as file:
        return _without_overlaps(_rows_in(file))[0]
