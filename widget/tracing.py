"""Spans for OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set and requirements-otel.txt is
installed.

Our own spans and not the ready-made instrumentations: those write whole addresses down, and ours
carry keys and numbers. All spans of one request are one trace, whichever threads did its calls: its
id comes from the request's.
"""

import hashlib
import logging
import os
import time
from typing import Any

from widget import logs, measures
from widget.version import VERSION

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

log = logging.getLogger(__name__)


def start() -> bool:
    """Send each measure as a span from now on. Returns False if the library is missing: the service
    starts anyway."""
    if not os.environ.get(ENDPOINT):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        log.warning("tracing.library_missing setting=%s", ENDPOINT)
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": "widget", "service.version": VERSION}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    measures.spans(spans_of(provider))
    return True


def spans_of(provider: Any) -> measures.Span:
    """What makes a span of a measure that has just ended."""
    from opentelemetry import trace  # noqa: PLC0415

    tracer = provider.get_tracer("widget")

    def span(name: str, seconds: float, attributes: dict[str, Any]) -> None:
        whose = hashlib.sha256(logs.request_id().encode()).digest()
        ids = int.from_bytes(whose[:16], "big"), int.from_bytes(whose[16:24], "big")
        above = trace.SpanContext(*ids, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED))
        context = trace.set_span_in_context(trace.NonRecordingSpan(above)) if logs.request_id() else None
        ended = time.time_ns()
        made = tracer.start_span(name, context, start_time=ended - int(seconds * 1e9), attributes=attributes)
        made.set_attribute("widget.request", logs.request_id())
        made.end(ended)

    return span
