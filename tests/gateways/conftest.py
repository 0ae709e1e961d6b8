"""Lines of every kind at the simulated gateway, and what real gateways really said."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from ratelimit import Limiter, MemoryStorage, Rate
from sandbox.people import API_KEY, GREEN_IDS
from tests.stand import Clock, Outside, impatient_client
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.evolution.adapter import Evolution
from widget.gateways.green.adapter import Green
from widget.gateways.pace import Pace
from widget.gateways.waha.adapter import Waha

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "gateways"


def paced_by(clock: Clock, waited: list[float]) -> Pace:
    """Turns by a clock that moves with the waits alone."""

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        clock.forward(seconds)

    return Pace(Limiter(MemoryStorage(clock=clock), limits=[Rate(every=1)]), sleep)


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
        timeout: float = 30.0,
        file_hosts: Sequence[str] = (),
    ) -> Waha:
        calls = Calls(
            impatient_client(transport=transport),
            address or outside.gateway,
            Timeouts(check=timeout, history=timeout, send=timeout),
            Breaker(time.time),
            file_hosts=file_hosts,
        )
        return Waha(calls, session=session, key=key)

    return make


@pytest.fixture
def waha(line: Callable[..., Waha]) -> Waha:
    return line()


@pytest.fixture
def green_line(outside: Outside) -> Callable[..., Green]:
    """green_line(key=…): an adapter over a real socket, or over `transport`. Its waits between two
    calls are kept in `green_line.waited` instead of being slept through."""
    waited: list[float] = []
    pace = paced_by(Clock(), waited)

    def make(
        session: str = next(iter(GREEN_IDS)),
        *,
        key: str = API_KEY,
        address: str = "",
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
    ) -> Green:
        calls = Calls(
            impatient_client(transport=transport),
            address or outside.gateway,
            Timeouts(check=timeout, history=timeout, send=timeout),
            Breaker(time.time),
            pace=pace,
        )
        return Green(calls, session=session, key=key)

    make.waited = waited  # type: ignore[attr-defined]
    return make


@pytest.fixture
def green(green_line: Callable[..., Green]) -> Green:
    return green_line()


@pytest.fixture
def instance(outside: Outside) -> Callable[..., Evolution]:
    """instance("branch", key=…): an Evolution adapter over a real socket, or over `transport`."""

    def make(
        session: str = "branch",
        *,
        key: str = API_KEY,
        address: str = "",
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
    ) -> Evolution:
        calls = Calls(
            impatient_client(transport=transport),
            address or outside.gateway,
            Timeouts(check=timeout, history=timeout, send=timeout),
            Breaker(time.time),
        )
        return Evolution(calls, session=session, key=key)

    return make
