"""A small HTTP server that takes a gateway's webhooks and keeps them, for tests of the whole
way."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.portal.background import in_background
from tests.stand import PATIENCE


@dataclass(frozen=True)
class Reported:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` is the status of the next requests, or what is done first and gives it; 200 when
    there is none left."""

    url: str
    reported: list[Reported] = field(default_factory=list)
    answers: list[int | Callable[[], int]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, wanted: Callable[[Reported], Any]) -> Reported:
        """The first report that is so, once it is here."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(wanted, self.reported)), timeout=PATIENCE)
            found = next(filter(wanted, self.reported), None)
            assert found, f"not reported; what came was {[one.body[:200] for one in self.reported]}"
            return found


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with receiver.changed:
                receiver.reported.append(Reported(self.path, dict(self.headers.items()), body))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                receiver.changed.notify_all()
            self.send_response(answer() if callable(answer) else answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks/gateway/line")
    with in_background(server):
        yield receiver
