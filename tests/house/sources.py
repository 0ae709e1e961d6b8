"""The repository's own code, read and parsed once for all tests of a process that look into it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("widget", "ratelimit")
MIGRATIONS = "widget/storage/migrations/versions/"  # they are written once and never read again


def code(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Each Python file of these folders, by its path in the repository."""
    for room in rooms:
        yield from _parsed(room)


def functions_of(*rooms: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each function, methods too, with where it stands; without those of migrations."""
    for path, tree in code(*rooms):
        if not path.startswith(MIGRATIONS):
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    yield f"{path}:{node.lineno} {node.name}", node


@cache
def _parsed(room: str) -> list[tuple[str, ast.Module]]:
    files = sorted((ROOT / room).rglob("*.py"))
    return [(str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def lines_of(path: str) -> list[str]:
    """The file's lines, by its path in the repository."""
    return (ROOT / path).read_text(encoding="utf-8").splitlines()
