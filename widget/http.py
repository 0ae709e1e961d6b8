"""Outside calls: small httpx clients with one shared SSL context, answers that are bounded in size
and time.

One client per line and a handful for portals, never one big one: the connection pool of httpx is
quadratic (encode/httpcore#1035), and a client costs 0.2 ms to make once the SSL context exists.
"""

import json
import logging
import re
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import httpcore
import httpx

from widget import measures
from widget.places import carry

CONNECTIONS = 16  # per client
# How long an idle connection is used again. Node's servers close theirs after 5 s, and a request
# that goes out into a closing connection may or may not have arrived.
KEPT_SECONDS = 4
MAX_ANSWER = 8 * 1024 * 1024  # a page of history with thumbnails stays far below
MAX_FILE = 200 * 1024 * 1024
FILE_SECONDS = 300
# Values of one JSON, at most: `[]` takes two bytes to write and 64 to hold. A listing of 500 chats
# has some 60,000.
MAX_VALUES = 250_000
AT_ONCE = 64 * 1024  # bytes written before the clock is looked at again

# httpx writes whole addresses at INFO, and some vendors carry the key in them. A filter and not a
# level: a level that is set while looking for a fault would bring them back.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)

_USUAL_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive", "User-Agent": "widget"}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # escaped, half of an emoji or of a pair

_ssl_context: ssl.SSLContext | None = None
_exchange: ContextVar["_Fetch | None"] = ContextVar("exchange", default=None)


@dataclass
class _Fetch:
    """The state of one `fetch`: when its time ends, and whether any byte of the request may have
    left."""

    deadline: float
    written: bool = False


class OutsideError(Exception):
    """The other side gave no usable answer. `sent` says whether the request may have been acted on:
    False only where not one byte of it has left."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class TimedOut(OutsideError):
    """No answer within the time."""


class NoRoom(OutsideError):
    """The answers for this portal are too many bytes together. The server that gave this one did
    nothing wrong."""


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None for anything else: see `read_json`."""
        return read_json(self.body)


def read_json(body: bytes) -> Any:
    """JSON from outside, or None for anything else (HTML, empty, cut, nested without end, or of so
    many values that they would fill the memory). Half an emoji, as a cut text ends with, becomes a
    question mark: no page and no database takes it."""
    if body.count(b"[") + body.count(b"{") + body.count(b",") > MAX_VALUES:
        return None
    text = body.decode("utf-8-sig", "replace")
    try:
        found = json.loads(text)
        if _SURROGATE.search(text):
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return found


_kinds: WeakKeyDictionary[httpx.Client, str] = WeakKeyDictionary()


def of_kind(kind: str, client: httpx.Client) -> httpx.Client:
    """The client itself, its calls measured from now on under this kind: portal, oauth, a vendor of
    gateways."""
    _kinds[client] = kind
    return client


def make_client(
    *, transport: httpx.BaseTransport | None = None, backend: httpcore.NetworkBackend | None = None
) -> httpx.Client:
    """A client for one line or one portal. Redirects are never followed: where to go is ours to
    decide.

    `backend` makes the connections, where not every address may be connected to
    (widget/addresses.py).
    """
    return _Lean(
        transport=transport or _Over(backend or httpcore.SyncBackend()),
        follow_redirects=False,
        trust_env=False,
    )


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    timeout: float,
    largest: int = MAX_ANSWER,
    **request: Any,
) -> HttpResponse:
    """One request, never repeated. `timeout` in seconds bounds the whole exchange, however slowly
    it trickles: all but the look-up of a name and, where any address may be called, its further
    addresses. `largest` bounds the body, also one that is unpacked.

    Raises TimedOut or OutsideError; an HTTP error status is an Answer like any other.
    """
    began, outcome = time.monotonic(), "broken"
    try:
        answer = _fetch(client, method, url, timeout, largest, request)
        outcome = f"{answer.status // 100}xx"
        return answer
    except OutsideError as error:
        outcome = "timed_out" if isinstance(error, TimedOut) else "broken" if error.sent else "unreachable"
        raise
    finally:
        measures.outside(_kinds.get(client, "other"), outcome, time.monotonic() - began)


def _fetch(
    client: httpx.Client, method: str, url: str, timeout: float, largest: int, request: dict[str, Any]
) -> HttpResponse:
    exchange = _Fetch(time.monotonic() + timeout)
    before = _exchange.set(exchange)
    try:
        with client.stream(method, url, timeout=httpx.Timeout(timeout), **request) as response:
            return HttpResponse(response.status_code, response.headers, _body(response, largest))
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        sent = exchange.written or not isinstance(error, _BEFORE_ANY_BYTE)
        late = isinstance(error, httpx.TimeoutException)
        raise (TimedOut if late else OutsideError)(type(error).__name__, sent=sent) from error
    finally:
        _exchange.reset(before)


def fetch_file(url: str) -> bytes:
    """A large public file, the numbering registry: at most 200 MB within five minutes. One outside
    call.

    Raises OutsideError, also for any status but 200.
    """
    with of_kind("registry", make_client()) as client:
        answer = fetch(client, "GET", url, timeout=FILE_SECONDS, largest=MAX_FILE)
    if answer.status != 200:
        raise OutsideError(f"the address answers HTTP {answer.status}", sent=True)
    return answer.body


def _body(response: httpx.Response, largest: int) -> bytes:
    """The body, unpacked here and step by step: httpx unpacks each chunk whole, and stacked
    encodings make gigabytes of one. We ask for no packed answers; plain gzip is for storages that
    keep their files packed."""
    encoding = response.headers.pop("content-encoding", "identity").strip().lower()  # so httpx leaves the bytes alone
    if encoding not in ("", "identity", "gzip"):
        raise OutsideError("answer in an encoding that was not asked for", sent=True)
    gunzip = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if encoding == "gzip" else None
    body, taken = bytearray(), 0
    for chunk in response.iter_bytes():
        taken += len(chunk)
        if not carry(len(chunk)):
            raise NoRoom("answers of one portal too large together", sent=True)
        if gunzip is None:
            body += chunk
        elif not gunzip.eof:
            body += _unpacked(gunzip, chunk, largest - len(body) + 1)
        if max(taken, len(body)) > largest:
            raise OutsideError("answer too large", sent=True)
    return bytes(body)


def _unpacked(gunzip: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return gunzip.decompress(chunk, most)
    except zlib.error as error:
        raise OutsideError("answer cannot be unpacked", sent=True) from error


# No connection, a malformed address, or a key that no header can carry. Their names alone prove
# nothing: httpx raises them too for the address that an answer redirects to, which it looks at
# though it does not go there.
_BEFORE_ANY_BYTE = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    *(httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError),
)


class _Lean(httpx.Client):
    """httpx's client without what no call of ours has: cookies, proxies, authentication, redirects
    to follow, a base address. They took 0.14 ms of the 0.34 that a request costs the processor, and
    a card makes eleven."""

    def build_request(self, method: str, url: httpx.URL | str, **parts: Any) -> httpx.Request:
        timeout = httpx.Timeout(parts.pop("timeout")).as_dict()
        headers = {**_USUAL_HEADERS, **(parts.pop("headers") or {})}
        if query := parts.pop("params", None):  # here, or httpx reads the whole address once more
            url = f"{url}?{httpx.QueryParams(query)}"
        body = {name: part for name, part in parts.items() if part is not None}
        return httpx.Request(method, url, headers=headers, extensions={"timeout": timeout}, **body)

    def send(self, request: httpx.Request, **_kwargs: Any) -> httpx.Response:
        for hook in self.event_hooks["request"]:
            hook(request)
        response = self._transport.handle_request(request)
        response.request = request
        try:
            for hook in self.event_hooks["response"]:
                hook(response)
        except BaseException:
            response.close()
            raise
        return response


class _Over(httpx.HTTPTransport):
    """httpx's own transport over a network backend of ours, which it has no argument for, and with
    our deadline."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_shared_ssl_context(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_shared_ssl_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Timed(backend),
        )


class _Timed(httpcore.NetworkBackend):
    """Each step of an exchange gets the time that is left of the whole. httpx's timeouts are for
    one step each, and an answer may take any number of them: headers byte by byte, «100 Continue»
    again and again."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(
            host, port, timeout=timeout, local_address=local_address, socket_options=socket_options
        )
        return _TimedStream(stream)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if exchange := _exchange.get():
            exchange.written = True
        for start in range(0, len(buffer), AT_ONCE):
            self._inner.write(buffer[start : start + AT_ONCE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """Seconds that the next step may take. Raises `late` when there is no time left."""
    exchange = _exchange.get()
    if exchange is None:  # not within fetch
        return timeout
    left = exchange.deadline - time.monotonic()
    if left <= 0:
        raise late("the time is over")
    return left


def _shared_ssl_context() -> ssl.SSLContext:
    global _ssl_context  # noqa: PLW0603 - 47 ms to make, so once a process
    if _ssl_context is None:
        _ssl_context = httpx.create_ssl_context(trust_env=False)
    return _ssl_context
