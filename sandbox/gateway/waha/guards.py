"""What every endpoint of WAHA has in front of it: the count, the faults, the key, and a line in the
right state."""

import functools
from collections.abc import Callable
from typing import ParamSpec

from flask import g, make_response, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine
from sandbox.gateway.waha import faults, refusals
from sandbox.people import API_KEY

Given = ParamSpec("Given")
View = Callable[Given, ResponseReturnValue]


def counted(name: str, *, with_key: bool = True) -> Callable[[View[Given]], View[Given]]:
    """Count the call under this name, misbehave if a fault says so, and ask for the key."""

    def wrap(view: View[Given]) -> View[Given]:
        @functools.wraps(view)
        def answer(*args: Given.args, **kwargs: Given.kwargs) -> ResponseReturnValue:
            fault = here().control.called(name)
            g.fault = fault
            instead = faults.instead(fault, _session_of_request(), here().patience) if fault else None
            if instead is not None:
                return instead
            if with_key:
                _ask_for_key()
            done = view(*args, **kwargs)
            return faults.afterwards(fault, make_response(done)) if fault else done

        return answer

    return wrap


def line_in(status: str, session: str) -> SandboxLine:
    """The line when it has this status; else 422, at once for a session that was never made, after
    some waiting for one that is stopped or starts.

    The waits were measured on WAHA 2024.10 and 2026.2: 5.01 s for the check, history, send, seen
    and typing alike.
    """
    line = here().state.wait_for(session, status, here().patience) if waha_line(session) else None
    if line is None:
        raise refusals.unprocessable(f'Session "{session}" does not exist')
    if line.status != status:
        raise refusals.unexpected_status(session, line.status, status)
    return line


def waha_line(session: str) -> SandboxLine | None:
    """The session; lines that speak another protocol are unknown to this one."""
    line = here().state.lines.get(session)
    return line if line and line.protocol == "waha" else None


def working(session: str) -> SandboxLine:
    return line_in("WORKING", session)


def keeping(session: str) -> SandboxLine:
    """A line that works and keeps its messages: NOWEB does not unless its store is on."""
    line = working(session)
    store = line.config.get("noweb", {}).get("store", {})
    if line.engine == "NOWEB" and store.get("enabled") is not True:
        raise refusals.malformed('Enable NOWEB store "config.noweb.store.enabled=True" and "fullSync=True"')
    return line


def _ask_for_key() -> None:
    """The header, or since WAHA 2026.4.3 the query (devlikeapro/waha-docs: how-to/security)."""
    if API_KEY not in (request.headers.get("X-Api-Key"), request.args.get("x-api-key")):
        raise refusals.unauthorized()


def _session_of_request() -> str:
    body = request.get_json(silent=True)
    said = body.get("session") if isinstance(body, dict) else None
    path = (request.view_args or {}).get("session")
    return str(path or request.args.get("session") or said or "default")
