"""What tests and demonstrations do to a GREEN-API line: a yellow card, its limits a second, quicker retries."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.door import here

pages = Blueprint("green_by_hand", __name__, url_prefix="/_sandbox/green")


@pages.post("/<instance>")
def change(instance: str) -> ResponseReturnValue:
    """{"yellow": true, "limits": true, "retry_seconds": 0.1}, each if given."""
    said: Any = request.get_json(silent=True)
    world = here().world
    line = world.lines.get(instance)
    if not isinstance(said, dict) or line is None or line.protocol != "green":
        return jsonify(error="no such instance"), 404
    with world.changed:
        line.config.update({name: said[name] for name in ("limits", "retry_seconds") if name in said})
        if "yellow" in said:
            world.restrict(instance, yellow=said["yellow"] is True)
    return jsonify(yellow=line.yellow, limits=bool(line.config.get("limits")))
