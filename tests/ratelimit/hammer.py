"""One of several processes that want all permits: python hammer.py <url> <file>. Started by test_hammer.py.

Says "ready", waits for a line, then takes one permit after another and writes a byte for each that it was granted.
Ends when there are none left; a server that is gone is asked again.
"""

import os
import sys

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ratelimit import Limiter, RedisStorage, StorageUnavailable, Window

PERMITS = Window(limit=1000, seconds=3600)


def main(url: str, file: str) -> None:
    # The machine is busy: a timeout here would only make the test slower, not truer.
    client = redis.Redis.from_url(url, socket_timeout=10, retry=Retry(NoBackoff(), 0))
    checks = Limiter(RedisStorage(client), [PERMITS], prefix="hammer")
    book = os.open(file, os.O_WRONLY | os.O_APPEND)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    while True:
        try:
            if not checks.acquire("line").granted:
                return
        except StorageUnavailable:
            continue
        os.write(book, b".")


if __name__ == "__main__":
    main(*sys.argv[1:])
