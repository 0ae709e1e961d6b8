"""What the README says is so."""

import dataclasses
import re
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from tests.stand import Widget
from widget.config import Config
from widget.gateways.kinds import KINDS, capabilities_of

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
TABLE = README.partition("\n## Settings")[2].partition("\n## ")[0]
SETTINGS = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", TABLE, re.M))


def default_of(setting: "dataclasses.Field[object]") -> str:
    if setting.default is dataclasses.MISSING:
        return "–"
    if isinstance(setting.default, tuple):
        return ",".join(map(str, setting.default))
    return str(setting.default)


def test_every_setting_is_in_the_table_and_nothing_else_is() -> None:
    assert list(SETTINGS) == [setting.name.upper() for setting in dataclasses.fields(Config)]


@pytest.mark.parametrize("setting", dataclasses.fields(Config), ids=lambda setting: setting.name)
def test_the_defaults_in_the_table_are_the_real_ones(setting: "dataclasses.Field[object]") -> None:
    assert SETTINGS[setting.name.upper()].strip("`").replace("*(none)*", "") == default_of(setting)


def named_commands() -> list[str]:
    said = re.findall(r"(?:^|[`(\s])flask ((?:[a-z-]+ ?)+)", README)
    return sorted({" ".join(command.split()[:2]) for command in said})


def test_commands_are_named() -> None:
    assert {"upgrade", "wipe-texts", "portal add", "line add", "numbering import"} <= set(named_commands())


@pytest.mark.parametrize("command", named_commands())
def test_every_named_flask_command_exists(widget: Widget, command: str) -> None:
    runner: FlaskCliRunner = widget.app.test_cli_runner()

    assert runner.invoke(args=[*command.split(), "--help"]).exit_code == 0


@pytest.mark.parametrize("option", sorted(set(re.findall(r"flask [a-z]+ [a-z]+ [^`\n]*", README))))
def test_every_option_shown_exists(widget: Widget, option: str) -> None:
    words = option.split()[1:3]
    shown = re.findall(r"(--[a-z-]+)", option)
    told = widget.app.test_cli_runner().invoke(args=[*words, "--help"]).output

    assert [name for name in shown if name not in told] == []


def test_every_named_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M))

    assert {"demo", "test", "bench"} <= named
    assert named - targets == set()


@pytest.mark.parametrize("place", sorted(set(re.findall(r"^\| (`.*?) \|", README.partition("## Where")[2], re.M))))
def test_every_place_in_the_table_of_folders_exists(place: str) -> None:
    for path in re.findall(r"`([^`]+)`", place):
        if "/" in path:
            assert (ROOT / path.rstrip("/")).exists(), path


@pytest.mark.parametrize("link", sorted(set(re.findall(r"!?\[[^\]]*\]\(([^)#]+)\)", README))))
def test_every_picture_and_file_it_links_to_exists(link: str) -> None:
    assert link.startswith("https://") or (ROOT / link).exists()


def test_every_address_it_names_is_a_route(widget: Widget) -> None:
    routes = {re.sub(r"<[^>]*>", "<>", rule.rule) for rule in widget.app.url_map.iter_rules()}
    named = {
        re.sub(r"<[^>]*>", "<>", path) for path in re.findall(r"(?:GET|POST) (/[a-z/<>]+)", README.replace("`", ""))
    }

    assert "/placement" in named
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
}


def yes(value: bool) -> str:
    return "yes" if value else "no"


def test_the_table_of_gateways_says_what_each_adapter_can() -> None:
    section = README.partition("\n## What each gateway can do")[2].partition("\n## ")[0]
    said = dict(re.findall(r"^\| ([^|]+?) \| (.+?) \|$", section, re.M))
    for what, of in CAN.items():
        assert said[what] == " | ".join(of(capabilities_of(kind)) for kind in KINDS), what
