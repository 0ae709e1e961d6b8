"""A simulated gateway: its wire protocols with state, and the clients' phone to answer from.

Start with `model.py` (what is remembered), `world.py` (what can happen to it), `api/` (WAHA's protocol), `evolution/`
(Evolution's), `phone.py`.
"""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from sandbox.control import Control
from sandbox.gateway import by_hand, evolution, faults, green, home, phone
from sandbox.gateway.api import changing, chats, contacts, files, messages, sending, sessions
from sandbox.gateway.by_hand import SUB_PATH
from sandbox.gateway.door import Gateway
from sandbox.gateway.green.refusals import no_such_method
from sandbox.gateway.refusals import Refusal, not_found
from sandbox.gateway.reports import Reports
from sandbox.gateway.webhooks import Postman
from sandbox.gateway.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 5.0  # seconds that WAHA waits for a session that is not ready (measured: 5.01)


def create_gateway(clock: Callable[[], float] = time.time, *, patience: float = PATIENCE) -> Flask:
    """The gateway as an app; `clock` moves the acks and dates the seed, tests set `patience` to 0."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    world, postman = World(clock), Postman()
    Reports(world, postman)
    control = Control(faults.NAMES, forget=lambda: _forget(world, postman))
    world.heard = control.heard
    app.extensions["gateway"] = Gateway(world, control, patience, postman)
    world.listeners.append(evolution.Reporter(world, postman, patience))
    for room in (sessions, contacts, chats, messages, sending, changing, files, home, phone, by_hand):
        app.register_blueprint(room.pages)
    for pages in evolution.ROOMS:
        app.register_blueprint(pages)
    green.init_app(app, world, postman)
    app.extensions["control"] = control
    app.register_blueprint(control.blueprint())
    app.wsgi_app = _under_a_sub_path(app.wsgi_app)  # type: ignore[assignment,method-assign]
    app.register_error_handler(Refusal, _refuse)
    app.register_error_handler(NotFound, _no_such_page)
    app.register_error_handler(MethodNotAllowed, _no_such_page)
    return app


def _under_a_sub_path(wrapped: "WSGIApplication") -> "WSGIApplication":
    """What a proxy does that has put WAHA under a path of its own."""

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(f"{SUB_PATH}/"):
            environ |= {"PATH_INFO": path.removeprefix(SUB_PATH), "SCRIPT_NAME": SUB_PATH}
        return wrapped(environ, start_response)

    return serve


def _forget(world: World, postman: Postman) -> None:
    postman.forget()
    world.reset()


def _refuse(refusal: Refusal) -> ResponseReturnValue:
    return refusal.response()


def _no_such_page(error: NotFound | MethodNotAllowed) -> ResponseReturnValue:
    if evolution.is_asked():
        return evolution.no_such_page().response()
    if request.path.startswith("/api/"):
        return not_found(f"Cannot {request.method} {request.path}").response()
    if request.path.startswith("/waInstance"):
        return no_such_method().response()
    return jsonify(error=error.description), error.code or 404
