"""What every method has in front of it: the count, the faults, the instance and its token, and the
limits."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from flask import g, make_response, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.green import faults, refusals
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine
from sandbox.people import API_KEY

Given = ParamSpec("Given")
View = Callable[Concatenate[SandboxLine, Given], ResponseReturnValue]
# Requests a second (green-api.com/en/docs/api/ratelimiter); they hold for a line where
# /_sandbox/green says so.
LIMITS = {
    **dict.fromkeys(("getStateInstance", "getChatHistory", "lastIncomingMessages", "lastOutgoingMessages"), 1),
    **dict.fromkeys(("setSettings", "editMessage", "qr", "getAuthorizationCode"), 1),
    **dict.fromkeys(("checkWhatsapp", "getMessage", "readChat", "deleteMessage"), 10),
    **dict.fromkeys(("sendMessage", "sendFileByUpload", "sendLocation", "sendContact"), 50),
    "downloadFile": 5,
}


def method(name: str) -> Callable[[View[Given]], Callable[..., ResponseReturnValue]]:
    """Count the call under the method's name, misbehave if a fault says so, and let in who has the
    token. The view gets the line."""

    def wrap(view: View[Given]) -> Callable[..., ResponseReturnValue]:
        @functools.wraps(view)
        def answer(instance: str, token: str, *args: Given.args, **kwargs: Given.kwargs) -> ResponseReturnValue:
            g.fault = fault = here().control.called(name)
            instead = faults.instead(fault, name) if fault else None
            if instead is not None:
                return instead
            line = _line(instance, token)
            _keep_to_the_limit(line, name)
            done = make_response(view(line, *args, **kwargs))
            return faults.afterwards(fault, done) if fault else done

        return answer

    return wrap


def _line(instance: str, token: str) -> SandboxLine:
    line = here().state.lines.get(instance)
    if line is None or line.protocol != "green":
        raise refusals.forbidden()
    if token != API_KEY:
        raise refusals.unauthorized()
    return line


def _keep_to_the_limit(line: SandboxLine, name: str) -> None:
    if not line.config.get("limits"):
        return
    with here().state.changed:
        second, calls = int(here().state.clock()), line.config.setdefault("calls", {})
        before = calls.get(name, (second, 0))
        calls[name] = (second, before[1] + 1 if before[0] == second else 1)
        if calls[name][1] > LIMITS.get(name, 10):
            raise refusals.too_many()


def need_authorized(line: SandboxLine) -> None:
    """What asks WhatsApp itself needs the account; journals and the queue do not."""
    if line.status != "WORKING":
        raise refusals.bad_request("instance is starting or not authorized")


def body() -> dict[str, object]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise refusals.bad_request("Validation failed. Details: 'value' must be of type object")
    return found


def text(found: dict[str, object], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise refusals.bad_request(f"Validation failed. Details: '{name}' is required")
    return value
