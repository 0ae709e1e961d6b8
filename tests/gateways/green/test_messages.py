"""What the adapter makes of GREEN-API's answers: recorded ones, the documented odd ones, and
whatever may come."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.conftest import paced_by
from tests.gateways.scripted import answering
from tests.stand import PATIENCE, Clock
from widget.gateways.base import (
    Ack,
    CheckResult,
    ContactCard,
    GatewayError,
    GatewayErrorCode,
    LineState,
    Quota,
    Quote,
    Sent,
)
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.green.adapter import Green
from widget.gateways.green.codes import error_of
from widget.gateways.green.messages import message_of, messages_of
from widget.gateways.green.paging import MAX_JOURNAL_ITEMS, Cursor, page_of
from widget.http import HttpResponse, make_client

CHAT = "79001234567@c.us"
SAID = {"type": "incoming", "idMessage": "A", "timestamp": 100, "typeMessage": "textMessage", "chatId": CHAT}


def over(transport):
    calls = Calls(
        make_client(transport=transport),
        "https://x.example",
        Timeouts(PATIENCE, PATIENCE, PATIENCE),
        Breaker(lambda: 0.0),
        pace=paced_by(Clock(), []),
    )
    return Green(calls, session="1", key="k")


# What was recorded.


def test_the_recorded_state_is_ready(recorded):
    assert over(answering(json=recorded("green-api/getStateInstance.json"))).status().state is LineState.READY


def test_the_recorded_check_is_a_yes_with_a_lid(recorded):
    answer = recorded("green-api/checkWhatsapp.response.json")
    found = over(answering(json=answer)).check(["+79876543210"])["+79876543210"]
    assert found == CheckResult(True, answer["chatId"])


def test_an_older_check_names_no_chat():
    found = over(answering(json={"existsWhatsapp": True})).check(["+79876543210"])
    assert found == {"+79876543210": CheckResult(True)}


def test_a_check_is_asked_by_the_id_of_a_chat(recorded):
    transport = answering(json=recorded("green-api/checkWhatsapp.response.json"))
    over(transport).check(["+79876543210"])
    assert set(recorded("green-api/checkWhatsapp.request.json")) == {"chatId"}
    assert transport.requests[0].content == b'{"chatId":"79876543210@c.us"}'


def test_the_recorded_history_is_read(recorded):
    page = over(answering(json=recorded("green-api/getChatHistory.response.json"))).history([CHAT], None, 30)
    assert [(m.from_me, m.ack, m.media.kind if m.media else "") for m in page.messages] == [
        (False, Ack.NONE, ""),
        (True, Ack.READ, ""),
        (False, Ack.NONE, "image"),
    ]
    assert page.messages[2].text == "Green-API Logo"
    assert page.cursor is None


def test_a_recorded_outgoing_item_with_a_link_is_read(recorded):
    [message] = messages_of(recorded("green-api/getOutgoingStatuses.response.json"))
    assert (message.from_me, message.ack, bool(message.text)) == (True, Ack.READ, True)


def test_the_recorded_send_is_queued_and_asked_for_as_recorded(recorded):
    transport = answering(json=recorded("green-api/sendMessage.response.json"))
    body = recorded("green-api/sendMessage.request.json")
    result = over(transport).send_text(
        body["chatId"], body["message"], message_id="ours", reply_to=body["quotedMessageId"]
    )
    assert (result.outcome, result.message_id) == (
        Sent.QUEUED,
        recorded("green-api/sendMessage.response.json")["idMessage"],
    )
    sent = httpx.Response(200, content=transport.requests[0].content).json()
    assert sent == {**body, "linkPreview": False}  # else GREEN-API looks at every link


def test_a_used_up_plan_is_read_as_recorded(recorded):
    error = error_of(HttpResponse(466, {}, httpx.Response(466, json=recorded("green-api/error.466.json")).content))
    assert (error.gateway_code, error.quota, error.sent) == (GatewayErrorCode.QUOTA, Quota(100, 100), False)


def test_a_used_up_number_of_chats_is_told_apart_from_the_calls():
    body = {
        "invokeStatus": {"method": "sendmessage", "used": 67, "total": 0, "status": "QUOTE_ALLOWED"},
        "correspondentsStatus": {"used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTE_EXCEEDED"},
    }
    assert error_of(HttpResponse(466, {}, httpx.Response(466, json=body).content)).quota == Quota(3, 3)


def test_the_webhook_is_set_with_settings_that_are_known(recorded):
    transport = answering(json={"saveSettings": True})
    over(transport).set_webhook("https://w.example/hooks/1", "secret")
    asked = httpx.Response(200, content=transport.requests[0].content).json()
    known = {*recorded("green-api/setSettings.request.json"), "editedMessageWebhook", "deletedMessageWebhook"}
    assert asked.keys() <= known
    assert (asked["webhookUrl"], asked["webhookUrlToken"]) == ("https://w.example/hooks/1", "secret")
    assert {value for name, value in asked.items() if name.endswith("Webhook")} == {"yes"}


@pytest.mark.parametrize("answer", [{}, {"saveSettings": False}, {"saveSettings": "true"}])
def test_settings_that_were_not_saved_are_trouble(answer):
    with pytest.raises(GatewayError):
        over(answering(json=answer)).set_webhook("https://w.example", "secret")


# The table of errors.


@pytest.mark.parametrize(
    ("status", "text", "expected", "sent"),
    [
        (400, "check phone number timeout limit exceeded", GatewayErrorCode.TIMED_OUT, False),
        (400, "instance is starting or not authorized", GatewayErrorCode.LINE_DOWN, False),
        (400, '{"message": "Instance is Starting or NOT authorized"}', GatewayErrorCode.LINE_DOWN, False),
        (400, "bad phone number, valid from 11 to 16 digits", GatewayErrorCode.MALFORMED, False),
        (
            400,
            "File message encrypted url not found by chatId 1 and idMessage 2",
            GatewayErrorCode.NO_SUCH_THING,
            False,
        ),
        (400, "Validation failed", GatewayErrorCode.MALFORMED, False),
        (400, "", GatewayErrorCode.MALFORMED, False),
        (401, "", GatewayErrorCode.CREDENTIALS, False),
        (403, "", GatewayErrorCode.CREDENTIALS, False),
        (404, "", GatewayErrorCode.NO_SUCH_THING, False),
        (
            400,
            '{"message": "Bad Request", "body": {"message": "I am not authorized"}}',
            GatewayErrorCode.MALFORMED,
            False,
        ),
        (429, "Too many requests", GatewayErrorCode.BUSY, False),
        (429, "", GatewayErrorCode.BUSY, True),  # anybody's on the way
        (429, "<h1>429 Too Many Requests</h1>", GatewayErrorCode.BUSY, True),
        (466, "", GatewayErrorCode.QUOTA, False),
        (413, "", GatewayErrorCode.BROKEN_ANSWER, False),
        (418, "", GatewayErrorCode.BROKEN_ANSWER, True),
        (201, "", GatewayErrorCode.BROKEN_ANSWER, True),
        (302, "", GatewayErrorCode.BROKEN_ANSWER, True),
        (500, "instance is starting or not authorized", GatewayErrorCode.BROKEN_ANSWER, True),
        (504, "", GatewayErrorCode.BROKEN_ANSWER, True),
    ],
)
def test_every_error_is_of_one_class(status, text, expected, sent):
    error = error_of(HttpResponse(status, {}, text.encode()))
    assert (error.gateway_code, error.sent, error.quota) == (expected, sent, None)


# Messages.


@pytest.mark.parametrize(
    ("status", "ack"),
    [
        ("pending", Ack.PENDING),
        ("sent", Ack.SENT),
        ("delivered", Ack.DELIVERED),
        ("read", Ack.READ),
        ("failed", Ack.FAILED),
        ("noAccount", Ack.FAILED),
        ("notInGroup", Ack.FAILED),
        ("yellowCard", Ack.PENDING),
        ("somethingNew", Ack.NONE),
        (None, Ack.NONE),
        ([], Ack.NONE),
    ],
)
def test_every_status_of_a_message_of_ours_is_an_ack(status, ack):
    assert message_of({**SAID, "type": "outgoing", "statusMessage": status}).ack is ack
    assert message_of({**SAID, "statusMessage": status}).ack is Ack.NONE  # the client's own has none


def test_a_reaction_an_edit_and_a_deletion_stand_on_the_messages_they_are_about():
    def item(message_id, at, kind="textMessage", **more):
        return {**SAID, "idMessage": message_id, "timestamp": at, "typeMessage": kind, **more}

    def reaction(message_id, at, emoji, side="incoming"):
        about = {"quotedMessage": {"stanzaId": "A"}, "extendedTextMessageData": {"text": emoji}}
        return item(message_id, at, "reactionMessage", type=side, **about)

    items = [
        reaction("R3", 106, "", "outgoing"),
        reaction("R2", 105, "👍"),
        item("D", 104, "deletedMessage", deletedMessageId="B"),
        item("E", 103, "editedMessage", editedMessageData={"textMessage": "Пятница", "stanzaId": "A"}),
        reaction("R1", 102, "❤️", "outgoing"),
        item("B", 101, textMessage="Лишнее"),
        item("A", 100, textMessage="Четверг"),
    ]
    taken_back, edited = messages_of(items)
    assert (taken_back.id, taken_back.deleted, taken_back.text) == ("B", True, "")
    assert (edited.id, edited.edited, edited.text, edited.reactions) == ("A", True, "Пятница", ("👍",))


@pytest.mark.parametrize(
    ("participant", "chat_id", "from_me"),
    [
        (CHAT, CHAT, False),
        ("79990000000@c.us", CHAT, True),
        ("123456789012345@lid", CHAT, None),  # may be either
        (None, CHAT, None),
        (CHAT, "123@g.us", None),
    ],
)
def test_a_quote_says_whose_words_it_holds_only_where_that_is_sure(participant, chat_id, from_me):
    quoted = {"stanzaId": "Q", "participant": participant, "typeMessage": "textMessage", "textMessage": "Когда?"}
    message = message_of({**SAID, "chatId": chat_id, "quotedMessage": quoted})
    assert message.quote == Quote("Когда?", from_me)


def test_a_place_and_contacts_are_read():
    message = message_of({**SAID, "location": {"latitude": 50.27, "longitude": "127.5"}, "contact": {"vcard": "x"}})
    assert (message.place, message.contacts) == ((50.27, 127.5), (ContactCard(""),))
    two = message_of({**SAID, "contacts": [{}, {}], "location": {"latitude": "nan", "longitude": 1}})
    assert two.contacts == (ContactCard(""),) * 2


# Pages out of journals that were changed behind our back.


def journal(*times, prefix="M"):
    return [
        {**SAID, "idMessage": f"{prefix}{len(times) - n}", "timestamp": at, "textMessage": "x"}
        for n, at in enumerate(times)
    ]


def test_messages_of_one_second_are_cut_by_their_ids():
    items = journal(5, 5, 5, 5)
    first = page_of([items], Cursor(), 50, 3)
    second = page_of([items], Cursor.read(first.cursor), 50, 3)
    assert [m.id for m in (*first.messages, *second.messages)] == ["M4", "M3", "M2", "M1"]
    assert second.cursor is None


def test_a_message_that_left_the_journal_takes_no_other_with_it():
    first = page_of([journal(9, 8, 8, 7)], Cursor(), 50, 2)
    without = [item for item in journal(9, 8, 8, 7) if item["idMessage"] != first.messages[-1].id]
    rest = page_of([without], Cursor.read(first.cursor), 50, 9)
    assert [m.id for m in rest.messages] == ["M2", "M1"]


def test_a_journal_that_came_full_does_not_let_the_other_id_run_ahead():
    busy, quiet = journal(*range(100, 40, -1)), journal(99, 50, prefix="Q")
    page = page_of([busy[:10], quiet], Cursor(), 10, 30)
    assert min(m.at for m in page.messages) > 91
    assert page.cursor is not None
    whole = page_of([busy, quiet], Cursor.read(page.cursor), 100, 300)
    assert len({m.id for m in (*page.messages, *whole.messages)}) == len(page.messages) + len(whole.messages) == 62


def test_reading_on_ends_somewhere():
    page = page_of(
        [journal(*range(2 * MAX_JOURNAL_ITEMS, MAX_JOURNAL_ITEMS, -1))],
        Cursor(MAX_JOURNAL_ITEMS, MAX_JOURNAL_ITEMS + 1, "M1"),
        MAX_JOURNAL_ITEMS,
        30,
    )
    assert page.cursor is None


# Whatever comes.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
FIELDS = (
    *("existsWhatsapp", "chatId", "phoneNumber", "stateInstance", "idMessage", "downloadUrl", "type", "message"),
    *("status", "code", "timestamp", "typeMessage", "textMessage", "statusMessage", "quotedMessage", "location"),
    *("extendedTextMessageData", "editedMessageData", "mimeType", "jpegThumbnail", "contacts", "isDeleted", "senderId"),
    *("invokeStatus", "used", "total", "text", "stanzaId", "participant", "latitude", "longitude"),
)
WORDS = st.sampled_from(
    ["incoming", "outgoing", "textMessage", "imageMessage", "reactionMessage", "editedMessage", CHAT, "A", "qrCode"]
)
NEAR = st.recursive(
    JSON | WORDS,
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8) | st.lists(inner, max_size=4),
    max_leaves=25,
)
STATUS = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 466, 500, 504])
VERBS = (
    lambda g: g.status(),
    lambda g: g.all_chats(),
    lambda g: g.history([CHAT], None, 5),
    lambda g: g.history([CHAT, "123456789012345@lid"], "3:100:A", 5),
    lambda g: g.find_message(CHAT, "A"),
    lambda g: g.edit(CHAT, "A", "x"),
    lambda g: g.delete(CHAT, "A"),
    lambda g: g.react(CHAT, "A", "👍"),
    lambda g: g.mark_read(CHAT, ["A"]),
    lambda g: g.typing(CHAT, on=True),
    lambda g: g.media(CHAT, "A"),
    lambda g: g.qr(),
    lambda g: g.pairing_code("+79001234567"),
    lambda g: g.set_webhook("https://w.example", "s"),
)


@given(answer=NEAR, status=STATUS)
def test_whatever_comes_as_an_answer_is_read_or_is_trouble_and_never_a_wrong_no(answer, status):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=json.dumps(answer).encode()))
    for verb in VERBS:
        try:
            verb(over(transport))
        except GatewayError as error:
            assert error.gateway_code is not GatewayErrorCode.NOT_ON_WHATSAPP
    try:
        [found] = over(transport).check(["+79001234567"]).values()
    except GatewayError:
        pass
    else:
        assert status == 200
        assert answer["existsWhatsapp"] is found.exists
    result = over(transport).send_text(CHAT, "x", message_id="m")
    assert result.outcome is not Sent.SENT
    assert (result.outcome is Sent.REFUSED) == (status in (400, 401, 403, 404, 466))
