"""Outside calls: small httpx clients with one shared SSL context, answers that are bounded in size and time.

One client per line and a handful for portals, never one big one: the connection pool of httpx is quadratic
(encode/httpcore#1035), and a client costs 0.2 ms to make once the SSL context exists.
"""

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

CONNECTIONS = 16  # per client
LARGEST_ANSWER = 8 * 1024 * 1024  # a page of history with thumbnails stays far below

# httpx writes whole addresses at INFO, and some vendors carry the key in them. A filter and not a level: a level that
# somebody sets while looking for a fault would bring them back.
logging.getLogger("httpx").addFilter(lambda record: record.levelno >= logging.WARNING)

_ssl_context: ssl.SSLContext | None = None


class OutsideError(Exception):
    """The other side gave no usable answer. `sent` says whether the request may have been acted on."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class TimedOut(OutsideError):
    """No answer within the time."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None for anything else (HTML, empty, cut, nested without end)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def make_client(
    *, transport: httpx.BaseTransport | None = None, backend: httpcore.NetworkBackend | None = None
) -> httpx.Client:
    """A client for one line or one portal. Redirects are never followed: where to go is ours to decide.

    `backend` makes the connections, where not every address may be connected to (widget/addresses.py).
    """
    if transport is None and backend is not None:
        transport = _Over(backend)
    return httpx.Client(
        transport=transport,
        verify=_shared_ssl_context(),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=30),
        follow_redirects=False,
        trust_env=False,
    )


def fetch(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    timeout: float,
    largest: int = LARGEST_ANSWER,
    **request: Any,
) -> Answer:
    """One request, never repeated. `timeout` in seconds bounds the whole exchange, a trickling body too.

    Raises TimedOut or OutsideError; an HTTP error status is an Answer like any other.
    """
    deadline = time.monotonic() + timeout
    try:
        with client.stream(method, url, timeout=httpx.Timeout(timeout, pool=timeout), **request) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > largest:
                    raise OutsideError("answer too large", sent=True)
                if time.monotonic() > deadline:
                    raise TimedOut("answer too slow", sent=True)
            return Answer(response.status_code, response.headers, bytes(body))
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TimedOut(type(error).__name__, sent=False) from error
    except httpx.TimeoutException as error:
        raise TimedOut(type(error).__name__, sent=True) from error
    except (httpx.ConnectError, *_NOT_A_REQUEST) as error:
        raise OutsideError(type(error).__name__, sent=False) from error
    except httpx.HTTPError as error:
        raise OutsideError(type(error).__name__, sent=True) from error


# An address that is none, or a key that no header can carry: refused before a byte leaves.
_NOT_A_REQUEST = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError)


class _Over(httpx.HTTPTransport):
    """httpx's own transport over a network backend of ours, which it has no argument for."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_shared_ssl_context(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_shared_ssl_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=30,
            network_backend=backend,
        )


def _shared_ssl_context() -> ssl.SSLContext:
    global _ssl_context  # noqa: PLW0603 - 47 ms to make, so once a process
    if _ssl_context is None:
        _ssl_context = httpx.create_ssl_context(trust_env=False)
    return _ssl_context
