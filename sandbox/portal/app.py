"""Put the sandbox's portal together."""

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from ..control import Control
from .company import company_pages
from .control_api import control_pages
from .credentials import AUTH_PREFIXES, DEFAULT_PORT
from .drive import drive_pages
from .faults import NAMES
from .market import market_pages
from .oauth import oauth_pages
from .openlines.pages import centre_pages
from .pages import card_pages
from .portals import SandboxPortals
from .rest import rest_pages
from .tokens import IssuedTokens


def create_portal(widget_url: str, port: int = DEFAULT_PORT, auth_lifetime: int = 3600) -> Flask:
    """Both portals as one app; `port` is the first one's, the second is asked at `port` + 100.

    `widget_url` is where the framed app lives. Tokens live `auth_lifetime` seconds; with 0 they are
    born expired.
    """
    portals = SandboxPortals(widget_url.rstrip("/"), port, IssuedTokens(auth_lifetime))
    portals.control = Control(NAMES, portals.forget)
    app = Flask(__name__)
    app.json = _InOrder(app)
    app.extensions["control"] = portals.control
    app.register_blueprint(portals.control.blueprint())
    app.register_blueprint(rest_pages(portals))
    for number in AUTH_PREFIXES:
        app.register_blueprint(oauth_pages(portals, number))
    app.register_blueprint(card_pages(portals))
    app.register_blueprint(market_pages(portals))
    app.register_blueprint(company_pages(portals))
    app.register_blueprint(centre_pages(portals))
    app.register_blueprint(drive_pages(portals))
    app.register_blueprint(control_pages(portals))
    return app


class _InOrder(DefaultJSONProvider):
    """Keys as they were put in, as PHP writes them; sorted ones would hide mistakes in a batch."""

    sort_keys = False
    ensure_ascii = False
