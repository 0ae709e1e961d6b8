"""A WAHA line at the simulated gateway, and what real gateways really said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.people import API_KEY
from tests.stand import Outside
from widget.gateways.waha import Waha
from widget.http import make_client

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "gateways"
TIMEOUT = 0.4


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    def read(name: str) -> Any:
        if not (RECORDED / name).exists():
            pytest.skip(f"the recorded payload {name} is not on this machine")
        return json.loads((RECORDED / name).read_text())

    return read


@pytest.fixture
def line(outside: Outside) -> Callable[..., Waha]:
    """line("support", key=…): an adapter over a real socket, or over `transport`."""

    def make(
        session: str = "sales",
        *,
        key: str = API_KEY,
        address: str = "",
        transport: httpx.BaseTransport | None = None,
        timeout: float = 5.0,
    ) -> Waha:
        return Waha(
            make_client(transport=transport),
            address=address or outside.gateway,
            session=session,
            key=key,
            check_timeout=timeout,
            history_timeout=timeout,
            send_timeout=timeout,
        )

    return make


@pytest.fixture
def waha(line: Callable[..., Waha]) -> Waha:
    return line()
