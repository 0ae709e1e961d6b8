"""What tests do to an instance that the shared controls have no word for."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.evolution.guards import line_of
from sandbox.gateway.guards import here

pages = Blueprint("evolution_control", __name__, url_prefix="/_sandbox/evolution")
MAX_FLOOD = 500


@pages.post("/<instance>")
def steer(instance: str) -> ResponseReturnValue:
    """{"reason": 403}: the code of the last disconnection, null for none; set the status as for any
    line.

    {"flood": 200}: so many connection.update at once, as a line without network sends them."""
    line, state = line_of(instance), here().state
    said: Any = request.get_json(silent=True)
    if not isinstance(said, dict) or not said.keys() <= {"reason", "flood"}:
        return jsonify(error="send reason or flood"), 400
    with state.changed:
        if "reason" in said:
            line.config["reason"] = said["reason"]
        for _ in range(min(int(said.get("flood", 0)), MAX_FLOOD)):
            state.switch(line.name, line.status)
    return jsonify(name=line.name, reason=line.config.get("reason"))
