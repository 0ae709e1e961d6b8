"""A simulated gateway: its wire protocols with state, and the clients' phone to answer from.

Start with `model.py` (what is remembered), `state.py` (what can happen to it), `kinds.py` (the
protocols, a folder each), `phone.py`.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from sandbox.control import Control
from sandbox.gateway import faults, home, manual, phone
from sandbox.gateway.guards import GatewayContext
from sandbox.gateway.kinds import KINDS
from sandbox.gateway.manual import SUB_PATH
from sandbox.gateway.refusals import Refusal
from sandbox.gateway.state import GatewayState
from sandbox.gateway.webhooks import Postman

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 5.0  # seconds that a gateway waits for a line that is not ready (measured of one: 5.01)


def create_gateway(clock: Callable[[], float] = time.time, *, patience: float = PATIENCE) -> Flask:
    """The gateway as an app; `clock` moves the acks and dates the seed, tests set `patience` to
    0."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    state, postman = GatewayState(clock), Postman()
    control = Control(faults.NAMES, forget=lambda: _forget(state, postman))
    state.heard = control.heard
    app.extensions["gateway"] = GatewayContext(state, control, patience, postman)
    for kind in KINDS:
        kind.start(state, postman, patience)
        for pages in kind.pages:
            app.register_blueprint(pages)
    for room in (home, phone, manual):
        app.register_blueprint(room.pages)
    app.extensions["control"] = control
    app.register_blueprint(control.blueprint())
    app.wsgi_app = _under_a_sub_path(app.wsgi_app)  # type: ignore[assignment,method-assign]
    app.register_error_handler(Refusal, _refuse)
    app.register_error_handler(NotFound, _no_such_page)
    app.register_error_handler(MethodNotAllowed, _no_such_page)
    return app


def _under_a_sub_path(wrapped: "WSGIApplication") -> "WSGIApplication":
    """What a proxy does that has put a gateway under a path of its own."""

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(f"{SUB_PATH}/"):
            environ |= {"PATH_INFO": path.removeprefix(SUB_PATH), "SCRIPT_NAME": SUB_PATH}
        return wrapped(environ, start_response)

    return serve


def _forget(state: GatewayState, postman: Postman) -> None:
    postman.forget()
    state.reset()


def _refuse(refusal: Refusal) -> ResponseReturnValue:
    return refusal.response()


def _no_such_page(error: NotFound | MethodNotAllowed) -> ResponseReturnValue:
    for kind in KINDS:
        if kind.is_asked():
            return kind.no_such_page()
    return jsonify(error=error.description), error.code or 404
