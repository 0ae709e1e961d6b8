"""What a portal says instead of an answer.

Codes and texts: bitrix24/b24restdocs, _includes/system-errors.md; statuses where docs and server
differ: the server's (module rest, lib/oauth/auth.php and lib/restexception.php).
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class RestError(Exception):
    """An error answer. `extra` goes beside the two usual keys."""

    code: str
    description: str = ""
    status: int = 400
    extra: dict[str, Any] = field(default_factory=dict)
    time: dict[str, Any] = field(default_factory=dict)  # in a batch it stands in result_time

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.description, **self.extra}


_KNOWN = {
    "expired_token": (401, "The access token provided has expired"),
    "invalid_token": (401, "Unable to get application by token"),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
    "APPLICATION_NOT_FOUND": (401, "Application not found"),
    "authorization_error": (401, "Unable to authorize user"),
    "CONNECTION_ERROR": (401, "Error connecting to authorization server"),
    "INVALID_CREDENTIALS": (401, "Invalid request credentials"),
    "METHOD_CONFIRM_WAITING": (401, "Waiting for confirmation"),
    "METHOD_CONFIRM_DENIED": (403, "Method call denied"),
    "WRONG_AUTH_TYPE": (403, "Current authorization type is denied for this method"),
    "insufficient_scope": (403, "The request requires higher privileges than provided by the access token"),
    "user_access_error": (403, "The user does not have access to the application"),
    "ACCESS_DENIED": (403, "REST API is available only on commercial plans"),
    "PORTAL_DELETED": (403, "Portal was deleted"),
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload"),
    "INTERNAL_SERVER_ERROR": (500, "Internal server error"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response"),
    "OPERATION_TIME_LIMIT": (429, "Method is blocked due to operation time limit."),
    "ERROR_METHOD_NOT_FOUND": (404, "Method not found!"),
    "invalid_request": (400, "An incorrectly formatted authorization request was provided"),
    "invalid_client": (400, "Invalid client data was provided. The application may not be installed in Bitrix24"),
    "invalid_grant": (400, "Invalid authorization data was provided for obtaining access_token"),
    "invalid_scope": (400, "The requested scope is invalid"),
    "NOT_INSTALLED": (401, "Application not installed"),
    "PAYMENT_REQUIRED": (400, "Payment required"),
}


# ACCESS_DENIED in its other meanings (server module rest, lib/oauth/auth.php and
# lib/accessexception.php): the plan in the source's words, a user who may not come in this way, a
# method for administrators; and words that tell nothing.
DENIED = {
    "ACCESS_DENIED plan": "REST is available only on commercial plans.",
    "ACCESS_DENIED user": "Current user can't be authorized in this context",
    "ACCESS_DENIED admins": "Access denied!",
    "ACCESS_DENIED here": "Доступ запрещён",  # a module's own, in the portal's language
}


def known(code: str) -> RestError:
    """The error of this code as the portal words it."""
    if code in DENIED:
        return RestError("ACCESS_DENIED", DENIED[code], 403)
    status, description = _KNOWN[code]
    return RestError(code, description, status)


def admins_only() -> RestError:
    """What a method for administrators says to other users (server module rest,
    lib/accessexception.php)."""
    return RestError("ACCESS_DENIED", "Access denied!", 403)


def empty_argument(name: str) -> RestError:
    return RestError("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", 400, {"argument": name})
