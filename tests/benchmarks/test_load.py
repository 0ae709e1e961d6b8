import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.http import Reader, answer, request
from benchmarks.load import Connection, Result, closed, constant

ASK = request("GET", "/")
STALL = 0.3


class Server:
    """Answers every request; stalls on the first if told to, hangs up on the third if told to."""

    def __init__(self, *, stall: float = 0.0, hang_up: bool = False) -> None:
        self.stall = stall
        self.hang_up = hang_up
        self.asked = 0
        self.connections = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        messages = Reader()
        while data := await reader.read(65_536):
            for _ in messages.feed(data):
                self.asked += 1
                if self.asked == 1:
                    await asyncio.sleep(self.stall)
                if self.asked == 3 and self.hang_up:
                    writer.close()
                    return
                writer.write(answer(200, b"ok"))
        writer.close()


async def visit(connection: Connection) -> bool:
    return (await connection.ask(ASK)).body == b"ok"


async def unhappy(connection: Connection) -> bool:
    await connection.ask(ASK)
    return False


def test_closed_mode_counts_every_visit_and_keeps_its_connections():
    async def go() -> tuple[Result, Server]:
        server = Server()
        async with server.running() as port:
            return await closed(visit, port=port, visitors=3, visits=20), server

    result, server = asyncio.run(go())
    assert (result.summary()["done"], result.failed) == (20, 0)
    assert (server.asked, server.connections) == (20, 3)


def test_a_visit_that_went_wrong_is_counted_as_failed():
    async def go() -> Result:
        async with Server().running() as port:
            return await closed(unhappy, port=port, visitors=2, visits=6)

    assert asyncio.run(go()).failed == 6


def test_a_dropped_connection_fails_one_visit_and_the_next_opens_another():
    async def go() -> tuple[Result, Server]:
        server = Server(hang_up=True)
        async with server.running() as port:
            return await closed(visit, port=port, visitors=1, visits=5), server

    result, server = asyncio.run(go())
    assert (len(result.seconds), result.failed, server.connections) == (5, 1, 2)


def test_constant_mode_sends_as_many_as_are_due():
    async def go() -> tuple[Result, Server]:
        server = Server()
        async with server.running() as port:
            return await constant(visit, port=port, rate=100, seconds=0.2), server

    result, server = asyncio.run(go())
    assert (len(result.seconds), result.failed, server.asked) == (20, 0, 20)


def test_constant_mode_counts_a_stall_for_everyone_who_came_meanwhile():
    async def go() -> Result:
        async with Server(stall=STALL).running() as port:
            return await constant(visit, port=port, rate=50, seconds=0.4, connections=1)

    # One connection stalls, and those due every 20 ms wait for it: they are timed from when they
    # were due.
    waited = [seconds for seconds in asyncio.run(go()).seconds if seconds >= STALL / 3]
    assert len(waited) >= 10


def test_a_reader_puts_pieces_together_and_takes_messages_apart():
    stream = answer(200, b"first") + answer(404, b"") + answer(200, b"third")
    reader = Reader()
    found = [message for at in range(0, len(stream), 7) for message in reader.feed(stream[at : at + 7])]
    assert [(each.status, each.text) for each in found] == [(200, "first"), (404, ""), (200, "third")]
    assert reader.idle


def test_percentiles_of_nothing_are_zero():
    assert Result().summary() == {
        "done": 0,
        "failed": 0,
        "per_second": 0.0,
        "p50_ms": 0.0,
        "p99_ms": 0.0,
        "max_ms": 0.0,
    }
