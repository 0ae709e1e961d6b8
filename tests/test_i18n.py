from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, render_template_string

from widget import i18n
from widget.i18n import catalogue, clock, day, language_of, languages, moment, set_language, size, when

NIGHT = datetime(2027, 1, 14, 17, 14, tzinfo=UTC)  # 02:14 of the 15th in Blagoveshchensk


@pytest.fixture
def app():
    app = Flask("texts")
    i18n.init_app(app)
    return app


@pytest.fixture
def speaking(app):
    """speaking("ru"): everything below is for a reader of that language."""
    with app.test_request_context():
        yield set_language


@pytest.mark.parametrize(
    ("lang", "language"),
    [
        ("ru", "ru"),
        ("RU", "ru"),
        ("ru_RU", "ru"),
        ("en", "en"),
        ("xx", "en"),
        ("", "en"),
        ("r", "en"),
        ("\x00", "en"),
        ("../ru", "en"),
        ("İ", "en"),
        ("ru; DROP", "ru"),
    ],
)
def test_every_lang_of_bitrix24_is_one_of_our_languages(lang, language):
    assert language_of(lang) == language
    assert language_of(lang) in languages()


def test_who_said_nothing_reads_english(app):
    with app.test_request_context():
        assert i18n.current_language() == "en"
        assert clock(NIGHT) == "5:14\u00a0PM"


def test_a_language_without_a_catalogue_reads_the_source(app, speaking):
    assert catalogue("xx").gettext("Write in the chat") == "Write in the chat"
    speaking("en")
    assert render_template_string("{{ _('Write in the chat') }}") == "Write in the chat"


# Times, dates, sizes.


def test_a_time_is_written_as_its_reader_writes_it(speaking):
    speaking("ru")
    assert clock(NIGHT, "Asia/Yakutsk") == "02:14"
    assert day(NIGHT, "Asia/Yakutsk") == "15 янв. 2027\u202fг."
    speaking("en")
    assert clock(NIGHT, "Asia/Yakutsk") == "2:14\u00a0AM"
    assert day(NIGHT, "Asia/Yakutsk") == "Jan 15, 2027"


def test_without_a_zone_a_moment_keeps_its_own(speaking):
    speaking("ru")
    assert clock(NIGHT) == "17:14"
    assert day(NIGHT).startswith("14 янв.")


def test_a_time_of_another_day_carries_its_date(speaking):
    speaking("ru")
    assert when(NIGHT, "Asia/Yakutsk", now=NIGHT + timedelta(hours=3)) == "02:14"
    assert when(NIGHT, "Asia/Yakutsk", now=NIGHT - timedelta(hours=3)) == "15 января, 02:14"
    speaking("en")
    assert when(NIGHT, "Europe/Moscow", now=NIGHT - timedelta(hours=3)) == "8:14\u00a0PM"


def test_who_has_no_zone_is_told_which_one_a_time_is_in(speaking):
    speaking("ru")
    assert when(NIGHT, "", now=NIGHT) == "17:14 UTC"


def test_seconds_are_a_moment_in_utc():
    assert moment(NIGHT.timestamp()) == NIGHT
    assert moment(0.0).tzinfo is UTC


@pytest.mark.parametrize(
    ("count", "ru", "en"),
    [
        (0, "0 Б", "0 B"),
        (1023, "1\u00a0023 Б", "1,023 B"),
        (1024, "1 КБ", "1 KB"),
        (46_285, "45 КБ", "45 KB"),
        (2_481_152, "2,4 МБ", "2.4 MB"),
        (64 * 1024**2, "64 МБ", "64 MB"),
    ],
)
def test_bytes_are_written_as_people_read_them(speaking, count, ru, en):
    speaking("ru")
    assert size(count) == ru
    speaking("en")
    assert size(count) == en


def test_a_value_in_a_text_is_escaped(app, speaking):
    speaking("ru")
    shown = render_template_string("{{ _('Not found by %(name)s', name=client) }}", client="<b>")
    assert shown == "Not found by &lt;b&gt;"
