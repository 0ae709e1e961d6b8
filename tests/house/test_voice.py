"""Comments and docstrings name who is meant, and say what a thing is not in as many words."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("widget", "ratelimit", "sandbox", "benchmarks", "tools", "static", "templates")
SPOKEN = {".py", ".js", ".css", ".lua"}
OF_PAGES = {".js", ".css", ".lua", ".html"}
PROSE = re.compile(r"\s*(?://|/\*| \*|-- |\{#)")
LONGEST_PROSE = 100  # in Python ruff looks (pyproject.toml), and the papers have a test of their own
# Values of ours in quotes are words of a form, and names in capitals are members.
UNNAMED = re.compile(
    r"(?<![\"'])\b(?:[Nn]o|[Ss]ome|[Aa]ny)body(?:'s)?\b(?![\"'])|\b[Ww]ho(?:so)?ever\b|\b[Ww]hatever\b"
)
IS_NO = re.compile(r"(?<![Tt]here )\b(?:is|are) no (?!more\b|longer\b|less\b)\w")


def test_no_sentence_is_about_nobody_or_whoever() -> None:
    assert [where for where, line in lines(SPOKEN) if UNNAMED.search(line)] == []


def test_what_a_thing_is_not_is_said_with_not() -> None:
    assert [where for where, line in lines(SPOKEN) if IS_NO.search(line)] == []


def test_comments_of_pages_and_scripts_are_read_in_lines_of_100_columns() -> None:
    assert [where for where, line in lines(OF_PAGES) if PROSE.match(line) and len(line) > LONGEST_PROSE] == []


def lines(kinds: set[str]) -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*")):
            if file.suffix in kinds and "/versions/" not in str(file):
                for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                    yield f"{file.relative_to(ROOT)}:{number}", line
