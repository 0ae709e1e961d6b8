"""The least of HTTP/1.1 that the generator and the stubs need: one message after another on a kept
connection."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

END = b"\r\n\r\n"


@dataclass
class HttpMessage:
    """A request or an answer. `start` is its first line."""

    start: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    @property
    def text(self) -> str:
        return self.body.decode()


class Reader:
    """Cuts a stream of bytes into messages. Bodies need a Content-Length; without one there is
    none."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._message: HttpMessage | None = None
        self._missing = 0

    @property
    def idle(self) -> bool:
        """Nothing has begun that has not ended."""
        return not self._buffer and self._message is None

    def feed(self, data: bytes) -> list[HttpMessage]:
        self._buffer += data
        done = []
        while message := self._next():
            done.append(message)
        return done

    def _next(self) -> HttpMessage | None:
        if self._message is None:
            end = self._buffer.find(END)
            if end < 0:
                return None
            self._message = _head(bytes(self._buffer[:end]))
            self._missing = int(self._message.headers.get("content-length", 0))
            del self._buffer[: end + len(END)]
        if len(self._buffer) < self._missing:
            return None
        message, self._message = self._message, None
        message.body = bytes(self._buffer[: self._missing])
        del self._buffer[: self._missing]
        return message


def _head(head: bytes) -> HttpMessage:
    start, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    return HttpMessage(start, {name.strip().lower(): value.strip() for name, _, value in fields})


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request's bytes; `content_type` becomes Content-Type. GET has no length."""
    fields = {"Host": "bench", **{name.replace("_", "-").title(): value for name, value in headers.items()}}
    if method != "GET":
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def answer(status: int, body: bytes, content_type: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} .\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


Answering = Callable[[HttpMessage], tuple[float, bytes | None]]


async def serve(port: int, answering: Answering) -> None:
    """Answer every request after so many seconds: with these bytes, b"" for a connection that is
    cut, None for one that is never answered."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answers(answering), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


class _Answers(asyncio.Protocol):
    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._reader = Reader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            delay, said = self._answering(message)
            if said == b"":
                self._transport.abort()
                return
            if said and delay:
                asyncio.get_running_loop().call_later(delay, self._transport.write, said)
            elif said:
                self._transport.write(said)
