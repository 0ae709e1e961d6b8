"""A vendor is a folder: nothing else knows its name."""

import re
from pathlib import Path

import pytest

from widget.gateways.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("widget", "templates", "static")
READ = {".py", ".html", ".js", ".css", ".lua"}
# The registry: its import and its line. (The catalogue of translations is not read: it holds each template's texts.)
REGISTRY = {"widget/gateways/kinds.py": 2}


def names() -> re.Pattern[str]:
    """As code and as people write them; a colour is not a vendor."""
    words = {kind.name for kind in KINDS.values()} | {kind.title for kind in KINDS.values()}
    spelled = [re.escape(word).replace(r"\ ", "[ -]?").replace(r"\-", "[ -]?") for word in words - {"green"}]
    return re.compile("|".join([*spelled, r"gateways[./]green", r"gateway\W+green\b"]), re.IGNORECASE)


def of_a_vendor(path: Path) -> bool:
    return any(
        path.parts[:3] == ("widget", "gateways", kind) or path.parts[:3] == ("templates", "gateways", kind)
        for kind in KINDS
    )


@pytest.mark.parametrize("place", PLACES)
def test_no_vendor_is_named_outside_its_folder(place: str) -> None:
    pattern, found = names(), []
    for file in sorted((ROOT / place).rglob("*")):
        path = file.relative_to(ROOT)
        if file.suffix not in READ or of_a_vendor(path):
            continue
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if pattern.search(line)]
        if len(lines) > REGISTRY.get(str(path), 0):
            found += [f"{path}: {line.strip()}" for line in lines]

    assert found == []


def test_the_names_are_found_where_they_stand() -> None:
    for said in (
        "WAHA refuses",
        "an Evolution API",
        "green-api.com",
        'line.gateway == "green"',
        "gateways/green/files.py",
    ):
        assert names().search(said), said
    assert not names().search('light == "green"')
