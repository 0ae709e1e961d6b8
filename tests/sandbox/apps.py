"""The simulators without a socket, for tests of them: put together once in a process, and as new
for each test."""

import time
from collections.abc import Callable
from functools import cache

from flask import Flask
from flask.testing import FlaskClient

from sandbox.gateway import create_gateway
from sandbox.portal.app import create_portal
from sandbox.portal.visitor import Visitor


def new_gateway(clock: Callable[[], float] = time.time) -> FlaskClient:
    """A gateway that waits for no line to become ready."""
    app = _gateway()
    app.extensions["gateway"].state.clock = clock
    return _as_new(app).test_client()


def new_portal(widget_url: str = "http://localhost:8000", auth_lifetime: int = 3600) -> Visitor:
    return Visitor(_as_new(_portal(widget_url, auth_lifetime)))


@cache
def _gateway() -> Flask:
    return create_gateway(patience=0)


@cache
def _portal(widget_url: str, auth_lifetime: int) -> Flask:
    return create_portal(widget_url, auth_lifetime=auth_lifetime)


def _as_new(app: Flask) -> Flask:
    app.extensions["control"].reset()
    return app
