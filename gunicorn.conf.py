"""How gunicorn serves the widget: `gunicorn wsgi:app`. Its command line may say otherwise."""

from typing import Any

from widget.warming import warm_up

workers = 2
worker_class = "widget.serving.PatientWorker"  # gthread, whose threads do not wait for slow clients
threads = 32  # a card that waits for a gateway must not hold up the others
reuse_port = True  # otherwise one worker takes all the work; `--preload` would cancel it
keepalive = 30
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Before a worker takes requests."""
    if "widget" in worker.wsgi.extensions:  # the benchmarks serve other applications alike
        warm_up(worker.wsgi)
