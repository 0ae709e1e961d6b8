"""How gunicorn serves the widget: `gunicorn wsgi:app`. Its command line may say otherwise."""

import gc
import os
import sys
from typing import Any

from widget import tracing
from widget.config import Config, ConfigError
from widget.warming import hear_of_lines, warm_up

WIDGET = "wsgi:app"

workers = 2
worker_class = "widget.serving.PatientWorker"  # gthread, whose threads do not wait for slow clients
threads = 32  # a card that waits for a gateway must not hold up the others
reuse_port = True  # otherwise one worker takes all the work; `--preload` would cancel it
keepalive = 30
graceful_timeout = 80  # seconds: a send waits 30 s for its gateway, with a file 45 s more
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Before there is a worker: what cannot start says so in one line and ends."""
    if server.app.app_uri != WIDGET:  # the benchmarks serve other applications alike
        return
    try:
        config = Config.from_environ(os.environ)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(4)
    if not config.redis_url and server.num_workers > 1:
        sys.stderr.write("No REDIS_URL: cache, limits and locks live in the process, so one worker is started\n")
        server.num_workers = 1


def on_reload(server: Any) -> None:
    """The settings of this file were read again, and with them the number of workers."""
    on_starting(server)


def post_worker_init(worker: Any) -> None:
    """Before a worker takes requests."""
    if "widget" in getattr(worker.wsgi, "extensions", ()):
        tracing.start()
        warm_up(worker.wsgi)
        hear_of_lines(worker.wsgi)
    # What is there now stays: the collector of garbage does not look through it in the middle of a
    # request.
    gc.collect()
    gc.freeze()
