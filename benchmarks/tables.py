"""Figures as lines of text."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Cell = str | int | float


def say(figures: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print the tables, or one JSON object with the tables on stderr."""
    print(text, file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(figures, indent=2))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Left-aligned names, right-aligned figures."""
    shown = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(line[at]) for line in [list(columns), *shown]) for at in range(len(columns))]
    lines = [_line(line, widths) for line in (list(columns), *shown)]
    return "\n".join(["", title, lines[0], "-" * len(lines[0]), *lines[1:]])


def goals(found: Iterable[Mapping[str, Any]]) -> str:
    """Each goal, what was measured, and whether that is it."""
    return "\n".join(
        f"  {'met   ' if each['met'] else 'MISSED'} {each['goal']}: {_text(each['measured'])}{each['unit']}"
        for each in found
    )


def notes(*lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others])


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
