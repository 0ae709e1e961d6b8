"""What README.md, CONTRIBUTING.md, docs/ and the other papers say is so."""

import dataclasses
import re
import runpy
import tomllib
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from tests.stand import Widget
from widget import MAX_REQUEST
from widget.chats.files import MAX_FILE_SIZE
from widget.config import Config
from widget.gateways.adapter import SLOWEST
from widget.gateways.kinds import KINDS, capabilities_of
from widget.storage.schema import metadata
from widget.version import VERSION
from widget.webhooks.gateway_receiver import MAX_BODY_WITH_FILE

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
PAPERS = {str(file.relative_to(ROOT)): file.read_text() for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
README, ALL = PAPERS["README.md"], "\n".join(PAPERS.values())
MAX_README = 120  # lines: what it is, two commands, where to go on
TABLE = PAPERS["docs/settings.md"]
SETTINGS = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", TABLE, re.M))
# A file or a folder of ours in backticks, perhaps without its `widget/`, or run by python; <a name>
# stands for any.
FOLDERS = "|".join(sorted(file.name for file in ROOT.iterdir() if file.is_dir() and file.name[0] not in "._"))
ROOMS = "|".join(sorted(room.name for room in (ROOT / "widget").iterdir() if room.is_dir() and room.name[0] != "_"))
PLACE = re.compile(
    rf"`(?:python3? )?((?:{FOLDERS})/[\w./-]*|(?:{ROOMS})/[\w/]+\.py|[\w.-]+\.(?:toml|yaml|conf\.py))[` ]"
)


def default_of(setting: "dataclasses.Field[object]") -> str:
    if setting.default is dataclasses.MISSING:
        return "–"
    if isinstance(setting.default, tuple):
        return ",".join(map(str, setting.default))
    return str(setting.default)


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= MAX_README


def test_every_setting_is_in_the_table_and_nothing_else_is() -> None:
    assert list(SETTINGS) == [setting.name.upper() for setting in dataclasses.fields(Config)]


@pytest.mark.parametrize("setting", dataclasses.fields(Config), ids=lambda setting: setting.name)
def test_the_defaults_in_the_table_are_the_real_ones(setting: "dataclasses.Field[object]") -> None:
    assert SETTINGS[setting.name.upper()].strip("`").replace("*(none)*", "") == default_of(setting)


def test_no_code_in_a_sentence_is_broken_across_lines() -> None:
    prose = {name: re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S) for name, text in PAPERS.items()}
    assert [
        f"{name}: {line}" for name, text in prose.items() for line in text.splitlines() if line.count("`") % 2
    ] == []


def named_commands() -> list[str]:
    said = re.findall(r"(?:^|[`(\s])flask ((?:[a-z-]+ ?)+)", ALL, re.M)
    return sorted({" ".join(command.split()[:2]) for command in said})


def test_every_table_of_the_database_is_among_what_is_stored_once_and_sealed_where_it_says_so() -> None:
    rows = PAPERS["docs/operating.md"].split("## What is stored")[1].split("\n|")[3:]
    where = [row.split(" | ")[1] for row in rows]
    named = [name for cell in where for name in re.findall(r"`([a-z_]+)`", cell) if cell.startswith("SQL")]
    assert sorted(named) == sorted(metadata.tables)
    sealed = {name for cell in where if "sealed" in cell for name in re.findall(r"`([a-z_]+)`", cell)}
    assert {name for name, table in metadata.tables.items() if "sealed" in table.c} - {"mirrored"} <= sealed


def test_commands_are_named() -> None:
    assert {"upgrade", "wipe-texts", "version", "portal add", "line add", "numbering import"} <= set(named_commands())


@pytest.mark.parametrize("command", named_commands())
def test_every_named_flask_command_exists(widget: Widget, command: str) -> None:
    runner: FlaskCliRunner = widget.app.test_cli_runner()

    assert runner.invoke(args=[*command.split(), "--help"]).exit_code == 0


@pytest.mark.parametrize("option", sorted(set(re.findall(r"flask [a-z]+ [a-z]+ [^`\n]*", ALL))))
def test_every_option_shown_exists(widget: Widget, option: str) -> None:
    words = option.split()[1:3]
    shown = re.findall(r"(--[a-z-]+)", option)
    told = widget.app.test_cli_runner().invoke(args=[*words, "--help"]).output

    assert [name for name in shown if name not in told] == []


def test_every_named_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", ALL, re.M))

    assert {"demo", "test", "bench", "lint", "format", "catalogue", "lock"} <= named
    assert named - targets == set()


# Programs that benchmarks start.
PARTS = {ROOT / "benchmarks" / name for name in ("stub.py", "cutting.py", "centre.py")}


def test_every_benchmark_has_its_command_named() -> None:
    named = set(re.findall(r"`python -m (benchmarks\.\w+)`", PAPERS["docs/benchmarks.md"]))
    printing = {file for file in (ROOT / "benchmarks").glob("*.py") if '"__main__"' in file.read_text()}

    assert named == {f"benchmarks.{file.stem}" for file in printing - PARTS}


@pytest.mark.parametrize("paper", PAPERS)
def test_every_file_and_folder_it_names_exists(paper: str) -> None:
    named = PLACE.findall(PAPERS[paper])

    assert [place for place in named if not any((top / place).exists() for top in (ROOT, ROOT / "widget"))] == []


def test_every_named_python_module_exists() -> None:
    named = set(re.findall(r"python3? -m ([\w.]+)", ALL)) - {"venv"}

    assert {"benchmarks.card", "widget.commands.secrets"} <= named
    assert [name for name in named if find_spec(name) is None] == []


@pytest.mark.parametrize("paper", PAPERS)
def test_every_picture_and_file_it_links_to_exists(paper: str) -> None:
    links = [link for link in re.findall(r"!?\[[^\]]*\]\(([^)]+)\)", PAPERS[paper]) if "://" not in link]

    assert [link for link in links if not leads_somewhere(paper, link)] == []


def leads_somewhere(paper: str, link: str) -> bool:
    """Whether the linked file exists, and the heading in it, if one is named."""
    file, _, heading = link.partition("#")
    path = (ROOT / paper).parent / file if file else ROOT / paper
    return path.exists() and (not heading or heading in headings_of(path.read_text()))


def headings_of(text: str) -> set[str]:
    """As GitHub names them in addresses."""
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_ranks_that_are_drawn_are_those_that_are_held() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ranks = [rank.split(" | ") for rank in settings["tool"]["importlinter"]["contracts"][0]["layers"]]
    drawn = PAPERS["docs/architecture.md"].partition("## The ranks")[2].split("```")[1]
    places = [[drawn.find(f"widget/{name}") for name in rank if f"widget/{name}" in drawn] for rank in ranks]

    assert all(max(above) < min(below) for above, below in pairwise(filter(None, places)))
    assert [room for room in ROOMS.split("|") if room != "locale" and f"widget/{room}" not in drawn] == []


def test_every_paper_is_found_from_the_readme() -> None:
    named = set(re.findall(r"\]\(([^)#]+)\)", README))

    assert set(PAPERS) - named == {"README.md"}
    assert {"LICENSE", "NOTICE"} <= named


def test_the_newest_heading_of_the_changelog_is_the_version() -> None:
    assert re.findall(r"^## (\S+)", PAPERS["CHANGELOG.md"], re.M)[0] == VERSION


def test_every_address_it_names_is_a_route(widget: Widget) -> None:
    routes = {re.sub(r"<[^>]*>", "<>", rule.rule) for rule in widget.app.url_map.iter_rules()}
    said = ALL.replace("`", "")
    named = {re.sub(r"<[^>]*>", "<>", path) for path in re.findall(r"(?:GET|POST) (/[a-z0-9/<>]+)", said)}

    assert {"/placement", "/card/check", "/chats/<>/messages"} <= named
    assert named - routes == set()


CAN = {
    "numbers in one check": lambda can: str(can.checks_at_once),
    "a send asks WhatsApp about the number by itself": lambda can: yes(can.checks_when_sending),
    "a send is queued first": lambda can: yes(can.queues_sends),
    "QR code": lambda can: yes(can.qr),
    "pairing code": lambda can: yes(can.pairing_code),
    "files": lambda can: yes(can.files),
    "reply": lambda can: yes(can.reply),
    "edit": lambda can: yes(can.edit),
    "delete": lambda can: yes(can.delete),
    "react": lambda can: yes(can.react),
    "mark as read": lambda can: yes(can.mark_read),
    "typing": lambda can: yes(can.typing),
    "location": lambda can: yes(can.location),
    "contact card": lambda can: yes(can.contact),
}


def yes(value: bool) -> str:
    return "yes" if value else "no"


def test_the_table_of_gateways_says_what_each_adapter_can() -> None:
    said = dict(re.findall(r"^\| ([^|]+?) \| (.+?) \|$", PAPERS["docs/gateways.md"], re.M))
    for what, of in CAN.items():
        assert said[what] == " | ".join(of(capabilities_of(kind)) for kind in KINDS), what


def test_the_documented_nginx_lets_through_and_waits_for_what_the_widget_takes() -> None:
    """Its values by directive, those of the webhooks' own place apart. nginx counts as we do: m is
    1024 × 1024."""
    nginx = PAPERS["docs/proxy.md"].split("```nginx")[1].split("```")[0]
    pages, hooks = (
        {name: int(value) for name, value in re.findall(r"^ +(\w+) (\d+)[ms];", part, re.M)}
        for part in nginx.split("location /hooks/")
    )

    assert pages["client_max_body_size"] * MIB >= MAX_FILE_SIZE + MAX_REQUEST
    assert hooks["client_max_body_size"] * MIB > MAX_BODY_WITH_FILE  # so that its line's section can say what was lost
    assert pages["proxy_read_timeout"] > Config.send_timeout + MAX_FILE_SIZE / SLOWEST
    assert pages["keepalive_timeout"] < runpy.run_path(str(ROOT / "gunicorn.conf.py"))["keepalive"]
