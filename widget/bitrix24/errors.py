"""What Bitrix24 answers when it does not answer, and what each means for the card.

Codes: bitrix24/b24restdocs, _includes/system-errors.md; the server's rest module. The code decides, not the HTTP
status: the docs and the source disagree about statuses.
"""

from widget.errors import Refusal, Refused

EXPIRED = "expired_token"
BUSY = frozenset({"query_limit_exceeded", "operation_time_limit", "overload_limit"})
# Waiting helps only against the leaky bucket; a method over its time budget stays blocked for minutes.
WORTH_WAITING = "query_limit_exceeded"

_REFUSALS = {
    "expired_token": (Refusal.NO_AUTH, 401),
    "invalid_token": (Refusal.NO_AUTH, 401),
    "no_auth_found": (Refusal.NO_AUTH, 401),
    "invalid_credentials": (Refusal.NO_AUTH, 401),
    "authorization_error": (Refusal.NO_AUTH, 401),
    "user_access_error": (Refusal.NO_AUTH, 401),
    "invalid_grant": (Refusal.NO_AUTH, 401),
    "insufficient_scope": (Refusal.PORTAL_SCOPE, 403),
    "invalid_scope": (Refusal.PORTAL_SCOPE, 403),
    "access_denied": (Refusal.PORTAL_PLAN, 403),
    "payment_required": (Refusal.PORTAL_PLAN, 403),
    "application_not_found": (Refusal.PORTAL_CLOSED, 403),
    "not_installed": (Refusal.PORTAL_CLOSED, 403),
    "portal_deleted": (Refusal.PORTAL_CLOSED, 403),
    **dict.fromkeys(BUSY, (Refusal.PORTAL_BUSY, 503)),
}


def refused(code: str) -> Refused:
    """The refusal for an error code; an unknown one is a failure that may pass."""
    refusal, status = _REFUSALS.get(code.lower(), (Refusal.PORTAL_FAILED, 502))
    return Refused(refusal, status, code[:60])
