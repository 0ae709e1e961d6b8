"""Names: what a reader finds under one is one thing."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("widget", "ratelimit", "sandbox", "benchmarks", "tools")


def test_no_class_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path.relative_to(ROOT)))

    assert len(homes) > 500  # or nothing was read
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
