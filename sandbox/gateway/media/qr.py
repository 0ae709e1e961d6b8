"""A picture that looks like a QR code to a person. Nothing can be scanned from it: there is no
account behind it."""

import random

from sandbox.gateway.media import png

SIZE, DOT, MARGIN = 29, 8, 3
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def picture(seed: str) -> bytes:
    rng = random.Random(seed)
    whole = SIZE + 2 * MARGIN
    dark = {(x, y) for x in range(SIZE) for y in range(SIZE) if _corner(x, y, rng.random() < 0.5)}
    rows = []
    for y in range(-MARGIN, whole - MARGIN):
        row = tuple(BLACK if (x, y) in dark else WHITE for x in range(-MARGIN, whole - MARGIN) for _ in range(DOT))
        rows += [row] * DOT
    return png.encode(rows)


def _corner(x: int, y: int, otherwise: bool) -> bool:
    """The three finder squares with a white border; elsewhere what chance says."""
    for left, top in ((0, 0), (SIZE - 7, 0), (0, SIZE - 7)):
        ring = max(abs(x - left - 3), abs(y - top - 3))
        if ring <= 4:
            return ring not in (2, 4)
    return otherwise
