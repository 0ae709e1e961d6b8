"""Each way in which a portal does not answer has its own page, and says whether trying again can
help."""

from collections.abc import Callable

import pytest

from tests.stand import Clock, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
BUSY, CLOSED = "Bitrix24 asks to wait", "The application is switched off in your Bitrix24"
DENIED = "Bitrix24 gave the application no access"
PLAN, SCOPE = "Your Bitrix24 plan does not include this", "The application lacks a permission"
UNPAID, BLOCKED = "The application's subscription has ended", "Bitrix24 has stopped applications here"
CONFIRM = "An administrator has to allow this"
MOVED, FAILED = "Your Bitrix24 has a new address", "Bitrix24 did not answer"
NO_AUTH, GONE = "No authorization data from Bitrix24", "The card cannot be read"
TROUBLES = [
    ("QUERY_LIMIT_EXCEEDED", "batch", "portal_busy", BUSY, True),
    ("OPERATION_TIME_LIMIT", "batch", "portal_busy", BUSY, True),
    ("OPERATION_TIME_LIMIT", "batch:crm.item.get", "portal_busy", BUSY, True),
    ("QUERY_LIMIT_EXCEEDED", "batch:crm.item.list", "portal_busy", BUSY, True),
    ("ACCESS_DENIED", "batch", "portal_plan", PLAN, True),
    ("ACCESS_DENIED here", "batch", "portal_denied", DENIED, True),
    ("ACCESS_DENIED", "batch:crm.item.get", "card_gone", GONE, True),
    ("PAYMENT_REQUIRED", "batch", "portal_unpaid", UNPAID, True),
    ("OVERLOAD_LIMIT", "batch", "portal_blocked", BLOCKED, True),
    ("METHOD_CONFIRM_WAITING", "batch", "portal_confirm", CONFIRM, True),
    ("APPLICATION_NOT_FOUND", "batch", "portal_closed", CLOSED, True),
    ("PORTAL_DELETED", "batch", "portal_closed", CLOSED, True),
    ("insufficient_scope", "batch", "portal_scope", SCOPE, True),
    ("insufficient_scope", "batch:crm.item.get", "portal_scope", SCOPE, True),
    ("user_access_error", "batch", "no_auth", NO_AUTH, False),
    ("invalid_token", "batch", "no_auth", NO_AUTH, False),
    ("redirect", "batch", "portal_moved", MOVED, True),
    ("http_500", "batch", "portal_failed", FAILED, True),
    ("html", "batch", "portal_failed", FAILED, True),
    ("empty", "batch", "portal_failed", FAILED, True),
    ("cut", "batch", "portal_failed", FAILED, True),
    ("silence", "batch", "portal_failed", FAILED, True),
    ("html", "oauth:app.info", "portal_failed", FAILED, True),
    ("silence", "oauth:app.info", "portal_failed", FAILED, True),
]


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(("fault", "match", "refusal", "text", "retry"), TROUBLES)
def test_a_portal_in_trouble_is_explained_and_shows_no_data(
    widget: Widget,
    outside: Outside,
    fault: str,
    match: str,
    refusal: str,
    text: str,
    retry: bool,
    lang: str,
) -> None:
    page = widget.open(lang=lang)
    outside.break_portal(fault, match, times=None)

    page.reveal()

    assert page.refusal == refusal
    assert page.answer.status_code >= 400
    assert (text if lang == "en" else in_russian(text)) in page.words
    assert ('data-action="retry"' in page.text) is retry
    assert "<html" not in page.text  # a piece for the page, not a page in the page
    assert "Петров" not in page.text
    assert outside.total("gateway") == 0


@pytest.mark.parametrize("fault", ["html", "empty", "cut", "http_500", "redirect", "OPERATION_TIME_LIMIT"])
def test_after_the_trouble_the_same_page_goes_on(widget: Widget, outside: Outside, fault: str) -> None:
    page = widget.open()
    outside.break_portal(fault, "batch", times=None)
    assert page.reveal().answer.status_code >= 400

    outside.heal()

    assert len(page.reveal().rows) == 6


@pytest.mark.parametrize(("fault", "tokens"), [("QUERY_LIMIT_EXCEEDED", 0), ("expired_token", 1)])
def test_a_passing_trouble_is_not_seen_at_all(widget: Widget, outside: Outside, fault: str, tokens: int) -> None:
    page = widget.open()
    outside.break_portal(fault, "batch", times=1)

    assert len(page.reveal().rows) == 6
    assert outside.calls("portal").get("oauth:token", 0) == tokens
    assert outside.calls("portal")["batch"] == 2


def test_a_card_that_was_read_survives_a_portal_in_trouble(widget: Widget, outside: Outside, clock: Clock) -> None:
    page = widget.open().reveal().check()
    outside.break_portal("html", times=None)

    clock.forward(60)

    assert len(page.reveal().rows) == 6
    assert page.open_chat(page.keys["+7 961 951-00-00"]).answer.status_code == 200  # found by the check


def test_the_reason_of_a_refusal_is_counted_for_the_operator(widget: Widget, outside: Outside) -> None:
    outside.break_portal("html", "batch", times=None)
    page = widget.open().reveal()

    metrics = page.client.get("/metrics").get_data(as_text=True)
    assert 'widget_refusals_total{code="portal_failed"} 1.0' in metrics
