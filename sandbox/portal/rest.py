"""REST of the portal: `/rest/<method>` and `/rest/<method>.json`, JSON or form, token in `auth` or
as a bearer.

bitrix24/b24restdocs: settings/how-to-call-rest-api/general-principles.md; server module rest,
rest_util.php.
"""

import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from .batch import Answer, run_batch
from .errors import RestError, known
from .faults import CODES, misbehave, refusal_of
from .methods import call_method
from .php import as_php, parse_str
from .portals import SandboxPortals
from .staff import is_active
from .tokens import TokenPair


def rest_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("rest", __name__)

    @pages.route("/rest/<path:name>", methods=["GET", "POST"])
    def call(name: str) -> ResponseReturnValue:
        name = name.strip("/").removesuffix(".json")
        fault = portals.control.called(name)
        if fault:
            return misbehave(fault, portals.port, lambda: _answer(portals, name))
        return _answer(portals, name)

    @pages.after_request
    def open_to_browsers(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Headers"] = "origin, content-type, accept"
        return response

    @pages.get("/_sandbox/commands")
    def show_commands() -> ResponseReturnValue:
        """What was called inside of batches since the reset; these are not HTTP requests."""
        return jsonify(total=sum(portals.commands.values()), commands=dict(portals.commands))

    return pages


def _answer(portals: SandboxPortals, name: str) -> Response:
    started = time.time()
    params = read_params()
    try:
        grant = _authorise(portals, params)
        answer = (
            _batch(portals, grant, params) if name.lower() == "batch" else call_method(portals, grant, name, params)
        )
    except RestError as error:
        refused = jsonify(error.body())
        refused.status_code = error.status
        return refused
    counts = {"next": answer.next, "total": answer.total}
    told = {key: value for key, value in counts.items() if value is not None}
    return jsonify({"result": answer.result, **told, "time": time_block(started)})


def _batch(portals: SandboxPortals, grant: TokenPair, params: dict[str, Any]) -> Answer:
    def call(method: str, given: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
        started = time.time()
        fault = portals.command_called(method)
        if fault and fault.fault in CODES:
            raise refusal_of(fault)
        return call_method(portals, grant, method, given), time_block(started)

    return Answer(run_batch(params, call))


def _authorise(portals: SandboxPortals, params: dict[str, Any]) -> TokenPair:
    """Whose token it is. A token of another portal is as unknown here as any other.

    The order of the refusals is the server's: module rest, lib/oauth/auth.php.
    """
    dropped = portals.state_here().quirks.drops_header
    bearer = "" if dropped else request.headers.get("Authorization", "").partition("Bearer ")[2]
    token = bearer or params.get("auth") or params.get("access_token")
    if not token:
        raise known("NO_AUTH_FOUND")
    grant = portals.tokens.find(str(token))
    if grant is None or grant.portal is not portals.portal_here():
        raise known("invalid_token")
    state = portals.state_of(grant.portal)
    if not state.present:
        raise known("APPLICATION_NOT_FOUND")
    if grant.is_expired:
        raise known("expired_token")
    if not is_active(state, grant.user):
        raise known("authorization_error")
    return grant


def read_params() -> dict[str, Any]:
    """Query and body together; a body that is not what it says it is counts as empty."""
    params = parse_str(request.query_string.decode(errors="replace"))
    if request.mimetype == "application/json":
        body = request.get_json(silent=True)
        return params | {name: as_php(value) for name, value in body.items()} if isinstance(body, dict) else params
    return params | parse_str(request.get_data(as_text=True))


def time_block(started: float) -> dict[str, Any]:
    """bitrix24/b24restdocs: limits.md; `operating` is what the method has used of its ten
    minutes."""
    finished = time.time()
    return {
        "start": started,
        "finish": finished,
        "duration": finished - started,
        "processing": finished - started,
        "date_start": _iso(started),
        "date_finish": _iso(finished),
        "operating_reset_at": int(started) + 600,
        "operating": 0,
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
