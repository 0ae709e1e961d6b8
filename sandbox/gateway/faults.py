"""How the gateway misbehaves when told so by POST /_sandbox/faults.

Before the work: unauthorized, not_working, stopped, rate_overlimit, error_463, http_500, html,
empty, refuse, silence (`seconds`, 30 unless set, then the connection is dropped and nothing was
done); in one protocol's words alone quota, check_timeout, starting, expired, deleted,
connection_closed, core_only and echo (its folder's guards.py knows).

After the work: cut (half of the answer), lost_answer (none of it, or a 500 with `detail` "500"),
status (another one, its number in `detail`, as a proxy on the way says it), redirect (to the
`detail`), no_id (of the message that was sent, which is nowhere in the answer).

In the work: ack_error and ack_pending (the message keeps that ack for ever).
"""

import json
from typing import Any

from flask import Response

from sandbox.control import InjectedFault, cut_short, hang_up, keep_silent
from sandbox.gateway.model import SandboxAck

NAMES = (
    *("unauthorized", "not_working", "stopped", "rate_overlimit", "error_463", "http_500", "html", "empty"),
    *("cut", "silence", "lost_answer", "status", "redirect", "no_id", "refuse", "ack_error", "ack_pending"),
    *("quota", "check_timeout", "starting", "expired", "deleted"),
    *("connection_closed", "core_only", "echo"),
)
SILENCE = 30.0
STUCK = {"ack_error": SandboxAck.ERROR, "ack_pending": SandboxAck.PENDING}

_HTML = "<!doctype html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome!</h1></body></html>"


def alike(fault: InjectedFault) -> Response | None:
    """The answer that takes the place of the work, where it looks the same in every protocol."""
    match fault.fault:
        case "html":
            return Response(_HTML, mimetype="text/html")
        case "empty":
            return Response(b"", mimetype="application/json")
        case "silence":
            return keep_silent(fault.seconds or SILENCE)
    return None


def afterwards(fault: InjectedFault, answer: Response) -> Response:
    """What is left of the answer when the work was done."""
    if fault.fault == "cut":
        whole = answer.get_data()
        return cut_short(whole, answer.mimetype or "application/json")
    if fault.fault == "lost_answer":
        return hang_up(Response(b"", mimetype="application/json"), promised=1024)
    if fault.fault == "status":
        return Response(b"", int(fault.detail))
    if fault.fault == "no_id":
        return Response(json.dumps(_without_ids(answer.get_json())), answer.status_code, mimetype="application/json")
    if fault.fault == "redirect":
        redirect = Response(b"", 302)
        redirect.autocorrect_location_header = False
        redirect.headers["Location"] = fault.detail
        return redirect
    return answer


def _without_ids(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    return {name: None if name in ("id", "ID", "idMessage") else _without_ids(part) for name, part in said.items()}
