"""Share the tests among several processes, file by file: each takes the next file that no other has taken.

pytest-xdist does so too, at 1.4 ms of the processor for each test and two processes more: a quarter of a minute.
"""

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

SHARED = "TEST_SHARED"  # names the folder where taken files are written down; tools/test.py makes it
LONG = 8_000  # bytes: files from here on are begun first, so that no process is left with one at the end


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """pytest's own loop, over the files that this process takes."""
    folder = os.environ.get(SHARED)
    if not folder or session.testsfailed:  # while collecting: pytest's own says so
        return None
    items = _taken(session.items, Path(folder))
    item = next(items, None)
    while item:
        following = next(items, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def _taken(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    files = [(path, list(tests)) for path, tests in groupby(items, lambda item: item.path)]
    files.sort(key=lambda file: file[0].stat().st_size < LONG)
    for path, tests in files:
        try:
            (folder / "-".join(path.parts[1:])).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests
