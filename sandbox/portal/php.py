"""The little of PHP that clients of Bitrix24 feel: how a query string becomes arrays, and how
arrays become JSON.

A PHP array is a list and a map at once. Here it is a Python list if its keys are 0, 1, 2… and a
dict otherwise, and an empty one is always a list, as json_encode writes it.
"""

import re
from typing import Any
from urllib.parse import unquote_plus

Key = str | int


def parse_str(query: str) -> dict[str, Any]:
    """Like PHP's parse_str: `a[b][]=1`; a pair is split at its first `=`, before anything is
    decoded."""
    tree: dict[Key, Any] = {}
    for pair in query.split("&"):
        raw_name, _, raw_value = pair.partition("=")
        name = unquote_plus(raw_name).lstrip(" ")
        if name:
            _put(tree, _path(name), unquote_plus(raw_value))
    return {str(key): as_php(value) for key, value in tree.items()}


def as_php(value: Any) -> Any:
    """Turn maps with the keys 0, 1, 2… (and empty ones) into lists, at every depth."""
    if isinstance(value, list):
        return [as_php(each) for each in value]
    if not isinstance(value, dict):
        return value
    if [str(key) for key in value] == [str(n) for n in range(len(value))]:
        return [as_php(each) for each in value.values()]
    return {str(key): as_php(each) for key, each in value.items()}


def is_truthy(value: Any) -> bool:
    """PHP's idea of true: "0" and "" are not, "false" is."""
    return value not in (None, "", "0", 0, False, [], {})


def php_int(value: Any) -> int:
    """PHP's `(int)`: of a text the number that it begins with, of an array 1 unless it is empty."""
    if isinstance(value, list | dict):
        return int(bool(value))
    found = re.match(r"\s*-?\d+", str(value or ""), re.ASCII)
    return int(found[0]) if found else 0


def split_call(call: str) -> tuple[str, str]:
    """`method?query` as parse_url sees it: everything after a `#` is lost."""
    method, _, query = call.partition("#")[0].partition("?")
    return method, query


def _path(name: str) -> list[Key | None]:
    """`a[b][]` → ["a", "b", None]; a bracket that is never closed becomes part of the name, as
    `_`."""
    base, bracket, rest = name.partition("[")
    if not bracket or "]" not in rest:
        return [_plain(name.replace("[", "_", 1))]
    path: list[Key | None] = [_plain(base)]
    while bracket and "]" in rest:
        inside, _, rest = rest.partition("]")
        path.append(_key(inside))
        bracket, rest = ("[" if rest.startswith("[") else ""), rest[1:]
    return path


def _plain(base: str) -> str:
    return base.replace(".", "_").replace(" ", "_")


def _key(text: str) -> Key | None:
    if text == "":
        return None
    return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text


def _put(tree: dict[Key, Any], path: list[Key | None], value: str) -> None:
    for step in path[:-1]:
        key = _next(tree) if step is None else step
        if not isinstance(tree.get(key), dict):
            tree[key] = {}
        tree = tree[key]
    last = path[-1]
    tree[_next(tree) if last is None else last] = value


def _next(tree: dict[Key, Any]) -> int:
    return max((key for key in tree if isinstance(key, int)), default=-1) + 1
