"""Texts in the reader's language: gettext catalogues, English as the source and the fallback.

A language is a catalogue in widget/locale and nothing else: its folder is its code, of two letters.
A .po file is read as it is at its first use, there is no compile step to forget; a .mo file without
one does too.
"""

import gettext
from contextvars import ContextVar
from datetime import UTC, datetime, time, timedelta
from datetime import date as Date
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask
from markupsafe import Markup

SOURCE = "en"  # the language of the texts in templates and code
# The reader's. Not in Flask's `g`: a card asks for it 200 times, and that took a tenth of what
# drawing one takes.
_language: ContextVar[str] = ContextVar("language", default="")
LOCALE = str(Path(__file__).parent / "locale")  # a text: 170 look-ups of a card have it as a part of their key

# Bitrix24's names of languages that differ from ISO 639-1 (B24LocaleMap in
# github.com/bitrix24/b24jssdk). Its "in" is Hindi; its "tc" is Chinese in the traditional script,
# which no code of two letters has.
_OF_BITRIX24 = {
    **{"la": "es", "in": "hi", "br": "pt", "vn": "vi", "kz": "kk", "ua": "uk", "sc": "zh"},
    "tc": "",
}


def languages() -> tuple[str, ...]:
    """The code of each language that a reader can have, English last."""
    return (*sorted(set(_catalogues(LOCALE)) - {SOURCE}), SOURCE)


def language_of(lang: str) -> str:
    """Bitrix24's LANG as one of our languages; anything else reads English."""
    code = lang.lower()[:2]
    code = _OF_BITRIX24.get(code, code)
    return code if code in languages() else SOURCE


def bitrix24_code(language: str) -> str:
    """One of our languages as Bitrix24 calls it: "ua" for "uk"."""
    return next((theirs for theirs, ours in _OF_BITRIX24.items() if ours == language), language)


def own_name(language: str) -> str:
    """What a language calls itself: Русский, English."""
    return (Locale(language).get_language_name(language) or language).capitalize()


def catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue of one language, about 10 ms at its first use. A text that it lacks stays
    English."""
    return _read(LOCALE, language)


@cache
def _catalogues(folder: str) -> dict[str, Path]:
    """The file of each language in a folder."""
    found = (file for kind in ("mo", "po") for file in Path(folder).glob(f"[a-z][a-z]/LC_MESSAGES/messages.{kind}"))
    return {file.parent.parent.name: file for file in found}


@cache
def _read(folder: str, language: str) -> gettext.NullTranslations:
    file = _catalogues(folder).get(language)
    if file is None:
        return gettext.NullTranslations()
    if file.suffix == ".mo":
        with file.open("rb") as made:
            return gettext.GNUTranslations(made)
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def set_language(language: str) -> None:
    """The language of all texts from here on, until this request or command ends."""
    _language.set(language)


def current_language() -> str:
    """The reader's language; English where none was set."""
    return _language.get() or SOURCE


def is_language_set() -> bool:
    """Whether this request or command has said its reader's language."""
    return bool(_language.get())


def _forget_language(_error: BaseException | None) -> None:
    _language.set("")  # the thread serves another reader next


def translate(text: str, **values: object) -> str:
    """The text in the reader's language, with values in it as in a template: `%(time)s`."""
    return catalogue(current_language()).gettext(text) % values


def init_app(app: Flask) -> None:
    """Give templates gettext, ngettext and the filters below."""
    app.teardown_appcontext(_forget_language)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: catalogue(current_language()).gettext(text),
        lambda one, many, n: catalogue(current_language()).ngettext(one, many, n),
        newstyle=True,
    )
    # Jinja's own reaches the catalogue through five calls: a quarter of what it takes to draw a
    # card, with 150 texts.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"] = _markup
    app.jinja_env.filters["clock"] = clock
    app.jinja_env.filters["date"] = date
    app.jinja_env.filters["day"] = day
    app.jinja_env.filters["day_name"] = day_name
    app.jinja_env.filters["past"] = past
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.filters["number"] = number
    app.jinja_env.filters["size"] = size
    app.jinja_env.globals["current_language"] = current_language


def _markup(text: str, /, **values: object) -> Markup:
    """A text as templates say it: its own marks are HTML, those of the values are not."""
    pattern, plain = _patterns(LOCALE, current_language(), text)
    return pattern % values if values or plain is None else plain


@cache
def _patterns(folder: str, language: str, text: str) -> tuple[Markup, Markup | None]:
    """The text with places for values, and as it is where it has none (`%%` is a per cent sign in
    both)."""
    pattern = Markup(_read(folder, language).gettext(text))  # noqa: S704 - of our catalogues
    return pattern, None if "%(" in pattern else pattern % {}


def clock(moment: datetime, zone: str | None = None) -> str:
    """Hours and minutes, in `zone` when given: 02:14 in Russian, 2:14 AM in English."""
    at = _in(moment, zone)
    return _clock(at.hour, at.minute, current_language())


@lru_cache(2 * 24 * 60)  # all there are: babel takes 30 µs for one, and a card shows dozens
def _clock(hour: int, minute: int, language: str) -> str:
    return format_time(time(hour, minute), "short", locale=language).replace("\u202f", "\u00a0")


def when(moment: datetime, zone: str | None, *, now: datetime) -> str:
    """Hours and minutes, with the date before them where it is not the reader's today, and the year
    where it is not this one. A reader whose zone is not known (Bitrix24 names none for users who
    take the browser's) reads UTC, and the text says so."""
    at = clock(moment, zone) if zone else f"{clock(moment)} UTC"
    then, today = _in(moment, zone).date(), _in(now, zone).date()
    if then == today:
        return at
    return f"{date(moment, zone) if then.year == today.year else day(moment, zone)}, {at}"


def day(moment: datetime, zone: str | None = None) -> str:
    """The date as people write it."""
    return _day(_in(moment, zone).date(), current_language())


@lru_cache(1024)
def _day(day: Date, language: str) -> str:
    return format_date(day, "medium", locale=language)


def date(moment: datetime, zone: str | None = None) -> str:
    """A day near enough to need no year: 30 ноября, November 30."""
    return format_skeleton("MMMMd", _in(moment, zone), locale=current_language())


def past(moment: datetime, zone: str | None, now: datetime) -> str:
    """A past time as people say it: today 14:05, yesterday 21:53, 30 November; with the year where
    it is not this one."""
    _ = translate
    at, today = _in(moment, zone).date(), _in(now, zone).date()
    if at == today:
        return _("today %(time)s", time=clock(moment, zone))
    if at == today - timedelta(days=1):
        return _("yesterday, %(time)s", time=clock(moment, zone))
    return date(moment, zone) if at.year == today.year else day(moment, zone)


def day_name(moment: datetime, zone: str | None, now: datetime) -> str:
    """A day as the line between two days of a chat says it: Today, Yesterday, 30 November."""
    _ = translate
    at, today = _in(moment, zone).date(), _in(now, zone).date()
    if at in (today, today - timedelta(days=1)):
        return _("Today") if at == today else _("Yesterday")
    return date(moment, zone) if at.year == today.year else day(moment, zone)


def _in(moment: datetime, zone: str | None) -> datetime:
    return moment.astimezone(ZoneInfo(zone)) if zone else moment


def moment(seconds: float) -> datetime:
    """Unix seconds as an aware time, for the filters above."""
    return datetime.fromtimestamp(seconds, UTC)


def number(value: float) -> str:
    """With one decimal place at most: 1,3 in Russian, 1.3 in English."""
    return str(format_decimal(round(value, 1), locale=current_language()))


def size(count: int) -> str:
    """Bytes as people read them."""
    step = next((step for step in (2, 1) if count >= 1024**step), 0)
    _ = catalogue(current_language()).gettext
    unit = (_("B"), _("KB"), _("MB"))[step]
    return f"{format_decimal(round(count / 1024**step, 1 if step == 2 else 0), locale=current_language())} {unit}"
