"""What a line may send, and how many strangers it may write to first."""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.people import CLIENTS
from tests.stand import CardPage, Clock, Widget
from widget.errors import ErrorCode, Refused
from widget.gateways.base import GatewayErrorCode, SendResult, Sent
from widget.presence.outgoing import BURST, GROWS_DAYS, Outgoing, OutgoingTerms
from widget.storage.lines import Line, LineLimits

DAY = 86_400.0
TERMS = OutgoingTerms(firsts_per_day=100, young_firsts_per_day=20, sends_per_day=1500, young_days=10)
LINE = Line(1, 1, "Sales", "waha", "http://gateway", "sales", "", "", created_at=0.0)
OUT = SendResult(Sent.SENT, "A1")
NOT_OUT = SendResult(Sent.REFUSED, "", GatewayErrorCode.RESTRICTED)


@pytest.mark.parametrize(
    ("days", "limits", "allowed"),
    [
        (0, LineLimits(), 20),
        (9.9, LineLimits(), 20),
        (20, LineLimits(), 60),
        (10 + GROWS_DAYS, LineLimits(), 100),
        (400, LineLimits(), 100),
        (0, LineLimits(young_firsts_per_day=5), 5),
        (0, LineLimits(firsts_per_day=10), 10),
        (400, LineLimits(firsts_per_day=300), 300),
    ],
)
def test_a_lines_new_chats_grow_with_its_age(days: float, limits: LineLimits, allowed: int) -> None:
    assert TERMS.firsts(replace(LINE, limits=limits), days * DAY) == allowed
    assert TERMS.firsts(replace(LINE, limits=limits), days * DAY, halved=True) == allowed // 2


@pytest.fixture
def young(make_widget: Any) -> Widget:
    widget: Widget = make_widget(lines=("sales", "branch"))
    return widget


def line_of(widget: Widget, number: int = 1) -> Line:
    line: Line = widget.services.storage.lines.of(widget.portals[0])[number - 1]
    return line


def spent(outgoing: Outgoing, line: Line, times: int, result: SendResult | None = OUT, *, first: bool = True) -> None:
    for _ in range(times):
        outgoing.settle(outgoing.reserve(line, first=first), result)


def test_a_young_line_writes_to_twenty_strangers_a_day_and_goes_on_with_its_chats(young: Widget, clock: Clock) -> None:
    outgoing, line = young.services.presence.outgoing, line_of(young)
    spent(outgoing, line, 30, NOT_OUT)  # what did not go out is not counted
    spent(outgoing, line, 20)

    with pytest.raises(Refused) as refused:
        outgoing.reserve(line, first=True)

    assert (refused.value.code, refused.value.until) == (ErrorCode.FIRSTS_SPENT, clock() + DAY)
    spent(outgoing, line, 5, first=False)
    twin = young.twin().services.presence.outgoing  # another process, whose limiter knows nothing yet
    with pytest.raises(Refused):
        twin.reserve(line, first=True)
    clock.forward(DAY + 3600)
    spent(outgoing, line, 1)


def test_no_more_goes_out_at_once_than_a_conversation_needs(young: Widget) -> None:
    outgoing, line = young.services.presence.outgoing, line_of(young)
    spent(outgoing, line, BURST, first=False)

    with pytest.raises(Refused) as refused:
        outgoing.reserve(line, first=False)

    assert refused.value.code is ErrorCode.SENDS_SPENT


def test_a_gateway_that_looks_a_number_up_needs_a_check_for_a_first_message(young: Widget, clock: Clock) -> None:
    outgoing, check_budget, line = (
        young.services.presence.outgoing,
        young.services.presence.check_budget,
        line_of(young, 2),
    )
    check_budget.count(line, 19)
    clock.forward(60)

    reserved = outgoing.reserve(line, first=True)
    with pytest.raises(Refused) as refused:
        outgoing.reserve(line, first=True)
    assert refused.value.code is ErrorCode.CHECKS_SPENT
    assert outgoing.remaining(line).left == 0
    with pytest.raises(Refused) as refused:
        outgoing.reserve_check(line)  # of a reaction
    assert refused.value.code is ErrorCode.CHECKS_SPENT
    outgoing.reserve(line, first=False)  # an answer is not refused for that

    outgoing.settle(reserved, SendResult(Sent.REFUSED, "", GatewayErrorCode.UNREACHABLE))
    clock.forward(60)
    assert outgoing.remaining(line).left == 1


def test_the_composer_says_it_before_the_limit_and_the_line_stops_at_it(young: Widget, clock: Clock) -> None:
    outgoing, line = young.services.presence.outgoing, line_of(young)
    page = young.open(lang="en").reveal()
    key = page.keys["+7 926 111-22-33"]
    assert "data-firsts" not in page.open_chat(key, line=1).text
    spent(outgoing, line, 17)
    assert "This line may start 3 more new chats today." in page.open_chat(key, line=1).words
    spent(outgoing, line, 3)
    assert "This line may start no more new chats until" in page.open_chat(key, line=1).words

    page.send(page.chat, "Hello", "key-1", confirmed=True)

    assert (page.answer.status_code, page.refusal) == (429, "firsts_spent")
    assert "It goes on in about 24 h" in page.words
    assert "sendText" not in young.outside.calls()


def test_one_number_after_another_is_stopped_at_the_limits_of_each_line(make_widget: Any) -> None:
    widget = make_widget(lines=("sales", "branch"), young_firsts_per_day=5, young_checks_per_day=3)
    numbers = [client.phone for client in CLIENTS if client.phone and not client.chat and client.on_whatsapp][:7]
    answers = [first_message(widget, number, line).refusal for line in (1, 2) for number in numbers]

    assert answers == ["firsts_spent" if n >= 5 else "" for n in range(7)] + [
        "checks_spent" if n >= 3 else "" for n in range(7)
    ]
    assert widget.outside.calls()["sendText"] == 8
    assert widget.services.storage.usage.total(widget.portals[0], 2, "checks", since=0) == 3


def first_message(widget: Widget, number: str, line: int) -> CardPage:
    services, portal = widget.services, widget.portals[0]
    chat, _ = services.chats.service.open(services.storage.lines.of(portal)[line - 1], number, user_id=2)
    page = widget.open("/app/", user="admin", lang="en")
    page.session = page.text.split('data-session="')[1].split('"')[0]
    body, headers = {"number": number, "line": line}, {"X-Session": page.session, "X-Opening": page.opening_ticket}
    page._take(page.client.post("/app/number", json=body, headers=headers))
    widget.clock.forward(4)
    return page.send(chat.id, "Hello", f"key-{number}-{line}", confirmed=True)
