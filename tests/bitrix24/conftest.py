"""What Bitrix24 really sent, and a rest client that is signed in at the simulated portal."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.portal.credentials import CLIENT_ID, CLIENT_SECRET
from tests.stand import PATIENCE, Clock, Outside, Widget, impatient_client
from widget.bitrix24.exchanges import Exchanges
from widget.bitrix24.oauth import OAuth, OwnApplication
from widget.bitrix24.renewal import Renewal
from widget.bitrix24.rest import Rest
from widget.metrics import Metrics
from widget.storage.portals import Portal, Portals
from widget.storage.rest_log import RestLog
from widget.storage.tokens import Token, Tokens

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "bitrix24"
REP = 2  # the rep's user id in the sandbox
LEASE = 2 * PATIENCE + 5  # seconds: longer than two authorisation servers may take


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    """The JSON of one recorded payload, by its file name."""

    def read(name: str) -> Any:
        if not (RECORDED / name).exists():
            pytest.skip(f"the recorded payload {name} is not on this machine")
        return json.loads((RECORDED / name).read_text())

    return read


@dataclass
class SignedIn:
    """The rep of one portal with stored tokens."""

    rest: Rest
    portal: Portal
    portals: Portals
    tokens: Tokens
    oauth: OAuth
    slept: list[float]
    rest_log: RestLog
    metrics: Metrics

    @property
    def token(self) -> Token:
        found = self.tokens.find(self.portal.id, REP)
        assert found
        return found

    def call(self, method: str = "profile", **params: Any) -> Any:
        return self.rest.call(self.portal, REP, method, params)


@pytest.fixture
def sign_in(widget: Widget, outside: Outside, clock: Clock) -> Callable[..., SignedIn]:
    """sign_in(transport=…): a client of its own, as a second process would have, over the same
    database."""

    def make(
        *,
        transport: httpx.BaseTransport | None = None,
        portal: int = 1,
        timeout: float = PATIENCE,
        sleep: Callable[[float], None] | None = None,
        await_renewal: Callable[[float], None] | None = None,
    ) -> SignedIn:
        services = widget.services
        slept: list[float] = []
        tokens, portals = (
            Tokens(services.storage.engine, services.storage.secret_box),
            Portals(services.storage.engine, services.storage.secret_box, clock),
        )
        oauth = OAuth(
            impatient_client(),
            [f"{outside.portal}/oauth"],
            OwnApplication(CLIENT_ID, CLIENT_SECRET),
            allow_http=True,
            timeout=timeout,
            clock=clock,
        )
        metrics = Metrics()
        rest_log = RestLog(services.storage.engine, keep=True, wait=60)  # written when a test says so
        renewal = Renewal(
            oauth, portals, tokens, metrics, lease_seconds=LEASE, **{"sleep": await_renewal} if await_renewal else {}
        )
        rest = Rest(
            Exchanges(
                [impatient_client(transport=transport)],
                rest_log,
                timeout=timeout,
                patience=PATIENCE,
                clock=clock,
                sleep=sleep or slept.append,
            ),
            oauth,
            renewal,
            portals,
            tokens,
            metrics,
        )
        stored = portals.get(widget.portals[portal - 1])
        assert stored
        if tokens.find(stored.id, REP) is None:
            fields = outside.opening(portal=portal)["fields"]
            tokens.put(stored.id, REP, Token(fields["AUTH_ID"], fields["REFRESH_ID"], clock() + 3600))
        return SignedIn(rest, stored, portals, tokens, oauth, slept, rest_log, metrics)

    return make
