"""WAHA's words for states, acks and errors, and what they are in ours.

Sources: devlikeapro/waha-docs (how-to/sessions, how-to/events, how-to/receive-messages), answers
measured on WAHA 2024.10, and the issues of devlikeapro/waha named beside a row.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from widget.gateways.base import Ack, GatewayErrorCode, LineState
from widget.gateways.content import moment_of
from widget.http import HttpResponse
from widget.untrusted import as_dict

# There is no word for a banned account: WAHA says FAILED, as for a phone that has logged the device
# out.
STATES = {
    "WORKING": LineState.READY,
    "STARTING": LineState.CONNECTING,
    "SCAN_QR_CODE": LineState.SCAN_QR,
    "PASSKEY_REQUIRED": LineState.SCAN_QR,
    "PASSKEY_CONFIRMATION_REQUIRED": LineState.SCAN_QR,
    "STOPPED": LineState.OFFLINE,
    "FAILED": LineState.OFFLINE,
}

ACKS = {
    -1: Ack.FAILED,
    0: Ack.PENDING,
    1: Ack.SENT,
    2: Ack.DELIVERED,
    3: Ack.READ,
    4: Ack.READ,  # played
}

# The first row that fits is the answer. Status 0 is any; the words stand in what the error says of
# itself, in small letters, and never in what it repeats of the request: that is the rep's own text.
ERRORS = (
    (401, "", GatewayErrorCode.CREDENTIALS),
    (403, "", GatewayErrorCode.CREDENTIALS),  # a key for another session, or without the right to send
    (404, "find a session", GatewayErrorCode.LINE_DOWN),  # stopped, or never made; newer versions say 422
    (422, "does not exist", GatewayErrorCode.LINE_DOWN),
    (422, "support only 'default' session", GatewayErrorCode.LINE_DOWN),  # WAHA CORE before 2026.6.1
    (422, "session status is not as expected", GatewayErrorCode.LINE_DOWN),  # after waiting five seconds for it, or ten
    (404, "", GatewayErrorCode.NO_SUCH_THING),
    (422, "only in scan_qr_code status", GatewayErrorCode.LINE_DOWN),  # a pairing code for a session that is logged in
    (400, "enable noweb store", GatewayErrorCode.UNSUPPORTED),  # NOWEB keeps no messages unless it is told to
    (501, "", GatewayErrorCode.UNSUPPORTED),  # «not implemented by '…' engine»
    (422, "available only in plus version", GatewayErrorCode.UNSUPPORTED),  # before 2026.6.1
    (0, "rate-overlimit", GatewayErrorCode.THROTTLED),  # devlikeapro/waha#619
    (429, "", GatewayErrorCode.BUSY),  # of a proxy in front of it: WAHA has no limits (devlikeapro/waha#136)
    (0, "error 463", GatewayErrorCode.RESTRICTED),  # devlikeapro/waha#1992, #2219
    # of a session that says WORKING (Baileys, Socket/socket.ts)
    (500, "connection closed", GatewayErrorCode.LINE_DOWN),
    (0, "request entity too large", GatewayErrorCode.MALFORMED),  # a 500 in spite of its name, devlikeapro/waha#79
    (413, "", GatewayErrorCode.MALFORMED),
    (400, "", GatewayErrorCode.MALFORMED),
    (422, "", GatewayErrorCode.MALFORMED),
)
# The answer itself says that nothing was sent, though its status is a 5xx.
SURELY_REFUSED = frozenset(
    {
        GatewayErrorCode.RESTRICTED,
        GatewayErrorCode.THROTTLED,
        GatewayErrorCode.MALFORMED,
        GatewayErrorCode.UNSUPPORTED,
        GatewayErrorCode.LINE_DOWN,
    }
)
MAX_SAID = 4000
NACK_RESTRICTED = "463"  # WhatsApp's code for «no new chats», in the raw record of a failed message


def code_of(answer: HttpResponse) -> GatewayErrorCode:
    """The class of an error answer."""
    body = as_dict(answer.json())
    said = " ".join(_said(body))[:MAX_SAID].lower()
    for status, words, code in ERRORS:
        if status in (0, answer.status) and words in said:
            return code
    if as_dict(body.get("exception")).get("data") == 429:
        return GatewayErrorCode.THROTTLED
    return GatewayErrorCode.BROKEN_ANSWER


def _said(body: Mapping[str, Any]) -> Iterator[str]:
    """What an error says of itself: a text, or a list of them."""
    for one in (as_dict(body.get("exception")).get("message"), body.get("message"), body.get("error")):
        for text in one[:50] if isinstance(one, list) else [one]:
            if isinstance(text, str):
                yield text


def ack_of(ack: Any) -> Ack:
    return ACKS.get(ack, Ack.NONE) if isinstance(ack, int) and not isinstance(ack, bool) else Ack.NONE


def state_of(status: Any, me: Mapping[str, Any]) -> tuple[LineState, float]:
    """The state of a session, and until when if WhatsApp lets it start no new chats
    (devlikeapro/waha#2186).

    A restriction only counts while the line works: one that is down is not waiting for an end.
    """
    state = STATES.get(status, LineState.UNKNOWN) if isinstance(status, str) else LineState.UNKNOWN
    restricted, until = _restriction(me)
    if state is LineState.READY and restricted:
        return LineState.RESTRICTED, until
    return state, 0.0


def _restriction(me: Mapping[str, Any]) -> tuple[bool, float]:
    newer = as_dict(me.get("restriction"))
    if newer.get("active") is True:
        return True, moment_of(newer.get("until"))
    lock, capping = as_dict(me.get("reachoutTimelock")), as_dict(me.get("messageCapping"))
    if lock.get("isActive") is True:
        return True, moment_of(lock.get("timeEnforcementEnds"))
    if capping.get("cappingStatus") == "CAPPED":
        return True, moment_of(capping.get("cycleEnd"))
    return False, 0.0
