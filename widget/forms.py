"""Read what a browser sent, once, into plain values. Anything missing, huge or of the wrong type is refused here."""

import json
from typing import Any

from flask import request

from widget.errors import Refusal, Refused


def json_body() -> dict[str, Any]:
    """The request's JSON object, with no half of a letter (a lone surrogate) in it: nothing can store or send one.

    Raises Refused(BAD_FORM).
    """
    try:
        body = request.get_json(silent=True)
    except RecursionError as error:  # brackets without end
        raise Refused(Refusal.BAD_FORM, 400, "JSON too deep") from error
    if not isinstance(body, dict):
        raise Refused(Refusal.BAD_FORM, 400, "not a JSON object")
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Refused(Refusal.BAD_FORM, 422, "half a letter") from error
    return body


def text_field(body: dict[str, Any], name: str, *, longest: int) -> str:
    """A text that is not empty, with no NUL, which PostgreSQL cannot store."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > longest or "\x00" in value:
        raise Refused(Refusal.BAD_FORM, 422, name)
    return value


def maybe_text_field(body: dict[str, Any], name: str, *, longest: int) -> str:
    """The same for a text that may be empty or left out, "" then."""
    return "" if body.get(name, "") == "" else text_field(body, name, longest=longest)


def id_field(body: dict[str, Any], name: str) -> int | None:
    """A row id or nothing at all."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**53:
        raise Refused(Refusal.BAD_FORM, 422, name)
    return value


def texts_field(body: dict[str, Any], name: str, *, most: int, longest: int) -> list[str]:
    values = body.get(name)
    if not isinstance(values, list) or not 0 < len(values) <= most:
        raise Refused(Refusal.BAD_FORM, 422, name)
    return [text_field({name: value}, name, longest=longest) for value in values]


def flag_field(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(Refusal.BAD_FORM, 422, name)
    return value
