"""What tests and demonstrations do to a GREEN-API line: a yellow card, its limits a second, quicker
retries."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.green import notices
from sandbox.gateway.guards import here

pages = Blueprint("green_manual", __name__, url_prefix="/_sandbox/green")


@pages.post("/<instance>")
def change(instance: str) -> ResponseReturnValue:
    """{"yellow": true, "limits": true, "retry_seconds": 0.1, "spelling": "…@s.whatsapp.net",
    "chat_quota": 3}, each if given: `spelling` is how webhooks write a phone's id, `chat_quota`
    tells once that the plan's chats are used up."""
    said: Any = request.get_json(silent=True)
    state = here().state
    line = state.lines.get(instance)
    if not isinstance(said, dict) or line is None or line.protocol != "green":
        return jsonify(error="no such instance"), 404
    with state.changed:
        line.config.update({name: said[name] for name in ("limits", "retry_seconds", "spelling") if name in said})
        if "yellow" in said:
            state.restrict(instance, yellow=said["yellow"] is True)
    if "chat_quota" in said:
        notices.report_quota(line, int(said["chat_quota"]), state.clock(), here().postman)
    return jsonify(yellow=line.yellow, limits=bool(line.config.get("limits")))
