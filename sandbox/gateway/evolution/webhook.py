"""The one webhook of an instance (event.manager.ts): setting it replaces what was there."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.evolution.guards import counted, line_of, wanted
from sandbox.gateway.evolution.refusals import against_schema
from sandbox.gateway.evolution.wire import instance_id, iso
from sandbox.gateway.guards import here

pages = Blueprint("evolution_webhook", __name__, url_prefix="/webhook")


@pages.post("/set/<instance>")
@counted("webhook/set")
def set_webhook(instance: str) -> ResponseReturnValue:
    said, line, state = wanted("webhook")["webhook"], line_of(instance), here().state
    missing = [name for name in ("enabled", "url") if name not in said]
    if missing:
        raise against_schema(*(f'instance.webhook requires property "{name}"' for name in missing))
    with state.changed:
        line.webhook = {
            "id": f"hook{instance_id(line)}",
            "url": str(said["url"]),
            "headers": dict(said.get("headers") or {}),
            "enabled": bool(said["enabled"]),
            "events": list(said.get("events") or []),
            "webhookByEvents": bool(said.get("byEvents")),
            "webhookBase64": bool(said.get("base64")),
            "createdAt": iso(state.clock()),
            "updatedAt": iso(state.clock()),
            "instanceId": instance_id(line),
        }
        return jsonify(line.webhook), 201


@pages.get("/find/<instance>")
@counted("webhook/find")
def find_webhook(instance: str) -> ResponseReturnValue:
    return jsonify(line_of(instance).webhook or None)
