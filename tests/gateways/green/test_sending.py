"""Sending over GREEN-API: into its queue, and what becomes of it there."""

import pytest

from sandbox.gateway.media import photo
from tests.gateways.green.lines import ID, MARIA, OKSANA, ORDERS, by_hand
from tests.gateways.scripted import answering, trouble
from widget.gateways.base import Ack, File, GatewayErrorCode, Sent

ON_ITS_WAY = (Ack.SENT, Ack.DELIVERED)  # the second after a second of the gateway's clock, which goes on by itself


def test_a_text_is_queued_and_not_yet_sent(green, outside):
    result = green.send_text(ORDERS, "Добрый день!", message_id="3EB0OURS")
    assert result.outcome is Sent.QUEUED
    assert result.message_id
    assert result.message_id != "3EB0OURS"
    found = green.find_message(ORDERS, result.message_id)
    assert (found.text, found.from_me) == ("Добрый день!", True)
    assert found.ack in ON_ITS_WAY


def test_a_text_to_a_line_that_is_down_waits_and_goes_out_later(green, outside):
    outside.set_line(ID, "SCAN_QR_CODE")
    result = green.send_text(ORDERS, "Подождём", message_id="x")
    assert result.outcome is Sent.QUEUED
    assert green.find_message(ORDERS, result.message_id).ack is Ack.PENDING
    outside.set_line(ID, "WORKING")
    assert green.find_message(ORDERS, result.message_id).ack in ON_ITS_WAY
    assert len(green.history([ORDERS], None, 30).messages) == 1


def test_a_yellow_card_holds_what_is_sent(green, outside):
    by_hand(outside, yellow=True)
    result = green.send_text(ORDERS, "Подождём", message_id="x")
    assert (result.outcome, green.find_message(ORDERS, result.message_id).ack) == (Sent.QUEUED, Ack.PENDING)


def test_a_text_to_a_number_without_whatsapp_is_accepted_and_fails_later(green):
    result = green.send_text(MARIA, "Добрый день!", message_id="x")
    assert result.outcome is Sent.QUEUED
    assert green.find_message(MARIA, result.message_id).ack is Ack.FAILED


@pytest.mark.parametrize(
    ("fault", "more", "outcome", "expected"),
    [
        ("refuse", {}, Sent.REFUSED, GatewayErrorCode.MALFORMED),
        ("quota", {}, Sent.REFUSED, GatewayErrorCode.QUOTA),
        ("rate_overlimit", {}, Sent.REFUSED, GatewayErrorCode.BUSY),
        ("unauthorized", {}, Sent.REFUSED, GatewayErrorCode.CREDENTIALS),
        ("lost_answer", {}, Sent.UNKNOWN, GatewayErrorCode.BROKEN_ANSWER),
        ("lost_answer", {"detail": "500"}, Sent.UNKNOWN, GatewayErrorCode.BROKEN_ANSWER),
        ("html", {}, Sent.UNKNOWN, GatewayErrorCode.BROKEN_ANSWER),
    ],
)
def test_a_send_that_fails_is_refused_only_where_it_surely_did_not_go(green, outside, fault, more, outcome, expected):
    outside.break_gateway(fault, "sendMessage", **more)
    result = green.send_text(ORDERS, "Добрый день!", message_id="x")
    assert (result.outcome, result.error) == (outcome, expected)
    assert outside.calls() == {"sendMessage": 1}  # never a second time


@pytest.mark.parametrize(
    "said", [{}, {"idMessage": None}, {"idMessage": {}}, {"idMessage": ""}, {"idMessage": "x" * 500}]
)
def test_an_answer_without_a_readable_id_is_unclear_and_never_called_queued(green_line, said):
    result = green_line(transport=answering(json=said)).send_text(ORDERS, "hi", message_id="OURS")
    assert (result.outcome, result.message_id, result.error) == (Sent.UNKNOWN, "", GatewayErrorCode.BROKEN_ANSWER)


def test_nobody_there_refuses_a_send(green_line):
    result = green_line(address="http://127.0.0.1:1").send_text(ORDERS, "hi", message_id="x")
    assert (result.outcome, result.error) == (Sent.REFUSED, GatewayErrorCode.UNREACHABLE)


def test_a_reply_quotes_the_message_it_answers(green):
    asked = next(message for message in green.history([OKSANA], None, 30).messages if not message.from_me)
    sent = green.send_text(OKSANA, "Да, верно", message_id="x", reply_to=asked.ref)
    quote = green.find_message(OKSANA, sent.message_id).quote
    assert (quote.text, quote.from_me) == (asked.text, False)


def test_a_file_goes_out_with_its_caption_and_comes_back_as_it_was(green):
    picture = photo(2).content
    sent = green.send_file(ORDERS, File("image/png", "окно.png", picture), message_id="x", caption="Вот")
    assert sent.outcome is Sent.QUEUED
    found = green.find_message(ORDERS, sent.message_id)
    assert (found.text, found.media.kind, found.media.mimetype) == ("Вот", "image", "image/png")
    assert green.media(ORDERS, found.ref) == File("image/png", "", picture)


def test_a_file_without_an_extension_gets_one(green):
    sent = green.send_file(ORDERS, File("application/pdf", "договор", b"%PDF-1.4"), message_id="x")
    assert green.find_message(ORDERS, sent.message_id).media.name == "договор.pdf"


def test_a_message_is_edited_taken_back_and_reacted_to(green):
    sent = green.send_text(ORDERS, "Четверг", message_id="x").message_id
    green.edit(ORDERS, sent, "Пятница")
    found = green.find_message(ORDERS, sent)
    assert (found.text, found.edited) == ("Пятница", True)
    green.react(ORDERS, sent, "👍")
    assert green.history([ORDERS], None, 30).messages[0].reactions == ("👍",)
    green.react(ORDERS, sent, "")
    assert green.history([ORDERS], None, 30).messages[0].reactions == ()
    green.delete(ORDERS, sent)
    found = green.find_message(ORDERS, sent)
    assert (found.text, found.deleted) == ("", True)


def test_messages_of_the_client_cannot_be_changed(green):
    theirs = next(message for message in green.history([OKSANA], None, 30).messages if not message.from_me)
    assert trouble(lambda: green.edit(OKSANA, theirs.ref, "x")) is GatewayErrorCode.MALFORMED


def test_receipts_and_typing_are_one_call_each(green, outside):
    refs = [message.ref for message in green.history([OKSANA], None, 30).messages if not message.from_me][:2]
    green.mark_read(OKSANA, refs)
    green.mark_read(OKSANA, refs[:1])
    green.mark_read(OKSANA, [])
    green.typing(OKSANA, on=True)
    green.typing(OKSANA, on=False)
    assert outside.calls() == {"getChatHistory": 1, "readChat": 2, "sendTyping": 1}


def test_a_message_that_is_not_there_is_none(green):
    assert green.find_message(OKSANA, "3EB0NOBODY") is None
