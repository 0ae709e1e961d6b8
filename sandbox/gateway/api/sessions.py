"""Sessions: which lines there are, what state they are in, and the QR to log in."""

from base64 import b64encode

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.gateway import asked
from sandbox.gateway.door import counted, here, line_in
from sandbox.gateway.lines import describe, me
from sandbox.gateway.media import qr
from sandbox.gateway.model import Line
from sandbox.gateway.refusals import not_found

pages = Blueprint("sessions", __name__, url_prefix="/api")


@pages.get("/sessions")
@counted("sessions")
def list_sessions() -> ResponseReturnValue:
    """Stopped ones only with all=true."""
    everything = asked.flag("all", False)
    world = here().world
    with world.changed:
        return jsonify([describe(line) for line in world.lines.values() if everything or line.status != "STOPPED"])


@pages.get("/sessions/<session>")
@counted("session")
def show_session(session: str) -> ResponseReturnValue:
    return jsonify(describe(_known(session)))


@pages.get("/sessions/<session>/me")
@counted("session")
def show_me(session: str) -> ResponseReturnValue:
    return jsonify(me(_known(session)))


@pages.get("/<session>/auth/qr")
@counted("qr")
def show_qr(session: str) -> ResponseReturnValue:
    """A picture; with format=raw the text of it, or with Accept: application/json the picture in base64."""
    line = line_in("SCAN_QR_CODE", session)
    if request.args.get("format") == "raw":
        return jsonify(value=f"2@sandbox,{line.number},{line.name}")
    picture = qr.picture(line.number)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(mimetype="image/png", data=b64encode(picture).decode())
    return Response(picture, mimetype="image/png")


def _known(session: str) -> Line:
    line = here().world.lines.get(session)
    if line is None:
        raise not_found("Session not found")
    return line
