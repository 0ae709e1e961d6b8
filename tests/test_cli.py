"""The operator's commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sandbox.people import API_KEY
from sandbox.portal.credentials import PORTALS
from tests.stand import DEAL, Outside, Widget
from widget.version import VERSION

MakeWidget = Callable[..., Widget]
MEMBER = PORTALS[0].member_id
REGISTRY = "\ufeffАВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\r\n"
AMUR = '961;9500000;9599999;100000;ПАО "ВЫМПЕЛКОМ";Амурская обл.;Амурская область;7713076301\r\n'


def flask(widget: Widget, *words: str, stdin: str = "") -> Result:
    return widget.app.test_cli_runner().invoke(args=list(words), input=stdin)


def rows(widget: Widget, table: str) -> list[Any]:
    with widget.services.storage.engine.connect() as connection:
        return list(connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id"))


def add_portal(widget: Widget, *more: str, member_id: str = "new", endpoint: str = "https://b.example/rest/") -> Result:
    return flask(widget, "portal", "add", "--member-id", member_id, "--endpoint", endpoint, *more)


def test_the_version_is_told(widget: Widget) -> None:
    assert flask(widget, "version").output.strip() == VERSION


def test_a_portal_added_twice_is_one_row_corrected(widget: Widget) -> None:
    assert add_portal(widget).exit_code == 0
    again = add_portal(widget, "--country", "kz", endpoint="https://c.example/rest")

    assert again.exit_code == 0
    found = [row for row in rows(widget, "portals") if row.member_id == "new"]
    assert [(row.domain, row.endpoint, row.country) for row in found] == [
        ("c.example", "https://c.example/rest/", "KZ")
    ]


def test_a_portal_added_again_keeps_what_its_administrator_chose(widget: Widget) -> None:
    add_portal(widget)
    assert flask(widget, "portal", "visibility", "new", "always").exit_code == 0

    add_portal(widget)

    assert "always" in flask(widget, "portal", "list").output


@pytest.mark.parametrize("endpoint", ["b.example", "ftp://b.example/", "file:///etc/passwd", "https://", ""])
def test_a_portal_needs_a_real_address(widget: Widget, endpoint: str) -> None:
    before = rows(widget, "portals")

    assert add_portal(widget, endpoint=endpoint).exit_code == 2
    assert rows(widget, "portals") == before


def test_plain_http_is_refused_unless_it_is_allowed(make_widget: MakeWidget) -> None:
    assert add_portal(make_widget(allow_http=False), endpoint="http://b.example/rest/").exit_code == 2


@pytest.mark.parametrize("country", ["Russia", "R1", ""])
def test_a_country_is_two_letters(widget: Widget, country: str) -> None:
    assert add_portal(widget, "--country", country).exit_code == 2


def add_line(widget: Widget, *more: str, session: str = "support", key: str = API_KEY) -> Result:
    words = ["line", "add", "--portal", MEMBER, "--name", "Поддержка", "--address", widget.outside.gateway]
    return flask(widget, *words, "--session", session, *more, stdin=f"{key}\n")


@pytest.mark.parametrize(("session", "state"), [("support", "ready"), ("archive", "scan_qr"), ("nobody", "offline")])
def test_a_line_says_its_state_when_it_is_added(widget: Widget, session: str, state: str) -> None:
    added = add_line(widget, session=session)

    assert added.exit_code == 0
    assert added.output.strip().endswith(f": {state}")
    assert API_KEY not in added.output


def test_a_line_with_a_wrong_key_is_added_and_says_so(widget: Widget) -> None:
    assert "unknown (credentials)" in add_line(widget, key="wrong").output


def test_a_line_whose_gateway_is_away_is_added_and_says_so(widget: Widget, outside: Outside) -> None:
    outside.break_gateway("html", "session")

    assert "unknown (broken_answer)" in add_line(widget).output
    assert len(widget.services.storage.lines.of(widget.portals[0])) == 2


def test_a_line_added_twice_is_one_row_with_the_new_key(widget: Widget) -> None:
    add_line(widget, key="wrong")
    add_line(widget)

    assert len(rows(widget, "lines")) == 3  # with those of the stand
    assert [line.key for line in widget.services.storage.lines.of(widget.portals[0])] == [API_KEY, API_KEY]


def test_a_key_comes_from_a_file_too(widget: Widget, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{API_KEY}\n")

    assert add_line(widget, "--key-file", str(file)).output.strip().endswith(": ready")


def test_lists_show_no_key(widget: Widget) -> None:
    add_line(widget)

    lines, portals = flask(widget, "line", "list", "--portal", MEMBER), flask(widget, "portal", "list")

    assert len(lines.output.splitlines()) == 2
    assert "Поддержка" in lines.output
    assert "2 lines" in portals.output
    assert API_KEY not in lines.output + portals.output
    assert API_KEY not in str(rows(widget, "lines"))


@pytest.mark.parametrize(
    "words",
    [
        ("line", "add", "--portal", "nobody", "--name", "x", "--address", "https://a.example", "--session", "s"),
        ("line", "list", "--portal", "nobody"),
        ("portal", "visibility", "nobody", "always"),
        ("portal", "visibility", MEMBER, "sometimes"),
        ("line", "add", "--portal", MEMBER, "--name", "x", "--address", "gopher://a", "--session", "s"),
        (*("line", "add", "--portal", MEMBER, "--name", "x"), *("--address", "https://a.example", "--session", "s"),
         *("--gateway", "smoke-signals")),
    ],
)  # fmt: skip
def test_a_slip_is_explained_and_changes_nothing(widget: Widget, words: tuple[str, ...]) -> None:
    before = rows(widget, "portals"), rows(widget, "lines")

    slip = flask(widget, *words, stdin="key\n")

    assert slip.exit_code == 2
    assert "Traceback" not in slip.output
    assert (rows(widget, "portals"), rows(widget, "lines")) == before


def test_the_visibility_set_by_command_is_what_cards_open_with(widget: Widget) -> None:
    assert "Saved" in flask(widget, "portal", "visibility", MEMBER, "facts").output
    assert 'data-start="facts"' in widget.open(DEAL).text


def test_upgrading_twice_changes_nothing(widget: Widget) -> None:
    before = rows(widget, "portals")

    for _time in range(2):
        assert "up to date" in flask(widget, "upgrade").output
    assert rows(widget, "portals") == before


def test_old_texts_are_forgotten_their_keys_never(make_widget: MakeWidget, outside: Outside) -> None:
    widget = make_widget(send_texts_days=30)
    card = widget.open().reveal()
    chat = card.open_chat(card.keys["+7 926 111-22-33"]).chat
    card.send(chat, "Старое сообщение", "old")
    widget.clock.forward(29 * 86_400)
    assert flask(widget, "wipe-texts").output == "0 texts wiped.\n"
    card.send(chat, "Новое сообщение", "new")
    widget.clock.forward(2 * 86_400)

    assert flask(widget, "wipe-texts").output == "1 texts wiped.\n"

    assert [row.text == "" for row in rows(widget, "sends")] == [True, False]
    assert card.send(chat, "Старое сообщение", "old").answer.status_code == 201
    assert outside.calls()["sendText"] == 2


# Number ranges.


@pytest.fixture
def numbered(make_widget: MakeWidget, tmp_path: Path) -> Widget:
    return make_widget(numbering_file=str(tmp_path / "numbering.bin"))


def registry(tmp_path: Path, text: str, name: str = "DEF-9xx.csv") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_an_imported_registry_is_used_without_a_restart(numbered: Widget, tmp_path: Path) -> None:
    done = flask(numbered, "numbering", "import", registry(tmp_path, REGISTRY + AMUR))

    assert done.exit_code == 0
    assert "1 ranges of 1 codes imported" in done.output
    row = numbered.open(DEAL, lang="ru").reveal().row("+7 961 951-00-00")
    assert "Амурская область, Билайн" in row
    assert "17:00" in row


@pytest.mark.parametrize(
    "wrong", ["", "not;a;registry\r\n1;2;3\r\n", "<html>404</html>", REGISTRY, REGISTRY + "961;a;b"]
)
def test_a_wrong_file_changes_nothing(numbered: Widget, tmp_path: Path, wrong: str) -> None:
    flask(numbered, "numbering", "import", registry(tmp_path, REGISTRY + AMUR))
    target = Path(numbered.services.infra.config.numbering_file)
    before = target.read_bytes()

    done = flask(numbered, "numbering", "import", registry(tmp_path, wrong, "wrong.csv"))

    assert done.exit_code == 1
    assert "Not imported, nothing was changed" in done.output
    assert target.read_bytes() == before


@pytest.mark.parametrize("source", ["/nowhere/DEF-9xx.csv", "https://127.0.0.1:1/DEF-9xx.csv"])
def test_a_source_that_is_not_there_is_one_clear_line(numbered: Widget, source: str) -> None:
    done = flask(numbered, "numbering", "import", source)

    assert done.exit_code == 1
    assert "Not imported" in done.output
    assert len(done.output.splitlines()) == 1


def test_without_a_place_to_keep_it_nothing_is_imported(widget: Widget, tmp_path: Path) -> None:
    done = flask(widget, "numbering", "import", registry(tmp_path, REGISTRY + AMUR))

    assert done.exit_code == 2
    assert "NUMBERING_FILE" in done.output
