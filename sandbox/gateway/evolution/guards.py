"""What every endpoint of Evolution has in front of it: the count, the faults, the instance, and
only then the key."""

import functools
import uuid
from collections.abc import Callable
from typing import Any, ParamSpec, cast

from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue

from sandbox.control import InjectedFault
from sandbox.gateway import faults
from sandbox.gateway.evolution import refusals
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine
from sandbox.gateway.refusals import Refusal
from sandbox.people import API_KEY

Given = ParamSpec("Given")
View = Callable[Given, ResponseReturnValue]


def counted(name: str) -> Callable[[View[Given]], View[Given]]:
    """Count the call under this name, misbehave if a fault says so, look for the instance, then ask
    for the key."""

    def wrap(view: View[Given]) -> View[Given]:
        @functools.wraps(view)
        def answer(*args: Given.args, **kwargs: Given.kwargs) -> ResponseReturnValue:
            fault = g.fault = here().control.called(name)
            instead = _instead(fault, name) if fault else None
            if instead is not None:
                return instead
            instance = (request.view_args or {}).get("instance")
            if instance is not None:
                line_of(str(instance))  # measured: a wrong name is a 404 with any key
            if request.headers.get("apikey") not in (API_KEY, token_of(str(instance))):
                raise refusals.unauthorized()
            done = make_response(view(*args, **kwargs))
            return _afterwards(fault, done) if fault else done

        return answer

    return wrap


def line_of(instance: str) -> SandboxLine:
    line = here().state.lines.get(instance)
    if line is None or line.protocol != "evolution":
        raise refusals.no_such_instance(instance)
    return line


def open_line(instance: str, closed: Refusal, never: Refusal | None = None) -> SandboxLine:
    """The line if it is connected; else this endpoint's own way to say that it is not. `never`:
    that no connection was ever made since Evolution started."""
    line = line_of(instance)
    if line.status == "STOPPED" and never is not None:
        raise never
    if line.status != "WORKING":
        raise closed
    return line


def fault_now() -> InjectedFault | None:
    return cast("InjectedFault | None", g.fault)


def body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else {}


def wanted(*names: str) -> dict[str, Any]:
    """The body, with what its schema requires."""
    found = body()
    missing = [f'instance requires property "{name}"' for name in names if name not in found]
    if missing:
        raise refusals.against_schema(*missing)
    return found


def token_of(instance: str) -> str:
    """The instance's own key."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"token.{instance}")).upper()


def _instead(fault: InjectedFault, name: str) -> Response | None:
    check = name == "whatsappNumbers"
    match fault.fault:
        case "unauthorized":
            raise refusals.unauthorized()
        case "not_working":
            raise refusals.connection_closed_in_check() if check else refusals.refused(500, "Connection Closed")
        case "stopped":
            raise refusals.no_such_instance(str((request.view_args or {}).get("instance")))
        case "rate_overlimit":
            limited = refusals.boom(429, "Too Many Requests", "rate-overlimit")
            raise limited if check else refusals.refused(500, "rate-overlimit")
        case "check_timeout" if check:
            raise refusals.nothing_in_check()
        case "error_463" if not name.startswith("send"):  # a send is taken, and fails afterwards
            raise refusals.refused(500, "server returned error 463")
        case "http_500":
            raise refusals.refused(500, ["Internal server error"])
        case "refuse":
            raise refusals.refused(400, ["the request was refused by the sandbox"])
    return faults.alike(fault)


def _afterwards(fault: InjectedFault, answer: Response) -> Response:
    if fault.fault == "lost_answer" and fault.detail == "500":
        raise refusals.refused(500, "Timed Out")
    return faults.afterwards(fault, answer)
