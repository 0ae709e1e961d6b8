"""Counters for the operator, without numbers, names or texts. Read at GET /metrics.

With several workers set PROMETHEUS_MULTIPROC_DIR, otherwise each scrape sees one worker. Every
label has few values, and none of them comes from outside; deploy/alerts.yaml and
deploy/grafana.json use these names.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from widget import measures
from widget.version import VERSION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveGauge:
    """A gauge that is read when it is asked for, by the value of its one label ("" where it has
    none)."""

    name: str
    text: str
    label: str
    read: Callable[[], Mapping[str, float]]


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Gauge and not Info, which prometheus_client refuses where several processes share a
        # directory.
        build = Gauge("widget_build_info", "The version", ["version"], registry=self.registry, multiprocess_mode="max")
        build.labels(VERSION).set(1)
        self._reveals = Counter("widget_reveals", "Cards revealed", ["how"], registry=self.registry)
        self._checks = Counter("widget_checks", "Numbers asked about at a gateway", ["answer"], registry=self.registry)
        self._sends = Counter("widget_sends", "Messages handed to a gateway", ["state"], registry=self.registry)
        self._renewals = Counter("widget_token_renewals", "Expired tokens", ["outcome"], registry=self.registry)
        self._portal_errors = Counter("widget_portal_errors", "Errors of portals", ["code"], registry=self.registry)
        self._refusals = Counter("widget_refusals", "Requests refused", ["code"], registry=self.registry)

    def revealed(self, *, pressed: bool) -> None:
        self._reveals.labels("pressed" if pressed else "itself").inc()

    def checked(self, answer: str) -> None:
        self._checks.labels(answer).inc()

    def sent(self, state: str) -> None:
        self._sends.labels(state).inc()

    def refused(self, code: str) -> None:
        self._refusals.labels(code).inc()

    def renewed(self, outcome: str) -> None:
        """`renewed` at the authorisation server, `shared` with the first that asked, or
        `failed`."""
        self._renewals.labels(outcome).inc()

    def portal_error(self, code: str) -> None:
        """`code` is one of a closed list, or «other»: a portal may answer with any sentence."""
        self._portal_errors.labels(code).inc()

    def text(self, live: Sequence[LiveGauge] = ()) -> bytes:
        """The exposition format."""
        return generate_latest(self.all(live))

    def all(self, live: Sequence[LiveGauge] = ()) -> CollectorRegistry:
        """The counters, of all workers where they share a directory, and the gauges `told` as they
        are now."""
        together = CollectorRegistry()
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        else:
            together.register(_Of(self.registry))
            together.register(_Of(measures.registry))
        together.register(_Read(live))
        return together


class _Of(Collector):
    """Collects what another registry holds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()


class _Read(Collector):
    """Collects a gauge that is read from a store, so the same in every process. Left out if the
    store fails."""

    def __init__(self, live: Sequence[LiveGauge]) -> None:
        self._live = live

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        for each in self._live:
            try:
                found = each.read()
            except Exception as error:
                log.warning("metrics.left_out name=%s error=%s", each.name, type(error).__name__)
                continue
            gauge = GaugeMetricFamily(each.name, each.text, labels=[each.label] if each.label else [])
            for value, number in sorted(found.items()):
                gauge.add_metric([value] if each.label else [], number)
            yield gauge
