"""Servers that speak TLS, on any machine: those of the wheels speak none, so that a door with TLS
stands before them.

What a client does is the same: it shakes hands, and looks at the certificate and its name.
"""

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")  # PostgreSQL's «may we speak TLS?»
HANDSHAKE = b"\x16"  # how TLS begins
LOOPBACK = IPv4Address("127.0.0.1")
LASTS = timedelta(days=3650)


class Authority:
    """Signs certificates; a client that is to trust them is given `file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tests in {folder.name}")])
        self.file = folder / "ca.pem"
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self.file.write_bytes(_pem(self._signed(self._name, self._key, basic)))

    def context(self, host: str) -> ssl.SSLContext:
        """For a server of this name; redis-py calls localhost by its number."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        file = self._folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        names = [x509.DNSName(host), *([x509.IPAddress(LOOPBACK)] if host == "localhost" else [])]
        file.write_bytes(private + _pem(self._signed(name, key, x509.SubjectAlternativeName(names))))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, more: x509.ExtensionType) -> x509.Certificate:
        now = datetime.now(UTC)
        built = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(now - LASTS).not_valid_after(now + LASTS).add_extension(more, critical=True)
        return built.sign(self._key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def as_postgresql(connection: socket.socket) -> bool:
    """Whether a client of PostgreSQL asked for TLS; it is told that it may."""
    if connection.recv(len(SSL_REQUEST), socket.MSG_WAITALL) != SSL_REQUEST:
        return False
    connection.sendall(b"S")
    return True


@contextlib.contextmanager
def door(
    context: ssl.SSLContext,
    behind: Path,
    asked: Callable[[socket.socket], bool] = lambda _connection: True,
    *,
    plain_too: bool = False,
) -> Iterator[int]:
    """The port of a door with TLS before the server at this Unix socket. `asked` says whether TLS
    begins. `plain_too`: servers without TLS of their own, such as a sentinel, come by the same door
    as clients with TLS."""

    class Guest(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # a client that does not trust us hangs up
                if plain_too and self.request.recv(1, socket.MSG_PEEK) != HANDSHAKE:
                    self._let_in(self.request)
                elif asked(self.request):
                    with context.wrap_socket(self.request, server_side=True) as guest:
                        self._let_in(guest)

        def _let_in(self, guest: socket.socket) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(str(behind))
                _pass_on(guest, server)

    class Doors(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False  # clients' pools stay open

    with Doors(("127.0.0.1", 0), Guest) as doors:
        threading.Thread(target=doors.serve_forever, args=(0.01,), name="door", daemon=True).start()
        yield doors.server_address[1]
        doors.shutdown()


def _pass_on(guest: socket.socket, server: socket.socket) -> None:
    """What each says to the other, until one hangs up."""
    others: dict[socket.socket, socket.socket] = {guest: server, server: guest}
    while True:
        ready = (
            [guest] if isinstance(guest, ssl.SSLSocket) and guest.pending() else select.select(list(others), [], [])[0]
        )
        for one in ready:
            said = one.recv(65_536)
            if not said:
                return
            others[one].sendall(said)
