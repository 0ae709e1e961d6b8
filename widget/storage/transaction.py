"""Transactions that repositories share: what is written together is kept together, at the cost of
one commit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


class _Running(threading.local):
    """The open transactions of one thread."""

    def __init__(self) -> None:
        self.connections: dict[Engine, Connection] = {}
        self.afterwards: dict[Engine, list[Callable[[], object]]] = {}


_running = _Running()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Join the transaction that this thread runs on the database, or run one until the block ends.

    An error takes back everything that was written in the outermost block. Do not catch a
    database's error inside and go on: PostgreSQL refuses every statement after it. Never make an
    outside call inside: on SQLite all other writers wait.
    """
    connections = _running.connections
    if engine in connections:
        yield connections[engine]
        return
    with engine.begin() as connection:
        connections[engine] = connection
        afterwards = _running.afterwards[engine] = []
        try:
            yield connection
        finally:
            del connections[engine], _running.afterwards[engine]
    for work in afterwards:
        work()


def after_commit(engine: Engine, work: Callable[[], object]) -> None:
    """Do it once the transaction that this thread runs on the database is committed, never if it is
    taken back; at once without one. Must not raise."""
    if engine in _running.afterwards:
        _running.afterwards[engine].append(work)
    else:
        work()
