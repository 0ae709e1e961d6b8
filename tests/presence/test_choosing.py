"""Which line asks: the card's own where it may, else another; one number is never asked by two."""

from dataclasses import replace

import pytest

from tests.presence.conftest import KEY, LINE, OTHER_PORTALS_LINE, SUPPORT, FakeGateway
from widget.gateways.base import GatewayErrorCode, LineState, ListedChat
from widget.presence.budget import AskedBy, CheckPriority
from widget.presence.choosing import in_order
from widget.presence.records import PresenceAnswer, Source, UnknownReason
from widget.storage.lines import Lines
from widget.storage.secret_box import SecretBox

IVAN, MARIA = "+79619510000", "+79123456789"
MANY = [f"+790155501{n:02}" for n in range(20)]


@pytest.fixture
def support(desk) -> FakeGateway:
    """The second line's own gateway."""
    own = desk.gateways.others[SUPPORT.id] = FakeGateway()
    return own


def check(desk, *phones, **how):
    return desk.checker.check(LINE, phones, others=[LINE, SUPPORT], **how)


def test_the_cards_line_comes_first_and_lines_of_other_portals_never():
    assert in_order(SUPPORT, [LINE, SUPPORT, OTHER_PORTALS_LINE]) == [SUPPORT, LINE]


def test_the_cards_line_asks_where_it_may(desk, support):
    outcome = check(desk, IVAN)
    assert (outcome.line, desk.gateway.checked, support.checked, support.states) == (LINE, [IVAN], [], 0)


@pytest.mark.parametrize("state", [LineState.OFFLINE, LineState.SCAN_QR, LineState.RESTRICTED, LineState.BANNED])
def test_a_line_that_is_not_ready_lets_another_one_ask(desk, support, state):
    desk.gateway.state = state
    support.says = {IVAN: True}
    outcome = check(desk, IVAN)
    assert (outcome.line, outcome.answers[IVAN].answer) == (SUPPORT, PresenceAnswer.YES)
    assert desk.gateway.checked == []


def test_a_line_whose_checks_pause_lets_another_one_ask(desk, support):
    desk.cooldown_policy.throttled(LINE)
    assert check(desk, IVAN).line == SUPPORT
    assert desk.gateway.states == 0


def test_a_line_without_budget_lets_another_one_ask(make_desk):
    desk = make_desk(burst=100, every=0.001, day=3)
    support = desk.gateways.others[SUPPORT.id] = FakeGateway()
    check(desk, *MANY[:3])
    outcome = check(desk, *MANY[3:5])
    assert (outcome.line, sorted(support.checked)) == (SUPPORT, MANY[3:5])


def test_what_a_line_with_budget_may_not_ask_is_not_handed_on(make_desk):
    desk = make_desk(burst=3)
    support = desk.gateways.others[SUPPORT.id] = FakeGateway()
    found = check(desk, *MANY[:5])
    assert [found.answers[phone].why for phone in MANY[3:5]] == [UnknownReason.LIMIT] * 2
    assert support.checked == []


def test_no_number_is_asked_by_two_lines(desk, support):
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    check(desk, IVAN, MARIA)
    assert support.checked == []


def test_a_number_known_through_one_line_is_not_asked_through_another(desk, support):
    desk.gateway.says = {IVAN: True}
    check(desk, IVAN)
    assert desk.checker.check(SUPPORT, [IVAN]).answers[IVAN].answer is PresenceAnswer.YES
    assert support.checked == []


def test_a_gateway_that_cannot_check_still_proves_by_its_chats(desk, support):
    desk.gateway.at_once = 0
    desk.gateway.chats = {IVAN: ListedChat("1@lid", 1.0, has_messages=True)}
    outcome = check(desk, IVAN, MARIA)
    assert outcome.answers[IVAN].how is Source.CHAT
    assert (desk.gateway.checked, support.checked) == ([], [MARIA])


def test_where_no_line_can_check_the_reason_is_that_of_the_cards_line(desk, support):
    desk.gateway.at_once = 0
    support.state = LineState.OFFLINE
    assert check(desk, IVAN).answers[IVAN].why is UnknownReason.CANNOT_CHECK


def test_where_no_line_is_ready_nothing_is_asked(desk, support):
    desk.gateway.state = support.state = LineState.OFFLINE
    assert check(desk, IVAN).answers[IVAN].why is UnknownReason.LINE_DOWN
    assert desk.gateway.checked + support.checked == []


def test_no_more_than_three_lines_are_tried_one_after_another(desk):
    desk.gateway.state = LineState.OFFLINE
    lines = [replace(LINE, id=number) for number in (1, 3, 4, 5, 6)]
    desk.checker.check(LINE, [IVAN], others=lines)
    assert desk.gateway.states == 3


@pytest.mark.parametrize("pressed", [True, False])
@pytest.mark.parametrize("refuses", ["dry", "paused"])
def test_lines_that_surely_refuse_do_not_use_up_the_tries(make_desk, engine, clock, refuses, pressed):
    desk = make_desk(burst=100, every=0.001, day=3)
    stored = Lines(engine, SecretBox([KEY]), clock)
    for name in "defg":
        stored.add(LINE.portal_id, name=name, gateway="waha", address=LINE.address, session=name, key="key")
    lines = stored.of(LINE.portal_id)
    *others, full = lines[1:]
    desk.gateway.state = LineState.OFFLINE  # of the card's own line
    for line in others:
        desk.gateways.others[line.id] = FakeGateway()
        desk.check_budget.reserve(line, 3, CheckPriority.CLICK) if refuses == "dry" else desk.cooldown_policy.throttled(
            line
        )
    desk.gateways.others[full.id] = FakeGateway(says={IVAN: True})
    outcome = desk.checker.check(lines[0], [IVAN], others=lines, by=AskedBy.PRESS if pressed else AskedBy.PAGE)
    assert (outcome.line.id, outcome.answers[IVAN].answer) == (full.id, PresenceAnswer.YES)
    assert [desk.gateways.of(line).states for line in others] == [0] * len(others)


# How many go into one call, and the listing.


def test_a_gateway_that_takes_many_numbers_is_asked_in_as_few_calls_as_that_allows(desk):
    desk.gateway.at_once = 4
    calls = []
    one_call = desk.gateway.check
    desk.gateway.check = lambda phones: (calls.append(len(phones)), one_call(phones))[1]
    assert desk.checker.check(LINE, MANY[:10]).checked == 10
    assert sorted(calls) == [2, 4, 4]


def test_a_number_that_an_answer_leaves_out_is_unknown_and_the_others_are_not(desk):
    desk.gateway.at_once = 10
    desk.gateway.says = {IVAN: None, MARIA: True}
    found = check(desk, IVAN, MARIA).answers
    assert (found[IVAN].why, found[MARIA].answer) == (UnknownReason.FAILED, PresenceAnswer.YES)


def test_a_call_that_fails_leaves_all_its_numbers_unknown_and_all_its_checks_spent(desk):
    desk.gateway.at_once = 10
    desk.gateway.says = {IVAN: GatewayErrorCode.TIMED_OUT}
    outcome = check(desk, IVAN, MARIA)
    assert {p.why for p in outcome.answers.values()} == {UnknownReason.FAILED}
    assert desk.spent() == 2
