"""Logs for machines: one JSON object a line, each with the id of the request it belongs to.

What may not be in them (tokens, full numbers, texts) is not given to a logger anywhere; nothing here filters.
"""

import json
import logging
import secrets
import time

from flask import Flask, Response, g, has_request_context, request

REQUEST_ID_HEADER = "X-Request-Id"


class JsonLines(logging.Formatter):
    """One line for each record; a traceback is part of it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": request_id(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def request_id() -> str:
    """The current request's id, "" outside of one. Ours alone: an id that a browser sends would be anybody's text."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(6)
    return str(g.request_id)


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
    response.headers[REQUEST_ID_HEADER] = request_id()
    if request.endpoint != "static":
        took = 1000 * (time.monotonic() - g.get("begun", time.monotonic()))
        # The rule and not the path: an address may name a chat, and whatever a stranger typed.
        rule = request.url_rule.rule if request.url_rule else "unknown address"
        logging.getLogger(__name__).info("%s %s %s %.0f ms", request.method, rule, response.status_code, took)
    return response
