"""A PNG of a window in a wall, drawn from rectangles."""

import struct
import zlib
from itertools import groupby

Colour = tuple[int, int, int]
Row = tuple[Colour, ...]

_WALLS: tuple[Colour, ...] = (
    *((196, 178, 152), (150, 168, 160), (178, 140, 126), (120, 132, 156)),
    *((206, 196, 170), (140, 122, 140), (168, 180, 140), (92, 104, 112)),
)
_FRAMES: tuple[Colour, ...] = ((250, 250, 246), (94, 66, 44), (58, 62, 68))


def scene(number: int, width: int, height: int) -> list[Row]:
    """The picture as rows of colours."""
    wall, frame = _WALLS[number % len(_WALLS)], _FRAMES[number % len(_FRAMES)]
    left, right, top, bottom = width // 5, width * 4 // 5, height // 6, height * 4 // 5
    middle, border = (left + right) // 2, width // 48
    sill: Row = (wall,) * (left - border) + (frame,) * (right - left + 2 * border) + (wall,) * (width - right - border)
    blank: Row = (wall,) * width
    rows: list[Row] = []
    for y in range(height):
        if y < top or y >= bottom + border:
            rows.append(blank)
        elif y >= bottom:
            rows.append(sill)
        elif y < top + border or y >= bottom - border:
            rows.append(_span(wall, left, frame, right - left, width))
        else:
            glass = _sky((y - top) / (bottom - top), number)
            half = (frame,) * border + (glass,) * (middle - left - 2 * border)
            pane = half + (frame,) * (2 * border) + (glass,) * (right - middle - 2 * border) + (frame,) * border
            rows.append((wall,) * left + pane + (wall,) * (width - right))
    return rows


def encode(rows: list[Row]) -> bytes:
    lines = b"".join(b"\0" + _bytes(row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _span(wall: Colour, start: int, frame: Colour, length: int, width: int) -> Row:
    return (wall,) * start + (frame,) * length + (wall,) * (width - start - length)


def _sky(depth: float, number: int) -> Colour:
    """The colour of the sky, or of the trees below the horizon; a little darker with each
    number."""
    if depth > 0.7:
        return (86 + 6 * (number % 5), 128, 84)
    return (int(120 + 90 * depth), int(170 + 50 * depth), 235 - 8 * (number % 6))


def _bytes(row: Row) -> bytes:
    return b"".join(bytes(colour) * len(list(same)) for colour, same in groupby(row))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
