"""Instances: their state, and how one is connected (instance.controller.ts)."""

from base64 import b64encode

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.evolution import refusals, wire
from sandbox.gateway.evolution.guards import counted, line_of
from sandbox.gateway.guards import here
from sandbox.gateway.media import qr
from sandbox.gateway.model import SandboxLine

pages = Blueprint("evolution_instances", __name__, url_prefix="/instance")


@pages.get("/connectionState/<instance>")
@counted("connectionState")
def state(instance: str) -> ResponseReturnValue:
    return jsonify(_state(line_of(instance)))


@pages.get("/fetchInstances")
@counted("fetchInstances")
def list_instances() -> ResponseReturnValue:
    state, name = here().state, request.args.get("instanceName")
    with state.changed:
        lines = [line for line in state.lines.values() if line.protocol == "evolution" and name in (None, line.name)]
        if name and not lines:
            raise refusals.refused(404, [f'Instance "{name}" not found'])
        return jsonify([wire.instance(line) for line in lines])


@pages.get("/connect/<instance>")
@counted("connect")
def connect(instance: str) -> ResponseReturnValue:
    """The state of an open one; else a QR, or {"count": 0} while there is none."""
    line, state = line_of(instance), here().state
    with state.changed:
        if line.status == "WORKING":
            return jsonify(_state(line))
        number = request.args.get("number", "")
        if line.status in ("STOPPED", "FAILED"):
            logged_out = line.config.get("reason") == 401
            state.switch(line.name, "SCAN_QR_CODE" if logged_out else "STARTING")
            if logged_out and number:
                line.config["pairing"] = "WZYE-H1YY"  # only when the connection is made for this number
        if line.status == "STARTING":
            return jsonify(count=0)
        picture = b64encode(qr.picture(line.number)).decode()
        return jsonify(
            pairingCode=line.config.get("pairing"),
            code=f"2@sandbox,{line.number},{line.name}",
            base64=f"data:image/png;base64,{picture}",
            count=1,
        )


@pages.post("/restart/<instance>")
@counted("restart")
def restart(instance: str) -> ResponseReturnValue:
    """Closed ones are refused in a 200."""
    line, state = line_of(instance), here().state
    with state.changed:
        if wire.state_of(line) == "close":
            return jsonify(error=True, message=f'BadRequestException: The "{instance}" instance is not connected')
        was = line.status
        state.switch(line.name, "STARTING")
        state.switch(line.name, was)
        return jsonify(_state(line))


@pages.delete("/logout/<instance>")
@counted("logout")
def log_out(instance: str) -> ResponseReturnValue:
    line, state = line_of(instance), here().state
    with state.changed:
        if wire.state_of(line) == "close":
            raise refusals.refused(400, [f'The "{instance}" instance is not connected'])
        line.config["reason"] = 401
        state.switch(line.name, "FAILED")
    return jsonify(status="SUCCESS", error=False, response={"message": "Instance logged out"})


def _state(line: SandboxLine) -> dict[str, dict[str, str]]:
    return {"instance": {"instanceName": line.name, "state": wire.state_of(line)}}
