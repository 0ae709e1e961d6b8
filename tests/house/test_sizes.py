"""What a reader holds in mind at once: a function fits a screen, a class knows few others."""

import ast
from dataclasses import fields
from pathlib import Path

from tests.house.sources import PRODUCT, functions_of
from widget import wiring
from widget.parts import Services

MAX_LINES = 60
MAX_PARAMETERS = 7
MAX_SERVICES = 13  # rooms, and what all of them stand on
MAX_WIRING = 95


def test_a_function_fits_a_screen() -> None:
    assert [where for where, node in functions_of(*PRODUCT) if lines(node) > MAX_LINES] == []


def test_a_constructor_takes_few_parts() -> None:
    wide = [where for where, node in functions_of(*PRODUCT) if node.name == "__init__" and parts(node) > MAX_PARAMETERS]
    assert wide == []


def test_the_parts_of_the_service_are_seen_at_once() -> None:
    assert len(fields(Services)) <= MAX_SERVICES
    assert len(Path(wiring.__file__).read_text(encoding="utf-8").splitlines()) <= MAX_WIRING


def lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parts(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
