"""What a reader holds in mind at once: a function fits a screen, a class knows few others."""

import ast
from dataclasses import fields
from pathlib import Path

from tests.house.sources import PRODUCT, code, functions_of
from widget import wiring
from widget.parts import Services

MAX_LINES = 60
MAX_PARAMETERS = 7
MAX_SERVICES = 13  # rooms, and what all of them stand on
MAX_WIRING = 95
PYTHONS_OWN = {"__repr__", "__str__", "__format__", "__post_init__"}
# Records, and what is handed down whole: it says a little about itself.
HANDED_DOWN = {
    *("CardContext", "Drawing", "Infrastructure", "Launch", "Portal", "Presence", "QuickReply", "Services", "Session"),
}


def test_a_function_fits_a_screen() -> None:
    assert [where for where, node in functions_of(*PRODUCT) if lines(node) > MAX_LINES] == []


def test_a_constructor_takes_few_parts() -> None:
    wide = [where for where, node in functions_of(*PRODUCT) if node.name == "__init__" and parts(node) > MAX_PARAMETERS]
    assert wide == []


def test_a_class_that_does_something_holds_few_parts_too_where_python_writes_its_constructor() -> None:
    wide = {
        node.name
        for _, tree in code(*PRODUCT)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and does_something(node) and fields_of(node) > MAX_PARAMETERS
    }
    assert wide == HANDED_DOWN


def test_the_parts_of_the_service_are_seen_at_once() -> None:
    assert len(fields(Services)) <= MAX_SERVICES
    assert len(Path(wiring.__file__).read_text(encoding="utf-8").splitlines()) <= MAX_WIRING


def does_something(node: ast.ClassDef) -> bool:
    """A dataclass with methods, properties and how it is printed or checked aside."""
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name not in PYTHONS_OWN]
    is_dataclass = any("dataclass" in ast.unparse(each) for each in node.decorator_list)
    return is_dataclass and any(
        not ast.unparse(decorator).endswith(("property", "classmethod"))
        for method in methods
        for decorator in method.decorator_list or [ast.Name("none")]
    )


def fields_of(node: ast.ClassDef) -> int:
    return sum(isinstance(each, ast.AnnAssign) for each in node.body)


def lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parts(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
