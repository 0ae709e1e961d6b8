"""Spans for OpenTelemetry: one trace a request, named by rules and kinds, with nothing of a client
in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stand import Widget
from widget import measures, tracing

pytest.importorskip("opentelemetry.sdk", reason="requirements-otel.txt, an extra, is not installed")


@pytest.fixture
def spans() -> Iterator[Any]:
    """What was exported."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    measures.spans(tracing.spans_of(provider))
    yield exporter
    measures.spans(None)


def test_a_request_and_its_calls_outside_are_one_trace_without_a_number(widget: Widget, spans: Any) -> None:
    card = widget.open().reveal()
    spans.clear()
    card.check()

    made = spans.get_finished_spans()
    assert {span.name for span in made} >= {"POST /card/check", "outside waha"}
    assert len({span.context.trace_id for span in made}) == 1
    assert not [text for span in made for text in map(str, span.attributes.values()) if "79" in text and "+" in text]
    assert all(span.end_time >= span.start_time for span in made)
