"""A language is a catalogue and nothing else: Ukrainian comes while the service runs, two of its
texts translated."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from tests.stand import CardPage, Widget
from widget import i18n

ROOT = Path(__file__).resolve().parent.parent
LITERAL = re.compile(r"""["'](?:ru|en)["']""")

# Where a language is named in the code, and why a third one is not missed there.
NAMED = {
    "widget/i18n.py": "the language of the source, which is every other one's fallback",
    "widget/later/building.py": "names of regions that no page shows: only the zone is read",
    "widget/replies/values.py": "a greeting's words by the hour, and English ones for every other language",
    "widget/variables.py": "names of variables in a text: Russian ones beside English ones",
    "widget/commands/numbering.py": "the default of an option of a command",
    "widget/bitrix24/oauth.py": "which authorisation server knows a portal of this licence",
    "widget/bitrix24/country.py": "the country of a licence",
    "widget/phones/facts.py": "names of regions: what is shipped has Russian ones and English ones",
    "widget/phones/operators.py": "names of operators, likewise",
    "widget/phones/regions.py": "names of regions, likewise",
    "widget/phones/world.py": "libphonenumber's names, of which those two are read",
}


@pytest.fixture
def ukrainian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalog(locale="uk")
    catalogue.add("Create chat", "Створити чат")
    catalogue.add(("%(num)s number", "%(num)s numbers"), ("%(num)s номер", "%(num)s номери", "%(num)s номерів"))
    folder = tmp_path / "uk" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)
    (tmp_path / "ru").symlink_to(Path(i18n.LOCALE) / "ru")
    monkeypatch.setattr(i18n, "LOCALE", str(tmp_path))


@pytest.mark.usefixtures("ukrainian")
def test_a_third_language_needs_a_catalogue_and_nothing_else(widget: Widget) -> None:
    card = widget.open(lang="ua")
    assert '<html lang="uk">' in card.text
    assert "Write in WhatsApp" in card.words, "what is not translated is in English"

    card.reveal()
    assert "Створити чат" in card.words
    assert "Amur Oblast" in card.words
    assert re.search(r"\b17:00\b", card.words), "the client's time, in 24 hours"
    chat = card.open_chat(card.keys["+7 961 951-00-00"]).chat
    assert re.search(r'data-day="\d+ \w+\. 20\d\d\u202fр\."', card.history(chat).text)


@pytest.mark.usefixtures("ukrainian")
def test_an_administrator_may_choose_it_for_everybody(widget: Widget) -> None:
    page = widget.open("/app/", user="admin", lang="ua")
    options = re.findall(r'<option value="(\w\w)"(?: selected)? lang="\w\w">(\w+)</option>', page.text)
    assert options == [("ru", "Русский"), ("uk", "Українська"), ("en", "English")]
    assert "Україна" in page.text

    found = re.search(r'data-session="([^"]+)"', page.text)
    assert found
    page.session = found[1]
    assert page.post("/app/region", {"country": "RU", "language": "uk"}).answer.status_code == 200
    assert '<html lang="uk">' in widget.open(lang="ru").text


@pytest.mark.usefixtures("ukrainian")
def test_a_page_that_knows_no_portal_yet_goes_by_the_browser(widget: Widget) -> None:
    answer = widget.app.test_client().get("/nothing", headers={"Accept-Language": "uk,ru;q=0.5"})
    assert '<html lang="uk">' in CardPage(widget.app.test_client(), answer).text


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize("lang", ["ua", "UA", "ua_UA"])
def test_bitrix24_calls_some_languages_otherwise(lang: str) -> None:
    assert i18n.language_of(lang) == "uk"
    assert i18n.bitrix24_code("uk") == "ua"


@pytest.mark.usefixtures("ukrainian")
@pytest.mark.parametrize("lang", ["de", "la", "in", "tc"])
def test_a_language_without_a_catalogue_reads_english(lang: str) -> None:
    assert i18n.language_of(lang) == "en"


def test_no_list_of_languages_is_kept_anywhere_else() -> None:
    files = [file for kind in ("widget/**/*.py", "static/**/*.js", "templates/**/*.html") for file in ROOT.glob(kind)]
    naming = {str(file.relative_to(ROOT)) for file in files if LITERAL.search(file.read_text())}
    assert {file for file in naming if "/migrations/" not in file} == set(NAMED)
