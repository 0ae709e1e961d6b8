"""A real server as a program of its own, in a directory of its own, that ends with the program
which started it.

What Valkey (valkey.py) and Postgres (postgres.py) have in common: a home for socket and log, a
start that waits for the first answer, a failure in the server's own words, a stop that removes the
home. No such server listens on a port.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

SOCKET_PATH_LIMIT = 100  # the system's own is 108 bytes, 104 on macOS
LOG_SHOWN = 2000  # characters of a server's log that a failure repeats

# Runs in the child, which then becomes the server. Linux alone can tie a child to its parent
# (PR_SET_PDEATHSIG is 1); the parent may be gone before that is said, hence the second look. A
# preexec_fn would do it too, at the risk of a deadlock in a program with threads. Another user than
# root is one that cannot read root's Python, so that is what it becomes here; before the tie, which
# such a change undoes.
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


class Server(ABC):
    """One server. Start it from a thread that lives on: Linux ends it when the thread that started
    it ends."""

    name: str  # of its program
    start_seconds: float
    user = 0  # whose id it takes; 0 keeps ours

    def __init__(self, directory: str | None = None) -> None:
        """`directory` is where the home is made, a short one if none is given."""
        self._home = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=directory or short_directory()))
        self._log = self._home / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
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
        """Return when it answers. Raises RuntimeError with the server's own words if it does
        not."""
        if self._process:
            return
        self._prepare()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tied_to_parent(self.user), *self._command()],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for the program, which then stops us in its own order
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it and remove its home."""
        self._end()
        shutil.rmtree(self._home, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL, as a power cut does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the server finds when it starts."""

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _end(self) -> None:
        """Stop the process, if there is one, and forget it."""

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                self._fail("ended")
            if time.monotonic() > deadline:
                self._fail("did not answer")
            time.sleep(0.005)

    def _fail(self, what: str) -> NoReturn:
        words = self._log.read_text(errors="replace")[-LOG_SHOWN:]
        self.kill()
        self.stop()
        raise RuntimeError(f"{self.name} {what}:\n{words}")


def tied_to_parent(user: int = 0) -> list[str]:
    """What goes before a command, so that it ends with us; `user` is whose id it takes, 0 keeps
    ours."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", TIED_TO_PARENT, str(os.getpid()), str(user)]


def short_directory() -> str | None:
    """A socket's path must be short; some machines keep their temporary files far down."""
    longest = len(tempfile.gettempdir()) + len("/postgres-xxxxxxxx/.s.PGSQL.5432.lock")
    return None if longest < SOCKET_PATH_LIMIT else "/tmp"
