"""A caller reads the docstring: it names what is raised, and what it costs outside of the
process."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import PRODUCT, code, lines_of


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
    """But for views and commands, whose errors are answered for all of them in one place, and for
    methods of a class with a base, which is where their errors are named."""
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


LASTS = re.compile(r"(?:^|_)(?:timeout|ttl|wait|pause|patience|delay|lifetime|age|every|lease|period|interval)$")
UNIT = re.compile(r"second|minute|hour|day|week", re.IGNORECASE)


def test_each_length_of_time_says_its_unit() -> None:
    """In its own comment, in the docstring, or in that of its class."""
    found = [(where, said) for path, tree in code(*PRODUCT) for where, said in lengths_in(path, tree)]
    assert len(found) > 25  # or nothing was read
    assert [where for where, said in found if not UNIT.search(said)] == []


def lengths_in(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Constants, fields and public parameters that are numbers called by one of these words, with
    what is said of them. A class with a base has its parameters from there."""
    lines = lines_of(path)
    for statement in tree.body:
        match statement:
            case ast.Assign([ast.Name(name)], ast.Constant(int() | float())) if LASTS.search(name.lower()):
                yield f"{path}:{statement.lineno} {name}", lines[statement.lineno - 1]
            case ast.ClassDef() if not statement.bases:
                about = ast.get_docstring(statement) or ""
                for inner in statement.body:
                    match inner:
                        case ast.AnnAssign(ast.Name(name), kind) if LASTS.search(name) and is_number(kind):
                            yield f"{path}:{inner.lineno} {name}", about + lines[inner.lineno - 1]
                        case ast.FunctionDef(name) if name == "__init__" or not name.startswith("_"):
                            yield from parameters_of(path, inner, about)
            case ast.FunctionDef(name) if not name.startswith("_"):
                yield from parameters_of(path, statement, "")


def parameters_of(path: str, function: ast.FunctionDef, about: str) -> Iterator[tuple[str, str]]:
    for each in [*function.args.args, *function.args.kwonlyargs]:
        if LASTS.search(each.arg) and each.annotation and is_number(each.annotation):
            yield f"{path}:{each.lineno} {function.name}({each.arg})", about + (ast.get_docstring(function) or "")


def is_number(kind: ast.expr) -> bool:
    return bool({"int", "float"} & set(re.findall(r"\w+", ast.unparse(kind)))) and "[" not in ast.unparse(kind)
