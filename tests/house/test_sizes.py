"""What a reader holds in mind at once: a function fits a screen, a class knows few others."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 60
MAX_PARAMETERS = 8  # of a constructor, `self` aside
MIGRATIONS = ROOT / "widget/storage/migrations/versions"  # lists of columns; they are written once and never read again


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for folder in ("widget", "ratelimit"):
        for file in (ROOT / folder).rglob("*.py"):
            if MIGRATIONS not in file.parents:
                for node in ast.walk(ast.parse(file.read_text())):
                    if isinstance(node, ast.FunctionDef):
                        yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_a_function_fits_a_screen() -> None:
    assert [where for where, node in functions() if lines(node) > MAX_LINES] == []


def test_a_constructor_takes_few_parts() -> None:
    assert [where for where, node in functions() if node.name == "__init__" and parts(node) > MAX_PARAMETERS] == []


def lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parts(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
