"""gunicorn's threads are for requests that are there: a slow client waits without one, or with few
of them.

A proxy that buffers bodies does more (docs/proxy.md). This is for a service without one, and for
what comes past it.
"""

import errno
import select
import socket
import threading
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import TConn, ThreadWorker

SILENT_SECONDS = 10.0  # until a connection that says nothing is closed
GRACE = 0.2  # seconds that any thread waits for what is on its way
PATIENCE = 10.0  # seconds that a client may keep threads waiting for one request, and
BYTES_A_SECOND = 4096  # one second more for so many bytes of it: 16 MB over a slow telephone
LINGER_SECONDS = 2.0
AT_ONCE = 64 * 1024  # bytes of an answer that a client must take within PATIENCE


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gthread in which slow clients hold at most half of the threads, and never the loop that
    accepts connections.

    gunicorn 27 gives a thread to every new connection, waits in it for as long as its client likes
    once something was said, and lets a connection that ends linger for up to 2 s in the loop that
    accepts all others.
    """

    def init_process(self) -> None:
        self.waiting = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))
        self.lingering: deque[tuple[float, PatientSocket]] = deque()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """A new connection gets a thread when it has said something."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock = PatientSocket(conn.sock, self.waiting)
        conn.timeout = time.monotonic() + SILENT_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: TConn) -> Any:
        conn.sock.begin()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """The answer says that the connection ends where its body was not read: gunicorn reads a
        little of the rest away and closes without a word, while a proxy already sends the next
        request, another company's, down there."""
        said = req.should_close
        req.should_close = lambda: said() or _is_unread(req.body.reader)
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, future: "Future[Any]") -> None:
        """A connection that ends is closed when its client has closed it, or its last answer could
        be lost."""
        if future.cancelled() or future.exception() or future.result():
            super().finish_request(conn, future)
            return
        self.nr_conns -= 1
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.close()
            return
        conn.sock.setblocking(False)
        self.lingering.append((time.monotonic() + LINGER_SECONDS, conn.sock))
        self.poller.register(conn.sock, EVENT_READ, self._drain)

    def murder_pending(self) -> None:
        super().murder_pending()
        while self.lingering and (self.lingering[0][1].fileno() < 0 or self.lingering[0][0] <= time.monotonic()):
            self._end(self.lingering.popleft()[1])

    def _drain(self, sock: "PatientSocket") -> None:
        try:
            if sock.recv(AT_ONCE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._end(sock)

    def _end(self, sock: "PatientSocket") -> None:
        if sock.fileno() >= 0:
            self.poller.unregister(sock)
            sock.close()


def _is_unread(reader: Any) -> bool:
    """Whether a part of the body is left, by what gunicorn reads it with."""
    return reader.length > 0 if isinstance(reader, LengthReader) else getattr(reader, "parser", None) is not None


class PatientSocket:
    """A socket that ends where its client keeps us waiting too long, or too many of them do at
    once."""

    def __init__(self, sock: socket.socket, waiting: threading.BoundedSemaphore) -> None:
        self._sock = sock
        self._waiting = waiting
        self._left = PATIENCE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def begin(self) -> None:
        """A request starts."""
        self._left = PATIENCE

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As of any socket. Raises ConnectionResetError where too many clients are slow."""
        if self._sock.gettimeout() is None and not self._readable(GRACE):
            if not self._waiting.acquire(blocking=False):
                raise ConnectionResetError(errno.ECONNRESET, "too many clients are slow")
            try:
                began = time.monotonic()
                readable = self._readable(self._left)
                self._left -= time.monotonic() - began
            finally:
                self._waiting.release()
            if not readable:
                raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
        data = self._sock.recv(size, flags)
        self._left += len(data) / BYTES_A_SECOND
        return data

    def sendall(self, data: bytes) -> None:
        """Raises ConnectionResetError where the client does not take it."""
        before = self._sock.gettimeout()
        self._sock.settimeout(PATIENCE if before is None else before)
        try:
            for start in range(0, len(data), AT_ONCE):
                self._sock.sendall(data[start : start + AT_ONCE])
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client does not take its answer") from None
        finally:
            self._sock.settimeout(before)

    def _readable(self, seconds: float) -> bool:
        waiting = select.poll()
        waiting.register(self._sock, select.POLLIN)
        return bool(waiting.poll(max(0.0, 1000 * seconds)))
