"""Serve a simulator: gunicorn, one process (the state lives in memory), many threads, loopback
only."""

import errno
import socket
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

HOST = "127.0.0.1"


def serve(app: Flask, port: int, *, threads: int = 256, also: tuple[int, ...] = ()) -> None:
    """Serve until stopped, on `also` as well; ends the program with one line when a port is
    taken."""
    ports = (port, *also)
    for each in ports:
        refuse_busy(each)
    _Server(app, {"bind": [f"{HOST}:{each}" for each in ports], "threads": threads}).run()


def refuse_busy(port: int, *, setting: str = "") -> None:
    """End the program with one clear line if another program already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            hint = f" Choose another: {setting}=<port>." if setting else ""
            sys.exit(f"Port {port} is taken by another program.{hint}")


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn started from Python instead of its command line."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app = app
        self._options = {
            "worker_class": "gthread",
            "workers": 1,
            "keepalive": 60,
            "timeout": 120,
            "graceful_timeout": 1,
            "loglevel": "warning",
            "control_socket_disable": True,
            **options,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app
