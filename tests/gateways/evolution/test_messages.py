"""What Evolution says, as values of ours: recorded payloads, and everything that may be wrong in
one."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.conftest import RECORDED
from tests.stand import PATIENCE
from widget.gateways.base import Ack, ContactCard, EventKind, GatewayError, GatewayErrorCode, Message
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.evolution.adapter import Evolution
from widget.gateways.evolution.answers import checked_of, code_of
from widget.gateways.evolution.messages import ids_of, message_of, parse_ref
from widget.gateways.evolution.webhooks import EvolutionWebhooks

CHAT = "447700900000@s.whatsapp.net"
LID = "222222222222@lid"
KEY = {"id": "3EB00001", "fromMe": False, "remoteJid": CHAT}
RAW = {"key": KEY, "messageTimestamp": 1763000005, "message": {"conversation": "Да"}}
FILES = sorted(path.name for path in RECORDED.glob("evolution/measured.*.json"))

# Errors.

ERRORS = {
    "bad-key": GatewayErrorCode.LINE_DOWN,  # the name is looked at first
    "check-bad-type": GatewayErrorCode.MALFORMED,
    "check-before-connect": GatewayErrorCode.LINE_DOWN,
    "check-cached-gb": GatewayErrorCode.LINE_DOWN,
    "check-connecting": GatewayErrorCode.LINE_DOWN,
    "check-dup": GatewayErrorCode.MALFORMED,
    "check-empty": GatewayErrorCode.MALFORMED,
    "check-nobody": GatewayErrorCode.LINE_DOWN,  # {} too; never asked so by us
    "check-plus": GatewayErrorCode.LINE_DOWN,
    "delete": GatewayErrorCode.BROKEN_ANSWER,
    "edit": GatewayErrorCode.NO_SUCH_THING,
    "logout": GatewayErrorCode.LINE_DOWN,
    "markread": GatewayErrorCode.LINE_DOWN,
    "media-bad": GatewayErrorCode.MALFORMED,
    "no-key": GatewayErrorCode.CREDENTIALS,
    "not-found-route": GatewayErrorCode.NO_SUCH_THING,
    "presence": GatewayErrorCode.LINE_DOWN,
    "presence-docs-shape": GatewayErrorCode.MALFORMED,
    "react": GatewayErrorCode.LINE_DOWN,
    "send-cached-disconnected": GatewayErrorCode.LINE_DOWN,
    "send-connecting": GatewayErrorCode.LINE_DOWN,
    "send-missing-number": GatewayErrorCode.MALFORMED,
    "send-missing-text": GatewayErrorCode.MALFORMED,
    "unknown-check": GatewayErrorCode.LINE_DOWN,
    "unknown-state": GatewayErrorCode.LINE_DOWN,
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_measured_error_has_its_trouble(recorded, name):
    measured = recorded(f"evolution/measured.{name}.json")
    assert code_of(measured["status"], measured["body"]) is ERRORS[name]


@pytest.mark.parametrize("name", FILES)
def test_no_measured_error_was_forgotten(recorded, name):
    status = recorded(f"evolution/{name}").get("status", 200)
    assert status < 400 or name.removeprefix("measured.").removesuffix(".json") in ERRORS


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (400, {"isBoom": True, "output": {"statusCode": 429}}, GatewayErrorCode.THROTTLED),
        (400, {"isBoom": True, "data": 429, "output": {"statusCode": 500}}, GatewayErrorCode.THROTTLED),
        (400, {"isBoom": True, "output": {"statusCode": 408}}, GatewayErrorCode.TIMED_OUT),
        (400, {"isBoom": True, "output": {"statusCode": 418}}, GatewayErrorCode.MALFORMED),
        (
            400,
            {"response": {"message": [{"exists": False, "jid": "x", "number": "1"}]}},
            GatewayErrorCode.NOT_ON_WHATSAPP,
        ),
        (400, {"response": {"message": [{"exists": True}]}}, GatewayErrorCode.MALFORMED),
        (401, None, GatewayErrorCode.CREDENTIALS),
        (403, {"response": {"message": "connection closed"}}, GatewayErrorCode.CREDENTIALS),
        (404, None, GatewayErrorCode.NO_SUCH_THING),
        (429, {}, GatewayErrorCode.BUSY),
        (500, {"response": {"message": "rate-overlimit"}}, GatewayErrorCode.THROTTLED),
        (500, {"response": {"message": "server returned error 463"}}, GatewayErrorCode.RESTRICTED),
        (500, {"response": {"message": "Timed Out"}}, GatewayErrorCode.BROKEN_ANSWER),
        (500, {}, GatewayErrorCode.BROKEN_ANSWER),
        (502, None, GatewayErrorCode.BROKEN_ANSWER),
        (302, None, GatewayErrorCode.BROKEN_ANSWER),
    ],
)
def test_an_error_without_a_record_has_a_trouble_too(status, body, trouble):
    assert code_of(status, body) is trouble


@pytest.mark.parametrize("name", FILES)
def test_no_measured_answer_is_ever_taken_for_a_no(instance, recorded, name):
    measured = recorded(f"evolution/{name}")
    answer = httpx.Response(measured.get("status", 200), json=measured["body"])
    try:
        found = instance(transport=httpx.MockTransport(lambda request: answer)).check(["+79261112233"])
    except GatewayError:
        return
    assert found == {}


def test_the_measured_checks_are_read(recorded):
    for name in ("with9", "without9"):
        measured = recorded(f"evolution/measured.check-cached-br-{name}.json")
        [number] = measured["request"]["body"]["numbers"]
        [found] = checked_of(measured["body"], {number: f"+{number}"}).values()
        assert (found.exists, found.chat_id) == (True, "551199990000@s.whatsapp.net")


# Messages.


def shown(**changes) -> Message | None:
    return message_of({**RAW, **changes})


@pytest.mark.parametrize("name", [name for name in FILES if "history" in name])
def test_the_measured_history_is_read(recorded, name):
    records = recorded(f"evolution/{name}")["body"]["messages"]["records"]
    for record in records:
        message = message_of(record)
        assert (message.id, message.at) == (record["key"]["id"], record["messageTimestamp"])
        assert (message.from_me, message.text) == (record["key"]["fromMe"], record["message"]["conversation"])
        assert parse_ref(message.ref)["remoteJid"] == record["key"]["remoteJid"]


def test_the_measured_chat_under_a_lid_names_its_phone(recorded):
    [chat] = recorded("evolution/measured.chats-take1.json")["body"]
    assert ids_of(chat["lastMessage"]["key"]) == ("491700000000@s.whatsapp.net", "222222222222@lid")
    assert message_of(chat["lastMessage"]).text == "from lid"


def test_the_recorded_file_is_shown_with_its_caption(recorded):
    message = message_of({**RAW, **recorded("evolution/sendMedia.response.json"), "key": KEY})
    assert (message.text, message.media.kind, message.media.mimetype) == ("Caption text", "image", "image/png")
    assert message.media.size == 1305757


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"conversation": "а"}, "а"),
        ({"extendedTextMessage": {"text": "б"}}, "б"),
        ({"imageMessage": {"caption": "в"}}, "в"),
        ({"ephemeralMessage": {"message": {"conversation": "г"}}}, "г"),
        ({"documentWithCaptionMessage": {"message": {"documentMessage": {"caption": "д"}}}}, "д"),
        ({"viewOnceMessage": {"message": {"ephemeralMessage": {"message": {"conversation": "е"}}}}}, "е"),
        ({"buttonsResponseMessage": {"selectedDisplayText": "ж"}}, "ж"),
        ({"pollCreationMessage": {"name": "?"}}, ""),
        ({"conversation": 5}, ""),
    ],
)
def test_the_text_is_found_wherever_it_stands(content, text):
    assert shown(message=content).text == text


@pytest.mark.parametrize(
    "changes",
    [
        {"key": None},
        {"key": {**KEY, "id": ""}},
        {"key": {**KEY, "id": "a b"}},
        {"key": {**KEY, "remoteJid": "1203@g.us"}},
        {"key": {**KEY, "remoteJid": "status@broadcast"}},
        {"messageTimestamp": None},
        {"messageTimestamp": 1e15},
        {"message": None},
        {"message": {"reactionMessage": {"text": "👍"}}},
        {"message": {"protocolMessage": {"type": 3}}},
        {"message": {"messageContextInfo": {}}},
    ],
)
def test_what_no_chat_shows_is_no_message(changes):
    assert shown(**changes) is None


@pytest.mark.parametrize(
    ("updates", "ack"),
    [
        ([], Ack.NONE),
        (["SERVER_ACK"], Ack.SENT),
        (["READ", "SERVER_ACK", "DELIVERY_ACK"], Ack.READ),  # they come out of order
        (["SERVER_ACK", "ERROR"], Ack.FAILED),
        (["ERROR", "DELIVERY_ACK"], Ack.DELIVERED),
        (["PLAYED"], Ack.READ),
        (["EDITED", None, 5, "x"], Ack.NONE),
    ],
)
def test_the_ticks_are_the_furthest_that_was_told(updates, ack):
    told = [{"status": status} for status in updates]
    assert shown(key={**KEY, "fromMe": True}, MessageUpdate=told).ack is ack
    assert shown(MessageUpdate=told).ack is Ack.NONE  # the client's own are nobody's business


def test_edits_and_deletions_are_told_beside_the_ticks():
    assert shown(MessageUpdate=[{"status": "EDITED"}]).edited
    deleted = shown(MessageUpdate=[{"status": "DELETED"}])
    assert (deleted.deleted, deleted.text) == (True, "")
    assert shown(key={**KEY, "deleted": True}, message=None).deleted


def test_a_quote_stands_in_the_row_or_in_the_part():
    context = {"stanzaId": "3EB0", "quotedMessage": {"imageMessage": {"caption": "План"}}}
    for message in (
        shown(contextInfo=context),
        shown(message={"extendedTextMessage": {"text": "x", "contextInfo": context}}),
    ):
        assert (message.quote.text, message.quote.has_media) == ("План", True)
    assert shown(contextInfo={"quotedMessage": {}}).quote is None


def test_places_and_contacts_are_counted():
    assert shown(message={"locationMessage": {"degreesLatitude": 50.3, "degreesLongitude": 127.5}}).place == (
        50.3,
        127.5,
    )
    assert shown(message={"locationMessage": {"degreesLatitude": 95, "degreesLongitude": 0}}).place is None
    assert shown(message={"contactMessage": {}}).contacts == (ContactCard(""),)
    assert shown(message={"contactsArrayMessage": {"contacts": [{}, {}]}}).contacts == (ContactCard(""),) * 2


# Webhooks.

HOOKS = EvolutionWebhooks()
OURS = {**KEY, "fromMe": True}


def told(event, data, **more):
    return HOOKS.events({"event": event, "instance": "line1", "data": data, **more})


@pytest.mark.parametrize("name", ["messages.upsert", "MESSAGES_UPSERT", "send.message", "SEND_MESSAGE"])
def test_a_message_is_told_in_both_spellings(name):
    [event] = told(name, RAW)
    assert (event.kind, event.chat_ids, event.message_id) == (EventKind.MESSAGE, (CHAT,), "3EB00001")
    assert (event.message.text, event.at) == ("Да", 1763000005.0)


def test_the_recorded_message_is_told_although_its_time_is_missing(recorded):
    [event] = HOOKS.events(recorded("evolution/webhook.messages.upsert.json"))
    assert (event.kind, event.chat_ids, event.message) == (EventKind.MESSAGE, ("100000000000000@lid",), None)


def test_the_recorded_tick_is_told(recorded):
    [event] = HOOKS.events(recorded("evolution/webhook.messages.update.from-source.json"))
    assert (event.kind, event.ack, event.message_id, event.chat_ids) == (EventKind.ACK, Ack.READ, "3EB0ABC", (CHAT,))


def test_the_measured_state_is_told(recorded):
    [event] = HOOKS.events(recorded("evolution/measured.webhook.connection.update.json")["body"])
    assert (event.kind, event.state.value) == (EventKind.LINE, "connecting")


@pytest.mark.parametrize(
    ("state", "reason", "ours"),
    [
        ("open", 200, "ready"),
        ("close", 401, "scan_qr"),
        ("close", 403, "banned"),
        ("close", 428, "offline"),
        ("close", None, "offline"),
        ("refused", 428, "unknown"),
    ],
)
def test_a_line_tells_why_it_closed(state, reason, ours):
    [event] = told("connection.update", {"state": state, "statusReason": reason})
    assert event.state.value == ours


def test_a_chat_under_a_lid_names_the_phone_first():
    [event] = told("messages.upsert", {**RAW, "key": {**KEY, "remoteJid": LID, "remoteJidAlt": CHAT}})
    assert event.chat_ids == (CHAT, LID)


@pytest.mark.parametrize("jid", ["120363041234567890@g.us", "status@broadcast", "1203@newsletter", "x", None, 5])
def test_groups_broadcasts_and_nonsense_make_no_event(jid):
    for name in ("messages.upsert", "send.message", "messages.update", "messages.edited", "messages.delete"):
        data = {**RAW, "key": {**OURS, "remoteJid": jid, "remoteJidAlt": CHAT}, "status": "READ"}
        assert told(name, {**data, "editedMessage": {"conversation": "x"}}) == []


def test_a_reaction_an_edit_and_a_deletion_are_told_as_such():
    reaction = {"reactionMessage": {"key": OURS, "text": "👍"}}
    [event] = told("messages.upsert", {**RAW, "message": reaction})
    assert (event.kind, event.text, event.message_id) == (EventKind.REACTION, "👍", OURS["id"])
    [event] = told("messages.edited", {"key": OURS, "editedMessage": {"conversation": "стало"}})
    assert (event.kind, event.text, event.from_me, event.chat_ids) == (EventKind.EDITED, "стало", True, (CHAT,))
    [event] = told("messages.delete", {**OURS, "status": "DELETED"})
    assert (event.kind, event.message_id, event.from_me) == (EventKind.DELETED, OURS["id"], True)
    assert told("messages.update", {**OURS, "keyId": OURS["id"], "status": "DELETED"})[0].kind is EventKind.DELETED
    revoked = {"protocolMessage": {"type": "REVOKE", "key": {**KEY, "id": "3EB0OLD"}}}
    assert told("messages.upsert", {**RAW, "message": revoked})[0].message_id == "3EB0OLD"


def test_a_clients_edit_that_calls_the_chat_by_our_number_is_not_ours():
    """Its key is in the client's words."""
    [event] = told("messages.edited", {"key": OURS, "editedMessage": {"conversation": "стало"}}, sender=CHAT)
    assert (event.chat_ids, event.from_me, event.message_id) == ((), False, OURS["id"])


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("messages.upsert", {**RAW, "key": {**OURS, "remoteJid": LID, "remoteJidAlt": CHAT}}),
        ("messages.update", {**OURS, "remoteJid": LID, "remoteJidAlt": CHAT, "status": "READ"}),
        ("messages.delete", {**OURS, "remoteJid": LID, "remoteJidAlt": CHAT, "status": "DELETED"}),
    ],
)
def test_our_own_number_is_no_id_of_the_clients_chat(event, data):
    """What was written on the phone may name it as the chat's other id."""
    [found] = told(event, data, sender=CHAT)
    assert (found.chat_ids, found.from_me) == ((LID,), True)
    [other] = told(event, data, sender="447700900001@s.whatsapp.net")
    assert other.chat_ids == (CHAT, LID)


def test_that_we_read_the_clients_message_is_no_event():
    assert told("messages.update", {**KEY, "keyId": KEY["id"], "status": "READ"}) == []


def test_a_wrong_secret_is_answered_so_that_evolution_tries_again():
    """401, 400, 403, 404 and 422 make it drop the event for good."""
    assert HOOKS.refuse_with == 503
    assert HOOKS.genuine({"x-webhook-secret": "s3cret"}, b"", "s3cret")
    for headers in ({}, {"X-Webhook-Secret": ""}, {"X-Webhook-Secret": "S3cret"}, {"X-Webhook-Secret": "\udcff"}):
        assert not HOOKS.genuine(headers, b"", "s3cret")
    assert not HOOKS.genuine({"X-Webhook-Secret": ""}, b"", "")


# Whatever comes.

WORDS = (
    "exists number jid lid message response output isBoom data event records messages status MessageUpdate contextInfo "
    "instance state base64 total reactionMessage protocolMessage editedMessage imageMessage fileLength statusReason"
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from([CHAT, LID, "x"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*RAW, *KEY, *WORDS.split()]), inner, max_size=6)
    ),
    max_leaves=25,
)
CALLS = {
    "status": lambda line: line.status(),
    "check": lambda line: line.check(["+447700900000", "+491700000000"]),
    "one chat": lambda line: line.chats_of(["+447700900000"]),
    "chats": lambda line: line.chats_of(["+447700900000", "+491700000000", "+79261112233"]),
    "all chats": lambda line: line.all_chats(),
    "history": lambda line: line.history([CHAT, LID], "1763000005:", 5),
    "find_message": lambda line: line.find_message(CHAT, "3EB00001"),
    "send_text": lambda line: line.send_text(CHAT, "x", message_id="A"),
    "media": lambda line: line.media(CHAT, f"false_{CHAT}_A"),
    "edit": lambda line: line.edit(CHAT, f"true_{CHAT}_A", "x"),
    "qr": lambda line: line.qr(),
    "pairing_code": lambda line: line.pairing_code("+447700900000"),
    "set_webhook": lambda line: line.set_webhook("https://x.example/", "s"),
}


@given(
    body=json_values, status=st.sampled_from([200, 201, 400, 401, 404, 429, 500, 503]), verb=st.sampled_from([*CALLS])
)
def test_whatever_comes_as_an_answer_ends_in_a_value_or_a_gateway_error(body, status, verb):
    answer = httpx.Response(status, content=json.dumps(body))
    client = httpx.Client(transport=httpx.MockTransport(lambda request: answer))
    calls = Calls(client, "http://gateway.example", Timeouts(PATIENCE, PATIENCE, PATIENCE), Breaker(lambda: 0.0))
    try:
        CALLS[verb](Evolution(calls, session="line1", key="k"))
    except GatewayError:
        return
    assert status in (200, 201) or verb in ("status", "send_text")


@given(body=json_values)
def test_whatever_comes_as_a_webhook_is_a_list_of_events(body):
    assert isinstance(HOOKS.events(body), list)
    for name in ("messages.upsert", "messages.update", "messages.edited", "messages.delete", "connection.update"):
        assert isinstance(told(name, body), list)


@given(listed=st.lists(json_values, max_size=5))
def test_a_no_always_names_the_number_that_was_asked(listed):
    for phone, answer in checked_of(listed, {"447700900000": "+447700900000"}).items():
        said = [one for one in listed if isinstance(one, dict) and one.get("exists") is answer.exists]
        assert said
        assert answer.exists or any("447700900000" in str(one.get("number")) for one in said)
        assert phone == "+447700900000"


def test_our_own_message_that_names_our_number_as_its_chat_is_told_by_its_id_alone():
    own = "79638477315@s.whatsapp.net"
    key = {"id": "3EB0OWN", "fromMe": True, "remoteJid": own}
    data = {"key": key, "message": {"conversation": "Да"}, "messageTimestamp": 1763000005}
    (event,) = EvolutionWebhooks().events({"event": "messages.upsert", "sender": own, "data": data})
    assert (event.chat_ids, event.message_id, event.from_me) == ((), "3EB0OWN", True)


def test_a_message_that_was_taken_back_is_deleted_in_its_row_and_in_its_report():
    key = {"id": "3EB0A", "fromMe": False, "remoteJid": "79241234567@s.whatsapp.net"}
    row = {"key": key, "message": None, "messageTimestamp": 1763000005, "MessageUpdate": [{"status": "EDITED"}]}
    assert message_of(row).deleted
    told = {"event": "messages.edited", "sender": "1@s.whatsapp.net", "data": {"key": key, "type": "REVOKE"}}
    (event,) = EvolutionWebhooks().events(told)
    assert (event.kind, event.message_id) == (EventKind.DELETED, "3EB0A")
