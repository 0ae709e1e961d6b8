"""The rules that every text keeps, as far as a test can read: in both languages, and for every
time."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask, get_template_attribute

from widget import i18n
from widget.presence.budget import Remaining

RUSSIAN = Path(i18n.__file__).parent / "locale" / "ru" / "LC_MESSAGES" / "messages.po"
NOW = datetime(2027, 11, 29, 14, 0, tzinfo=UTC)
UNNAMED = re.compile(r"(неизвестн\w+|не известно|unknown|возможно|maybe|perhaps)[.:!]?", re.I)
ANSWERS = re.compile(r"(да|нет|yes|no), .+", re.I)  # on a button it says nothing of what happens
PERHAPS_SENT = "unknown, checking"  # a job is finding out; texts of a send say what to do instead


def texts() -> list[str]:
    with RUSSIAN.open("rb") as file:
        entries = [entry for entry in read_po(file, locale="ru") if entry.id]
    forms = [form for entry in entries for side in (entry.id, entry.string) for form in _forms(side)]
    assert len(forms) > 1000
    return forms


def _forms(side: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (side,) if isinstance(side, str) else tuple(side)


def test_no_text_says_unknown_without_saying_what() -> None:
    assert [text for text in texts() if UNNAMED.fullmatch(text.strip())] == []


def test_no_button_answers_yes_or_no() -> None:
    """What happens stands on it. A sentence may begin so: it has a verb of its own and ends."""
    assert [text for text in texts() if ANSWERS.fullmatch(text) and not text.rstrip().endswith((".", "?", "!"))] == []


def test_no_text_has_a_straight_quotation_mark_or_a_double_space() -> None:
    russian = [text for text in texts() if re.search("[а-яё]", text, re.I)]

    assert [text for text in russian if re.search(r'"|  ', text)] == []


@pytest.fixture
def app() -> Flask:
    app = Flask("texts", template_folder=str(Path(i18n.__file__).parent.parent / "templates"))
    i18n.init_app(app)
    return app


@pytest.mark.parametrize(
    ("ago", "ru", "en"),
    [
        (timedelta(minutes=5), "сегодня 13:55", "today 1:55\u00a0PM"),
        (timedelta(hours=15), "вчера, 23:00", "yesterday, 11:00\u00a0PM"),
        (timedelta(days=3), "26 ноября", "November 26"),
        (timedelta(days=400), "25 окт. 2026\u202fг.", "Oct 25, 2026"),
    ],
)
def test_a_time_that_is_over_is_said_as_people_say_it(app: Flask, ago: timedelta, ru: str, en: str) -> None:
    for language, said in (("ru", ru), ("en", en)):
        with app.test_request_context():
            i18n.set_language(language)
            assert i18n.past(NOW - ago, "UTC", NOW) == said


@pytest.mark.parametrize("seconds", [-86_400, -60, 0])
def test_a_time_that_is_over_is_never_announced_as_the_next_one(app: Flask, seconds: int) -> None:
    at = NOW.timestamp() + seconds
    for language in ("ru", "en"):
        with app.test_request_context():
            i18n.set_language(language)
            said = get_template_attribute("card/_checks.html", "checks_left")
            for left in (None, Remaining(0, 20, at)):
                assert not re.search(r"\d:\d\d|data-until", said(left, at, "UTC", NOW))
