"""What a reader holds in mind at once: a function fits a screen, a class knows few others."""

import ast

from tests.house.sources import PRODUCT, functions_of

MAX_LINES = 60
MAX_PARAMETERS = 7


def test_a_function_fits_a_screen() -> None:
    assert [where for where, node in functions_of(*PRODUCT) if lines(node) > MAX_LINES] == []


def test_a_constructor_takes_few_parts() -> None:
    wide = [where for where, node in functions_of(*PRODUCT) if node.name == "__init__" and parts(node) > MAX_PARAMETERS]
    assert wide == []


def lines(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parts(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs) - 1
