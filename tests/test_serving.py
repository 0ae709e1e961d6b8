"""gunicorn as docs/operating.md runs it, with one worker of four threads, and clients that are
slow."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from sandbox.portal.background import free_port

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
IDLE = b""
HALF_A_HEADER = b"POST /card HTTP/1.1\r\nHost: x\r\nX-Sess"
HALF_A_BODY = b"POST /card HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
SLOW = 12  # three times the threads


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server of one page that reads the body it is sent."""
    home, port = tmp_path_factory.mktemp("serving"), free_port()
    (home / "page.py").write_text(PAGE)
    command = [sys.executable, "-m", "gunicorn", "page:app", "--bind", f"127.0.0.1:{port}", "--pythonpath", str(home)]
    command += ["--workers", "1", "--threads", "4", "--graceful-timeout", "1"]
    with ExitStack() as stack:
        log = stack.enter_context((home / "log").open("wb"))
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        stack.callback(server.wait)
        stack.callback(server.kill)
        transport = stack.enter_context(httpx.HTTPTransport(retries=8))
        httpx.Client(transport=transport, timeout=60).get(f"http://127.0.0.1:{port}/")
        yield port


PAGE = """
from flask import Flask, request

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
@app.route("/card", methods=["POST"])
def page():
    return request.get_data()


@app.post("/unread")
def unread():
    return "", 413
"""


@pytest.mark.parametrize("said", [IDLE, HALF_A_HEADER, HALF_A_BODY])
def test_slow_clients_leave_threads_for_the_others(port: int, said: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(said)

        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200
        assert posted(port, b"x" * 300_000).endswith(b"\r\n\r\n" + b"x" * 300_000)


def posted(port: int, body: bytes) -> bytes:
    """The whole answer. All is sent at once: a client that stands between its header and its body
    is a slow one."""
    header = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(header.encode() + body)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_a_body_that_comes_in_two_parts_is_taken(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
        client.sendall(b"cd")
        answer = b"".join(iter(lambda: client.recv(4096), b""))

    assert answer.endswith(b"\r\n\r\nabcd")


@pytest.mark.parametrize(("path", "ends"), [("/", False), ("/unread", True)])
@pytest.mark.parametrize("size", [1, 300_000])
def test_a_connection_whose_body_was_not_read_is_said_to_end(port: int, path: str, ends: bool, size: int) -> None:
    """A proxy would send the next request, another company's, down a connection that is being
    closed."""
    for content in (b"x" * size, iter([b"x" * size])):  # the second has no length
        answer = httpx.post(f"http://127.0.0.1:{port}{path}", content=content, timeout=30)
        assert (answer.headers["Connection"] == "close") is ends
