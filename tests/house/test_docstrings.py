"""A caller reads the docstring: it names what is raised, and what it costs outside of the process."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import PRODUCT, code


def test_each_public_function_that_raises_says_so() -> None:
    silent = [
        where
        for where, function in public_functions()
        if any(isinstance(node, ast.Raise) and node.exc for node in own_nodes(function))
        and not names_errors(ast.get_docstring(function) or "")
    ]
    assert silent == []


ASKS = re.compile(r"(?:connection\.|conn\.)execute\(|\brest\.(?:call|batch)\(|_rest\.(?:call|batch)\(")
COST = re.compile(r"quer|statement|upsert|transaction|call|round trip", re.IGNORECASE)


def test_each_public_function_that_asks_sql_or_a_portal_says_what_that_costs() -> None:
    asking = [(where, function) for where, function in public_functions() if ASKS.search(ast.unparse(function))]
    assert len(asking) > 150  # or nothing was read
    assert [where for where, function in asking if not COST.search(ast.get_docstring(function) or "")] == []


def names_errors(docstring: str) -> bool:
    return "Raises" in docstring or "Refused" in docstring


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """But for views and commands, whose errors are answered for all of them in one place, and for methods of a class
    with a base, which is where their errors are named."""
    for path, tree in code(*PRODUCT):
        if not path.endswith("views.py") and {"commands", "versions"}.isdisjoint(path.split("/")):
            for function in functions_in(tree):
                yield f"{path}:{function.lineno} {function.name}", function


def functions_in(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    plain = [node for node in tree.body if isinstance(node, ast.ClassDef) and not (node.bases or node.name[0] == "_")]
    for node in [*tree.body, *(inner for each in plain for inner in each.body)]:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What the function itself does, without the functions in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
