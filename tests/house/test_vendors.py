"""A vendor is a folder: nothing else knows its name."""

import re
from pathlib import Path

import pytest

from widget.gateways.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("widget", "templates", "static", "sandbox", "benchmarks")
READ = {".py", ".html", ".js", ".css", ".lua"}
# What may name a vendor. (The catalogue is not read: it holds the texts of each template.)
MAY = {
    "widget/gateways/kinds.py",  # the registry
    "sandbox/gateway/kinds.py",  # that of the simulated ones
    "sandbox/gateway/lines.py",  # which line is spoken for by which protocol, in which version
    "sandbox/people.py",  # what they are called there
    "sandbox/demo.py",  # the demo's lines, as an administrator would add them
    "benchmarks/stub.py",  # the protocol that it speaks
}
CITED = re.compile(r"(devlikeapro/)?waha(-docs|#\d+)")  # where a fact was read


def names() -> re.Pattern[str]:
    """As code and as people write them; a colour is not a vendor."""
    words = {kind.name for kind in KINDS.values()} | {kind.title for kind in KINDS.values()}
    spelled = [re.escape(word).replace(r"\ ", "[ -]?").replace(r"\-", "[ -]?") for word in words - {"green"}]
    return re.compile("|".join([*spelled, r"gateways[./]green", r"gateway\W+green\b"]), re.IGNORECASE)


def of_a_vendor(path: Path) -> bool:
    return any(
        path.parts[:3] in {(place, "gateways", kind) for place in ("widget", "templates")}
        or path.parts[:3] == ("sandbox", "gateway", kind)
        for kind in KINDS
    )


@pytest.mark.parametrize("place", PLACES)
def test_no_vendor_is_named_outside_its_folder(place: str) -> None:
    pattern, found = names(), []
    for file in sorted((ROOT / place).rglob("*")):
        path = file.relative_to(ROOT)
        if file.suffix not in READ or of_a_vendor(path) or str(path) in MAY:
            continue
        said = file.read_text(encoding="utf-8").splitlines()
        found += [f"{path}: {line.strip()}" for line in said if pattern.search(CITED.sub("", line))]

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
