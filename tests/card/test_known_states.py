"""No request waits for a line's state: it shows what any process heard last, and what is old is
asked behind it."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from tests.stand import Clock, Outside, Widget, config_for, start_widget
from widget.gateways.base import GatewayError, GatewayErrorCode, LineState, LineStatus
from widget.gateways.states import KEPT_SECONDS, OTHER_SECONDS, READY_SECONDS

ORDERS, IVAN = "+7 926 111-22-33", "+7 961 951-00-00"


class Later(Executor):
    """What is done behind a request, when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def run(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def start(outside: Outside, empty_database: str, clock: Clock, later: Later) -> Callable[..., Widget]:
    """A process whose work behind requests waits, of the service that these settings make."""

    def begin(redis_url: str = "") -> Widget:
        return start_widget(outside, config_for(outside, empty_database, redis_url), clock, behind=later)

    return begin


def test_a_card_asks_for_no_state_in_its_request_and_knows_it_a_moment_later(
    start: Callable[..., Widget], outside: Outside, later: Later
) -> None:
    page = start().open(lang="en").reveal()
    keys = page.to_ask
    page.check()
    assert page.rows[ORDERS] == "line_unknown"
    assert "The line's state is not known yet, not checked" in page.row(ORDERS)
    assert "(state not known yet)" in page.post("/card/lines", {"line": None}).words
    assert outside.total("gateway") == 0
    assert len(later.waiting) == 1

    later.run()
    page.check(keys)
    assert (page.rows[ORDERS], page.rows[IVAN]) == ("yes", "yes")
    assert outside.calls()["session"] == 1


def test_an_old_state_is_shown_and_asked_anew_behind_the_request(
    start: Callable[..., Widget], outside: Outside, later: Later, clock: Clock
) -> None:
    widget = start()
    (line,) = widget.services.storage.lines.of(widget.portals[0])
    widget.services.presence.rounds.go()  # the worker
    outside.set_line("sales", "STOPPED")
    clock.forward(READY_SECONDS + 1)
    gateways = widget.services.gateways
    assert [gateways.known(line).state for _ in range(3)] == [LineState.READY] * 3
    assert len(later.waiting) == 1
    later.run()
    assert gateways.known(line).state is LineState.OFFLINE
    outside.set_line("sales", "WORKING")
    clock.forward(OTHER_SECONDS)
    gateways.known(line)
    later.run()
    assert gateways.known(line).state is LineState.READY
    clock.forward(KEPT_SECONDS + 1)
    assert gateways.known(line) is None


def test_what_one_process_hears_of_a_line_all_others_know(
    start: Callable[..., Widget], redis_url: str, outside: Outside, later: Later
) -> None:
    here = start(redis_url)
    there = here.twin()
    (line,) = here.services.storage.lines.of(here.portals[0])
    there.services.presence.rounds.go()
    asked = outside.calls()["session"]
    assert here.services.gateways.known(line).state is LineState.READY
    assert outside.calls()["session"] == asked
    assert later.waiting == []


def test_a_report_that_a_line_went_down_is_known_at_once_everywhere_and_asked_after(
    start: Callable[..., Widget], redis_url: str, later: Later
) -> None:
    here = start(redis_url)
    (line,) = here.services.storage.lines.of(here.portals[0])
    here.services.presence.rounds.go()
    here.services.gateways.report_state(line, LineState.OFFLINE)
    assert here.services.gateways.known(line).state is LineState.OFFLINE
    assert len(later.waiting) == 1
    assert here.twin().services.gateways.known_state(line) is LineState.OFFLINE


def test_one_of_several_processes_asks(start: Callable[..., Widget], redis_url: str, outside: Outside) -> None:
    one, other = start(redis_url), start(redis_url)
    (line,) = one.services.storage.lines.of(one.portals[0])
    held = one.services.gateways.states
    assert held.may_ask(line.id)
    assert not other.services.gateways.states.may_ask(line.id)
    held.asked(line.id)
    assert other.services.gateways.states.may_ask(line.id)


@pytest.mark.parametrize(
    "said",
    [
        LineStatus(LineState.RESTRICTED, own_message_ids=True, until=1_800_000_500.0),
        GatewayError(GatewayErrorCode.QUOTA, until=5.0),
    ],
)
def test_a_state_is_read_back_as_it_was_written(
    start: Callable[..., Widget], redis_url: str, said: LineStatus | GatewayError
) -> None:
    one, other = start(redis_url), start(redis_url)
    one.services.gateways.states.put(7, said)
    found = other.services.gateways.states.known([7])[7].answer
    assert vars(found) == vars(said)
    assert other.services.gateways.states.known([8]) == {}
