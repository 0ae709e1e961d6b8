"""Run the portal inside another program, for tests: real sockets, both portals, until the block
ends."""

import contextlib
import random
import socket
import socketserver
import threading
from collections.abc import Iterator

from flask import Flask

from ..threads import Threads
from .app import create_portal
from .credentials import HOST, PORTALS

PORTS = range(20_000, 30_000)
_DRAW = random.SystemRandom()  # no seed that a test sets gives two processes the same ports


@contextlib.contextmanager
def portal_running(widget_url: str, auth_lifetime: int = 3600) -> Iterator[int]:
    """Gives the port of the first portal; the second is 100 above."""
    port = free_port()
    app = create_portal(widget_url, port, auth_lifetime)
    with contextlib.ExitStack() as running:
        for portal in PORTALS:
            running.enter_context(served(app, port + portal.port_offset))
        yield port


@contextlib.contextmanager
def served(app: Flask, port: int, host: str = HOST) -> Iterator[None]:
    with in_background(Threads(app, host, port)):
        yield


@contextlib.contextmanager
def in_background(server: socketserver.BaseServer) -> Iterator[None]:
    """Serve in a thread until the block ends, which the thread notices within 20 ms."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """A port that is free together with the one that the second portal needs."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many ports, each free together with the one that the second portal needs there; none of
    all these twice.

    They lie below the ports that systems take for outgoing calls, so that none of those has one
    before it is served, and are drawn at random, so that two processes that draw at the same time
    hardly meet.
    """
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            port = _DRAW.choice(PORTS)
            with contextlib.suppress(OSError), contextlib.ExitStack() as both:
                for offset in (0, PORTALS[1].port_offset):
                    both.enter_context(socket.socket()).bind((HOST, port + offset))
                held.enter_context(both.pop_all())
                ports.append(port)
    return ports
