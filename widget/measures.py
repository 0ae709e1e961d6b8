"""How long requests and calls outside take: one measure for the whole process, as Prometheus
counts, and the same as spans for OpenTelemetry where tracing.py is switched on.

Labels are few and closed: a rule and not an address, a kind of host and not its name.
"""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Histogram

SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

registry = CollectorRegistry()
_requests = Histogram(
    "widget_request_seconds", "Requests, by rule and status", ["route", "status"], buckets=SECONDS, registry=registry
)
_outside = Histogram(
    "widget_outside_seconds",
    "Calls outside, by the kind of host and how they ended",
    ["host", "outcome"],
    buckets=SECONDS,
    registry=registry,
)

Span = Callable[[str, float, dict[str, Any]], None]  # a name, seconds until now, attributes
_span: Span | None = None


def spans(span: Span | None) -> None:
    """Report each measure as a span too; None ends that."""
    global _span  # noqa: PLW0603 - one tracer a process
    _span = span


def request(route: str, status: int, seconds: float) -> None:
    """A request was answered. `route` is a method and a rule."""
    _requests.labels(route, f"{status // 100}xx").observe(seconds)
    if _span:
        _span(route, seconds, {"http.route": route, "http.response.status_code": status})


def outside(host: str, outcome: str, seconds: float) -> None:
    """A call outside has ended. `host` is a kind: portal, oauth, a vendor of gateways, registry."""
    _outside.labels(host, outcome).observe(seconds)
    if _span:
        _span(f"outside {host}", seconds, {"widget.outcome": outcome})
