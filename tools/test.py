"""Every test, on both cores: those with a browser beside all others, each in two processes. `make test`.

    tools/test.py                every test
    tools/test.py --fast         without a browser, without servers of its own, without random searches
    tools/test.py PYTEST-ARGS    pytest with these arguments, such as a file or one test (browser tests too)

A browser's process has running programs of its own and wants them for itself, so a file's tests stay together; and
it cannot run the others too: Playwright keeps an event loop in its thread. So tests with a browser stand in folders
called `browser`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
# A browser that hangs ends its process, and says where each of its threads stood.
HANGS = ["-o", "faulthandler_timeout=300", "-o", "faulthandler_exit_on_timeout=true"]
FAST = ["-m", "not redis and not postgresql and not processes and not hypothesis"]
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # bytes
TALLY = "TEST_TALLY"  # names the file that tests/conftest.py writes "passed 3" and the like into


def main(arguments: list[str]) -> int:
    prepare()
    if arguments and arguments != ["--fast"]:
        return subprocess.run([*PYTEST, *arguments], cwd=ROOT, check=False).returncode
    browser = sorted(str(folder.relative_to(ROOT)) for folder in ROOT.glob("tests/**/browser") if folder.is_dir())
    others = [*FAST * bool(arguments), *(f"--ignore={folder}" for folder in browser)]
    with tempfile.TemporaryDirectory() as folder:
        tallies = [Path(folder) / "others", Path(folder) / "browser"]
        with (Path(folder) / "said").open("w+b") as said:
            beside = None if arguments else start([*HANGS, *browser], tallies[1], said)
            try:
                failed = start(others, tallies[0]).wait()
                if beside:
                    failed = beside.wait() or failed
            finally:
                if beside:
                    beside.kill()  # at Ctrl+C
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
        print(total(tallies))
    return failed


def prepare() -> None:
    """Set what all processes inherit. Where bytecode is forbidden, every process and every program that a test starts
    would compile all anew; and each test has a database of its own, which need not reach a disk."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("TMPDIR", str(MEMORY))


def start(arguments: list[str], tally: Path, said: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    command = [*PYTEST, "--numprocesses", "2", "--dist", "loadfile", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, TALLY: str(tally)}, stdout=said, stderr=said)


def total(tallies: list[Path]) -> str:
    """One line for all parts together, such as «7907 passed, 0 failed, 1 skipped»."""
    counts: Counter[str] = Counter()
    for line in "".join(tally.read_text() for tally in tallies if tally.exists()).splitlines():
        outcome, number = line.split()
        counts[outcome] += int(number)
    return f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
