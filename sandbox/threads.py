"""Serve an app in threads of this process, for tests: gunicorn's own reading and writing of HTTP,
as behind `serve`.

A connection is kept, as real servers keep them: one for each request, with a thread of its own,
cost more than half of what a request did.
"""

import contextlib
import socket
import socketserver
import threading
from typing import Any

from flask import Flask
from gunicorn.config import Config
from gunicorn.http import RequestParser, wsgi

_USUAL = Config()


class Threads(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: Flask, host: str, port: int) -> None:
        super().__init__((host, port), _Connection)
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Hear nothing more, also on the connections that are kept."""
        super().server_close()
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.BaseRequestHandler):
    """One request after the other, until a side closes."""

    request: socket.socket
    server: Threads

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):  # the client is gone, or a fault has closed the connection
            for asked in RequestParser(_USUAL, self.request, self.client_address):
                if not self._answer(asked):
                    return

    def _answer(self, asked: Any) -> bool:
        """Whether the connection can be kept."""
        response, environ = wsgi.create(asked, self.request, self.client_address, self.server.server_address, _USUAL)
        parts = self.server.app({**environ, "wsgi.multithread": True}, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            parts.close()  # type: ignore[attr-defined]
        return not response.should_close()
