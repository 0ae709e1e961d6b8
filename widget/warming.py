"""Work that a process does before it takes requests, so that no first card waits for it."""

import logging
import re
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from widget.card.labels import RowStyle
from widget.i18n import languages
from widget.icons import DEFAULT_SIZE, icon
from widget.phones.facts import facts_of
from widget.phones.numbers import parse
from widget.services import services

_ICON = re.compile(r'\bicon\("([a-z0-9-]+)"(?:, (\d+))?\)')
_MOBILE, _LANDLINE = "+79000000000", "+74950000000"  # their data lie in different files


log = logging.getLogger(__name__)


def warm_up(app: Flask) -> None:
    """Compile the templates, draw the icons they name, and read the tables of Russian numbers. No
    outside call."""
    environment = app.jinja_env
    for name in environment.list_templates():
        template = environment.get_template(name)
        for drawn, size in _ICON.findall(Path(str(template.filename)).read_text(encoding="utf-8")):
            icon(drawn, int(size or DEFAULT_SIZE))
    for look in RowStyle:
        icon(look.icon, DEFAULT_SIZE)
    with app.app_context():
        for number in (_MOBILE, _LANDLINE):
            for language in languages():
                facts_of(parse(number, None), language, services().phones.numbering)


def hear_of_lines(app: Flask) -> None:
    """Read the state of the lines before the first card needs it (costs: see `Rounds.begin`). Never
    raises for a database that is out of reach or has no tables yet: `/health/ready` reports
    that."""
    try:
        with app.app_context():
            services().presence.rounds.begin()
    except SQLAlchemyError as error:
        log.warning("start.lines_not_heard error=%s", type(error).__name__)
