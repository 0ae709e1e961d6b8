"""GET /health/live, /health/ready and /metrics. None of them says anything about a portal or a
client."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from widget.health.telling import gauges_of, stores_of
from widget.services import services
from widget.version import VERSION

pages = Blueprint("health", __name__)


@pages.get("/health/live")
def live() -> ResponseReturnValue:
    """The process answers, and which version it is. No outside call."""
    return jsonify(ok=True, version=VERSION)


@pages.get("/health/ready")
def ready() -> ResponseReturnValue:
    """Every store answers: 200, otherwise 503 with the names of those that do not. One small query
    each."""
    states = stores_of(services())
    return jsonify(states), 200 if all(states.values()) else 503


@pages.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus' text format."""
    here = services()
    return Response(here.infra.metrics.text(gauges_of(here)), mimetype="text/plain; version=0.0.4")
