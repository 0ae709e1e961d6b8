"""The error bodies of GREEN-API. A wrong token gets an empty one (a third party's probe,
2026-10)."""

from typing import Any

from flask import Response

from sandbox.gateway.refusals import Refusal


class Plain(Refusal):
    """Ends the request with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, {})
        self.text = text

    def response(self) -> Response:
        return Response(self.text, self.status, mimetype="text/plain")


def unauthorized() -> Refusal:
    return Plain(401, "")


def forbidden() -> Refusal:
    return Plain(403, "")


def no_such_method() -> Refusal:
    return Plain(404, "")


def bad_request(text: str) -> Refusal:
    return Plain(400, text)


def too_many() -> Refusal:
    return Plain(429, "Too many requests")


def quota(method: str, used: int = 100, total: int = 100) -> Refusal:
    """green-api.com/en/docs/api/466-error-example-body"""
    status: dict[str, Any] = {
        "method": method.lower(),
        "used": used,
        "total": total,
        "status": "QUOTE_EXCEEDED",
        "description": "Monthly quota has been exceeded. Please change the tariff",
    }
    return Refusal(466, {"invokeStatus": status})
