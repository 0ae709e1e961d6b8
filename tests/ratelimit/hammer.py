"""One of several processes that want all permits: python hammer.py <url> <file> [<ledger>]. Started
by test_hammer.py.

Says "ready", waits for a line, then takes one permit after another and writes a byte for each that
it was granted. Ends when there are none left; a server that is gone is asked again. With a ledger
(where `+` is a permit wanted, `-` one not had) a server that has forgotten is told what was spent.
"""

import os
import sys
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ratelimit import Limiter, RedisStorage, StorageUnavailable, Window

PERMITS = Window(limit=1000, seconds=3600)


def main(url: str, file: str, ledger: str = "") -> None:
    # The machine is busy: a timeout here would only make the test slower, not truer.
    client = redis.Redis.from_url(url, socket_timeout=60, retry=Retry(NoBackoff(), 0))
    checks = Limiter(RedisStorage(client), [PERMITS], prefix="hammer")
    book = os.open(file, os.O_WRONLY | os.O_APPEND)
    lasting = os.open(ledger, os.O_WRONLY | os.O_APPEND) if ledger else -1

    def before() -> list[tuple[float, int]]:
        written = Path(ledger).read_bytes()
        return [(time.time(), written.count(b"+") - written.count(b"-") - 1)]  # without the one this asks for

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    while True:
        if ledger:
            os.write(lasting, b"+")
        try:
            granted = checks.acquire("line", before=before if ledger else None).granted
        except StorageUnavailable:
            granted = -1
        if granted == 1:
            os.write(book, b".")
        elif ledger:
            os.write(lasting, b"-")
        if granted == 0:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
