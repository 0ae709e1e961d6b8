"""What tests ask beside sandbox/control.py: portals' states, events, and tokens that stop working.

    GET  /_sandbox/portals[/<n>]
    POST /_sandbox/portals/<n>    {"installed": false} and what else changes.py knows; answers with
                                  the new state
    POST /_sandbox/events         {"event", "portal": 1, "data": {}, "times": 1, "user": "admin",
                                   "token": "wrong", "auth": {}, "handler": address, "wait": true}
    GET  /_sandbox/events?wait=1  what was sent since the reset, and what was answered
    POST /_sandbox/revoke         {"user", "portal"}: the tokens are unknown from now on
    POST /_sandbox/expire         {"user", "portal"}: the access tokens have expired, refresh
                                  tokens stay good

Without "portal" it is the one whose port is asked.
"""

from typing import Any

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from .changes import change
from .credentials import PORTALS
from .events import WRONG_TOKEN, fire, send, usual_data
from .portals import SandboxPortals
from .state import Handler, SandboxPortalState
from .state_json import told
from .users import USERS, User

MAX_TIMES = 200


def control_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("control_api", __name__, url_prefix="/_sandbox")

    @pages.get("/portals")
    def show_portals() -> ResponseReturnValue:
        return jsonify(portals=[told(portals.state_of(portal), portals.port) for portal in PORTALS])

    @pages.route("/portals/<int:number>", methods=["GET", "POST"])
    def one_portal(number: int) -> ResponseReturnValue:
        state = _state(portals, number)
        if request.method == "POST":
            try:
                with state.lock:
                    change(portals, state, _body())
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                return jsonify(error=str(error)), 400
        return jsonify(told(state, portals.port))

    @pages.get("/events")
    def show_events() -> ResponseReturnValue:
        if request.args.get("wait"):
            portals.delivery.wait()
        return _events(portals)

    @pages.post("/events")
    def send_events() -> ResponseReturnValue:
        """Sends a message and changes nothing: the application is not removed by an ONAPPUNINSTALL
        from here."""
        wanted = _body()
        if not isinstance(wanted.get("event"), str):
            return jsonify(error="which event?"), 400
        state = _state(portals, int(wanted.get("portal") or portals.portal_here().number))
        for _ in range(min(int(wanted.get("times") or 1), MAX_TIMES)):
            _send(portals, state, wanted)
        if wanted.get("wait"):
            portals.delivery.wait()
        return _events(portals)

    @pages.post("/revoke")
    def revoke() -> ResponseReturnValue:
        state, user = _whose(portals)
        return jsonify(tokens=portals.tokens.revoke(state.portal, user))

    @pages.post("/expire")
    def expire() -> ResponseReturnValue:
        state, user = _whose(portals)
        return jsonify(tokens=portals.tokens.expire(state.portal, user))

    return pages


def _send(portals: SandboxPortals, state: SandboxPortalState, wanted: dict[str, Any]) -> None:
    """A given handler or a changed auth block is sent whether it is due or not: that is how a
    forgery comes."""
    event = wanted["event"].upper()
    data = wanted["data"] if "data" in wanted else usual_data(state, event)
    user = USERS[wanted.get("user", "admin")]
    changed = dict(wanted.get("auth") or {})
    token = wanted.get("token")
    if token is not None:
        changed["application_token"] = {"wrong": WRONG_TOKEN, "none": None}.get(token, token)
    if "handler" in wanted:
        to = [Handler(0, event, wanted["handler"])]
    elif changed:
        to = [each for each in state.handlers if each.event == event]
    else:
        fire(portals, state, event, data, user)
        return
    send(portals, state, event, data, user, to, **changed)


def _events(portals: SandboxPortals) -> ResponseReturnValue:
    return jsonify(events=portals.delivery.told(), under_way=portals.delivery.under_way)


def _whose(portals: SandboxPortals) -> tuple[SandboxPortalState, User | None]:
    """The portal and the user that are meant; no user means everybody."""
    wanted = _body()
    role = wanted.get("user")
    if role is not None and role not in USERS:
        abort(400)
    return _state(portals, int(wanted.get("portal") or portals.portal_here().number)), USERS[role] if role else None


def _state(portals: SandboxPortals, number: int) -> SandboxPortalState:
    if not 1 <= number <= len(PORTALS):
        abort(404)
    return portals.state_of(PORTALS[number - 1])


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
