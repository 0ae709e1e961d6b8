"""How the gateway misbehaves in GREEN-API's own words; the names are those of
sandbox/gateway/faults.py.

unauthorized, stopped (a wrong instance), not_working, rate_overlimit (429), check_timeout, quota
(466), starting, expired, deleted, refuse, http_500, and all that are the same for every protocol.
"""

from flask import Response

from sandbox.control import InjectedFault
from sandbox.gateway import faults
from sandbox.gateway.green import refusals


def instead(fault: InjectedFault, method: str) -> Response | None:
    """The answer that takes the place of the work, if the fault is of that kind. Raises Refusal."""
    match fault.fault:
        case "unauthorized":
            raise refusals.unauthorized()
        case "stopped":
            raise refusals.forbidden()
        case "not_working":
            raise refusals.bad_request("instance is starting or not authorized")
        case "rate_overlimit":
            raise refusals.too_many()
        case "check_timeout":
            raise refusals.bad_request("check phone number timeout limit exceeded")
        case "starting":
            raise refusals.bad_request("instance in starting process try later")
        case "expired":
            raise refusals.bad_request("Instance account is expired")
        case "deleted":
            raise refusals.bad_request("Instance is deleted")
        case "quota":
            raise refusals.quota(method)
        case "refuse":
            raise refusals.bad_request("Validation failed. Details: the request was refused by the sandbox")
        case "http_500":
            raise refusals.Plain(500, "Internal Server Error")
    return faults.alike(fault)


def afterwards(fault: InjectedFault, answer: Response) -> Response:
    """What is left of the answer when the work was done."""
    if fault.fault == "lost_answer" and fault.detail == "500":
        raise refusals.Plain(500, "Internal Server Error")
    return faults.afterwards(fault, answer)
