"""Every test, on both cores: those with a browser beside all others, each in two processes. `make test`.

    tools/test.py                every test
    tools/test.py --fast         without a browser, without servers of its own, without random searches
    tools/test.py PYTEST-ARGS    pytest with these arguments, such as a file or one test (browser tests too)

The processes of a kind share its files (tests/sharing.py). A browser's process has running programs of its own; and it
cannot run the others too: Playwright keeps an event loop in its thread. So tests with a browser stand in folders
called `browser`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest"]
FAST = ["-m", "not redis and not postgresql and not processes and not hypothesis"]
# A test with a browser that hangs ends its process, and says where each of its threads stood.
HANGS = ["-o", "faulthandler_timeout=300", "-o", "faulthandler_exit_on_timeout=true"]
# It shares its files with others without pytest-xdist, and knows not how many of all tests will be its own.
ALONE = ["-p", "no:xdist", "-p", "no:xdist.looponfail", "-o", "console_output_style=classic"]
PROCESSES = 2  # of each kind
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # bytes
TALLY, SHARED = "TEST_TALLY", "TEST_SHARED"  # of tests/conftest.py and tests/sharing.py: a file and a folder


def main(arguments: list[str]) -> int:
    prepare()
    if arguments and arguments != ["--fast"]:
        return subprocess.run([*PYTEST, *arguments], cwd=ROOT, check=False).returncode
    browser = sorted(str(folder.relative_to(ROOT)) for folder in ROOT.glob("tests/**/browser") if folder.is_dir())
    others = [*FAST * bool(arguments), *(f"--ignore={folder}" for folder in browser), "-p", "no:playwright"]
    kinds = [others] if arguments else [others, [*HANGS, *browser]]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        parts = [
            TestProcess(stack, Path(folder) / str(kind), number, options)
            for kind, options in enumerate(kinds)
            for number in range(PROCESSES)
        ]
        codes = [part.end() for part in parts]
        print(total([part.tally for part in parts]))
    return next(filter(None, codes), 0)


class TestProcess:
    """One process of those that share the tests of a kind. The first of all writes as it goes, the others when they
    are asked to `end`."""

    def __init__(self, stack: ExitStack, folder: Path, number: int, options: list[str]) -> None:
        folder.mkdir(exist_ok=True)
        self.tally = folder / f"tally-{number}"
        seen = folder.name == "0" and number == 0
        self._said = None if seen else stack.enter_context((folder / f"said-{number}").open("w+b"))
        environment = {**os.environ, TALLY: str(self.tally), SHARED: str(folder)}
        command = [*PYTEST, *ALONE, *options]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._said, stderr=self._said)
        stack.callback(self._process.kill)  # when somebody presses Ctrl+C

    def end(self) -> int:
        code = self._process.wait()
        if not self.tally.exists():
            print(f"A process ended with {code} and did not count its tests.")
        if self._said:
            self._said.seek(0)
            sys.stdout.buffer.write(self._said.read())
            sys.stdout.flush()
        return code


def prepare() -> None:
    """Set what all processes inherit. Where bytecode is forbidden, every process and every program that a test starts
    would compile all anew; and each test has a database of its own, which need not reach a disk."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("TMPDIR", str(MEMORY))


def total(tallies: list[Path]) -> str:
    """One line for all parts together, such as «7907 passed, 0 failed, 1 skipped»."""
    counts: Counter[str] = Counter()
    for line in "".join(tally.read_text() for tally in tallies if tally.exists()).splitlines():
        outcome, number = line.split()
        counts[outcome] += int(number)
    return f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
