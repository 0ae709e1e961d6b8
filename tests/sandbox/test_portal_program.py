"""`python -m sandbox.portal` as it is really served: gunicorn, two ports, one state."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.portal.background import free_port
from tests.stand import PATIENCE

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


def start(port, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.portal", "--port", str(port), "--widget", "http://localhost:1"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def port():
    port = free_port()
    program = start(port)
    transport = httpx.HTTPTransport(retries=8)  # waits between tries, about ten seconds in all
    try:
        with httpx.Client(transport=transport, timeout=PATIENCE) as client:
            client.get(f"http://127.0.0.1:{port}/").raise_for_status()
        yield port
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(PATIENCE)
        program.stdout.close()


def opening(port):
    return httpx.post(f"http://127.0.0.1:{port}/opening?path=/crm/deal/details/7045/", timeout=PATIENCE).json()


def test_both_portals_answer_from_one_process(port):
    names = [opening(each)["frame"].split("|")[0] for each in (port, port + 100)]
    assert names == [f"127.0.0.1:{port}", f"127.0.0.1:{port + 100}"]
    token = opening(port + 100)["fields"]["AUTH_ID"]
    about = httpx.get(f"http://127.0.0.1:{port}/oauth/rest/app.info?auth={token}", timeout=PATIENCE).json()
    assert about["result"]["install"]["domain"] == f"127.0.0.1:{port + 100}"


@pytest.mark.parametrize(
    ("fault", "words"), [("cut", "without sending complete message body"), ("silence", "without sending a response")]
)
def test_a_broken_answer_closes_the_connection_here_too(port, fault, words):
    origin = f"http://127.0.0.1:{port}"
    token = opening(port)["fields"]["AUTH_ID"]
    with httpx.Client(base_url=origin, timeout=PATIENCE) as client:
        client.post("/_sandbox/faults", json={"fault": fault, "seconds": 0.1})
        with pytest.raises(httpx.RemoteProtocolError, match=words):
            client.post("/rest/profile", json={"auth": token})
        assert client.post("/rest/profile", json={"auth": token}).status_code == 200


@pytest.mark.parametrize("offset", [0, 100])
def test_a_taken_port_is_said_in_one_line(offset):
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + offset))
        taken.listen()
        program = start(port)
        words = program.communicate(timeout=PATIENCE)[0]
    assert program.returncode == 1
    assert words == f"Port {port + offset} is taken by another program. Choose another: PORTAL_PORT=<port>.\n"
