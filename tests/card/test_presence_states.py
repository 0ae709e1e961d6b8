"""Every state of a number as a rep reads it, in both languages, and what the gateway's trouble does
not spoil."""

import threading
from collections.abc import Callable

import pytest

from sandbox.portal import typed
from tests.stand import CROWDED_DEAL, DEAL, PATIENCE, CardPage, Clock, Outside, Widget, in_russian, words_of
from widget.gateways.base import GatewayError

MakeWidget = Callable[..., Widget]
IVAN, OLEG, MARIA = "+7 961 951-00-00", "+7 924 123-45-67", "+7 912 345-67-89"
ORDERS, OFFICE = "+7 926 111-22-33", "+7 495 123-45-67"

both_languages = pytest.mark.parametrize("lang", ["en", "ru"])


def said(lang: str, text: str, **values: object) -> str:
    if lang == "ru":
        return in_russian(text, **values)
    return text % values if values else text


def eleven(lang: str, minute: int = 0) -> str:
    """Eight in the morning UTC, as the rep in Moscow reads it."""
    return f"11:{minute:02}" if lang == "ru" else f"11:{minute:02}\u00a0AM"


def shows(page: CardPage, number: str, state: str, text: str) -> None:
    assert page.rows[number] == state
    assert " ".join(text.split()) in page.row(number)


@both_languages
def test_a_number_with_whatsapp_says_so(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal().check()

    shows(page, ORDERS, "yes", said(lang, "Has WhatsApp"))


@both_languages
def test_a_number_with_a_chat_at_the_gateway_costs_no_check(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.open(lang=lang).reveal()
    page.check([page.keys[IVAN]])

    shows(page, IVAN, "yes", said(lang, "Chat exists"))
    assert "check-exists" not in outside.calls("gateway")


@both_languages
def test_a_no_is_only_not_found_at_a_time(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal().check()

    shows(page, MARIA, "no", said(lang, "WhatsApp not found at %(time)s", time=eleven(lang)))
    assert 'data-action="open-chat"' in page.row_html(MARIA)  # one may write all the same


@both_languages
def test_a_number_being_asked_about_says_checking(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal()

    shows(page, ORDERS, "checking", said(lang, "Checking…"))


@both_languages
def test_a_number_nobody_asked_about_offers_the_check(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.open(lang=lang).reveal(pressed=False)

    shows(page, ORDERS, "not_asked", said(lang, "Not checked yet"))
    page.check([page.row_html(ORDERS).split('data-keys="')[1].split('"')[0]])
    assert page.rows[ORDERS] == "yes"
    assert page.rows[MARIA] == "not_asked"
    assert outside.calls("gateway")["check-exists"] == 1


@both_languages
def test_a_landline_is_asked_about_on_a_click_only(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.open(lang=lang).reveal()
    shows(page, OFFICE, "landline", said(lang, "Landline number"))
    assert page.keys[OFFICE] not in page.to_ask

    page.check([page.row_html(OFFICE).split('data-keys="')[1].split('"')[0]])

    shows(page, OFFICE, "yes", said(lang, "Has WhatsApp"))
    assert outside.calls("gateway")["check-exists"] == 1


@both_languages
def test_an_invalid_number_is_never_asked_about(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.open(lang=lang).reveal()

    problem = said(lang, "it is too short")
    shows(page, typed.INVALID, "invalid", said(lang, "Check the number: %(problem)s", problem=problem))
    page.check([page.keys[typed.INVALID]])
    assert outside.total("gateway") == 0
    assert page.rows[typed.INVALID] == "invalid"


@both_languages
def test_at_the_limit_nothing_is_asked_and_the_row_says_until_when(
    make_widget: MakeWidget, outside: Outside, clock: Clock, lang: str
) -> None:
    widget = make_widget(check_burst=2, check_every=180.0)
    page = widget.open(lang=lang).reveal().check()

    limited = [number for number, state in page.rows.items() if state == "limit"]
    assert len(limited) == 1
    text = said(lang, "Check limit reached until %(time)s", time=eleven(lang, 3))
    shows(page, limited[0], "limit", text)
    assert outside.calls("gateway")["check-exists"] == 2

    key = [page.keys[limited[0]]]
    assert page.check(key).rows[limited[0]] == "limit"
    assert outside.calls("gateway")["check-exists"] == 2
    clock.forward(180)
    assert page.check(key).rows[limited[0]] in ("yes", "no")
    assert outside.calls("gateway")["check-exists"] == 3


def test_the_days_limit_holds_however_long_one_waits_between_checks(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    widget = make_widget(checks_per_day=5, presence_ttl=60.0)
    page = widget.open()
    for _hour in range(6):
        page.reveal()
        page.check([page.keys[number] for number in (OLEG, MARIA, ORDERS)])
        clock.forward(3600)

    assert outside.calls("gateway")["check-exists"] == 5
    assert page.rows[ORDERS] in ("yes", "no")  # what was known stays


@both_languages
@pytest.mark.parametrize("status", ["STOPPED", "SCAN_QR_CODE", "FAILED", "STARTING"])
def test_a_line_that_is_not_connected_is_not_asked(widget: Widget, outside: Outside, lang: str, status: str) -> None:
    outside.set_line("sales", status)

    page = widget.open(lang=lang).reveal().check()

    shows(page, ORDERS, "offline", said(lang, "Line is offline, not checked"))
    assert outside.calls("gateway") == {"session": 1}


def test_a_line_that_came_back_is_asked_seconds_later(widget: Widget, outside: Outside, clock: Clock) -> None:
    outside.set_line("sales", "STOPPED")
    page = widget.open().reveal().check()
    outside.set_line("sales", "WORKING")

    clock.forward(16)
    assert page.reveal().check().rows[ORDERS] == "yes"


FAILURES = ["http_500", "html", "empty", "cut", "silence"]


@both_languages
@pytest.mark.parametrize("fault", FAILURES)
def test_a_failed_check_is_unknown_and_never_a_no(
    widget: Widget, outside: Outside, clock: Clock, fault: str, lang: str
) -> None:
    outside.break_gateway(fault, "check-exists", times=None)

    page = widget.open(lang=lang).reveal().check()

    for number in (ORDERS, MARIA, OLEG):
        shows(page, number, "failed", said(lang, "Check failed"))
        assert said(lang, "Try again") in page.row(number)
    assert page.rows[IVAN] == "yes"  # its chat proves it
    outside.heal()
    clock.forward(16)
    page.reveal().check()
    assert (page.rows[ORDERS], page.rows[MARIA]) == ("yes", "no")


@both_languages
def test_a_plan_that_is_used_up_is_said_and_asking_again_is_not_offered(
    make_widget: MakeWidget, outside: Outside, lang: str
) -> None:
    widget = make_widget(lines=("1101000001",))
    outside.break_gateway("quota", "checkWhatsapp", times=None)

    page = widget.open(lang=lang).reveal().check()

    shows(page, ORDERS, "quota", said(lang, "The gateway's plan is used up, not checked"))
    assert 'data-action="ask"' not in page.row_html(ORDERS)


@both_languages
def test_a_key_that_the_gateway_refuses_is_a_thing_for_an_administrator(
    widget: Widget, outside: Outside, lang: str
) -> None:
    outside.break_gateway("unauthorized", times=None)

    page = widget.open(lang=lang).reveal().check()

    text = said(lang, "The gateway does not accept the line's key: tell an administrator")
    shows(page, ORDERS, "credentials", text)
    assert 'data-action="ask"' not in page.row_html(ORDERS)
    assert "check-exists" not in outside.calls("gateway")


@both_languages
def test_a_gateway_that_is_left_alone_is_said_with_its_end_and_asked_after_it(
    widget: Widget, outside: Outside, clock: Clock, lang: str
) -> None:
    line = widget.services.storage.lines.all_of(widget.portals[0])[0]
    outside.break_gateway("silence", times=None)
    for _ in range(9):  # the pause doubles: 5 s after five failures, 80 s after nine
        clock.forward(60)
        with pytest.raises(GatewayError):
            widget.services.gateways.status(line, refresh=True)
    clock.forward(6)  # the last failure is no longer the line's known state
    calls = outside.calls("gateway")

    page = widget.open(lang=lang).reveal().check()

    text = said(lang, "The gateway does not answer, next try at %(time)s", time=eleven(lang, 10))
    shows(page, ORDERS, "left_alone", text)
    assert said(lang, "Try again") in page.row(ORDERS)
    assert outside.calls("gateway") == calls
    outside.heal()
    clock.forward(80)
    assert page.check([page.keys[ORDERS]]).rows[ORDERS] == "yes"


def test_a_gateway_whose_state_and_chats_fail_gives_unknown_too(widget: Widget, outside: Outside) -> None:
    outside.break_gateway("html", times=None)

    page = widget.open().reveal().check()

    assert page.rows[ORDERS] == page.rows[IVAN] == "failed"
    assert "check-exists" not in outside.calls("gateway")


@both_languages
def test_whatsapps_own_pause_is_said_with_its_end_and_nothing_is_asked_until_then(
    widget: Widget, outside: Outside, clock: Clock, lang: str
) -> None:
    outside.break_gateway("rate_overlimit", "check-exists", times=None)

    page = widget.open(lang=lang).reveal().check()

    pause = said(lang, "Checks pause until %(time)s: WhatsApp asked for a pause", time=eleven(lang, 15))
    shows(page, ORDERS, "throttled", pause)
    outside.heal()
    before = outside.calls("gateway")
    clock.forward(14 * 60)
    shows(page.check([page.keys[ORDERS]]), ORDERS, "throttled", pause)
    assert outside.calls("gateway") == before
    clock.forward(60)
    assert page.check([page.keys[ORDERS]]).rows[ORDERS] == "yes"


@both_languages
def test_a_pause_that_the_gateway_itself_asks_for_stops_no_checks(
    make_widget: MakeWidget, outside: Outside, clock: Clock, lang: str
) -> None:
    widget = make_widget(lines=("1101000001",))
    outside.break_gateway("rate_overlimit", "getStateInstance", times=1)

    page = widget.open(lang=lang).reveal().check()

    shows(page, ORDERS, "busy", said(lang, "The gateway takes no more requests at the moment, not checked"))
    assert said(lang, "Try again") in page.row(ORDERS)
    clock.forward(6)
    assert page.check([page.keys[ORDERS]]).rows[ORDERS] == "yes"


@both_languages
def test_a_portal_without_a_line_shows_the_numbers_and_says_why_they_are_not_checked(
    make_widget: MakeWidget, lang: str
) -> None:
    page = make_widget(lines=()).open(lang=lang).reveal()

    shows(page, IVAN, "no_line", said(lang, "Not checked: no line"))
    assert said(lang, "No line is connected. An administrator adds one in the application.") in page.words
    assert page.to_ask == []
    refused = page.open_chat(page.keys[IVAN])
    assert (refused.answer.status_code, refused.refusal) == (409, "not_allowed")


def test_no_row_is_ever_blank(make_widget: MakeWidget, outside: Outside) -> None:
    widget = make_widget(check_burst=3)
    outside.break_gateway("http_500", "check-exists", times=2)
    page = widget.open(CROWDED_DEAL, lang="en").reveal()

    for drawn in (page.reveal(pressed=False), page.reveal(), page.check(), page.refresh()):
        assert all(drawn.rows.values())
        for number in drawn.rows:
            place = drawn.row_html(number).split('class="phone-presence">')[1].split("</div>")[0]
            assert words_of(place)


def test_a_hanging_gateway_neither_delays_the_card_nor_blocks_a_message(widget: Widget, outside: Outside) -> None:
    """The check hangs until the card was drawn and the message is out."""
    outside.break_gateway("delay", "check-exists", seconds=PATIENCE)
    page, other = widget.open().reveal(), widget.open(user="admin").reveal()
    chat = other.open_chat(other.keys[ORDERS]).chat
    checking = threading.Thread(target=page.check)
    checking.start()
    outside.until(lambda calls: bool(calls["check-exists"]))
    try:
        card = widget.open(user="admin")
        assert card.reveal().answer.status_code == 200
        assert card.rows[ORDERS] == "checking"
        assert other.send(chat, "Добрый день", "key-1").answer.status_code == 201
        assert "is-sent" in other.text
        assert other.history(chat).answer.status_code == 200
        assert checking.is_alive()
    finally:
        outside.heal()
        checking.join()
    assert page.rows[ORDERS] == "yes"


def test_a_silent_line_costs_a_check_its_time_and_nothing_else(widget: Widget, outside: Outside) -> None:
    outside.break_gateway("silence", times=None)
    page = widget.open(DEAL).reveal()
    assert page.answer.status_code == 200

    assert page.check().rows[ORDERS] == "failed"

    outside.heal()
    assert page.open_chat(page.keys[ORDERS]).answer.status_code == 201
    assert "is-sent" in page.send(page.chat, "Добрый день", "key-1").text
