"""Which addresses a stranger may make us call: a line's address is typed by an administrator of any
portal.

Two checks. `require_public` reads the address as it stands, for a clear answer at once.
`PublicOnly` looks at what the name resolves to when a connection is made, and connects to what it
looked at, so a name that changes between two answers (DNS rebinding) gains nothing. Ranges: the
IANA special-purpose registries, as Python's ipaddress has them.
"""

import ipaddress
import socket
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

import httpcore

# What ipaddress calls global and does not belong to a host of the internet: Azure's metadata
# server, relays of 6to4 (RFC 7526), documentation (RFC 9637), and a range that older Pythons know
# only in part.
NOT_PUBLIC_EITHER = (
    IPv4Network("168.63.129.16/32"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("3fff::/20"),
    IPv4Network("192.0.0.0/24"),
)
NAT64 = IPv6Network("64:ff9b::/96")
LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa", "home", "corp")


class AddressRefused(Exception):
    """`code` says why: not_an_address, not_https, user_info or private."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class AddressRules:
    """Which addresses the operator lets us call besides public https ones."""

    allow_http: bool
    allow_private: bool


def require_public(address: str, rules: AddressRules) -> None:
    """Raises AddressRefused for an address that we should not call. Asks no DNS: see PublicOnly for
    that."""
    if not address.isprintable() or any(character.isspace() or character == "\\" for character in address):
        raise AddressRefused("not_an_address")
    try:
        parts = urlsplit(unicodedata.normalize("NFKC", address))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise AddressRefused("not_an_address") from error
    if parts.scheme not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        raise AddressRefused("not_an_address")
    if parts.scheme == "http" and not rules.allow_http:
        raise AddressRefused("not_https")
    if "@" in parts.netloc:
        raise AddressRefused("user_info")
    if not rules.allow_private:
        _require_public_host(host)


def plain_host(address: str, scheme: str) -> str:
    """A host, perhaps with a port, as a browser writes it in an origin: in small letters, in
    punycode, without the scheme's usual port. Raises ValueError for a name that punycode cannot
    write; checks nothing else."""
    name, colon, port = address.partition(":")
    host = address.lower() if address.isascii() else f"{name.encode('idna').decode().lower()}{colon}{port}"
    return _without_usual_port(host, scheme)


def plain_address(address: str) -> str:
    """An address that may be called, in one spelling: the same session at the same gateway is one
    line, and its WhatsApp account has one budget, however the host is written (in capitals, in
    letters or punycode, with the dot of the root, as one number). What punycode has no way for
    stays."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    scheme, host = scheme.lower(), unicodedata.normalize("NFKC", host)
    try:
        host = plain_host(host, scheme)
    except ValueError:
        host = host.lower()
    name, colon, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "")
    name = name.rstrip(".")
    if name[-1:].isdigit() and (literal := _odd_ipv4(name)):
        name = str(literal)
    return f"{scheme}://{name}{colon}{port}{slash}{path}".rstrip("/")


def _without_usual_port(host: str, scheme: str) -> str:
    return host.removesuffix({"https": ":443", "http": ":80"}.get(scheme, ":"))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an IP address is a host of the internet and not of our network, also where it is
    wrapped into another one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (_last_four(address) if address in NAT64 else None)
        if inner is not None:
            return is_public(inner)
        if address.teredo or address.is_site_local:
            return False
    special = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    return address.is_global and not special and not any(address in network for network in NOT_PUBLIC_EITHER)


class PublicOnly(httpcore.NetworkBackend):
    """Connects to public addresses only. TLS still checks the name that was asked for: httpcore
    takes it from the URL.

    Raises httpcore.ConnectError for a name that leads, even partly, anywhere else.
    """

    def __init__(self, inner: httpcore.NetworkBackend | None = None) -> None:
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolved(host, port)
        if not addresses or not all(is_public(address) for address in addresses):
            raise httpcore.ConnectError("not a public address")
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        started = time.monotonic()
        for address in addresses[:2]:  # both in the time that was given for one
            left = None if timeout is None else max(timeout - (time.monotonic() - started), 0.001)
            try:
                return self._inner.connect_tcp(
                    str(address), port, timeout=left, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError("no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("not a public address")


def _require_public_host(host: str) -> None:
    """A host as people and attackers write it: 127.1, 0x7f000001 and 2130706433 are one address."""
    try:
        literal: IPv4Address | IPv6Address | None = ipaddress.ip_address(host)
    except ValueError:
        literal = _odd_ipv4(host)
    if literal is not None:
        if not is_public(literal):
            raise AddressRefused("private")
        return
    if "." not in host or any(host == name or host.endswith(f".{name}") for name in LOCAL_NAMES):
        raise AddressRefused("private")
    if host[-1].isdigit():  # no top-level domain ends so; some resolver may still read it as an address
        raise AddressRefused("not_an_address")


def _odd_ipv4(host: str) -> IPv4Address | None:
    """What inet_aton, and so every resolver, makes of numbers: octal, hex, fewer than four."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(address.packed[-4:])


def _resolved(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("the name does not resolve") from error
    return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
