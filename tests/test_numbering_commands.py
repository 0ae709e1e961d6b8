"""`flask numbering update` and `explain`, and the worker that keeps the registry fresh."""

import json
import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import Result

from sandbox.portal.background import in_background
from tests.stand import Widget

MakeWidget = Callable[..., Widget]
HEAD = "\ufeffАВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН\r\n"
RANGE = '{code};2200000;2299999;100000;ПАО "Ростелеком";Амурская обл.;Амурская область;7707049388\r\n'


def flask(widget: Widget, *words: str) -> Result:
    return widget.app.test_cli_runner().invoke(args=list(words))


class Registry(BaseHTTPRequestHandler):
    """The ministry's open data: each file under its name."""

    files: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        text = self.files.get(self.path.removeprefix("/downloads/"))
        self.send_response(200 if text else 404)
        self.end_headers()
        self.wfile.write((text or "<html>404</html>").encode())

    def log_message(self, *_args: object) -> None:
        """Into no test's output."""


@pytest.fixture
def ministry() -> Iterator[str]:
    Registry.files = {
        "DEF-9xx.csv": HEAD + RANGE.format(code=961),
        "ABC-3xx.csv": HEAD + RANGE.format(code=301),
        "ABC-4xx.csv": HEAD + RANGE.format(code=415),
        "ABC-8xx.csv": HEAD + RANGE.format(code=811),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    with in_background(server):
        yield f"http://127.0.0.1:{server.server_port}/downloads"


@pytest.fixture
def renewing(make_widget: MakeWidget, tmp_path: Path, ministry: str) -> Widget:
    file = str(tmp_path / "numbering.bin")
    return make_widget(numbering_file=file, numbering_source=ministry, numbering_update=True)


def test_an_update_brings_all_four_files(renewing: Widget) -> None:
    done = flask(renewing, "numbering", "update")

    assert (done.exit_code, "4 ranges of 4 codes imported" in done.output) == (0, True)
    assert all(renewing.services.phones.numbering.knows(f"+7{code}2200000") for code in (301, 415, 811))


@pytest.mark.parametrize(
    ("name", "text"),
    [("DEF-9xx.csv", ""), ("ABC-8xx.csv", "<html>maintenance</html>"), ("ABC-3xx.csv", HEAD + "301;a;b")],
)
def test_an_update_without_one_of_the_files_changes_nothing(renewing: Widget, name: str, text: str) -> None:
    flask(renewing, "numbering", "update")
    before = Path(renewing.services.infra.config.numbering_file).read_bytes()
    Registry.files[name] = text

    done = flask(renewing, "numbering", "update")

    assert (done.exit_code, "nothing was changed" in done.output) == (1, True)
    assert Path(renewing.services.infra.config.numbering_file).read_bytes() == before


def test_the_worker_renews_a_registry_that_is_a_week_old_and_tries_again_after_a_failure(renewing: Widget) -> None:
    updater, file = renewing.services.phones.updater, Path(renewing.services.infra.config.numbering_file)
    knows, week = renewing.services.phones.numbering.knows, 7 * 86_400
    updater.update_weekly()
    assert knows("+79612200000")
    Registry.files["DEF-9xx.csv"] = HEAD + RANGE.format(code=962)
    os.utime(file, (renewing.clock.now - week + 86_400,) * 2)
    updater.update_weekly()
    assert not knows("+79622200000")

    os.utime(file, (renewing.clock.now - week,) * 2)
    left_out = Registry.files.pop("ABC-3xx.csv")
    updater.update_weekly()
    assert not knows("+79622200000")
    Registry.files["ABC-3xx.csv"] = left_out
    updater.update_weekly()
    assert knows("+79622200000")


def test_the_worker_fetches_nothing_where_that_is_not_switched_on(
    make_widget: MakeWidget, tmp_path: Path, ministry: str
) -> None:
    widget = make_widget(numbering_file=str(tmp_path / "numbering.bin"), numbering_source=ministry)

    widget.services.phones.updater.update_weekly()

    assert not (tmp_path / "numbering.bin").exists()


# What a typed number is.


def explained(widget: Widget, *words: str) -> list[dict[str, Any]]:
    found = json.loads(flask(widget, "numbering", "explain", *words).output)
    assert list(found) == ["numbers"]
    return list(found["numbers"])


def test_a_typed_phone_is_explained_as_the_card_reads_it(widget: Widget) -> None:
    assert explained(widget, "8 961 951-00-00 доб. 5", "--country", "RU") == [
        {
            "e164": "+79619510000",
            "extension": "5",
            "type": "mobile",
            "region": "Амурская область",
            "operator": "Билайн",
            "zones": ["Asia/Yakutsk"],
            "problem": None,
            "suggestion": None,
        }
    ]


def test_an_explanation_says_what_is_doubtful(widget: Widget) -> None:
    (found,) = explained(widget, "79123456789", "--country", "DE")
    assert (found["e164"], found["problem"], found["suggestion"]) == (None, "ambiguous", "+79123456789")
    (found,) = explained(widget, "9165550142", "--country", "RU", "--beside", "us")
    assert (found["e164"], found["problem"], found["suggestion"]) == (None, "ambiguous", "+19165550142")
    (found,) = explained(widget, "+79004700000", "--country", "RU")
    assert (found["region"], found["zones"]) == ("вероятно, Владимирская область", ["Europe/Moscow"])
    (found,) = explained(widget, "+79004700000", "--language", "en")
    assert found["region"] == "probably Vladimir Oblast"


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [("   ", []), ("+7 (___) ___-__-__", []), ("- 89161234567, 89261234567", ["+79161234567", "+79261234567"])],
)
def test_an_explanation_has_a_number_for_each_row(widget: Widget, typed: str, numbers: list[str]) -> None:
    assert [found["e164"] for found in explained(widget, typed, "--country", "RU")] == numbers
