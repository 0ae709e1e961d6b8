"""When a number can be checked next: the day is said, a past time never, and there is one note and
not two."""

from datetime import UTC, datetime

import pytest

from tests.stand import Widget, words_of
from widget.card.labels import When
from widget.i18n import set_language
from widget.presence.budget import Remaining

ZONE = "Europe/Moscow"
NOW = datetime(2026, 11, 28, 22, 24, tzinfo=UTC)  # 01:24 on the 29th
MINUTE, DAY = 60, 86_400
EARLIER, LATER = -27 * MINUTE, 12 * 3600 + 41 * MINUTE  # 00:57, 14:05
TOMORROW = DAY + EARLIER

CASES = [
    # what is left (None: not known), when a check comes free, what the gateway's pace says, in
    # Russian, in English
    ((14, 0), 0, "Осталось проверок на сегодня: 14 из 20.", "14 of 20 checks are left today."),
    ((0, LATER), 0, "следующая – сегодня в 14:05.", "the next is possible at 2:05 PM."),
    ((0, TOMORROW), 0, "следующая – завтра в 00:57.", "the next is possible tomorrow at 12:57 AM."),
    ((0, DAY + TOMORROW), 0, "следующая – 1 декабря в 00:57.", "the next is possible on December 1 at 12:57 AM."),
    ((0, EARLIER), 0, "", ""),
    (
        (14, 0),
        LATER,
        "Следующая проверка номера возможна в 14:05.",
        "The next check of a number is possible at 2:05 PM.",
    ),
    ((14, 0), TOMORROW, "возможна завтра в 00:57.", "is possible tomorrow at 12:57 AM."),
    (None, DAY + TOMORROW, "возможна 1 декабря в 00:57.", "is possible on December 1 at 12:57 AM."),
    (None, 0, "", ""),
]


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_a_note_of_the_next_check_names_its_day(widget: Widget, lang: str) -> None:
    now = NOW.timestamp()
    with widget.app.test_request_context():
        set_language(lang)
        notes = widget.app.jinja_env.get_template("card/_checks.html").module
        for left, free, russian, english in CASES:
            known = Remaining(left[0], 20, now + left[1] if left[1] else 0.0) if left else None
            said = words_of(notes.checks_left(known, now + free if free else 0.0, ZONE, NOW))
            wanted = russian if lang == "ru" else english
            assert said.endswith(wanted) and bool(said) is bool(wanted), (left, free)
            assert said.count(".") <= 1


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_until_when_something_pauses_names_its_day(widget: Widget, lang: str) -> None:
    now = NOW.timestamp()
    cases = {LATER: ("14:05", "2:05 PM"), TOMORROW: ("завтра, 00:57", "tomorrow, 12:57 AM")}
    cases[DAY + TOMORROW] = ("1 декабря, 00:57", "December 1, 12:57 AM")
    with widget.app.test_request_context():
        set_language(lang)
        for until, words in cases.items():
            assert When(now, ZONE).coming(now + until).replace("\u00a0", " ") == words[lang == "en"]
