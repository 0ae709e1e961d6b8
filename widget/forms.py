"""Read what a browser sent, once, into plain values. Anything missing, huge or of the wrong type:
Refused(BAD_FORM)."""

import json
from typing import IO, Any

from flask import Request, request
from werkzeug.exceptions import BadRequest
from werkzeug.utils import cached_property

from widget.errors import ErrorCode, Refused


class PatientRequest(Request):
    """A request whose body may break off, or come in malformed chunks: the sender's fault, answered
    with 400."""

    @cached_property
    def stream(self) -> IO[bytes]:
        return _Body(super().stream)  # type: ignore[return-value]


class _Body:
    """What werkzeug reads a body with. Raises BadRequest where the body breaks off."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def read(self, size: int = -1) -> bytes:
        try:
            return self._inner.read(size)
        except OSError as error:  # so gunicorn says it (gunicorn/http/errors.py)
            raise BadRequest("the body breaks off") from error

    def readline(self, size: int = -1) -> bytes:
        try:
            return self._inner.readline(size)
        except OSError as error:
            raise BadRequest("the body breaks off") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def json_body() -> dict[str, Any]:
    """The request's JSON object, with no half of a letter (a lone surrogate) in it: nothing can
    store or send one.

    Raises Refused(BAD_FORM).
    """
    try:
        text = request.get_data().decode() if request.is_json else ""
        body = json.loads(text)
    except (ValueError, RecursionError) as error:  # the second for brackets without end
        raise Refused(ErrorCode.BAD_FORM, 400, "not JSON") from error
    if not isinstance(body, dict):
        raise Refused(ErrorCode.BAD_FORM, 400, "not a JSON object")
    if "\\u" in text:  # UTF-8 itself has none
        try:
            json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise Refused(ErrorCode.BAD_FORM, reason="lone surrogate") from error
    return body


def text_field(body: dict[str, Any], name: str, *, longest: int) -> str:
    """A text that is not empty, with no NUL, which PostgreSQL cannot store. Raises
    Refused(BAD_FORM)."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > longest or "\x00" in value:
        raise Refused(ErrorCode.BAD_FORM, reason=name)
    return value


def maybe_text_field(body: dict[str, Any], name: str, *, longest: int) -> str:
    """A text that may be empty or left out, "" then. Raises Refused(BAD_FORM)."""
    return "" if body.get(name, "") == "" else text_field(body, name, longest=longest)


def one_line(text: str) -> str:
    """Without breaks of lines and spaces around it."""
    return " ".join(text.split())


def id_field(body: dict[str, Any], name: str) -> int | None:
    """A row id, None where it is left out. Raises Refused(BAD_FORM)."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**53:
        raise Refused(ErrorCode.BAD_FORM, reason=name)
    return value


def texts_field(body: dict[str, Any], name: str, *, most: int, longest: int) -> list[str]:
    """From one to `most` texts. Raises Refused(BAD_FORM)."""
    values = body.get(name)
    if not isinstance(values, list) or not 0 < len(values) <= most:
        raise Refused(ErrorCode.BAD_FORM, reason=name)
    return [text_field({name: value}, name, longest=longest) for value in values]


def flag_field(body: dict[str, Any], name: str) -> bool:
    """True or False; False where it is left out. Raises Refused(BAD_FORM)."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Refused(ErrorCode.BAD_FORM, reason=name)
    return value
