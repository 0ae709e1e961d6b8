"""What WAHA says about a message, as the chat shows it: recorded payloads, and everything that may
be wrong in one."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import people
from sandbox.gateway.manual import vcard_of
from tests.gateways.conftest import RECORDED
from widget.gateways.base import Ack, ContactCard, GatewayError, GatewayErrorCode, Message
from widget.gateways.waha.codes import code_of
from widget.gateways.waha.messages import ack_of, bare_id, message_of
from widget.http import HttpResponse

CHAT = "79619510000@c.us"
RAW = {"id": f"false_{CHAT}_AAA", "timestamp": 1727745026, "fromMe": False, "body": "Да", "hasMedia": False, "ack": 3}


def shown(**changes) -> Message | None:
    return message_of({**RAW, **changes})


def with_data(content=None, **data):
    return {"_data": {"message": content or {}, **data}}


# What was recorded.


def test_the_recorded_history_is_read(recorded):
    (message,) = [message_of(raw) for raw in recorded("waha/messages.json")]
    assert (message.id, message.at, message.from_me, message.text) == ("AAAAAA", 1727745026, False, "I'm good!")
    assert message.ref == "false_123123@c.us_AAAAAA"
    assert message.ack is Ack.NONE  # the client's own ticks are nobody's business
    assert message_of(recorded("waha/message-by-id.json")) == message


@pytest.mark.parametrize("path", sorted(RECORDED.glob("waha/webhook.*.json")), ids=lambda path: path.name)
def test_every_recorded_webhook_holds_a_message_or_none(path):
    said = json.loads(path.read_text())
    for event in said if isinstance(said, list) else [said]:
        payload = event.get("payload") if isinstance(event, dict) else None
        message = message_of(payload)
        if message is not None:
            assert message.id
            assert message.at == int(payload["timestamp"])
            assert message.text == (payload.get("body") or "")


def test_a_recorded_message_with_a_file_names_it(recorded):
    payload = recorded("waha/webhook.media.json")["payload"]
    message = message_of({"id": "false_1@c.us_A", "timestamp": 5, "fromMe": False, **payload})
    assert message.media
    assert message.media.mimetype == payload["media"]["mimetype"].partition(";")[0]


def test_a_recorded_quote_is_shown(recorded):
    payload = recorded("waha/webhook.replyTo.json")["payload"]
    message = message_of({"id": "false_1@c.us_A", "timestamp": 5, "fromMe": False, **payload})
    assert message.quote.text == payload["replyTo"]["body"]


ERRORS = {
    "measured.check.not-working-422": GatewayErrorCode.LINE_DOWN,
    "measured.messages.not-working-422": GatewayErrorCode.LINE_DOWN,
    "measured.send.not-working-422": GatewayErrorCode.LINE_DOWN,
    "measured.qr.not-ready-422": GatewayErrorCode.LINE_DOWN,
    "measured.create.exists-422": GatewayErrorCode.MALFORMED,
    "measured.session.unknown": GatewayErrorCode.NO_SUCH_THING,
    "measured.unknown-route-404": GatewayErrorCode.NO_SUCH_THING,
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_measured_error_has_itscode_of(recorded, name):
    measured = recorded(f"waha/{name}.json")
    assert code_of(HttpResponse(measured["status"], {}, json.dumps(measured["body"]).encode())) is ERRORS[name]


def test_the_recorded_throttling_is_a_500_and_understood(recorded):
    body = json.dumps(recorded("waha/error.500.rate-overlimit.json")).encode()
    assert code_of(HttpResponse(500, {}, body)) is GatewayErrorCode.THROTTLED


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, b"", GatewayErrorCode.CREDENTIALS),
        (403, b"<html>", GatewayErrorCode.CREDENTIALS),
        (404, b'{"message": "We didn\'t find a session with name \'x\'."}', GatewayErrorCode.LINE_DOWN),
        (429, b"", GatewayErrorCode.BUSY),
        (500, b'{"exception": {"message": "server returned error 463"}}', GatewayErrorCode.RESTRICTED),
        (500, b'{"exception": {"message": "Connection Closed"}}', GatewayErrorCode.LINE_DOWN),
        (502, b"<html>Bad Gateway</html>", GatewayErrorCode.BROKEN_ANSWER),
        (500, b"", GatewayErrorCode.BROKEN_ANSWER),
        (302, b"", GatewayErrorCode.BROKEN_ANSWER),
        (400, b"\xff", GatewayErrorCode.MALFORMED),
    ],
)
def test_an_error_without_a_record_has_a_trouble_too(status, body, trouble):
    assert code_of(HttpResponse(status, {}, body)) is trouble


@pytest.mark.parametrize("path", sorted(RECORDED.glob("waha/measured.*.json")), ids=lambda path: path.name)
def test_no_measured_answer_is_ever_taken_for_a_no(line, path):
    measured = json.loads(path.read_text())
    answer = httpx.Response(measured.get("status", 200), json=measured["body"])
    with pytest.raises(GatewayError):
        line(transport=httpx.MockTransport(lambda request: answer)).check(["+79261112233"])


# Ids and ticks.


@pytest.mark.parametrize(
    ("full", "bare"),
    [
        ("true_79619510000@c.us_3EB0AB", "3EB0AB"),
        ("false_187234509871234@lid_3A01", "3A01"),
        ("false_1203630@g.us_AAA_79619510000@c.us", "AAA"),
        ("3EB0AB", "3EB0AB"),
        ("", ""),
    ],
)
def test_a_message_is_known_by_the_part_that_both_ids_of_a_chat_share(full, bare):
    assert bare_id(full) == bare


@pytest.mark.parametrize(
    ("ack", "meant"),
    [
        (-1, Ack.FAILED),
        (0, Ack.PENDING),
        (1, Ack.SENT),
        (2, Ack.DELIVERED),
        (3, Ack.READ),
        (4, Ack.READ),
        (5, Ack.NONE),
        (None, Ack.NONE),
        ("3", Ack.NONE),
        (True, Ack.NONE),
        (1.0, Ack.NONE),
        ([], Ack.NONE),
    ],
)
def test_ticks(ack, meant):
    assert ack_of(ack) is meant
    assert shown(fromMe=True, ack=ack).ack is meant
    assert shown(fromMe=False, ack=ack).ack is Ack.NONE


@pytest.mark.parametrize("at", [None, 0, -1, "soon", True, [], {}, float("inf"), float("nan"), 1e300, 1e15])
def test_a_message_without_a_time_that_a_calendar_has_is_not_shown(at):
    assert shown(timestamp=at) is None


@pytest.mark.parametrize(
    "at",
    [
        *(1727745026, 1727745026.7, "1727745026", 1727745026000),
        {"low": 1727745026, "high": 0, "unsigned": True},
        {"low": 1727745026 - 2**32, "high": 0},  # JavaScript's halves are signed
    ],
)
def test_a_time_is_read_in_every_way_that_it_is_written(at):
    assert shown(timestamp=at).at == 1727745026


@pytest.mark.parametrize(
    "raw", [None, [], "x", 5, {}, {"id": None, "timestamp": 5}, {"id": {"_serialized": "x"}, "timestamp": 5}]
)
def test_what_is_no_message_is_not_shown(raw):
    assert message_of(raw) is None


# What a message may hold.


def test_a_text_is_shown_as_it_is_and_a_huge_one_is_cut():
    assert shown(body="<b>hi</b>").text == "<b>hi</b>"
    assert shown(body=None).text == ""
    assert len(shown(body="я" * 100_000).text) == 65_536


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("imageMessage", "image"),
        ("videoMessage", "video"),
        ("audioMessage", "audio"),
        ("documentMessage", "document"),
        ("stickerMessage", "sticker"),
    ],
)
def test_the_kind_of_a_file_is_what_the_engine_says(part, kind):
    content = {part: {"mimetype": "application/pdf", "fileLength": "2481152", "fileName": "КП.pdf", "seconds": 14}}
    media = shown(hasMedia=True, **with_data(content)).media
    assert (media.kind, media.mimetype, media.name, media.size, media.seconds) == (
        kind,
        "application/pdf",
        "КП.pdf",
        2481152,
        14,
    )


@pytest.mark.parametrize(
    ("mimetype", "kind"),
    [("image/jpeg", "image"), ("audio/ogg; codecs=opus", "audio"), ("text/html", "document"), (None, "document")],
)
def test_a_file_of_an_engine_that_says_nothing_goes_by_its_type(mimetype, kind):
    media = shown(hasMedia=True, media={"mimetype": mimetype, "filename": "a"}).media
    assert (media.kind, media.name) == (kind, "a")
    assert ";" not in media.mimetype


@pytest.mark.parametrize("length", [None, "", "x", -5, True, 1.5, "9" * 5000, [], "²"])
def test_a_size_that_cannot_be_read_is_not_known_or_large_but_no_crash(length):
    assert shown(hasMedia=True, **with_data({"imageMessage": {"fileLength": length}})).media.size >= 0


@pytest.mark.parametrize("thumbnail", ['" onerror="x', "a\n", "a" * 50_000, 5, None, "", "data:text/html,x", "ключ"])
def test_a_thumbnail_that_could_not_stand_in_an_address_is_left_out(thumbnail):
    assert shown(hasMedia=True, **with_data({"imageMessage": {"jpegThumbnail": thumbnail}})).media.thumbnail == ""


def test_a_thumbnail_is_kept():
    assert (
        shown(hasMedia=True, **with_data({"imageMessage": {"jpegThumbnail": "/9j/4AAQ+w=="}})).media.thumbnail
        == "/9j/4AAQ+w=="
    )


@pytest.mark.parametrize("stub", [1, "REVOKE"])
def test_a_deleted_message_shows_neither_its_text_nor_its_file(stub):
    message = shown(hasMedia=True, media={"mimetype": "image/png"}, **with_data(messageStubType=stub))
    assert message.deleted
    assert (message.text, message.media) == ("", None)


def test_an_edited_message_says_so():
    assert shown(**with_data({"editedMessage": {}})).edited
    assert not shown(**with_data({"conversation": "x"})).edited


def test_the_last_reaction_of_each_side_is_shown_and_an_empty_one_took_it_back():
    def reaction(text, *, mine):
        return {"key": {"fromMe": mine}, "text": text}

    reactions = [reaction("👍", mine=True), reaction("😂", mine=False), reaction("❤️", mine=True)]
    assert shown(**with_data(reactions=reactions)).reactions == ("❤️", "😂")
    assert shown(**with_data(reactions=[*reactions, reaction("", mine=False)])).reactions == ("❤️",)


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"latitude": 50.29, "longitude": 127.53}, (50.29, 127.53)),
        ({"latitude": "50.29", "longitude": "127.53"}, (50.29, 127.53)),
        ({"latitude": 50.29}, None),
        ({"latitude": "north", "longitude": 1}, None),
        ({"latitude": 10**400, "longitude": 1}, None),
        ({"latitude": float("nan"), "longitude": 1}, None),
        ({"latitude": float("inf"), "longitude": 1}, None),
        ({"latitude": 91, "longitude": 1}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_place_is_on_earth_or_left_out(location, place):
    assert shown(location=location).place == place


@pytest.mark.parametrize("reply", [None, [], {}, {"id": ""}, {"id": None}, "x"])
def test_a_quote_of_nothing_is_none(reply):
    assert shown(replyTo=reply).quote is None


def test_shared_contacts_are_read_wherever_an_engine_keeps_them():
    card = vcard_of("Анна", "+7 926 111-22-33")
    anna = ContactCard("Анна", ("+7 926 111-22-33",))
    assert shown(vCards=[card, "BEGIN:VCARD"]).contacts == (anna, ContactCard(""))
    assert shown(vCards=None).contacts == ()
    of_webjs = shown(vCards=[card], body=card)
    assert (of_webjs.text, of_webjs.contacts) == ("", (anna,))
    kept = {"message": {"contactMessage": {"displayName": "Анна", "vcard": card}}}
    assert shown(vCards=[], body=None, _data=kept).contacts == (anna,)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["timestamp", "body", "hasMedia", "media", "ack", "replyTo", "location", "vCards", "_data", "fromMe"]
INSIDE = ["message", "messageStubType", "reactions"]


@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
    data=st.dictionaries(
        st.sampled_from(INSIDE), JSON | st.dictionaries(st.sampled_from(["imageMessage"]), JSON), max_size=3
    ),
)
def test_whatever_a_gateway_says_is_a_message_or_none(changes, data):
    message = message_of({**RAW, "hasMedia": True, "_data": data, **changes})
    assert message is None or message.id == "AAA"


def test_every_kind_of_message_of_the_simulated_chat_is_told_apart(waha):
    messages = waha.history([f"{people.IVAN.phone[1:]}@c.us"], None, 30).messages
    assert {message.media.kind for message in messages if message.media} >= {"image", "video", "audio", "document"}
    assert any(message.quote and message.quote.text for message in messages)
    assert any(message.reactions == ("❤️", "😂") for message in messages)
    assert any(message.edited for message in messages)
    assert any(message.deleted and message.from_me for message in messages)
    assert any(message.deleted and not message.from_me for message in messages)
    assert any(message.ack is Ack.FAILED for message in messages)
    assert any("<script>" in message.text for message in messages)
    assert all(message.media.thumbnail for message in messages if message.media and message.media.kind == "image")
