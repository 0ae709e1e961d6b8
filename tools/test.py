"""Every test, on both cores: those with a browser beside all others. `make test`.

    tools/test.py                every test
    tools/test.py --fast         without browsers, servers of their own and random searches
    tools/test.py PYTEST-ARGS    pytest with these arguments, such as a file or one test (browser
                                 tests too)

Each process is given its files and collects no others: when pytest-xdist dealt them out, each of
its processes collected all of them, and telling of each test took a twentieth of the processor. A
browser's process cannot run the others too: Playwright keeps an event loop in its thread. So tests
with a browser stand in folders called `browser`.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
# A test that hangs ends its process, and says where each of its threads stood.
HANGS = ["-o", "faulthandler_timeout=300", "-o", "faulthandler_exit_on_timeout=true"]
FAST = ["-m", "not redis and not postgresql and not processes and not hypothesis"]
NO_BROWSER = ["-p", "no:playwright", "-p", "no:base_url"]  # half a second to load, and a fixture for each test
OTHERS, BROWSERS = 2, 2  # processes; four with a browser took twice the processor for a test, and longer in all
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # bytes
TALLY = "TEST_TALLY"  # names the file that tests/conftest.py writes "passed 3" and the like into


def main(arguments: list[str]) -> int:
    prepare()
    fast = arguments == ["--fast"]
    if arguments and not fast:
        return subprocess.run([*PYTEST, *arguments], cwd=ROOT, check=False).returncode
    seed = random.SystemRandom().randrange(2**32)
    options = [*HANGS, f"--randomly-seed={seed}", *FAST * fast]
    with tempfile.TemporaryDirectory() as folder:
        running = [
            Share([*options, *files], Path(folder) / str(number), aloud=number == 0)
            for number, files in enumerate(shares(fast))
        ]
        try:
            ended = [share.wait() for share in running]
        finally:
            for share in running:
                share.kill()  # at Ctrl+C
        print(f"{total([share.tally for share in running])} (their order is that of --randomly-seed={seed})")
    return next(filter(None, ended), 0)


def prepare() -> None:
    """Set what all processes inherit. Where bytecode is forbidden, every process and every program
    that a test starts would compile all anew; and each test has a database of its own, which need
    not reach a disk."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("TMPDIR", str(MEMORY))


def shares(fast: bool) -> list[list[str]]:
    """The arguments of each process: its files, and before them what it can do without."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    browser = [file for file in files if file.parent.name == "browser"]
    others = [file for file in files if file.parent.name != "browser"]
    if fast:  # no browser keeps a core busy while one of two processes has ended
        return [[*NO_BROWSER, *hand] for hand in dealt(others, OTHERS + 1)]
    return [[*NO_BROWSER, *hand] for hand in dealt(others, OTHERS)] + dealt(browser, BROWSERS)


def dealt(files: list[Path], processes: int) -> list[list[str]]:
    """The files dealt out so that each process has about as many bytes, which is about as much
    work."""
    sizes = [0] * processes
    hands: list[list[str]] = [[] for _ in range(processes)]
    for size, file in sorted(((file.stat().st_size, file) for file in files), reverse=True):
        least = sizes.index(min(sizes))
        sizes[least] += size
        hands[least].append(str(file.relative_to(ROOT)))
    return hands


class Share:
    """One process of pytest. What it says is shown at once where it is `aloud`, else when it has
    ended."""

    def __init__(self, arguments: list[str], place: Path, *, aloud: bool) -> None:
        self.tally = place.with_suffix(".tally")
        self._said: IO[bytes] | None = None if aloud else place.open("w+b")
        environment = {**os.environ, TALLY: str(self.tally)}
        self._process = subprocess.Popen(
            [*PYTEST, *arguments], cwd=ROOT, env=environment, stdout=self._said, stderr=self._said
        )

    def wait(self) -> int:
        failed = self._process.wait()
        if self._said:
            self._said.seek(0)
            sys.stdout.buffer.write(self._said.read())
            sys.stdout.flush()
        return failed

    def kill(self) -> None:
        self._process.kill()


def total(tallies: list[Path]) -> str:
    """One line for all parts together, such as «7907 passed, 0 failed, 1 skipped». A part that a
    hanging test ended leaves no tally."""
    counts: Counter[str] = Counter()
    written = [tally.read_text() for tally in tallies if tally.exists()]
    for line in "".join(written).splitlines():
        outcome, number = line.split()
        counts[outcome] += int(number)
    early = len(tallies) - len(written)
    ended = f", {early} of {len(tallies)} parts ended before their last test" if early else ""
    failed = counts["failed"] + counts["error"]
    return f"{counts['passed']} passed, {failed} failed, {counts['skipped']} skipped{ended}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
