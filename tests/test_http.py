import contextlib
import gzip
import socket
import threading
import tracemalloc
from types import SimpleNamespace

import httpcore
import httpx
import pytest

from tests.stand import PATIENCE, Clock, until
from widget import http
from widget.http import KEPT_SECONDS, HttpResponse, OutsideError, TimedOut, fetch, make_client


class Host:
    """A server of one connection after another; each is handed to `talk` in a thread of its own."""

    def __init__(self, talk):
        self._talk = talk
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            request = b""
            while b"\r\n\r\n" not in request:
                received = connection.recv(4096)
                if not received:  # who has gone says no more: this thread would go round and round until the end
                    return
                request += received
            self.requests.append(request)
            self._talk(connection, self._over)

    def close(self):
        self._over.set()
        self._listener.close()


@pytest.fixture
def host():
    hosts = []

    def make(talk):
        hosts.append(Host(talk))
        return hosts[-1]

    yield make
    for each in hosts:
        each.close()


@pytest.fixture
def client():
    with make_client() as made:
        yield made


def says(*parts: bytes, every: float = 0.0):
    """Say the parts, the last one for ever, with a pause after each."""

    def talk(connection, over):
        for part in parts:
            connection.sendall(part)
            over.wait(every)
        while every and not over.wait(every):
            connection.sendall(parts[-1])

    return talk


def once(status: str = "200 OK", body: bytes = b"{}", headers: str = ""):
    return says(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)


def silence(_connection, over):
    over.wait(PATIENCE)


def failed(call) -> OutsideError:
    with pytest.raises(OutsideError) as error:
        call()
    return error.value


def test_an_answer_is_its_status_headers_and_body(client, host):
    answer = fetch(client, "GET", host(once("404 Not Found", b'{"a": 1}', "X-One: 1\r\n")).address, timeout=PATIENCE)
    assert (answer.status, answer.headers["x-one"], answer.json()) == (404, "1", {"a": 1})


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"\xff\xfe\xfa", b"[" * 200_000, b"1" * 5000])
def test_a_body_that_is_no_json_is_none(body):
    assert HttpResponse(200, {}, body).json() is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"cut \ud83d"', "cut ?"),
        (rb'"cut \uDE00 \ud83d\ude00"', "cut ? \U0001f600"),
        (rb'"\\ud83d"', r"\ud83d"),
        (b'"raw \xed\xa0\xbd"', "raw \ufffd\ufffd\ufffd"),
        (b'\xef\xbb\xbf"a byte order mark"', "a byte order mark"),
    ],
)
def test_half_an_emoji_never_gets_in(body, text):
    assert HttpResponse(200, {}, body).json() == text
    assert HttpResponse(200, {}, b"{" + body.removeprefix(b"\xef\xbb\xbf") + b": 1}").json() == {text: 1}


# Time.


class Slow(httpcore.NetworkStream):
    """A connection on which the other side takes its time, by a clock of the test's own: each step
    `pace` seconds. It says the parts, the last one for ever; without any it says nothing until the
    time is over."""

    def __init__(self, clock, parts, *, pace):
        self.clock, self.parts, self.pace = clock, list(parts), pace

    def read(self, max_bytes, timeout=None):
        if not self.parts:
            self.clock.forward(timeout)
            raise httpcore.ReadTimeout
        self.clock.forward(self.pace)
        return self.parts.pop(0) if len(self.parts) > 1 else self.parts[0]

    def write(self, buffer, timeout=None):
        self.clock.forward(self.pace * (len(buffer) > 1000))

    def close(self):
        pass

    def get_extra_info(self, info):
        return None


class Network(httpcore.NetworkBackend):
    """Connections in the order in which they are made."""

    def __init__(self, *connections):
        self.connections = list(connections)

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        return self.connections.pop(0)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(http, "time", SimpleNamespace(monotonic=clock))
    return clock


OK, ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [(ENDLESS, b"x"), (b"HTTP/1.1 200 OK\r\nX: ", b"a"), (b"HTTP/1.1 100 Continue\r\n\r\n",), ()],
    ids=["a body that trickles", "headers byte by byte", "100 Continue again and again", "silence"],
)
def test_an_answer_that_never_ends_is_given_up_at_the_deadline(clock, parts):
    begun = clock.now
    with make_client(backend=Network(Slow(clock, parts, pace=0.3))) as client:
        error = failed(lambda: fetch(client, "POST", "http://slow.example/", timeout=10, json={}))
    assert isinstance(error, TimedOut)
    assert error.sent
    assert 10 <= clock.now - begun <= 10.3


def test_a_request_that_nobody_reads_is_given_up_at_the_deadline(clock):
    begun = clock.now
    with make_client(backend=Network(Slow(clock, (OK,), pace=1))) as client:
        error = failed(lambda: fetch(client, "POST", "http://slow.example/", timeout=10, content=b"x" * 20 * 64 * 1024))
    assert isinstance(error, TimedOut)
    assert error.sent
    assert 10 <= clock.now - begun <= 11


def test_one_deadline_does_not_reach_into_the_next_exchange(clock):
    network = Network(Slow(clock, (), pace=1), Slow(clock, (OK,), pace=1), Slow(clock, (OK,), pace=1))
    with make_client(backend=network) as client:
        failed(lambda: fetch(client, "GET", "http://slow.example/", timeout=10))
        clock.forward(3600)
        assert fetch(client, "GET", "http://quick.example/", timeout=10).status == 200
        clock.forward(3600)
        assert client.get("http://another.example/").status_code == 200


def test_a_silent_server_is_given_up_and_may_have_acted(client, host):
    quiet = host(silence)

    def is_sent() -> bool:
        error = failed(lambda: fetch(client, "POST", quiet.address, timeout=0.3, json={}))
        assert isinstance(error, TimedOut)
        return error.sent

    until(is_sent)  # not where this process stood still before it could write


def test_a_client_that_is_out_of_connections_says_that_nothing_was_sent(host):
    quiet = host(silence)
    with make_client() as client:
        threads = [threading.Thread(target=_hang, args=(client, quiet.address), daemon=True) for _ in range(16)]
        for thread in threads:
            thread.start()
        until(lambda: len(quiet.requests) == 16)
        error = failed(lambda: fetch(client, "GET", quiet.address, timeout=0.1))
        assert isinstance(error, TimedOut)
        assert not error.sent
        quiet.close()
        for thread in threads:
            thread.join(PATIENCE)


def _hang(client, address):
    with contextlib.suppress(OutsideError):
        fetch(client, "GET", address, timeout=PATIENCE)


# What surely did not leave, and what may have.


def test_a_closed_port_means_nothing_was_sent(client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failed(lambda: fetch(client, "POST", f"http://127.0.0.1:{port}/", timeout=PATIENCE, json={}))
    assert not error.sent


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "http://", "ftp://example.org/", "http://a:999999/", "http://[x", "http://exa mple.org/\x00"],
)
def test_an_address_that_is_none_means_nothing_was_sent(client, address):
    error = failed(lambda: fetch(client, "POST", address, timeout=PATIENCE, json={}))
    assert not error.sent


@pytest.mark.parametrize("value", ["ключ", "a\r\nX-Evil: 1", "a\x00b"])
def test_a_header_that_cannot_be_sent_is_an_error_and_no_crash(client, host, value):
    quiet = host(once())
    error = failed(lambda: fetch(client, "POST", quiet.address, timeout=PATIENCE, headers={"X-Api-Key": value}))
    assert not error.sent
    assert quiet.requests == []


@pytest.mark.parametrize(
    "cut", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"not http at all\r\n\r\n"]
)
def test_a_cut_answer_may_have_been_acted_on(client, host, cut):
    error = failed(lambda: fetch(client, "POST", host(says(cut)).address, timeout=PATIENCE, json={}))
    assert error.sent


# Size, direction, secrets.


def test_an_answer_that_is_too_large_is_not_read_to_its_end(client, host):
    endless = host(says(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096, every=0.001))
    error = failed(lambda: fetch(client, "GET", endless.address, timeout=PATIENCE, largest=20_000))
    assert error.reason == "answer too large"
    assert error.sent


def test_an_answer_of_just_the_largest_size_is_read(client, host):
    answer = fetch(client, "GET", host(once(body=b"x" * 1000)).address, timeout=PATIENCE, largest=1000)
    assert len(answer.body) == 1000


def test_nobody_is_asked_to_pack_an_answer(client, host):
    server = host(once())
    fetch(client, "GET", server.address, timeout=PATIENCE)
    assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


def test_a_packed_answer_is_unpacked(client, host):
    packed = once(body=gzip.compress(b'{"a": 1}'), headers="Content-Encoding: gzip\r\n")
    assert fetch(client, "GET", host(packed).address, timeout=PATIENCE).json() == {"a": 1}


@pytest.mark.parametrize(
    ("encoding", "layers"), [("gzip", 1), ("gzip, gzip", 2), ("gzip, gzip, gzip", 3), ("deflate", 1), ("br", 1)]
)
def test_no_packed_answer_takes_more_memory_than_the_largest_one(client, host, encoding, layers):
    body = b"0" * 64 * 1024 * 1024
    for _ in range(layers):
        body = gzip.compress(body)
    server = host(once(body=body, headers=f"Content-Encoding: {encoding}\r\n"))
    tracemalloc.start()
    try:
        error = failed(lambda: fetch(client, "GET", server.address, timeout=PATIENCE, largest=1_000_000))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.sent
    assert most < 4_000_000


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"{}") + b"x" * 200_000])
def test_what_is_no_gzip_or_never_stops_after_it_is_an_error(client, host, body):
    server = host(once(body=body, headers="Content-Encoding: gzip\r\n"))
    error = failed(lambda: fetch(client, "GET", server.address, timeout=PATIENCE, largest=100_000))
    assert error.sent


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(client, host, status):
    target = host(once())
    answer = fetch(
        client,
        "POST",
        host(once(f"{status} Moved", headers=f"Location: {target.address}\r\n")).address,
        timeout=PATIENCE,
    )
    assert answer.status == status
    assert target.requests == []


def test_a_proxy_of_the_environment_is_ignored(host, monkeypatch):
    proxy, wanted = host(once(body=b'"proxy"')), host(once(body=b'"wanted"'))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.address)
    with make_client() as client:
        assert fetch(client, "GET", wanted.address, timeout=PATIENCE).json() == "wanted"
    assert proxy.requests == []


def test_passwords_of_a_netrc_file_go_nowhere(host, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = host(once())
    with make_client() as client:
        fetch(client, "GET", server.address, timeout=PATIENCE)
    assert b"authorization" not in server.requests[0].lower()


def test_an_error_names_no_address():
    def refuse(request):
        raise httpx.ConnectError(f"cannot reach {request.url}")

    with make_client(transport=httpx.MockTransport(refuse)) as client:
        error = failed(lambda: fetch(client, "GET", "http://example.org/?auth=token", timeout=PATIENCE))
    assert "token" not in str(error) + error.reason


def test_a_request_is_made_once_whatever_happens(client, host):
    broken = host(says(b""))
    failed(lambda: fetch(client, "POST", broken.address, timeout=PATIENCE, json={}))
    assert len(broken.requests) == 1


def test_an_idle_connection_is_closed_before_a_node_server_closes_it():
    """`server.keepAliveTimeout` is 5 s: a send into a connection that is just closed would have an
    unclear end."""
    with make_client() as client:
        assert client._transport._pool._keepalive_expiry == KEPT_SECONDS < 5
