"""What a line's state says, until when, and what makes it ready: a pairing code, the end of a
pause."""

import pytest

from tests.admin.conftest import AppPage, OpenApp, Vendor, line_health_of
from tests.stand import NOON, Clock, Outside, Widget, in_russian
from widget.gateways.base import GatewayError, GatewayErrorCode, LineState, LineStatus, Quota
from widget.gateways.breaker import FAILURES
from widget.storage.line_health import LinePast

HOUR = 3600.0


@pytest.fixture
def settings(open_app: OpenApp, reachable: Widget) -> AppPage:
    return open_app(of=reachable)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (LineStatus(LineState.BANNED), "closed by WhatsApp"),
        (LineStatus(LineState.RESTRICTED), "restricted by WhatsApp"),
        (LineStatus(LineState.RESTRICTED, until=NOON + HOUR), "restricted by WhatsApp until 9:00 AM UTC"),
        (LineStatus(LineState.RESTRICTED, until=NOON + 24 * HOUR), "until January 16, 8:00 AM UTC"),
    ],
)
def test_a_restriction_says_until_when(settings: AppPage, vendor: Vendor, status: LineStatus, said: str) -> None:
    vendor.status_ = status

    settings.save("lines/1/test")

    assert said in plain(settings.words)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            GatewayError(GatewayErrorCode.LEFT_ALONE, until=NOON + HOUR),
            "failed several times in a row and is left alone until",
        ),
        (GatewayError(GatewayErrorCode.QUOTA, quota=Quota(100, 100)), "the gateway's plan is used up: 100 of 100"),
        (GatewayError(GatewayErrorCode.QUOTA), "the gateway's plan is used up"),
        (GatewayError(GatewayErrorCode.THROTTLED, until=NOON + HOUR), "WhatsApp asks for a pause until 9:00 AM UTC"),
        (GatewayError(GatewayErrorCode.UNSUPPORTED), "this kind of gateway cannot do that"),
    ],
)
def test_a_gateway_that_does_not_tell_is_quoted_with_its_time_and_numbers(
    settings: AppPage, vendor: Vendor, error: GatewayError, said: str
) -> None:
    vendor.trouble = error

    settings.save("lines/1/test")

    assert settings.status == 200
    assert said in plain(settings.words)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_state_and_every_trouble_has_words_of_its_own(
    open_app: OpenApp, reachable: Widget, vendor: Vendor, lang: str
) -> None:
    settings = open_app(of=reachable, lang=lang)
    nonsense = "the gateway gave an answer that makes no sense"
    for code in (*LineState, *GatewayErrorCode):
        vendor.status_ = LineStatus(code) if isinstance(code, LineState) else vendor.status_
        vendor.trouble = GatewayError(code) if isinstance(code, GatewayErrorCode) else None

        settings.save("lines/1/test")

        assert settings.status == 200, code
        assert ((nonsense if lang == "en" else in_russian(nonsense)) in settings.words) is (
            code is GatewayErrorCode.BROKEN_ANSWER
        ), code


def test_a_gateway_that_fails_again_and_again_is_said_to_be_left_alone(
    admin: AppPage, outside: Outside, clock: Clock
) -> None:
    outside.break_gateway("silence", times=None, seconds=0.01)
    for _ in range(FAILURES):
        admin.save("lines/1/test")
        clock.forward(1)
    calls = outside.total("gateway")

    admin.save("lines/1/test")

    assert "is left alone until" in admin.words
    assert outside.total("gateway") == calls


# A code to type on the phone.


def test_a_pairing_code_is_made_for_the_lines_own_number(settings: AppPage, vendor: Vendor) -> None:
    settings.save("lines/1/name", name="Sales", number="8 963 847-73-13", key="")
    settings.save("lines/1/test")
    assert 'data-path="/app/lines/1/pairing"' in settings.html

    settings.save("lines/1/pairing")

    assert vendor.paired == ["+79638477313"]
    assert "ABCD-1234" in settings.words
    assert "Link with phone number instead" in settings.words


def test_without_a_number_nothing_is_asked_and_it_says_so(settings: AppPage, vendor: Vendor) -> None:
    settings.save("lines/1/pairing")

    assert vendor.paired == []
    assert "Store the line's number first" in settings.words


def test_why_there_is_no_code_is_said_in_its_place(settings: AppPage, vendor: Vendor) -> None:
    settings.save("lines/1/name", name="Sales", number="8 963 847-73-13", key="")
    vendor.trouble = GatewayError(GatewayErrorCode.THROTTLED, until=NOON + HOUR)

    settings.save("lines/1/pairing")

    assert settings.status == 200
    assert "There is no code: WhatsApp asks for a pause until 9:00 AM UTC ." in plain(settings.words)


# A pause of the checks.


def test_a_pause_says_why_and_until_when_and_is_ended_only_after_a_warning(
    settings: AppPage, open_app: OpenApp, reachable: Widget, clock: Clock
) -> None:
    week = clock.now + 7 * 24 * HOUR
    values = {"cooldown_until": clock.now + HOUR, "cooldown_why": "throttled", "cooldown_step": 3, "halved_until": week}
    line_health_of(reachable, hook_at=5.0, **values)
    settings = open_app(of=reachable)
    assert "No check leaves by this line until 9:00 AM UTC : WhatsApp asked for a pause" in plain(settings.words)

    settings.save("lines/1/cooldown/end")
    assert (settings.status, settings.refusal) == (409, "confirm")
    assert "before 9:00 AM UTC ?" in plain(settings.words)
    assert past_of(reachable).cooldown_until == clock.now + HOUR

    settings.save("lines/1/cooldown/end", confirmed=True)
    assert "No check leaves" not in settings.words
    assert "Pause of the checks ended early, line “Line sales”" in settings.section("changes")
    assert "half as many until January 22" in plain(open_app(of=reachable).words)
    past = past_of(reachable)
    assert past.cooldown_until <= clock.now
    assert (past.reported_at, past.halved_until) == (5.0, week)


def test_a_pause_that_is_over_is_not_shown_and_not_ended_twice(
    settings: AppPage, open_app: OpenApp, reachable: Widget, clock: Clock
) -> None:
    line_health_of(reachable, cooldown_until=clock.now - 1, cooldown_why="banned")

    settings.save("lines/1/cooldown/end", confirmed=True)

    assert settings.status == 200
    assert "ended early" not in settings.section("changes")
    assert "No check leaves" not in open_app(of=reachable).words


def past_of(widget: Widget) -> LinePast:
    past: LinePast = widget.services.storage.line_health.pasts(widget.portals[0])[1]
    return past


def test_a_line_that_keeps_no_messages_is_told_to_after_a_question(admin: AppPage, outside: Outside) -> None:
    outside.set_up("sales", engine="NOWEB", store=False)
    admin.save("lines/1/test")
    assert "This line keeps no messages" in admin.words

    admin.save("lines/1/keep")
    assert "The line restarts at its gateway" in admin.words
    assert "update" not in outside.calls()

    admin.save("lines/1/keep", confirmed=True)
    assert outside.calls()["update"] == 1
    assert "This line keeps no messages" not in admin.words
    assert "Messages are kept on the line" in admin.words
