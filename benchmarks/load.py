"""The load generator: asyncio and the standard library only. What it does in one go is a *visit*,
one or more requests.

`closed` keeps n visitors busy: each comes again as soon as it is served. A server that stalls is
then asked less, and the stall is hardly seen. `constant` sends visitors at a fixed pace, however
slow the server is, and counts their time from when they should have come: a stall is seen by
everyone who would have come meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.http import HttpMessage, Reader

PATIENCE = 60.0  # seconds for one answer


class Connection(asyncio.Protocol):
    """One kept connection, opened when it is needed. One request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[HttpMessage] | None = None
        self._reader = Reader()

    async def ask(self, request: bytes) -> HttpMessage:
        """Send it, once, and return the answer. Raises OSError or TimeoutError."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            self._reader = Reader()
            await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        assert self._transport
        self._waiting = loop.create_future()
        self._transport.write(request)
        async with asyncio.timeout(PATIENCE):
            return await self._waiting

    def close(self) -> None:
        if self._transport:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            if message.headers.get("connection", "").lower() == "close":
                self.close()
            if self._waiting and not self._waiting.done():
                self._waiting.set_result(message)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionResetError("closed by the server"))


# Says whether it went as it should; what raises did not.
Visit = Callable[[Connection], Awaitable[bool]]


@dataclass
class Result:
    """Every visit's seconds; `failed` ones count among them."""

    elapsed: float = 0.0
    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, other: "Result") -> None:
        self.elapsed += other.elapsed
        self.seconds += other.seconds
        self.failed += other.failed

    def percentile(self, share: float) -> float:
        """In milliseconds; 0 when nothing was done."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def summary(self) -> dict[str, float]:
        return {
            "done": len(self.seconds),
            "failed": self.failed,
            "per_second": round(len(self.seconds) / self.elapsed, 2) if self.elapsed else 0.0,
            "p50_ms": round(self.percentile(0.50), 3),
            "p99_ms": round(self.percentile(0.99), 3),
            "max_ms": round(self.percentile(1.0), 3),
        }


async def closed(
    visit: Visit, *, port: int, visitors: int, seconds: float = 0.0, visits: int = 0, stop: asyncio.Event | None = None
) -> Result:
    """`visitors` at once until the seconds are over, so many visits were begun, or `stop` is
    set."""
    result = Result()
    begun = 0
    start = time.perf_counter()

    def over() -> bool:
        late = bool(seconds) and time.perf_counter() - start >= seconds
        return late or bool(visits and begun >= visits) or bool(stop and stop.is_set())

    async def come_again() -> None:
        nonlocal begun
        connection = Connection(port)
        while not over():
            begun += 1
            came = time.perf_counter()
            await _visit(visit, connection, came, result)
        connection.close()

    await asyncio.gather(*(come_again() for _ in range(visitors)))
    result.elapsed = time.perf_counter() - start
    return result


async def constant(visit: Visit, *, port: int, rate: float, seconds: float, connections: int = 64) -> Result:
    """`rate` visitors a second; one that finds no free connection waits, and that time counts."""
    result = Result()
    free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
    for _ in range(connections):
        free.put_nowait(Connection(port))
    start = time.perf_counter()

    async def come(due: float) -> None:
        connection = await free.get()
        await _visit(visit, connection, due, result)
        free.put_nowait(connection)

    coming = []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        coming.append(asyncio.create_task(come(due)))
    await asyncio.gather(*coming)
    while not free.empty():
        free.get_nowait().close()
    result.elapsed = time.perf_counter() - start
    return result


async def _visit(visit: Visit, connection: Connection, due: float, result: Result) -> None:
    try:
        good = await visit(connection)
    except (OSError, TimeoutError):
        connection.close()
        good = False
    result.seconds.append(time.perf_counter() - due)
    result.failed += not good
