"""`flask worker`: the process that does the background work. One is enough; more do no harm."""

from flask import current_app

from widget import logs
from widget.services import services


@logs.work("cli")
def run_worker() -> None:
    """Until a signal comes. Needs the same settings as the web process, and the same JOBS_FILE or REDIS_URL."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        services().jobs.run(app.app_context)
    finally:
        services().storage.rest_log.flush()  # what the last job called
