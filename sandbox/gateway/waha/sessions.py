"""Sessions: which lines there are, what state they are in, and the QR to log in."""

from base64 import b64encode
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import digits
from sandbox.gateway.guards import here
from sandbox.gateway.media import qr
from sandbox.gateway.model import SandboxLine
from sandbox.gateway.waha import asked
from sandbox.gateway.waha.guards import counted, line_in, waha_line
from sandbox.gateway.waha.refusals import malformed, not_found, not_running, unprocessable
from sandbox.gateway.waha.session import describe, me

pages = Blueprint("sessions", __name__, url_prefix="/api")


@pages.get("/sessions")
@counted("sessions")
def list_sessions() -> ResponseReturnValue:
    """Stopped ones only with all=true."""
    everything = asked.flag("all", False)
    state = here().state
    with state.changed:
        known = [line for line in state.lines.values() if line.protocol == "waha"]
        return jsonify([describe(line) for line in known if everything or line.status != "STOPPED"])


@pages.get("/sessions/<session>")
@counted("session")
def show_session(session: str) -> ResponseReturnValue:
    return jsonify(describe(_known(session)))


@pages.put("/sessions/<session>")
@counted("update")
def update_session(session: str) -> ResponseReturnValue:
    """The whole configuration anew: what is left out is gone. A session that runs is restarted with
    it."""
    config = asked.body().get("config")
    line = _known(session)
    if not isinstance(config, dict | None):
        raise malformed("config must be an object")
    hooks = (config or {}).get("webhooks")
    if not isinstance(hooks, list | None) or not all(_readable(hook) for hook in hooks or []):
        raise malformed("config.webhooks must be an array of webhooks")
    here().state.restart(line.name, config or {})
    return jsonify(describe(line))


@pages.post("/<session>/auth/request-code")
@counted("request-code")
def request_code(session: str) -> ResponseReturnValue:
    """Refused at once for a session that is logged in (devlikeapro/waha: session.gows.core.ts,
    requestCode)."""
    phone = asked.body_text(asked.body(), "phoneNumber")
    line = waha_line(session)
    if line is None or line.status == "STOPPED":
        raise not_running(session)
    if line.status != "SCAN_QR_CODE":
        raise unprocessable(f"Can request code only in SCAN_QR_CODE status. The current status is {line.status}")
    letters = f"{int(digits(phone) or 0):08X}"[-8:]
    return jsonify(code=f"{letters[:4]}-{letters[4:]}"), 201


@pages.get("/sessions/<session>/me")
@counted("session")
def show_me(session: str) -> ResponseReturnValue:
    return jsonify(me(_known(session)))


@pages.get("/<session>/auth/qr")
@counted("qr")
def show_qr(session: str) -> ResponseReturnValue:
    """A picture; with format=raw the text of it, or with Accept: application/json the picture in
    base64."""
    line = line_in("SCAN_QR_CODE", session)
    if request.args.get("format") == "raw":
        return jsonify(value=f"2@sandbox,{line.number},{line.name}")
    picture = qr.picture(line.number)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(mimetype="image/png", data=b64encode(picture).decode())
    return Response(picture, mimetype="image/png")


def _known(session: str) -> SandboxLine:
    line = waha_line(session)
    if line is None:
        raise not_found("Session not found")
    return line


def _readable(hook: Any) -> bool:
    """As much of WAHA's validation as a client may get wrong."""
    if not isinstance(hook, dict) or not isinstance(hook.get("url"), str):
        return False
    parts = (hook.get("hmac"), hook.get("retries"))
    return isinstance(hook.get("events"), list) and all(isinstance(part, dict | None) for part in parts)
