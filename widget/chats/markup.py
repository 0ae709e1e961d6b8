"""A message's text as WhatsApp shows it: *bold*, _italic_, ~struck out~, ```as typed```, and links
(pure)."""

import re

from jinja2.utils import urlize
from markupsafe import Markup, escape

MAX_DRAWN = 4096  # letters; finding links in a longer text takes as long as drawing the page
_PARTS = re.compile(r"(```.+?```|\S*(?:://|www\.|\w@\w)\S*)", re.S)
_SIGNS = ((r"\*", "b"), ("_", "i"), ("~", "s"))
# A sign counts where a word begins and where one ends, as in WhatsApp: 2*3*4 and snake_case_name
# stay.
_MARKED = [
    (re.compile(rf"(?<![\w{sign}]){sign}(?=[^\s{sign}])([^\n]*?[^\s{sign}]){sign}(?![\w{sign}])"), tag)
    for sign, tag in _SIGNS
]


def whatsapp_text(text: str) -> Markup:
    """The text as HTML: escaped, with its marks drawn and its links to be pressed, which take
    nothing along."""
    if len(text) > MAX_DRAWN:
        return escape(text)
    return Markup("").join(map(_drawn, _PARTS.split(text)))


def _drawn(part: str) -> Markup:
    if len(part) > 6 and part.startswith("```") and part.endswith("```"):
        return Markup("<code>{}</code>").format(part[3:-3])
    if _PARTS.fullmatch(part):
        return Markup(urlize(part, target="_blank", rel="noopener noreferrer nofollow"))  # noqa: S704 - it escapes
    marked = str(escape(part))
    for pattern, tag in _MARKED:
        marked = pattern.sub(rf"<{tag}>\1</{tag}>", marked)
    return Markup(marked)  # noqa: S704 - escaped above; the tags are ours
