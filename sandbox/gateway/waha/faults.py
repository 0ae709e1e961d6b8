"""How the gateway misbehaves in WAHA's own words; the names are those of
sandbox/gateway/faults.py."""

import time

from flask import Response

from sandbox.control import InjectedFault
from sandbox.gateway import faults
from sandbox.gateway.refusals import Refusal
from sandbox.gateway.waha import refusals

_SAID = {
    "error_463": "server returned error 463",
    "connection_closed": "Connection Closed",
    "echo": "Evaluation failed: t",  # which says nothing; but the error repeats what was asked
}


def instead(fault: InjectedFault, session: str, patience: float) -> Response | None:
    """The answer that takes the place of the work, if the fault is of that kind. Raises Refusal."""
    match fault.fault:
        case "unauthorized":
            raise refusals.unauthorized()
        case "not_working":
            time.sleep(patience)
            raise refusals.unexpected_status(session, "FAILED", "WORKING")
        case "stopped":
            raise refusals.not_running(session)
        case "rate_overlimit":
            raise refusals.exception("rate-overlimit", data=429, isBoom=True, isServer=True, output={})
        case "error_463" | "connection_closed" | "echo":
            raise refusals.exception(_SAID[fault.fault])
        case "core_only":
            raise refusals.unprocessable(
                "WAHA Core support only 'default' session. You tried to access 'sales' session. "
                "If you want to run more then one WhatsApp account - please get WAHA PLUS version."
            )
        case "http_500":
            raise Refusal(500, {"statusCode": 500, "message": "Internal server error"})
        case "refuse":
            raise refusals.malformed("the request was refused by the sandbox")
    return faults.alike(fault)


def afterwards(fault: InjectedFault, answer: Response) -> Response:
    """What is left of the answer when the work was done."""
    if fault.fault == "lost_answer" and fault.detail == "500":
        raise refusals.exception("Timed Out")
    return faults.afterwards(fault, answer)
