"""Clocks of two hosts differ, and a clock may be set: neither sessions nor memories may suffer from
it."""

import itertools
import time

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import update

from tests.stand import Clock, Widget
from widget.errors import Refused
from widget.gateways.breaker import FAILURES, FIRST_PAUSE, Breaker
from widget.session import Session, SessionTokens
from widget.storage.portals import Portals
from widget.storage.schema import portals
from widget.timing import timer_of

FERNET = MultiFernet([Fernet(Fernet.generate_key())])
SESSION = Session(portal_id=1, user_id=7, entity_type_id=2, entity_id=7045, language="ru")


class TwoClocks(Clock):
    """The time of day can be set; the timer goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.timer = Clock(5.0)

    def set_back(self, seconds: float) -> None:
        self.now -= seconds


def host(ahead: float) -> SessionTokens:
    """Another host's, whose clock is that much ahead of the one that signs."""
    return SessionTokens("s" * 40, FERNET, 3600, clock=lambda: time.time() + ahead)


@pytest.mark.parametrize("ahead", [-50, -5, -0.5, 0.5, 5, 50])
def test_a_host_takes_the_sessions_of_one_whose_clock_differs_a_little(ahead: float) -> None:
    assert host(ahead).read_session(host(0).sign_session(SESSION)) == SESSION


@pytest.mark.parametrize("ahead", [-90, 3700])
def test_a_session_of_the_future_and_one_that_is_over_are_refused(ahead: float) -> None:
    with pytest.raises(Refused):
        host(ahead).read_session(host(0).sign_session(SESSION))


def test_the_system_has_a_timer_of_its_own_and_a_tests_clock_is_both() -> None:
    clock = Clock()
    assert timer_of(time.time) is time.monotonic
    assert timer_of(clock) is clock


def test_a_clock_that_is_set_back_keeps_no_memory_longer(widget: Widget) -> None:
    clock = TwoClocks()
    remembering = Portals(widget.services.storage.engine, widget.services.storage.secret_box, clock)
    assert remembering.require(widget.portals[0]).country == "RU"
    with widget.services.storage.engine.begin() as connection:
        connection.execute(update(portals).values(country="KZ"))

    clock.set_back(3600)
    clock.timer.forward(11)

    assert remembering.require(widget.portals[0]).country == "KZ"


def test_a_clock_that_is_set_back_keeps_no_gateway_closed_longer() -> None:
    clock = TwoClocks()
    breaker = Breaker(clock)
    for _ in itertools.repeat(None, FAILURES):
        breaker.failed()
    clock.set_back(3600)
    assert breaker.wait_until() == clock.now + FIRST_PAUSE

    clock.timer.forward(FIRST_PAUSE)

    assert breaker.wait_until() == 0.0
