"""Names: what a reader finds under one is one thing."""

import ast
from collections import defaultdict

from tests.house.sources import code

ROOMS = ("widget", "ratelimit", "sandbox", "benchmarks", "tools")


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path, tree in code(*ROOMS):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path)

    assert len(homes) > 500  # or nothing was read
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
