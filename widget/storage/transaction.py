"""Transactions that repositories share: what is written together is kept together, at the cost of one commit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


class _Running(threading.local):
    """The open transactions of one thread."""

    def __init__(self) -> None:
        self.connections: dict[Engine, Connection] = {}


_running = _Running()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Join the transaction that this thread runs on the database, or run one until the block ends.

    An error takes back everything that was written in the outermost block. Do not catch a database's error inside
    and go on: PostgreSQL refuses every statement after it. Never make an outside call inside: on SQLite all other
    writers wait.
    """
    connections = _running.connections
    if engine in connections:
        yield connections[engine]
        return
    with engine.begin() as connection:
        connections[engine] = connection
        try:
            yield connection
        finally:
            del connections[engine]
