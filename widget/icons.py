"""Icons drawn inline in the page, from the lucide package (ISC licence). No requests, no fonts."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

from markupsafe import Markup

DEFAULT_SIZE = 18
_OPENING = (
    '<svg width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" class="icon">'
)


@cache
def icon(name: str, size: int = DEFAULT_SIZE) -> Markup:
    """The icon as an SVG that screen readers skip: the control around it carries the words. Raises
    KeyError for a name that lucide does not have."""
    drawing = _drawings().read(f"{name}.svg").decode()
    shapes = drawing.partition(">")[2].partition("</svg>")[0]
    return Markup(_OPENING.format(size=size) + " ".join(shapes.split()) + "</svg>")  # noqa: S704


@cache
def _drawings() -> ZipFile:
    """All icons. lucide's own reader looks through its 1,745 names for each icon, a third of a
    second at the start."""
    return ZipFile(BytesIO(files("lucide").joinpath("lucide.zip").read_bytes()))
