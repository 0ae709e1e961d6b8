"""The account: its state, logging in, and its settings."""

from base64 import b64encode
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.green import notices
from sandbox.gateway.green.guards import body, method
from sandbox.gateway.guards import here
from sandbox.gateway.media import qr
from sandbox.gateway.model import SandboxLine

pages = Blueprint("green_account", __name__, url_prefix="/waInstance<instance>")

RESTART_SECONDS = 0.2  # five minutes on the real thing


@pages.get("/getStateInstance/<token>")
@method("getStateInstance")
def show_state(line: SandboxLine) -> ResponseReturnValue:
    return jsonify(stateInstance=notices.state_of(line))


@pages.get("/qr/<token>")
@method("qr")
def show_qr(line: SandboxLine) -> ResponseReturnValue:
    if line.status == "WORKING":
        return jsonify(type="alreadyLogged", message="instance account already authorized")
    if line.status != "SCAN_QR_CODE":
        return jsonify(type="error", message="instance has auth. You need to make log out")
    return jsonify(type="qrCode", message=b64encode(qr.picture(line.number)).decode())


@pages.post("/getAuthorizationCode/<token>")
@method("getAuthorizationCode")
def show_code(line: SandboxLine) -> ResponseReturnValue:
    """The code follows from the number, so that a test knows it."""
    number = body().get("phoneNumber")
    if line.status != "SCAN_QR_CODE" or not isinstance(number, int):
        return jsonify(status=False, code="")
    return jsonify(status=True, code=f"GR{number % 1_000_000:06}")


@pages.get("/getSettings/<token>")
@method("getSettings")
def show_settings(line: SandboxLine) -> ResponseReturnValue:
    return jsonify(line.webhook | {"wid": line.chat_id, "typeInstance": "whatsapp"})


@pages.post("/setSettings/<token>")
@method("setSettings")
def change_settings(line: SandboxLine) -> ResponseReturnValue:
    """The instance restarts, and says so to the new address when the settings hold."""
    wanted: dict[str, Any] = body()
    with here().state.changed:
        line.webhook.update(wanted)
        line.config["origin"] = request.host_url.rstrip("/")
    for state, delay in (("starting", 0.0), (notices.state_of(line), RESTART_SECONDS)):
        notices.report_state(line, state, here().state.clock(), here().postman, delay)
    return jsonify(saveSettings=True)
