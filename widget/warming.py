"""What a worker does before it takes requests, so that nobody's first card waits for it."""

import re
from pathlib import Path

from flask import Flask

from widget.card.labels import Look
from widget.icons import DEFAULT_SIZE, icon
from widget.phones.facts import facts_of
from widget.phones.numbers import parse
from widget.services import services

_ICON = re.compile(r'\bicon\("([a-z0-9-]+)"(?:, (\d+))?\)')
_MOBILE, _LANDLINE = "+79000000000", "+74950000000"  # their data lie in different files


def warm_up(app: Flask) -> None:
    """Compile the templates, draw the icons they name, and read the tables of Russian numbers. No outside call."""
    environment = app.jinja_env
    for name in environment.list_templates():
        template = environment.get_template(name)
        for drawn, size in _ICON.findall(Path(str(template.filename)).read_text(encoding="utf-8")):
            icon(drawn, int(size or DEFAULT_SIZE))
    for look in Look:
        icon(look.icon, DEFAULT_SIZE)
    with app.app_context():
        for number in (_MOBILE, _LANDLINE):
            for language in ("ru", "en"):
                facts_of(parse(number, None), language, services().numbering)
