"""A log line is an event and its values by name, so that an operator can search and count it
(widget/logs.py)."""

import ast
import re
from collections.abc import Iterator

from tests.house.sources import PRODUCT, code

EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+( [a-z_]+=%[.\d]*[sdf])*")  # presence.checked line=%s count=%d
LEVELS = {"debug", "info", "warning", "error", "exception"}


def test_each_log_line_is_an_event_with_named_values() -> None:
    found = list(messages())
    assert len(found) > 100  # or nothing was read
    assert [f"{where}: {text}" for where, text in found if not EVENT.fullmatch(text)] == []


def messages() -> Iterator[tuple[str, str]]:
    """What is given to a module's `log`, and where."""
    for path, tree in code(*PRODUCT):
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Attribute(ast.Name("log"), level), [message, *_]) if level in LEVELS:
                    text = message.value if isinstance(message, ast.Constant) else ast.unparse(message)
                    yield f"{path}:{node.lineno}", str(text)
