"""GREEN-API's refusals as classes of trouble of ours."""

from typing import Any

from widget.gateways.base import GatewayError, Quota, Trouble
from widget.gateways.calls import may_have_acted
from widget.http import Answer
from widget.untrusted import map_of, text_of, whole_of

# HTTP status (green-api.com/en/docs/api/common-errors, …/ratelimiter). 401 comes with an empty body.
STATUSES = {
    400: Trouble.MALFORMED,
    401: Trouble.CREDENTIALS,  # a wrong apiTokenInstance
    403: Trouble.CREDENTIALS,  # a wrong idInstance
    404: Trouble.NO_SUCH_THING,  # also a wrong HTTP method
    429: Trouble.BUSY,  # more requests a second than the method allows
    466: Trouble.QUOTA,  # the plan's month is used up
}
# Texts of 400, in lower case (…/common-errors, …/service/CheckWhatsapp, …/receiving/files/DownloadFile); the first
# that fits counts.
TEXTS = (
    ("timeout limit exceeded", Trouble.TIMED_OUT),  # WhatsApp did not answer the check in time: unknown
    ("account is expired", Trouble.PLAN_ENDED),
    ("instance is deleted", Trouble.LINE_DOWN),
    ("in starting process", Trouble.LINE_DOWN),
    ("starting or not authorized", Trouble.LINE_DOWN),
    ("not authorized", Trouble.LINE_DOWN),
    ("bad phone number", Trouble.MALFORMED),  # valid from 11 to 16 digits
    ("not found", Trouble.NO_SUCH_THING),  # «File message encrypted url not found by chatId … and idMessage …»
)


def trouble_of(answer: Answer) -> GatewayError:
    """The error that this answer is, and whether the request may have been acted on."""
    trouble = STATUSES.get(answer.status, Trouble.BROKEN_ANSWER)
    if answer.status in (400, 403):  # …/common-errors does not say which of the two some of the texts come with
        text = answer.body[:4000].decode(errors="replace").lower()
        trouble = next((found for words, found in TEXTS if words in text), trouble)
    own_words = answer.status == 466 or (answer.status == 429 and answer.body[:8].lower() == b"too many")
    sent = may_have_acted(answer.status, own_words=own_words)  # no proxy says 466
    return GatewayError(trouble, sent=sent, quota=_quota(answer.json()) if trouble is Trouble.QUOTA else None)


def _quota(body: Any) -> Quota | None:
    """…/466-error-example-body: the free plan limits calls (invokeStatus) and chats (correspondentsStatus); the one
    that is exceeded counts."""
    limits = [map_of(map_of(body).get(name)) for name in ("correspondentsStatus", "invokeStatus")]
    exceeded = next((one for one in limits if text_of(one.get("status")).endswith("_EXCEEDED")), {})
    return Quota(whole_of(exceeded.get("used")), whole_of(exceeded.get("total"))) if exceeded else None
