"""The errors of Bitrix24: what the client does about each, and what it means for the card.

Codes: bitrix24/b24restdocs, _includes/system-errors.md and settings/oauth/error-codes.md; the
server's rest module. The code decides, not the HTTP status: the docs and the source disagree about
statuses.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from widget.errors import AppError, ErrorCode, Refused


class ErrorAction(Enum):
    """What the REST client does about an error. A call that fails in the end always raises."""

    SAY = "say"  # repeating does not help, or might do a thing twice
    RENEW = "renew"  # renew the token once and repeat
    WAIT = "wait"  # nothing was done yet: repeat after a moment, within the call's patience
    FORGET = "forget"  # this user's token is worth nothing any more; other users' may be
    CLOSE = "close"  # the portal is gone or without us: no more calls, no tokens


@dataclass(frozen=True)
class _Meaning:
    code: ErrorCode
    reaction: ErrorAction = ErrorAction.SAY
    status: int | None = None  # where it is not the code's own


_UNKNOWN = _Meaning(ErrorCode.PORTAL_FAILED)
_NO_AUTH = _Meaning(ErrorCode.NO_AUTH)
_DEAD_TOKEN = _Meaning(ErrorCode.NO_AUTH, ErrorAction.FORGET)
_SCOPE = _Meaning(ErrorCode.PORTAL_SCOPE)
_CLOSED = _Meaning(ErrorCode.PORTAL_CLOSED, ErrorAction.CLOSE)
_CONFIRM = _Meaning(ErrorCode.PORTAL_CONFIRM)
_OUR_FAULT = _Meaning(ErrorCode.BROKEN, status=502)  # a wrong request or a stale id: the same request fails again

_MEANINGS = {
    "expired_token": _Meaning(ErrorCode.NO_AUTH, ErrorAction.RENEW),
    # The token belongs to no user.
    "invalid_token": _DEAD_TOKEN,
    "no_auth_found": _DEAD_TOKEN,
    "authorization_error": _DEAD_TOKEN,  # the user was blocked or dismissed
    "invalid_grant": _DEAD_TOKEN,  # of the authorisation server: the refresh token was used or revoked
    "bad_verification_code": _DEAD_TOKEN,
    # The token is good, the user is not.
    "invalid_credentials": _NO_AUTH,
    "user_access_error": _NO_AUTH,
    "insufficient_scope": _SCOPE,
    "invalid_scope": _SCOPE,
    "error_method_not_found": _SCOPE,
    "method_confirm_waiting": _CONFIRM,
    "method_confirm_denied": _CONFIRM,
    "access_denied": _Meaning(ErrorCode.PORTAL_DENIED),  # see _DENIED
    "payment_required": _Meaning(ErrorCode.PORTAL_UNPAID),
    "application_not_found": _CLOSED,
    "not_installed": _CLOSED,
    "portal_deleted": _CLOSED,
    "query_limit_exceeded": _Meaning(ErrorCode.PORTAL_BUSY, ErrorAction.WAIT),
    # Blocked for minutes, until `operating_reset_at`: a card says so instead of waiting.
    "operation_time_limit": _Meaning(ErrorCode.PORTAL_BUSY),
    "overload_limit": _Meaning(ErrorCode.PORTAL_BLOCKED),
    # Before the method was run: a box could not reach the authorisation server.
    "connection_error": _Meaning(ErrorCode.PORTAL_FAILED, ErrorAction.WAIT),
    # After it, perhaps: never repeated by us.
    "internal_server_error": _UNKNOWN,
    "error_unexpected_answer": _UNKNOWN,
    "wrong_auth_type": _OUR_FAULT,
    "invalid_request": _OUR_FAULT,
    "invalid_client": _UNKNOWN,  # our client id or secret, at both authorisation servers
    "wrong_client": _UNKNOWN,
    "error_argument": _OUR_FAULT,
    "error_core": _OUR_FAULT,
    "invalid_arg_value": _OUR_FAULT,
    "not_found": _OUR_FAULT,
    "100": _OUR_FAULT,  # a parameter is missing
    "error_batch_method_not_allowed": _OUR_FAULT,
    "error_batch_length_exceeded": _OUR_FAULT,
}

# ACCESS_DENIED has one code and several meanings, which only its words tell apart; these are not
# translated (server module rest, lib/oauth/auth.php, lib/accessexception.php). Other modules' words
# are: then it is a no and no more.
_DENIED = (
    ("commercial plan", _Meaning(ErrorCode.PORTAL_PLAN)),
    ("authorized in this context", _Meaning(ErrorCode.NO_AUTH, status=403)),
    ("access denied!", _Meaning(ErrorCode.NOT_ADMIN)),
)

# The user may not, others may.
NOT_THEIRS = frozenset({ErrorCode.NO_AUTH, ErrorCode.PORTAL_DENIED, ErrorCode.NOT_ADMIN})
_SILENT = frozenset({ErrorCode.PORTAL_FAILED, ErrorCode.PORTAL_BUSY})
# Codes after which something may have been done, or that say nothing of the call itself.
_NO_ANSWERS = frozenset({"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "CONNECTION_ERROR"})
_CODE = re.compile(r"[A-Z][A-Z_]{2,}", re.ASCII)

BUSY = frozenset(
    code for code, meaning in _MEANINGS.items() if meaning.code in (ErrorCode.PORTAL_BUSY, ErrorCode.PORTAL_BLOCKED)
)


def reaction_to(code: str) -> ErrorAction:
    """What to do about an error; nothing about an unknown one."""
    return _MEANINGS.get(code.lower(), _UNKNOWN).reaction


def refused(code: str, *, words: str = "", until: float = 0.0) -> Refused:
    """The refusal for an error code; an unknown one is a failure that may pass. `until`: see
    `blocked_until`.

    `words` is the error's description, which only ACCESS_DENIED is read for.
    """
    meaning = _MEANINGS.get(code.lower(), _UNKNOWN)
    if code.lower() == "access_denied":
        meaning = next((denied for said, denied in _DENIED if said in words.lower()), meaning)
    return Refused(meaning.code, meaning.status, _loggable(code), until=until)


def said_no(error: AppError) -> bool:
    """Whether the portal itself refused the call, so that nothing was done (pure). Its own codes
    are in capitals; what the connection says is not."""
    answered = error.code in (
        ErrorCode.PORTAL_FAILED,
        ErrorCode.BROKEN,
        ErrorCode.PORTAL_DENIED,
        ErrorCode.PORTAL_SCOPE,
    )
    return answered and bool(_CODE.fullmatch(error.reason)) and error.reason not in _NO_ANSWERS


def is_silent(error: AppError) -> bool:
    """Whether the portal gave no answer, or has no time now (pure)."""
    return error.code in _SILENT and not said_no(error)


def _loggable(code: str) -> str:
    """A sentence in the place of a code may name a person, and reasons are logged."""
    return code if re.fullmatch(r"[A-Za-z0-9_]{0,60}|HTTP \d{3}, not JSON|unexpected answer", code) else "not a code"


def known_code(code: str) -> str:
    """The code for a counter's label: one of ours, or «other»."""
    return code.lower() if code.lower() in _MEANINGS else "other"


def error_of(body: Any, status: int) -> str:
    """The code of an answer without a result. `error` may also be a whole sentence, or nothing ("0"
    too: see there)."""
    return code_of(body) if isinstance(body, dict) else f"HTTP {status}, not JSON"


def code_of(error: Any) -> str:
    """The code in an error's object, or the bare text that stands for it.

    An error of the server that has only words comes with the code "0"; the docs print an empty one.
    """
    code = str(error.get("error", "")) if isinstance(error, dict) else str(error)
    return "" if code == "0" else code


def words_of(body: Any) -> str:
    """An error's description, for what its code leaves open; never logged, it may name a person."""
    words = body.get("error_description") if isinstance(body, dict) else None
    return words[:200] if isinstance(words, str) else ""


def blocked_until(body: Any) -> float:
    """When a method's used-up time comes back (OPERATION_TIME_LIMIT), 0 if the answer does not
    say."""
    return reset_at(body.get("time") if isinstance(body, dict) else None)


def reset_at(value: Any) -> float:
    """When a method's used-up time comes back, by a command's block `time`; 0 if it does not
    say."""
    until = value.get("operating_reset_at") if isinstance(value, dict) else None
    return float(until) if isinstance(until, (int, float)) and 0 < until < 1e11 else 0.0
