"""Reading what came with a request, with WAHA's complaints about what cannot be read."""

from typing import Any

from flask import request

from sandbox.gateway.waha.refusals import malformed


def number(name: str, default: int | None = None) -> int:
    """A whole number of the query that is not negative; required when there is no default."""
    text = request.args.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit():
        raise malformed(f"{name} must be a number conforming to the specified constraints")
    return int(text)


def flag(name: str, default: bool) -> bool:
    text = request.args.get(name)
    if text is None:
        return default
    if text not in ("true", "false"):
        raise malformed(f"{name} must be a boolean value")
    return text == "true"


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of these words; the first unless said."""
    text = request.args.get(name, allowed[0])
    if text not in allowed:
        raise malformed(f"{name} must be one of the following values: {', '.join(allowed)}")
    return text


def text(name: str) -> str:
    found = request.args.get(name, "")
    if not found:
        raise malformed(f"{name} should not be empty", f"{name} must be a string")
    return found


def body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise malformed("the body must be a JSON object")
    return found


def body_text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"{name} should not be empty", f"{name} must be a string")
    return value


def body_degrees(found: dict[str, Any], name: str) -> float:
    value = found.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise malformed(f"{name} must be a number conforming to the specified constraints")
    return float(value)


def body_number(found: dict[str, Any], name: str, default: int) -> int:
    value = found.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise malformed(f"{name} must be a number conforming to the specified constraints")
    return value
