"""A JPEG of 8 × 8 squares, one colour each: enough for the thumbnail that WhatsApp puts into a
message.

Every block is its mean alone (the DC coefficient), so that the encoder needs one Huffman table and
no transform.
"""

import struct

Colour = tuple[int, int, int]

_STEP = 8  # the quantum of the DC coefficient, which is eight times the mean
_DC_COUNTS = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0))  # the table of ITU-T T.81, K.3
_DC_CODES = ("00", "010", "011", "100", "101", "110", "1110", "11110", "111110", "1111110", "11111110", "111111110")
_END_OF_BLOCK = "0"  # the only AC symbol here


def mosaic(rows: list[list[Colour]]) -> bytes:
    height, width = 8 * len(rows), 8 * len(rows[0])
    components = b"".join(bytes((n, 0x11, 0)) for n in (1, 2, 3))
    frame = struct.pack(">BHHB", 8, height, width, 3) + components
    scan = bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    tables = (
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + _segment(0xDB, bytes((0,)) + bytes((_STEP,)) * 64)
        + _segment(0xC0, frame)
        + _segment(0xC4, b"\x00" + _DC_COUNTS + bytes(range(12)))
        + _segment(0xC4, b"\x10" + bytes((1,)) + bytes(15) + b"\0")
    )
    return b"\xff\xd8" + tables + _segment(0xDA, scan) + _pack(_bits(rows)) + b"\xff\xd9"


def _bits(rows: list[list[Colour]]) -> str:
    before = [0, 0, 0]
    written = []
    for colour in (colour for row in rows for colour in row):
        for n, level in enumerate(_luma_and_chroma(colour)):
            written.append(_difference(level - before[n]) + _END_OF_BLOCK)
            before[n] = level
    return "".join(written)


def _luma_and_chroma(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma) - 128, round((blue - luma) * 0.564), round((red - luma) * 0.713)


def _difference(value: int) -> str:
    """The size of the number in bits by table, then its bits; negative ones as their complement."""
    size = abs(value).bit_length()
    if not size:
        return _DC_CODES[0]
    return _DC_CODES[size] + f"{value if value > 0 else value + (1 << size) - 1:0{size}b}"


def _pack(bits: str) -> bytes:
    padded = bits + "1" * (-len(bits) % 8)
    packed = bytes(int(padded[n : n + 8], 2) for n in range(0, len(padded), 8))
    return packed.replace(b"\xff", b"\xff\0")


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
