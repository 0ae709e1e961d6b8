"""The filter and the order of crm.item.list, as the server's ORM takes them.

b24restdocs: api-reference/crm/universal/crm-item-list.md; server module crm,
lib/controller/item.php (listAction).
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from .errors import RestError
from .items import Item

Test = Callable[[Item], bool]
_NAME = re.compile(r"(!?)(>=|<=|=%|%=|[=@%<>]|)(\w+)", re.ASCII)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
}


def passing(items: list[Item], columns: Collection[str], given: Any) -> list[Item]:
    """The items that a filter lets through. Raises RestError for a field or a value that it cannot
    have."""
    test = _all_of(given, columns)
    return [item for item in items if test(item)]


def ordered(items: list[Item], columns: Collection[str], given: Any) -> list[Item]:
    """Sorted by the fields of `order`, the first one first; without any by id. Raises RestError."""
    wanted = given if isinstance(given, dict) and given else {"id": "ASC"}
    for name, direction in reversed(wanted.items()):
        field = _column(name, columns)
        if field is None or field.endswith("Ids") or str(direction).upper() not in ("ASC", "DESC"):
            raise RestError("INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
        items = sorted(items, key=lambda item: _sortable(item.get(field)), reverse=str(direction).upper() == "DESC")
    return items


def _all_of(given: Any, columns: Collection[str]) -> Test:
    """A filter or a group in it; groups are named 0, 1, 2… and have a `logic` of their own."""
    named = given if isinstance(given, dict) else dict(enumerate(given)) if isinstance(given, list) else {}
    tests = [_test(str(name), wanted, columns) for name, wanted in named.items() if name != "logic"]
    together = any if str(named.get("logic", "AND")).upper() == "OR" else all
    return lambda item: not tests or together(test(item) for test in tests)


def _test(name: str, wanted: Any, columns: Collection[str]) -> Test:
    if name.isdigit() and isinstance(wanted, dict):
        return _all_of(wanted, columns)
    match = _NAME.fullmatch(name)
    field = _column(match[3], columns) if match else None
    if not match or field is None:
        raise RestError("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")
    holds = _holding(field, match[2], wanted)
    unlike = bool(match[1])
    return lambda item: holds(item.get(field)) is not unlike


def _holding(field: str, operator: str, wanted: Any) -> Callable[[Any], bool]:
    nested = isinstance(wanted, list) and any(isinstance(each, (list, dict)) for each in wanted)
    if isinstance(wanted, dict) or nested or (isinstance(wanted, list) and operator not in ("", "=", "@")):
        raise RestError("INVALID_ARG_VALUE", f"Invalid filter: field '{field}' has invalid value")
    if wanted == [] and operator == "@":
        raise RestError("ERROR_CORE", "Mysql query error: You have an error in your SQL syntax near ')'", 500)
    if operator in _ORDERS:
        return lambda value: value is not None and _ORDERS[operator](*_comparable(value, wanted))
    if "%" in operator:
        return _like(str(wanted) if "=" in operator else f"%{wanted}%")
    accepted = {str(each) for each in (wanted if isinstance(wanted, list) else [wanted]) if each is not None}
    return lambda value: any(str(each) in accepted for each in _values(value))


def _like(pattern: str) -> Callable[[Any], bool]:
    expression = re.compile(".*".join(map(re.escape, pattern.split("%"))), re.IGNORECASE | re.DOTALL)
    return lambda value: any(expression.fullmatch(str(each)) for each in _values(value))


def _column(name: str, columns: Collection[str]) -> str | None:
    """The field of this name, which may also come as in the database: ASSIGNED_BY_ID."""
    if name.isupper():
        first, *others = name.lower().split("_")
        name = first + "".join(part.capitalize() for part in others)
    return name if name in columns else None


def _comparable(value: Any, wanted: Any) -> tuple[Any, Any]:
    """As MySQL compares: a number with the number that a text begins with, texts without regard to
    case."""
    if isinstance(value, (int, float)):
        found = re.match(r"\s*-?\d+(\.\d+)?", str(wanted))
        return float(value), float(found[0]) if found else 0.0
    return str(value).casefold(), str(wanted).casefold()


def _values(value: Any) -> list[Any]:
    return [each for each in (value if isinstance(value, list) else [value]) if each is not None]


def _sortable(value: Any) -> tuple[int, float, str]:
    """Null before numbers before texts."""
    if isinstance(value, (int, float)):
        return 1, float(value), ""
    return (0, 0.0, "") if value is None else (2, 0.0, str(value).casefold())
