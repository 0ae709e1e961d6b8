"""Counters for the operator, without numbers, names or texts. Read at GET /metrics.

With several workers set PROMETHEUS_MULTIPROC_DIR, otherwise each scrape sees one worker.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from widget.version import VERSION

log = logging.getLogger(__name__)


class Metrics:
    def __init__(self, unclear: Callable[[], Mapping[str, int]] = dict) -> None:
        """`unclear` says how many sends have no clear end, by their state; it is asked at each scrape."""
        self._unclear = unclear
        self.registry = CollectorRegistry()
        # Gauge and not Info, which prometheus_client refuses where several processes share a directory.
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
        """`renewed` at the authorisation server, `shared` with whoever was first, or `failed`."""
        self._renewals.labels(outcome).inc()

    def portal_error(self, code: str) -> None:
        """`code` is one of a closed list, or «other»: a portal may answer with any sentence."""
        self._portal_errors.labels(code).inc()

    def text(self) -> bytes:
        """The exposition format, of all workers where they share a directory."""
        stored = CollectorRegistry()
        stored.register(_Unclear(self._unclear))
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return generate_latest(self.registry) + generate_latest(stored)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together) + generate_latest(stored)


class _Unclear(Collector):
    """What the database says, the same in every worker. Left out where it cannot be asked."""

    def __init__(self, read: Callable[[], Mapping[str, int]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = self._read()
        except Exception as error:
            log.warning("metrics.unclear_left_out error=%s", type(error).__name__)
            return
        gauge = GaugeMetricFamily("widget_unclear_sends", "Sends that have no clear end", labels=["state"])
        for state, number in sorted(found.items()):
            gauge.add_metric([state], number)
        yield gauge
