"""`flask worker`: the process that does the background work. One is enough; more share it."""

from flask import current_app
from prometheus_client import start_http_server

from widget import logs, tracing
from widget.health.telling import gauges_of
from widget.services import services


@logs.work("cli")
def run_worker() -> None:
    """Until a signal comes. Needs the same settings as the web process, and the same JOBS_FILE or
    REDIS_URL."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    here = services()
    tracing.start()
    if here.infra.config.metrics_port:
        start_http_server(here.infra.config.metrics_port, registry=here.infra.metrics.all(gauges_of(here)))
    try:
        here.jobs.run(app.app_context)
    finally:
        here.storage.rest_log.flush()  # what the last job called
