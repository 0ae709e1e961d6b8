"""Icons drawn inline in the page, from the lucide package (ISC licence). No requests, no fonts."""

from functools import cache

from lucide.jinja import lucide
from markupsafe import Markup

DEFAULT_SIZE = 18


@cache
def icon(name: str, size: int = DEFAULT_SIZE) -> Markup:
    """The icon as an SVG that screen readers skip: the control around it carries the words."""
    return Markup(lucide(name, size=size, aria_hidden="true", focusable="false", **{"class": "icon"}))  # noqa: S704
