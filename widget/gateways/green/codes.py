"""GREEN-API's refusals as classes of trouble of ours."""

from typing import Any

from widget.gateways.base import GatewayError, GatewayErrorCode, Quota
from widget.gateways.calls import may_have_acted
from widget.http import HttpResponse
from widget.untrusted import as_dict, as_positive_int, as_str

# HTTP status (green-api.com/en/docs/api/common-errors, …/ratelimiter). 401 comes with an empty
# body.
STATUSES = {
    400: GatewayErrorCode.MALFORMED,
    401: GatewayErrorCode.CREDENTIALS,  # a wrong apiTokenInstance
    403: GatewayErrorCode.CREDENTIALS,  # a wrong idInstance
    404: GatewayErrorCode.NO_SUCH_THING,  # also a wrong HTTP method
    429: GatewayErrorCode.BUSY,  # more requests a second than the method allows
    466: GatewayErrorCode.QUOTA,  # the plan's month is used up
}
# Texts of 400, in lower case (…/common-errors, …/service/CheckWhatsapp,
# …/receiving/files/DownloadFile); the first that fits counts.
TEXTS = (
    ("timeout limit exceeded", GatewayErrorCode.TIMED_OUT),  # WhatsApp did not answer the check in time: unknown
    ("account is expired", GatewayErrorCode.PLAN_ENDED),
    ("instance is deleted", GatewayErrorCode.LINE_DOWN),
    ("in starting process", GatewayErrorCode.LINE_DOWN),
    ("starting or not authorized", GatewayErrorCode.LINE_DOWN),
    ("not authorized", GatewayErrorCode.LINE_DOWN),
    ("bad phone number", GatewayErrorCode.MALFORMED),  # valid from 11 to 16 digits
    ("not found", GatewayErrorCode.NO_SUCH_THING),  # «File message encrypted url not found by chatId … and idMessage …»
)


def error_of(answer: HttpResponse) -> GatewayError:
    """The error that this answer is, and whether the request may have been acted on."""
    code = STATUSES.get(answer.status, GatewayErrorCode.BROKEN_ANSWER)
    if answer.status in (400, 403):  # …/common-errors does not say which of the two some of the texts come with
        text = _said(answer).lower()
        code = next((found for words, found in TEXTS if words in text), code)
    own_words = answer.status == 466 or (answer.status == 429 and answer.body[:8].lower() == b"too many")
    sent = may_have_acted(answer.status, own_words=own_words)  # no proxy says 466
    return GatewayError(code, sent=sent, quota=_quota(answer.json()) if code is GatewayErrorCode.QUOTA else None)


def _said(answer: HttpResponse) -> str:
    """The gateway's own words, and none of a request that its answer may repeat."""
    body = answer.json()
    if isinstance(body, dict):
        return " ".join(as_str(body.get(name)) for name in ("message", "error", "description"))
    return answer.body[:4000].decode(errors="replace")


def _quota(body: Any) -> Quota | None:
    """…/466-error-example-body: the free plan limits calls (invokeStatus) and chats
    (correspondentsStatus); the one that is exceeded counts."""
    limits = [as_dict(as_dict(body).get(name)) for name in ("correspondentsStatus", "invokeStatus")]
    exceeded = next((one for one in limits if as_str(one.get("status")).endswith("_EXCEEDED")), {})
    return Quota(as_positive_int(exceeded.get("used")), as_positive_int(exceeded.get("total"))) if exceeded else None
