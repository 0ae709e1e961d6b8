"""How the portal and its auth server misbehave on request: see sandbox/control.py for how to
ask."""

import time
from collections.abc import Callable

from flask import Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from ..control import InjectedFault, cut_short, keep_silent
from .errors import DENIED, RestError, known

CODES = (
    *("expired_token", "invalid_token", "QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "ACCESS_DENIED"),
    *("insufficient_scope", "user_access_error", "APPLICATION_NOT_FOUND", "PORTAL_DELETED"),
    *("authorization_error", "INVALID_CREDENTIALS", "CONNECTION_ERROR", "WRONG_AUTH_TYPE", "OVERLOAD_LIMIT"),
    *("METHOD_CONFIRM_WAITING", "METHOD_CONFIRM_DENIED", "INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"),
    *("ERROR_METHOD_NOT_FOUND", "NO_AUTH_FOUND", "invalid_request", "invalid_client", "invalid_scope"),
    *("invalid_grant", "NOT_INSTALLED", "PAYMENT_REQUIRED", *DENIED),
)
MISMATCHES = ("wrong_member", "wrong_client", "wrong_domain")  # only the auth server's app.info knows these
NAMES = (*CODES, "redirect", "http_500", "html", "empty", "cut", "silence", *MISMATCHES)
SILENCE = 30.0  # seconds, unless the fault says otherwise


def misbehave(fault: InjectedFault, port: int, honest: Callable[[], Response]) -> AnyResponse:
    """The answer that the fault stands for; `honest` makes the one that would have been given."""
    if fault.fault in CODES:
        return _refuse(fault)
    if fault.fault == "redirect":
        # What a renamed portal says at its old address: bitrix24/b24restdocs,
        # how-to-call-rest-api/change-domen.md
        return redirect((fault.detail or f"http://localhost:{port}").rstrip("/") + request.full_path.rstrip("?"), 302)
    if fault.fault == "http_500":
        return Response("<h1>500 Internal Server Error</h1>", 500, mimetype="text/html")
    if fault.fault == "html":
        return Response("<!doctype html><title>Битрикс24</title><p>Технические работы</p>", mimetype="text/html")
    if fault.fault == "empty":
        return Response(b"", mimetype="application/json")
    if fault.fault == "cut":
        return cut_short(honest().get_data())
    if fault.fault == "silence":
        return keep_silent(fault.seconds or SILENCE)
    return honest()


def refusal_of(fault: InjectedFault) -> RestError:
    """The error that a fault stands for; of a method that is blocked also until when, in `time`."""
    error = known(fault.fault)
    if fault.fault == "OPERATION_TIME_LIMIT":
        error.time = {"operating": 480.0, "operating_reset_at": int(time.time() + (fault.seconds or 60))}
    return error


def _refuse(fault: InjectedFault) -> Response:
    error = refusal_of(fault)
    answer = jsonify(error.body() | ({"time": error.time} if error.time else {}))
    answer.status_code = error.status
    return answer
