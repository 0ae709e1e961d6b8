"""Logs for machines: one JSON object a line, each with the id of the request, command or job it
belongs to.

What may not be in them (tokens, full numbers, texts) is not given to a logger anywhere; nothing
here filters.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from flask import Flask, Response, g, has_request_context, request

from widget import measures
from widget.places import RequestPlace, at_place, current_place
from widget.version import VERSION

log = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-Id"

P = ParamSpec("P")
T = TypeVar("T")

_WORDS = re.compile(r"(?:(?! ?\w+=%|%).)*")  # what stands before the first value
_PLACES = re.compile(r"(?:(\w+)=)?%(?!%)[.\d]*\w")  # each value, with its name if it has one

_work: ContextVar[str] = ContextVar("work", default="")


class JsonLines(logging.Formatter):
    """One line for each record; a traceback is part of it.

    A message such as "presence.checked line=%s count=%d" is an event with keys: `event`, `line` and
    `count` are fields of the line, too, so that a log store need not take the text apart.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "event": _WORDS.match(str(record.msg))[0].rstrip(" :,("),  # type: ignore[index]
            "message": record.getMessage(),
            "request": request_id(),
            "version": VERSION,
        }
        line = {**line, **{name: value for name, value in _keys_of(record).items() if name not in line}}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _keys_of(record: logging.LogRecord) -> dict[str, object]:
    """The named values of a message, by their names."""
    if not isinstance(record.args, tuple):
        return {}
    named = zip(_PLACES.findall(str(record.msg)), record.args, strict=False)
    return {name: value if isinstance(value, (int, float)) else str(value) for name, value in named if name}


def request_id() -> str:
    """The id of what this thread works on: a request's, a command's or a job's; "" where nothing
    was begun.

    It is always our own: an id that a browser sends could be any text.
    """
    if not has_request_context():
        return _work.get()
    given: str | None = g.get("request_id")
    if given is None:
        given = g.request_id = secrets.token_hex(6)
    return given


@contextmanager
def work(kind: str, work_id: str = "") -> Iterator[str]:
    """Give the lines of a command or a job an id, like cli-1f0c3a…; a given one is kept (a job's
    request, say)."""
    given = work_id or f"{kind}-{secrets.token_hex(6)}"
    before = _work.set(given)
    try:
        yield given
    finally:
        _work.reset(before)


class Pool(ThreadPoolExecutor):
    """A pool whose threads log with the id of the request that gave them the work, and hold bytes
    in that request's place."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(_for_request, request_id(), current_place(), fn, *args, **kwargs)


def _for_request(given: str, place: RequestPlace | None, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    with at_place(place), work("", given) if given else work("pool"):
        return fn(*args, **kwargs)


def init_app(app: Flask, level: str) -> None:
    """Log as JSON to standard error, and say each request's id, outcome and time."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # httpx writes whole addresses at INFO, and ours carry tokens and numbers.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.begun = time.monotonic()


def _end(response: Response) -> Response:
    response.headers.add(REQUEST_ID_HEADER, request_id())
    if request.endpoint != "static":
        took = time.monotonic() - g.get("begun", time.monotonic())
        # The rule and not the path: an address may name a chat, and hold a stranger's text.
        matched, method = request.url_rule, request.method
        rule = matched.rule if matched else "unknown address"
        measures.request(f"{method if matched else 'ANY'} {rule}", response.status_code, took)
        answered = (method, rule, response.status_code, round(1000 * took))
        log.info("request.answered method=%s route=%s status=%d ms=%d", *answered)
    return response
