"""Names: what a reader finds under one is one thing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.house.sources import code

ROOMS = ("widget", "ratelimit", "sandbox", "benchmarks", "tools")
ALIAS = re.compile(r"_?[A-Z][a-z]\w*")


def test_no_class_name_stands_for_two_things() -> None:
    homes = homes_of(*ROOMS)
    assert len(homes) > 500  # or nothing was read
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_name_of_the_product_stands_for_two_types() -> None:
    """Names of types beside those of classes. Variables of types are letters of a signature."""
    homes = homes_of("widget", "ratelimit")
    for path, tree in code("widget", "ratelimit"):
        for name in aliases(tree):
            homes[name].append(path)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def homes_of(*rooms: str) -> dict[str, list[str]]:
    """Where each class is defined."""
    homes: dict[str, list[str]] = defaultdict(list)
    for path, tree in code(*rooms):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path)
    return homes


def aliases(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(name)], value) if ALIAS.fullmatch(name) and "TypeVar" not in ast.unparse(value):
                yield name
