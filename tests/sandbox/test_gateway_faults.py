"""How the gateway misbehaves on request: by the test client, and over a real socket where the
connection matters."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sandbox.gateway import create_gateway, faults
from sandbox.people import API_KEY
from sandbox.portal.background import free_port
from tests.sandbox.apps import new_gateway
from tests.stand import PATIENCE, until

ROOT = Path(__file__).parents[2]
KEY = {"X-Api-Key": API_KEY}
HEADERS = {**KEY, "Content-Type": "application/json"}
CHECK = "/api/contacts/check-exists?phone=79619510000&session=sales"
SEND = {"session": "sales", "chatId": "79261112233@c.us", "text": "Добрый день!", "id": "3EB0ONE"}


@pytest.fixture
def web():
    return new_gateway()


def fault(web, name, match="check-exists", **more):
    assert web.post("/_sandbox/faults", json={"fault": name, "match": match, **more}).status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("unauthorized", 401, "Unauthorized"),
        ("not_working", 422, '"expected":["WORKING"]'),
        ("stopped", 404, "We didn't find a session with name 'sales'"),
        ("rate_overlimit", 500, "rate-overlimit"),
        ("error_463", 500, "server returned error 463"),
        ("http_500", 500, "Internal server error"),
        ("refuse", 400, "Bad Request"),
        ("html", 200, "<!doctype html>"),
        ("empty", 200, ""),
    ],
)
def test_a_fault_answers_once_and_then_the_gateway_is_well(web, name, status, said):
    fault(web, name)
    answer = web.get(CHECK, headers=KEY)
    assert answer.status_code == status
    assert said in answer.text
    assert web.get(CHECK, headers=KEY).json["numberExists"]


def test_a_fault_meets_only_the_call_that_it_names(web):
    fault(web, "http_500", match="sendText", times=None)
    assert web.get(CHECK, headers=KEY).status_code == 200
    assert web.post("/api/sendText", json=SEND, headers=KEY).status_code == 500


def test_faulty_calls_are_counted_and_refused_ones_too(web):
    fault(web, "http_500")
    web.get(CHECK, headers=KEY)
    web.get(CHECK)
    assert web.get("/_sandbox/calls").json == {"total": 2, "calls": {"check-exists": 2}}


def test_every_fault_is_listed(web):
    assert web.get("/_sandbox/faults").json["names"] == [*faults.NAMES, "delay"]
    assert web.post("/_sandbox/faults", json={"fault": "earthquake"}).status_code == 400


def test_a_send_whose_answer_is_lost_was_done_and_the_next_try_finds_it(web):
    fault(web, "lost_answer", match="sendText", detail="500")
    assert web.post("/api/sendText", json=SEND, headers=KEY).status_code == 500
    history = "/api/sales/chats/79261112233@c.us/messages"
    assert web.get(f"{history}/3EB0ONE", headers=KEY).status_code == 200
    assert web.post("/api/sendText", json=SEND, headers=KEY).status_code == 201
    assert len(web.get(f"{history}?limit=9", headers=KEY).json) == 1


def test_a_line_that_becomes_ready_within_the_patience_answers_after_all():
    app = create_gateway(patience=PATIENCE)
    state = app.extensions["gateway"].state
    state.switch("sales", "STARTING")
    waker = threading.Timer(0.05, state.switch, ("sales", "WORKING"))
    waker.start()
    assert app.test_client().get(CHECK, headers=KEY).json["numberExists"]
    waker.join()


@pytest.fixture(scope="module")
def port():
    """A gateway in a process of its own, as the demo starts it."""
    free = free_port()
    command = [sys.executable, "-m", "sandbox.gateway"]
    environment = {**os.environ, "GATEWAY_PORT": str(free)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert str(free) in process.stdout.readline()
            wait_for(free)
            yield free
        finally:
            process.terminate()


def wait_for(port):
    """Returns when somebody listens."""

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens)


def over_the_wire(port, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET" if body is None else "POST", path, body and json.dumps(body), HEADERS)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_cut_answer_ends_before_its_promised_length(port):
    over_the_wire(port, "/_sandbox/faults", {"fault": "cut", "match": "check-exists"})
    with pytest.raises(http.client.IncompleteRead):
        over_the_wire(port, CHECK)
    assert over_the_wire(port, CHECK) == (200, {"chatId": "79619510000@c.us", "numberExists": True})


def test_silence_ends_in_a_dropped_connection(port):
    over_the_wire(port, "/_sandbox/faults", {"fault": "silence", "match": "check-exists", "seconds": 0.05})
    with pytest.raises(http.client.RemoteDisconnected):
        over_the_wire(port, CHECK)


def test_a_send_can_be_done_while_the_connection_is_lost(port):
    over_the_wire(port, "/_sandbox/faults", {"fault": "lost_answer", "match": "sendText"})
    with pytest.raises(http.client.IncompleteRead):
        over_the_wire(port, "/api/sendText", SEND)
    status, message = over_the_wire(port, "/api/sales/chats/79261112233@c.us/messages/3EB0ONE")
    assert (status, message["body"]) == (200, "Добрый день!")


def test_many_at_once_lose_nothing(port):
    over_the_wire(port, "/_sandbox/reset", {})

    def send(number):
        over_the_wire(port, "/api/sendText", {**SEND, "id": f"3EB0{number % 20:04}"})

    threads = [threading.Thread(target=send, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, messages = over_the_wire(port, "/api/sales/chats/79261112233@c.us/messages?limit=100")
    assert len(messages) == 20
    assert over_the_wire(port, "/_sandbox/calls")[1]["calls"]["sendText"] == 60


def test_a_taken_port_is_said_in_one_line(port):
    command = [sys.executable, "-m", "sandbox.gateway", "--port", str(port)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"Port {port} is taken by another program. Choose another: GATEWAY_PORT=<port>."
    ]
