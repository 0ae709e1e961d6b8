"""A line's address comes from an administrator of any portal: what it may not lead to, and when
that is looked at."""

import ipaddress
import socket
import ssl

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.portal.background import free_port, served
from tests.stand import PATIENCE
from widget.addresses import AddressRefused, AddressRules, PublicOnly, is_public, plain_address, require_public
from widget.http import OutsideError, fetch, make_client

PRIVATE = [
    "localhost", "LOCALHOST", "localhost.", "waha", "redis.local", "db.internal", "a.localhost", "router.lan",
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
    "10.0.0.5", "10.5", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257", "169.254.169.254", "100.64.0.1",
    "168.63.129.16", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.7",
    "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[2001:db8::1]",
    "192.88.99.1", "[3fff::1]", "[3fff:fff::1]",
    "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[0:0:0:0:0:0:0:1]",
    "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1",
]  # fmt: skip
PUBLIC = [
    "waha.example.com", "8.8.8.8", "134744072", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "127.0.0.1.example.com",
    "localhost.example.com", "xn--80akhbyknj4f.xn--p1ai", "пример.рф", "172.32.0.1", "100.128.0.1", "local.example",
]  # fmt: skip


def code_of(address: str, *, allow_http: bool = False, allow_private: bool = False) -> str:
    try:
        require_public(address, AddressRules(allow_http, allow_private))
    except AddressRefused as error:
        return error.code
    return ""


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_of_this_machine_or_network_is_refused_however_it_is_spelled(host: str) -> None:
    assert code_of(f"https://{host}:3000/") == "private"
    assert code_of(f"https://{host}:3000/", allow_private=True) == ""


@pytest.mark.parametrize("host", PUBLIC)
def test_an_address_on_the_internet_is_taken(host: str) -> None:
    assert code_of(f"https://{host}") == ""
    assert code_of(f"https://{host}:3000/waha/") == ""


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://waha.example.com", "not_https"),
        ("HTTP://waha.example.com", "not_https"),
        ("https://user:word@waha.example.com", "user_info"),
        ("https://user@waha.example.com", "user_info"),
        ("https://waha.example.com@127.0.0.1/", "user_info"),
        ("https://@waha.example.com", "user_info"),
        ("", "not_an_address"),
        ("waha.example.com", "not_an_address"),
        ("//waha.example.com", "not_an_address"),
        ("https://", "not_an_address"),
        ("https:///path", "not_an_address"),
        ("ftp://waha.example.com", "not_an_address"),
        ("file:///etc/passwd", "not_an_address"),
        ("gopher://waha.example.com", "not_an_address"),
        ("javascript:alert(1)", "not_an_address"),
        ("https://waha.example.com:0", "not_an_address"),
        ("https://waha.example.com:99999", "not_an_address"),
        ("https://waha.example.com:port", "not_an_address"),
        ("https://[::1", "not_an_address"),
        ("https://waha.example.com/?a=1", "not_an_address"),
        ("https://waha.example.com/#a", "not_an_address"),
        ("https://waha.example.com\\@127.0.0.1/", "not_an_address"),
        ("https://waha.exa\nmple.com", "not_an_address"),
        ("https://waha.example.com /", "not_an_address"),
        ("https://waha.example.com\x00", "not_an_address"),
        ("https://example.999", "not_an_address"),
    ],
)
def test_what_is_no_plain_https_address_is_refused_by_its_kind(address: str, code: str) -> None:
    assert code_of(address) == code


def test_plain_http_is_taken_only_where_the_operator_allows_it() -> None:
    assert code_of("http://waha.example.com", allow_http=True) == ""
    assert code_of("http://127.0.0.1", allow_http=True) == "private"


@given(st.ip_addresses(v=4))
def test_a_number_in_any_spelling_is_judged_like_the_plain_one(address: ipaddress.IPv4Address) -> None:
    whole = int(address)
    octets = address.packed
    spellings = [str(whole), hex(whole), ".".join(hex(o) for o in octets), ".".join(f"0{o:o}" for o in octets)]
    spellings += [f"[::ffff:{address}]", f"[64:ff9b::{address}]"]
    expected = "" if is_public(address) else "private"
    assert {code_of(f"https://{host}/") for host in [str(address), *spellings]} == {expected}


@given(st.ip_addresses(v=6))
def test_no_private_address_is_ever_public(address: ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not is_public(address)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_taken_and_never_breaks(text: str) -> None:
    code_of(text)
    code_of(f"https://{text}")


# When the connection is made.


class Network(httpcore.NetworkBackend):
    """Connects nowhere; remembers what it was asked to connect to."""

    def __init__(self, dead: tuple[str, ...] = ()) -> None:
        self.connected: list[tuple[str, int]] = []
        self._dead = dead
        self.stream = httpcore.MockStream([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connected.append((host, port))
        if host in self._dead:
            raise httpcore.ConnectError("dead")
        return self.stream


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """DNS gives these answers, one after another; the names that were asked for are returned."""
    asked: list[str] = []
    told = iter(answers)

    def getaddrinfo(host, port, *args, **kwargs):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(told)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def get(network: httpcore.NetworkBackend, url: str = "http://waha.example.com:3000/") -> bytes:
    with make_client(backend=PublicOnly(network)) as client:
        return fetch(client, "GET", url, timeout=60).body


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    asked = resolving(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])  # a rebinding server's second answer
    assert get(network) == b"ok"
    assert network.connected == [("8.8.8.8", 3000)]
    assert asked == ["waha.example.com"]


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"], []]
)
def test_a_name_that_leads_even_partly_to_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    network = Network()
    resolving(monkeypatch, answer)
    with pytest.raises(OutsideError) as refused:
        get(network)
    assert not refused.value.sent
    assert network.connected == []


def test_a_name_that_turns_private_later_is_refused_then(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network()
    resolving(monkeypatch, ["8.8.8.8"], ["192.168.0.1"])
    get(network)
    with pytest.raises(OutsideError):
        get(network)
    assert network.connected == [("8.8.8.8", 3000)]


def test_the_second_address_of_a_name_is_tried_when_the_first_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(dead=("8.8.8.8",))
    resolving(monkeypatch, ["8.8.8.8", "9.9.9.9"])
    assert get(network) == b"ok"
    assert [host for host, _port in network.connected] == ["8.8.8.8", "9.9.9.9"]


def test_a_name_that_does_not_resolve_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*args, **kwargs):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(OutsideError):
        get(Network())


def test_tls_still_asks_for_the_name_and_not_for_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["8.8.8.8"])
    network = Network()
    names: list[str | None] = []

    def start_tls(ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None):
        assert ssl_context.check_hostname and ssl_context.verify_mode is ssl.CERT_REQUIRED
        names.append(server_hostname)
        return network.stream

    monkeypatch.setattr(network.stream, "start_tls", start_tls)
    assert get(network, "https://waha.example.com/") == b"ok"
    assert names == ["waha.example.com"]
    assert network.connected == [("8.8.8.8", 443)]


def test_a_real_server_on_this_machine_is_not_reached_by_any_name_for_it() -> None:
    from flask import Flask

    asked: list[str] = []
    app = Flask(__name__)
    app.before_request(lambda: asked.append("asked"))
    port = free_port()
    with served(app, port), make_client(backend=PublicOnly()) as client:
        for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0"):
            with pytest.raises(OutsideError):
                fetch(client, "GET", f"http://{host}:{port}/", timeout=PATIENCE)
    assert asked == []


# Where lines are.


def test_a_stored_line_with_a_private_address_is_not_called_unless_that_is_allowed(make_widget, outside) -> None:
    strict = make_widget(allow_private_lines=False)
    page = strict.open().reveal().check()
    assert not {"yes", "no"} & set(page.rows.values())
    assert outside.total("gateway") == 0


def test_the_gateways_of_a_strict_service_connect_to_public_addresses_only(make_widget, outside, monkeypatch) -> None:
    strict = make_widget(allow_private_lines=False)
    line_id = strict.services.storage.lines.add(
        strict.portals[0], name="named", gateway="waha", address="http://rebound.example", session="sales", key="key"
    )
    line = next(line for line in strict.services.storage.lines.of(strict.portals[0]) if line.id == line_id)
    asked = resolving(monkeypatch, ["127.0.0.1"])
    with pytest.raises(Exception, match="unreachable"):
        strict.services.gateways.status(line)
    assert asked == ["rebound.example"]


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("https://Waha.Example.com", "https://waha.example.com"),
        ("HTTPS://waha.example.com:443/", "https://waha.example.com"),
        ("https://waha.example.com//", "https://waha.example.com"),
        ("https://waha.example.com./", "https://waha.example.com"),
        ("https://waha.example.com.:8443/x", "https://waha.example.com:8443/x"),
        ("http://waha.example.com:443/Sub/", "http://waha.example.com:443/Sub"),
        ("https://ｗａｈａ.example.com", "https://waha.example.com"),
        ("https://шлюз.рф/", "https://xn--g1ah2bza.xn--p1ai"),
        ("https://ШЛЮЗ.рф:443", "https://xn--g1ah2bza.xn--p1ai"),
        ("https://xn--g1ah2bza.XN--P1AI", "https://xn--g1ah2bza.xn--p1ai"),
        ("http://203.0.113.7:3000", "http://203.0.113.7:3000"),
        ("http://3405803783:3000/", "http://203.0.113.7:3000"),
        ("http://[2001:DB8::1]:3000/", "http://[2001:db8::1]:3000"),
        ("http://[2001:db8::1]", "http://[2001:db8::1]"),
    ],
)
def test_however_a_host_is_written_it_is_one_gateway(typed: str, plain: str) -> None:
    assert plain_address(typed) == plain
    assert plain_address(plain) == plain
