"""A simulated WAHA: its wire protocol with state, and the clients' phone to answer from.

Start with `model.py` (what is remembered), `world.py` (what can happen to it), `api/` (the protocol), `phone.py`.
"""

import time
from collections.abc import Callable

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from sandbox.control import Control
from sandbox.gateway import by_hand, faults, home, phone
from sandbox.gateway.api import chats, contacts, files, messages, sending, sessions
from sandbox.gateway.door import Gateway
from sandbox.gateway.refusals import Refusal, not_found
from sandbox.gateway.world import World

PATIENCE = 5.0  # seconds that WAHA waits for a session that is not ready (measured: 5.01)


def create_gateway(clock: Callable[[], float] = time.time, *, patience: float = PATIENCE) -> Flask:
    """The gateway as an app; `clock` moves the acks and dates the seed, tests set `patience` to 0."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    world = World(clock)
    control = Control(faults.NAMES, forget=world.reset)
    app.extensions["gateway"] = Gateway(world, control, patience)
    for room in (sessions, contacts, chats, messages, sending, files, home, phone, by_hand):
        app.register_blueprint(room.pages)
    app.register_blueprint(control.blueprint())
    app.register_error_handler(Refusal, _refuse)
    app.register_error_handler(NotFound, _no_such_page)
    app.register_error_handler(MethodNotAllowed, _no_such_page)
    return app


def _refuse(refusal: Refusal) -> ResponseReturnValue:
    return refusal.response()


def _no_such_page(error: NotFound | MethodNotAllowed) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return not_found(f"Cannot {request.method} {request.path}").response()
    return jsonify(error=error.description), error.code or 404
