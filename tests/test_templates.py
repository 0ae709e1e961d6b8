"""Templates hold no script and no style of their own, every icon exists, every text has its
translations."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from markupsafe import Markup

from tests.stand import Widget
from widget.assets import STYLES
from widget.gateways.kinds import KINDS
from widget.i18n import languages, own_name
from widget.icons import icon

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))
CATALOGUES = {file.parents[1].name: file for file in (ROOT / "widget" / "locale").glob("*/LC_MESSAGES/messages.po")}
JINJA = {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}

NAMES = {
    *("apiUrl", "idInstance", "apiTokenInstance", "apikey"),  # what other gateways call their own things
    "type",  # of the address of a smart process: /crm/type/183/
    "idInstance",
    "apiTokenInstance",
    "apiUrl",
    "apikey",
    "WhatsApp",
    "JavaScript",
    "English",
    "Line",
    "sales",
    "flask",
    *("Ctrl", "Enter", "Shift"),  # as keyboards have them
    "line",
    "http",
    *(word for kind in KINDS.values() for word in re.findall(r"[A-Za-z]+", kind.title)),
}  # the same in both

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.fixture(scope="module")
def wanted() -> dict[str, str | None]:
    """Every text of the templates and the code; with its plural, where it has one."""
    found: dict[str, str | None] = {}
    for folder, method in (("templates", ("**.html", "jinja2")), ("widget", ("**.py", "python"))):
        options = {method[0]: JINJA if method[1] == "jinja2" else {}}
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, [method], options):
            text, plural = message if isinstance(message, tuple) else (message, None)
            found[text] = plural or found.get(text)
    assert len(found) > 100
    return found


@pytest.fixture(scope="module", params=sorted(CATALOGUES))
def translated(request: pytest.FixtureRequest) -> Catalog:
    with CATALOGUES[request.param].open("rb") as file:
        return read_po(file, locale=request.param)


def test_no_text_lacks_its_translation(wanted: dict[str, str | None], translated: Catalog) -> None:
    missing = []
    for text, plural in wanted.items():
        forms = forms_of(translated.get(text))
        if not all(forms) or (plural and len(forms) != translated.num_plurals):
            missing.append(text)
    assert missing == []


def test_no_translation_is_a_guess_or_left_over(wanted: dict[str, str | None], translated: Catalog) -> None:
    entries = [entry for entry in translated if entry.id]

    assert [entry.id for entry in entries if entry.fuzzy] == []
    assert [text for text in map(first_of, entries) if text not in wanted] == []
    assert translated.obsolete == {}


def first_of(entry: Message) -> str:
    return str(entry.id[0] if isinstance(entry.id, tuple) else entry.id)


def forms_of(entry: Message | None) -> tuple[str, ...]:
    if entry is None:
        return ("",)
    return entry.string if isinstance(entry.string, tuple) else (str(entry.string),)


def test_no_translation_is_english(translated: Catalog) -> None:
    """But for those that are a name or a sign in both."""
    same = [entry.id for entry in translated if entry.id and entry.id == entry.string]

    assert [text for text in same if text not in NAMES] == []


def test_translations_fill_in_what_the_english_texts_do(translated: Catalog) -> None:
    """What is said of one thing may leave the number out, as English does, where that form is for
    nothing but one."""
    wrong = []
    for entry in filter(first_of, translated):
        source = [filled_in(text) for text in (entry.id if isinstance(entry.id, tuple) else (entry.id,))]
        named, least = source[-1], source[0] if translated.num_plurals == 2 else source[-1]
        if not all(least <= filled_in(text) <= named for text in forms_of(entry)):
            wrong.append(first_of(entry))
    assert wrong == []
    assert [(first_of(entry), str(fault)) for entry in translated for fault in entry.check()] == []


def filled_in(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_one_two_and_five_clients_are_counted_as_russians_count() -> None:
    with CATALOGUES["ru"].open("rb") as file:
        entry = read_po(file, locale="ru").get("%(num)s linked client is not available to you")

    assert len(set(forms_of(entry))) == 3


@each_template
def test_a_template_holds_no_script_style_or_handler(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)

    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"""[\s"']on[a-z]+\s*=\s*["']""", text)
    assert "javascript:" not in text.lower()
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_makes_none_either(script: Path) -> None:
    text = script.read_text()

    for forbidden in ("eval(", "new Function", "document.write", ".onclick", "setAttribute('style'", "document.cookie"):
        assert forbidden not in text


def named_icons(template: Path) -> set[str]:
    """The names that may be drawn: the literals in the first argument of icon(…)."""
    found = set()
    for call in re.findall(r"icon\(((?:[^()]|\([^()]*\))*)\)", template.read_text()):
        argument = re.sub(r",\s*\d+\s*$", "", call)
        keys = set(re.findall(r'"([a-z_0-9-]+)"\s*:', argument))
        compared = set(re.findall(r'==\s*"([a-z_0-9-]+)"', argument))
        found |= set(re.findall(r'"([a-z_0-9-]+)"', argument)) - (keys - set(re.findall(r':\s*"([^"]+)"', argument)))
        found -= compared
    return found


@each_template
def test_every_icon_it_draws_exists(template: Path) -> None:
    for name in named_icons(template):
        assert isinstance(icon(name), Markup), name
        assert "<path" in icon(name) or "<circle" in icon(name) or "<rect" in icon(name), name


def test_icons_are_found_at_all() -> None:
    assert len({name for template in TEMPLATES for name in named_icons(template)}) > 20


def test_an_icon_is_hidden_from_screen_readers_and_carries_its_class() -> None:
    drawn = icon("phone")

    assert 'aria-hidden="true"' in drawn
    assert re.search(r'\sclass="[^"]*\bicon\b', drawn)
    assert "<pathd" not in icon("ambulance")  # in lucide's file an element goes over two lines


@each_template
def test_every_static_file_it_names_exists(template: Path) -> None:
    for name in re.findall(r"static_file\('([^']+)'\)", template.read_text()):
        assert name in STYLES or (ROOT / "static" / name).is_file(), name


@each_template
def test_a_button_says_what_kind_it_is(template: Path) -> None:
    """A button without a type submits whatever form it stands in: one for each form that is saved,
    and a dialog's."""
    text = template.read_text()
    for form in re.findall(r"<form\b.*?</form>", text, re.S):
        submits = untyped_buttons(form)
        assert 'method="dialog"' in form or len(submits) <= 1, submits
        text = text.replace(form, "")

    if not str(template).endswith("card/page.html"):  # the composer's dialog
        assert untyped_buttons(text) == []


def untyped_buttons(markup: str) -> list[str]:
    return [button for button in re.findall(r"<button\b[^>]*>", markup) if 'type="' not in button]


def test_every_action_in_the_templates_is_known_to_a_script() -> None:
    markup = " ".join(template.read_text() for template in TEMPLATES)
    scripts = " ".join(script.read_text() for script in SCRIPTS)
    for action in set(re.findall(r'data-action="([a-z-]+)"', markup)):
        assert re.search(rf"""['"\[=]?{action}['"\]]?\s*[:,(]|{json.dumps(action)}|'{action}'""", scripts), action


def test_no_page_leaves_a_text_in_english_for_a_russian_reader(widget: Widget) -> None:
    card = widget.open(lang="ru")
    pages = [card.words, card.reveal().words, card.check().words, card.refresh().words]
    chat = card.open_chat(card.keys["+7 961 951-00-00"]).chat
    pages += [card.words, card.post("/card/lines", {"line": None}).words]
    app = widget.open("/app/", user="admin", lang="ru")
    pages += [app.words, card.history(chat).words]

    left = {word for page in pages[:-1] for word in re.findall(r"\b[A-Za-z]{4,}\b", page)}
    assert left - NAMES - {own_name(language) for language in languages()} == set()


def test_every_question_names_what_its_answer_does() -> None:
    """The button of a dialog has no words of its own, but in the chat's own
    (templates/_dialog.html)."""
    asked = re.compile(r'ask_back\(\s*render_template\(\s*"([^"]+)"')
    questions = {name for file in (ROOT / "widget").rglob("*.py") for name in asked.findall(file.read_text())}
    questions -= {"chats/_confirm_delete.html"}
    assert len(questions) > 3
    assert [name for name in questions if "data-yes" not in (ROOT / "templates" / name).read_text()] == []
