"""Does Caddy get certificates by itself with deploy/caddy/Caddyfile, and is what it does in front
of the service right?

    tools/https.py CADDY     CADDY: its program

One Caddy is the authority, as Let's Encrypt is: it proves over HTTP that the host is who asks, and
signs. Another one reads our Caddyfile; of that the ports, the folder of its certificates and the
address of the service are others. No port below 1024 is taken, no name is looked up, and nothing
outside of a temporary folder is written.
"""

import argparse
import gzip
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CADDYFILE = Path(__file__).resolve().parent.parent / "deploy/caddy/Caddyfile"
HOST = "widget.example.com"
PATIENCE = 60.0
MB = 2**20
AUTHORITY = """{{
	admin off
	skip_install_trust
	auto_https disable_redirects
	storage file_system {home}/authority
}}
https://localhost:{port} {{
	tls internal
	acme_server {{
		challenges http-01
	}}
}}
"""
OURS = """	admin off
	skip_install_trust
	http_port {http}
	https_port {https}
	acme_ca https://localhost:{authority}/acme/local/directory
	acme_ca_root {root}
	storage file_system {home}/ours
"""


class EchoService(BaseHTTPRequestHandler):
    """Tells how it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while piece := int(self.rfile.readline(), 16):
                size += len(self.rfile.read(piece))
                self.rfile.readline()
            self.rfile.readline()
        told = {"headers": dict(self.headers), "body": size, "more": "." * 2000}
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with suppress(BrokenPipeError):  # of the body that was too large
            self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running(command: list[str], home: Path, **environment: str) -> Iterator[None]:
    told = {**os.environ, "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), **environment}
    with (home / "log").open("ab") as log, subprocess.Popen(command, env=told, stdout=log, stderr=log) as program:
        try:
            yield
        finally:
            program.terminate()


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        bound = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in bound]


def until(true: Callable[[], object], home: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > ends:
            raise SystemExit(f"https: it did not come to be\n{(home / 'log').read_text()[-4000:]}")
        time.sleep(0.1)


class TrustingClient:
    """Asks Caddy as a browser does that trusts the authority alone."""

    def __init__(self, port: int, root: Path) -> None:
        self._port = port
        self._trusts = ssl.create_default_context(cafile=str(root))

    def has_certificate(self) -> bool:
        try:
            self.connect(self._trusts).close()
        except OSError:
            return False
        return True

    def connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self._port), 10), server_hostname=HOST)

    def ask(
        self, method: str, path: str, body: Iterator[bytes] | bytes = b""
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPSConnection(HOST, self._port, timeout=30)
        connection.sock = self.connect(self._trusts)
        more = {"Accept-Encoding": "gzip", "X-Forwarded-For": "203.0.113.7"}
        connection.request(method, path, body or None, more, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return answer, answer.read()

    def shakes_hands_with(self, version: ssl.TLSVersion) -> bool:
        old = ssl.create_default_context()
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old.minimum_version = old.maximum_version = version
        try:
            self.connect(old).close()
        except OSError:
            return False
        return True


def look(client: TrustingClient, http_port: int) -> dict[str, bool]:
    """What must hold, by what it is."""
    answer, text = client.ask("GET", "/app/")
    told = json.loads(gzip.decompress(text))
    plain = http.client.HTTPConnection("127.0.0.1", http_port, timeout=30)
    plain.request("GET", "/app/", headers={"Host": HOST})
    pieces = client.ask("POST", "/chats", (b"x" * MB for _ in range(3)))[1]
    return {
        "plain HTTP leads to HTTPS": plain.getresponse().getheader("Location", "").startswith(f"https://{HOST}"),
        "Strict-Transport-Security is said": bool(answer.getheader("Strict-Transport-Security")),
        "answers are compressed": answer.getheader("Content-Encoding") == "gzip",
        "an address that the caller made up does not reach the service": told["headers"]["X-Forwarded-For"]
        == "127.0.0.1",
        "the service hears that it was HTTPS": told["headers"]["X-Forwarded-Proto"] == "https",
        "a body in pieces arrives whole": json.loads(gzip.decompress(pieces))["body"] == 3 * MB,
        "a body of more than 20 MB is refused": client.ask("POST", "/chats", b"x" * (21 * MB))[0].status == 413,
        "a gateway may report a file of more": client.ask("POST", "/hooks/gateway/k", b"x" * (21 * MB))[0].status
        == 200,
        "the operator's pages stay inside": client.ask("GET", "/metrics")[0].status
        == client.ask("GET", "/health/ready")[0].status
        == 404,
        "TLS 1.1 is refused": not client.shakes_hands_with(ssl.TLSVersion.TLSv1_1),
        "TLS 1.2 is spoken": client.shakes_hands_with(ssl.TLSVersion.TLSv1_2),
    }


def rehearse(caddy: str, home: Path) -> dict[str, bool]:
    authority, http_port, https_port = free_ports(3)
    root = home / "authority/pki/authorities/local/root.crt"
    service = ThreadingHTTPServer(("127.0.0.1", 0), EchoService)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    (home / "authority.caddy").write_text(AUTHORITY.format(home=home, port=authority))
    more = OURS.format(http=http_port, https=https_port, authority=authority, root=root, home=home)
    ours = re.sub(
        r"dynamic a web 8000 \{.*?\}", f"to 127.0.0.1:{service.server_port}", CADDYFILE.read_text(), flags=re.S
    )
    (home / "ours.caddy").write_text(ours.replace("{\n", "{\n" + more, 1))
    command = [caddy, "run", "--adapter", "caddyfile", "--config"]
    # The authority finds the host by this «proxy», so that no name is looked up.
    found = {"HTTP_PROXY": f"http://127.0.0.1:{http_port}", "NO_PROXY": ""}
    with running([*command, str(home / "authority.caddy")], home, **found):
        until(root.exists, home)
        with running([*command, str(home / "ours.caddy")], home, WIDGET_HOST=HOST):
            client = TrustingClient(https_port, root)
            until(client.has_certificate, home)
            return look(client, http_port)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("caddy")
    caddy = parser.parse_args().caddy
    check = [caddy, "validate", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    subprocess.run(check, check=True, env={**os.environ, "WIDGET_HOST": HOST}, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="https-") as folder:
        found = rehearse(caddy, Path(folder))
    if wrong := [what for what, holds in found.items() if not holds]:
        raise SystemExit(f"https: this does not hold: {', '.join(wrong)}")
    print(f"https: a certificate came by itself, and {len(found)} things hold in front of the service")


if __name__ == "__main__":
    main()
