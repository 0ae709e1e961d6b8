"""The adapter for GREEN-API against the simulated gateway, over a real socket."""

import logging
import traceback

import httpx
import pytest

from ratelimit import Limiter, MemoryStorage, Rate, StorageUnavailable
from sandbox import people
from sandbox.gateway.lines import STATUSES
from tests.gateways.green.lines import ID, OKSANA, ORDERS, TOKEN, by_hand, everything
from tests.gateways.scripted import answering, trouble
from tests.stand import PATIENCE
from widget.addresses import AddressRules
from widget.gateways import base
from widget.gateways.base import CheckResult, GatewayError, GatewayErrorCode, LineState, Quota
from widget.gateways.kinds import KINDS
from widget.gateways.lines import Gateways, Timeouts
from widget.gateways.pace import Pace
from widget.http import make_client
from widget.storage.lines import Line


def test_the_kind_is_known_with_its_webhooks():
    assert KINDS["green"].webhooks.refuse_with == 401


def test_a_stored_line_of_this_kind_is_opened_and_asked(outside, clock):
    timeouts = Timeouts(PATIENCE, PATIENCE, PATIENCE)
    opened = Gateways(make_client, timeouts, rules=AddressRules(allow_http=True, allow_private=True), clock=clock)
    stored = Line(1, 1, "Measuring", "green", outside.gateway, ID, people.API_KEY, "")
    assert opened.status(stored).state is LineState.READY
    assert opened.of(stored).check([people.MARIA.phone]) == {people.MARIA.phone: CheckResult(False)}


# The state of a line.


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("WORKING", LineState.READY),
        ("STARTING", LineState.CONNECTING),
        ("SCAN_QR_CODE", LineState.SCAN_QR),
        ("PASSKEY_REQUIRED", LineState.SCAN_QR),
        ("PASSKEY_CONFIRMATION_REQUIRED", LineState.SCAN_QR),
        ("STOPPED", LineState.CONNECTING),  # sleepMode: the phone is off
        ("FAILED", LineState.BANNED),  # blocked
    ],
)
def test_every_state_of_an_instance_is_one_of_ours(green, outside, status, state):
    assert status in STATUSES
    outside.set_line(ID, status)
    assert green.status().state is state


def test_a_yellow_card_restricts_a_line_until_it_is_over(green, outside):
    by_hand(outside, yellow=True)
    assert green.status().state is LineState.RESTRICTED
    by_hand(outside, yellow=False)
    assert green.status().state is LineState.READY


def test_a_wrong_token_and_a_wrong_instance_are_a_matter_of_credentials(green_line):
    assert trouble(green_line(key="wrong").status) is GatewayErrorCode.CREDENTIALS
    assert trouble(green_line("1101000002").status) is GatewayErrorCode.CREDENTIALS
    assert trouble(green_line("sales").status) is GatewayErrorCode.CREDENTIALS  # a line of another protocol


# Checks.


def test_a_check_says_yes_with_the_phones_own_id(green, outside):
    assert green.check([people.RUSTAM.phone]) == {people.RUSTAM.phone: CheckResult(True, "998901234567@c.us")}
    assert green.check([people.ORDERS_MOSCOW.phone]) == {people.ORDERS_MOSCOW.phone: CheckResult(True, ORDERS)}
    assert outside.calls() == {"checkWhatsapp": 2}


def test_the_id_of_a_brazilian_chat_is_the_one_whatsapp_gives(green):
    found = green.check([people.JOAO.phone])[people.JOAO.phone]
    assert found.chat_id == "553188887777@c.us" != green.chat_id_of(people.JOAO.phone)


def test_a_check_says_no_without_an_id(green):
    assert green.check([people.MARIA.phone]) == {people.MARIA.phone: CheckResult(False)}


@pytest.mark.parametrize("phone", ["+10212555012", "+100212555012", "+1000021255501"])
def test_a_north_american_number_with_zeros_is_never_asked_about(green, outside, phone):
    assert trouble(lambda: green.check([phone])) is GatewayErrorCode.MALFORMED
    assert outside.calls() == {}


def test_the_gateway_itself_believes_in_such_numbers(outside):
    url = f"{outside.gateway}/waInstance{ID}/checkWhatsapp/{people.API_KEY}"
    answer = outside.http.post(url, json={"chatId": "1000000000000"}).json()
    assert answer["existsWhatsapp"] is True


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("unauthorized", GatewayErrorCode.CREDENTIALS),
        ("stopped", GatewayErrorCode.CREDENTIALS),
        ("not_working", GatewayErrorCode.LINE_DOWN),
        ("rate_overlimit", GatewayErrorCode.BUSY),
        ("check_timeout", GatewayErrorCode.TIMED_OUT),
        ("starting", GatewayErrorCode.LINE_DOWN),
        ("expired", GatewayErrorCode.PLAN_ENDED),
        ("deleted", GatewayErrorCode.LINE_DOWN),
        ("refuse", GatewayErrorCode.MALFORMED),
        ("http_500", GatewayErrorCode.BROKEN_ANSWER),
        ("html", GatewayErrorCode.BROKEN_ANSWER),
        ("empty", GatewayErrorCode.BROKEN_ANSWER),
        ("cut", GatewayErrorCode.BROKEN_ANSWER),
        ("lost_answer", GatewayErrorCode.BROKEN_ANSWER),
        ("quota", GatewayErrorCode.QUOTA),
    ],
)
def test_every_way_to_fail_a_check_is_trouble_and_never_a_no(green, outside, fault, expected):
    outside.break_gateway(fault, "checkWhatsapp")
    assert trouble(lambda: green.check([people.MARIA.phone])) is expected


def test_a_number_too_short_for_the_gateway_is_malformed_and_not_a_no(green):
    assert trouble(lambda: green.check(["+4712345678"])) is GatewayErrorCode.MALFORMED


def test_a_line_that_is_not_logged_in_cannot_check(green, outside):
    outside.set_line(ID, "SCAN_QR_CODE")
    assert trouble(lambda: green.check([people.ORDERS_MOSCOW.phone])) is GatewayErrorCode.LINE_DOWN


def test_a_silent_gateway_times_out(green_line, outside):
    outside.break_gateway("silence", "checkWhatsapp")
    assert trouble(lambda: green_line().check([people.MARIA.phone])) is GatewayErrorCode.TIMED_OUT


def test_a_used_up_plan_says_how_much_of_it_there_was(green, outside):
    outside.break_gateway("quota", "checkWhatsapp")
    with pytest.raises(GatewayError) as error:
        green.check([people.MARIA.phone])
    assert (error.value.quota, error.value.sent) == (Quota(100, 100), False)


# Chats and history.


def test_chats_of_the_last_day_are_found_also_under_a_lid(green, outside):
    outside.answer_as_client(people.RUSTAM.phone, "Ассалому алайкум", ID)
    found = green.all_chats()
    assert found[people.OKSANA.phone].chat_id == OKSANA
    assert found[people.RUSTAM.phone].chat_id == people.RUSTAM.lid  # known by the sender, where WhatsApp tells it
    assert found[people.OKSANA.phone].has_messages
    assert people.MARIA.phone not in found
    assert outside.calls() == {"lastIncomingMessages": 1, "lastOutgoingMessages": 1}


@pytest.mark.parametrize(
    ("item", "phones"),
    [
        ({"type": "incoming", "chatId": OKSANA}, {people.OKSANA.phone}),
        ({"type": "outgoing", "chatId": OKSANA, "statusMessage": "delivered"}, {people.OKSANA.phone}),
        ({"type": "outgoing", "chatId": OKSANA, "statusMessage": "sent"}, set()),
        ({"type": "outgoing", "chatId": OKSANA, "statusMessage": "noAccount"}, set()),
        ({"type": "outgoing", "chatId": OKSANA, "statusMessage": "pending"}, set()),
        ({"type": "incoming", "chatId": people.RUSTAM.lid, "senderId": OKSANA}, {people.OKSANA.phone}),
        ({"type": "outgoing", "chatId": people.RUSTAM.lid, "senderId": OKSANA, "statusMessage": "read"}, set()),
        ({"type": "incoming", "chatId": people.RUSTAM.lid}, set()),
        ({"type": "incoming", "chatId": "79001234567-1581234048@g.us", "senderId": OKSANA}, set()),
    ],
)
def test_a_journal_proves_who_wrote_and_whom_a_message_reached(green_line, item, phones):
    def answer(request):
        return httpx.Response(200, json=[{"timestamp": 5, **item}] if "Incoming" in request.url.path else [])

    listed = green_line(transport=httpx.MockTransport(answer)).all_chats()
    assert {phone for phone, chat in listed.items() if chat.proves} == phones


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_the_pages_of_a_chat_hold_each_message_once(green, limit):
    messages = everything(green, [OKSANA], limit)
    assert len(messages) == len({message.id for message in messages}) == 40
    assert [message.at for message in messages] == sorted((message.at for message in messages), reverse=True)
    assert any(message.media and message.media.kind == "image" for message in messages)


def test_nothing_is_skipped_or_repeated_when_messages_arrive_while_one_reads(green, outside):
    whole = [message.id for message in everything(green, [OKSANA], 100)]
    seen, cursor = [], None
    for number in range(60):
        page = green.history([OKSANA], cursor, 6)
        seen += [message.id for message in page.messages]
        if page.cursor is None:
            break
        cursor = page.cursor
        for _ in range(9):  # more than a page each time, more than the slack in the end
            outside.answer_as_client(people.OKSANA.phone, f"Ещё {number}", ID)
    assert seen == whole


def test_two_ids_of_one_chat_are_one_history_read_a_second_apart(green, green_line):
    both = everything(green, [OKSANA, people.RUSTAM.lid], 5)
    assert len(both) == len({message.id for message in both}) == 48
    assert [message.at for message in both] == sorted((message.at for message in both), reverse=True)
    assert green_line.waited
    assert all(0 < waited <= 1.1 for waited in green_line.waited)


def test_a_history_that_another_process_was_quicker_with_is_asked_for_once_more(green_line):
    answers = [httpx.Response(429), httpx.Response(200, json=[])]
    green = green_line(transport=httpx.MockTransport(lambda request: answers.pop(0)))
    assert green.history([OKSANA], None, 5).messages == ()
    assert len(green_line.waited) == 1


def test_a_line_that_stays_busy_says_so_of_the_gateway_and_not_of_whatsapp(green_line):
    transport = answering(429)
    assert trouble(lambda: green_line(transport=transport).history([OKSANA], None, 5)) is GatewayErrorCode.BUSY
    assert len(transport.requests) == 2


def test_chats_of_one_line_are_opened_one_after_another_by_all_processes_together(clock):
    shared, waited = MemoryStorage(clock=clock), []

    def sleep(seconds):
        waited.append(round(seconds, 3))
        clock.forward(seconds)

    here, there = (Pace(Limiter(shared, limits=[Rate(every=1)]), sleep) for _ in range(2))
    for pace in (here, there, there, here):
        pace.wait("history:1", 1.1)
    there.wait("history:2", 1.1)
    assert waited == [1.1, 1.1, 1.1]


def test_a_turn_that_does_not_come_says_that_the_gateway_is_busy(clock):
    pace = Pace(Limiter(MemoryStorage(clock=clock), limits=[Rate(every=1)]), lambda seconds: None)
    pace.wait("history:1", 1.1)
    assert trouble(lambda: pace.wait("history:1", 1.1)) is GatewayErrorCode.BUSY


class OutOfReach(MemoryStorage):
    def acquire(self, *args, **kwargs):
        raise StorageUnavailable


def test_without_the_limiters_storage_this_process_keeps_its_own_turns():
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        raise InterruptedError

    pace = Pace(Limiter(OutOfReach(), limits=[Rate(every=1)]), sleep)
    pace.wait("history:1", 1000.0)
    with pytest.raises(InterruptedError):
        pace.wait("history:1", 1000.0)
    assert 990 < waited[0] <= 1000


@pytest.mark.parametrize("cursor", ["", "x", "1", "-1:2:x", "1:²:x", "1:2:" + "a" * 121, "9" * 30 + ":1:a"])
def test_a_cursor_that_is_not_ours_is_malformed(green, outside, cursor):
    assert trouble(lambda: green.history([OKSANA], cursor, 5)) is GatewayErrorCode.MALFORMED
    assert outside.calls() == {}


def test_a_chat_that_nobody_has_is_empty(green):
    assert green.history([ORDERS], None, 30) == base.Page((), None)


# Logging in, and the webhook.


def test_a_line_that_waits_shows_a_picture_and_gives_a_code(green, outside):
    outside.set_line(ID, "SCAN_QR_CODE")
    assert green.qr().body.startswith(b"\x89PNG")
    assert green.pairing_code("+79638477316") == "GR477316"


def test_a_line_that_is_logged_in_has_nothing_to_scan(green):
    assert trouble(green.qr) is GatewayErrorCode.LINE_DOWN
    assert trouble(lambda: green.pairing_code("+79638477316")) is GatewayErrorCode.LINE_DOWN


def test_a_picture_that_is_none_is_a_broken_answer(green_line):
    for message in ("PHNjcmlwdD4=", "!!!", "", None):
        transport = answering(json={"type": "qrCode", "message": message})
        assert trouble(green_line(transport=transport).qr) is GatewayErrorCode.BROKEN_ANSWER


# The token.


def test_the_token_is_in_no_log_no_error_and_no_picture_of_the_object(green_line, outside, caplog):
    gateway = green_line(key=TOKEN)
    for name in (None, "httpx", "httpcore", "httpcore.http11", "httpcore.connection", "widget"):
        caplog.set_level(logging.DEBUG, logger=name)
    errors = []
    broken = [gateway, green_line(key=TOKEN, address="http://127.0.0.1:1"), green_line(key=TOKEN + "\n\x00й")]
    broken.append(green_line(key=TOKEN, address="http://bad host"))
    outside.break_gateway("silence", "qr")
    broken.append(green_line(key=TOKEN))
    for one in broken:
        for call in (one.status, one.qr, lambda one=one: one.check(["+79261112233"])):
            with pytest.raises(GatewayError) as error:
                call()
            errors.append("".join(traceback.format_exception(error.value)) + repr(error.value))
        one.send_text(ORDERS, "x", message_id="x")
        errors.append(repr(one) + str(one))
    ours = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # that is the sandbox's own
    assert ours  # httpcore does write
    assert TOKEN not in "".join(ours)
    assert TOKEN not in "".join(errors)
