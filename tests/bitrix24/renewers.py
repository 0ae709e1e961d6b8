"""Programs that test_tokens.py runs as processes of their own: each is a worker with the same
database."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from sandbox.portal.credentials import CLIENT_ID, CLIENT_SECRET
from widget.bitrix24.exchanges import Exchanges
from widget.bitrix24.oauth import OAuth, OwnApplication
from widget.bitrix24.renewal import Renewal
from widget.bitrix24.rest import Rest
from widget.errors import Refused
from widget.http import make_client
from widget.metrics import Metrics
from widget.storage import database
from widget.storage.database import open_database
from widget.storage.portals import Portals
from widget.storage.rest_log import RestLog
from widget.storage.secret_box import SecretBox
from widget.storage.tokens import Tokens

TIMEOUT = 60.0
LEASE = 2 * TIMEOUT + 5


class HeldBack(httpx.HTTPTransport):
    """The first answer of each thread is handed on only when the test says «go»."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__()
        self._go = go
        self._held = threading.local()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        if not hasattr(self._held, "before"):
            self._held.before = True
            self._go.wait(60)
        return response


def main(address: str, key: str, auth_server: str, portal_id: str, user_id: str, calls: str) -> None:
    """Call `profile` so many times at once; print ok or the refusal of each."""
    database.WRITER_SECONDS = TIMEOUT
    engine, secret_box, metrics = open_database(address), SecretBox([key]), Metrics()
    portals, tokens = Portals(engine, secret_box, time.time), Tokens(engine, secret_box)
    settings: dict[str, Any] = {"allow_http": True, "timeout": TIMEOUT, "clock": time.time}
    oauth = OAuth(make_client(), [auth_server], OwnApplication(CLIENT_ID, CLIENT_SECRET), **settings)
    renewal = Renewal(oauth, portals, tokens, metrics, lease_seconds=LEASE)
    go = threading.Event()
    clients = [make_client(transport=HeldBack(go))]
    exchanges = Exchanges(clients, RestLog(engine, keep=False), timeout=TIMEOUT, patience=2 * TIMEOUT, clock=time.time)
    rest = Rest(exchanges, oauth, renewal, portals, tokens, metrics)
    portal = portals.get(int(portal_id))
    assert portal

    def call() -> str:
        try:
            return str(rest.call(portal, int(user_id), "profile", {})["ID"])
        except Refused as error:
            return error.reason

    with ThreadPoolExecutor(int(calls)) as pool:
        answers = [pool.submit(call) for _ in range(int(calls))]
        sys.stdin.readline()
        go.set()
        sys.stdout.write(" ".join(answer.result() for answer in answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
