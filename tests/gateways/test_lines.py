import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox.people import API_KEY
from tests.stand import PATIENCE
from widget.addresses import AddressRules
from widget.gateways.base import GatewayError, GatewayErrorCode, LineState
from widget.gateways.lines import Gateways, Timeouts
from widget.gateways.states import OTHER_SECONDS, READY_SECONDS
from widget.http import make_client
from widget.storage.lines import Line

TIMEOUTS = Timeouts(check=30, history=30, send=30)


@pytest.fixture
def stored(outside):
    return Line(1, 1, "Sales", "waha", outside.gateway, "sales", API_KEY, "")


@pytest.fixture
def gateways(clock):
    return Gateways(make_client, TIMEOUTS, rules=AddressRules(allow_http=True, allow_private=True), clock=clock)


def test_a_lines_state_is_asked_for_once_in_a_few_seconds(gateways, stored, outside, clock):
    assert gateways.status(stored).state is LineState.READY
    outside.set_line("sales", "STOPPED")
    clock.forward(READY_SECONDS - 1)
    assert gateways.status(stored).state is LineState.READY
    clock.forward(1)
    assert gateways.status(stored).state is LineState.OFFLINE
    assert outside.calls()["session"] == 2


def test_asking_again_asks_at_once_and_is_remembered(gateways, stored, outside):
    gateways.status(stored)
    outside.set_line("sales", "STOPPED")
    assert gateways.status(stored, refresh=True).state is LineState.OFFLINE
    assert gateways.status(stored).state is LineState.OFFLINE
    assert outside.calls()["session"] == 2


def test_twenty_who_ask_at_once_share_one_answer(gateways, stored, outside):
    outside.break_gateway("delay", "session", times=None, seconds=0.1)
    together = threading.Barrier(20)

    def ask():
        together.wait(PATIENCE)
        return gateways.status(stored).state

    with ThreadPoolExecutor(20) as pool:
        assert {call.result() for call in [pool.submit(ask) for _ in range(20)]} == {LineState.READY}
    assert outside.calls()["session"] == 1


def test_trouble_is_shared_too_and_passes_with_time(gateways, stored, outside, clock):
    outside.break_gateway("http_500", "session")
    for _ in range(3):
        with pytest.raises(GatewayError) as error:
            gateways.status(stored)
        assert error.value.gateway_code is GatewayErrorCode.BROKEN_ANSWER
    assert outside.calls()["session"] == 1
    clock.forward(OTHER_SECONDS)
    assert gateways.status(stored).state is LineState.READY


def test_two_lines_have_two_states(gateways, stored):
    other = replace(stored, id=2, session="archive")
    assert gateways.status(stored).state is LineState.READY
    assert gateways.status(other).state is LineState.SCAN_QR


def test_a_line_keeps_its_adapter_until_it_is_changed(gateways, stored):
    assert gateways.of(stored) is gateways.of(replace(stored))
    assert gateways.of(replace(stored, key="new")) is not gateways.of(stored)


@pytest.mark.parametrize("address", ["http://gateway.example", "gateway.example", "ftp://gateway.example", ""])
def test_a_line_without_https_is_refused_unless_the_operator_allows_it(stored, clock, address):
    strict = Gateways(make_client, TIMEOUTS, rules=AddressRules(allow_http=False, allow_private=False), clock=clock)
    with pytest.raises(GatewayError) as error:
        strict.of(replace(stored, address=address))
    assert error.value.gateway_code is GatewayErrorCode.UNREACHABLE
    strict.of(replace(stored, address="https://gateway.example"))


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1", "https://10.0.0.1:3000", "https://localhost", "https://[::1]"]
)
def test_a_private_line_is_never_called_unless_the_operator_allows_it(stored, clock, address):
    private = replace(stored, address=address)
    strict = Gateways(make_client, TIMEOUTS, rules=AddressRules(allow_http=True, allow_private=False), clock=clock)
    for _ in range(2):
        with pytest.raises(GatewayError) as error:
            strict.status(private)
        assert error.value.gateway_code is GatewayErrorCode.UNREACHABLE
    Gateways(make_client, TIMEOUTS, rules=AddressRules(allow_http=False, allow_private=True), clock=clock).of(private)


def test_a_printed_line_shows_no_key(stored):
    assert API_KEY not in repr(stored) + str(stored)


def test_a_line_that_is_not_ready_is_asked_again_sooner(gateways, stored, outside, clock):
    outside.set_line("sales", "STARTING")
    assert gateways.status(stored).state is LineState.CONNECTING
    outside.set_line("sales", "WORKING")
    clock.forward(OTHER_SECONDS)
    assert gateways.status(stored).state is LineState.READY


def test_a_line_that_a_check_found_down_is_not_believed_ready(gateways, stored, outside):
    gateways.status(stored)
    outside.set_line("sales", "STOPPED")
    gateways.distrust(stored)
    assert gateways.status(stored).state is LineState.OFFLINE
