"""What WAHA reports by itself: recorded envelopes, whose chat it is, who sent it, and everything
that may be wrong."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.conftest import RECORDED
from widget.gateways.base import Ack, EventKind, GatewayError, GatewayErrorCode, GatewayEvent, LineState
from widget.gateways.waha.settings import EVENTS, with_webhook
from widget.gateways.waha.webhooks import WahaWebhooks

HOOKS = WahaWebhooks()
IVAN, LID = "79619510000@c.us", "187234509871234@lid"
ME = {"id": "79638477312@c.us", "lid": "200079638477312@lid", "jid": "79638477312:12@s.whatsapp.net", "pushName": "~"}
URL = "https://widget.example/hooks/gateway/abc"


def events(event, me=ME, **payload) -> list[GatewayEvent]:
    return HOOKS.events({"event": event, "timestamp": 1741249702485, "session": "s", "me": me, "payload": payload})


def only(event, **payload) -> GatewayEvent:
    (found,) = events(event, **payload)
    return found


def said(**changes):
    """A client's message as payload."""
    usual = {"id": f"false_{IVAN}_3AAA", "timestamp": 1727745026, "from": IVAN, "to": ME["id"], "fromMe": False}
    return {**usual, "body": "Да", "hasMedia": False, **changes}


# What was recorded.


def test_the_recorded_message_is_one(recorded):
    (event,) = HOOKS.events(recorded("waha/webhook.message.json"))
    assert (event.kind, event.from_me, event.at) == (EventKind.MESSAGE, True, 1667561485.0)
    assert event.chat_ids == ("11111111111@c.us",)
    assert event.message_id == "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert event.message.text == "Hi there!"


def test_the_recorded_file_and_the_recorded_answer_are_messages(recorded):
    (media,) = HOOKS.events(recorded("waha/webhook.media.json"))
    assert media.message.media.mimetype == "image/jpeg"
    (reply,) = HOOKS.events(recorded("waha/webhook.replyTo.json"))
    assert reply.message.quote.text == "Check this out!"


def test_the_recorded_ack_is_a_tick_of_our_message(recorded):
    (event,) = HOOKS.events(recorded("waha/webhook.message.ack.json"))
    assert (event.kind, event.ack, event.from_me) == (EventKind.ACK, Ack.READ, True)
    assert (event.message_id, event.chat_ids) == ("4CC5EDD64BC22EBA6D639F2AF571346C", ("11111111111@c.us",))


def test_the_recorded_reaction_names_the_message_it_is_for(recorded):
    (event,) = HOOKS.events(recorded("waha/webhook.message.reaction.json"))
    assert (event.kind, event.text, event.from_me) == (EventKind.REACTION, "🙏", False)
    assert (event.message_id, event.chat_ids) == ("1" * 32, ("79111111@c.us",))
    assert event.at == pytest.approx(1710481111.853)


def test_the_recorded_edit_and_the_recorded_deletion_name_the_first_message(recorded):
    (edited,) = HOOKS.events(recorded("waha/webhook.message.edited.json"))
    assert (edited.kind, edited.message_id, edited.text) == (EventKind.EDITED, "AAAAAAAAAAAAAAAA", "New body")
    (deleted,) = HOOKS.events(recorded("waha/webhook.message.revoked.json"))
    assert (deleted.kind, deleted.message_id) == (EventKind.DELETED, "AAAAAAAAAAAAAAAA")
    assert edited.chat_ids == deleted.chat_ids == ("1231243123@c.us",)
    assert not edited.from_me
    assert not deleted.from_me


def test_the_recorded_states_are_states_of_the_line(recorded):
    (working,) = HOOKS.events(recorded("waha/webhook.session.status.json"))
    assert (working.kind, working.state, working.at) == (EventKind.LINE, LineState.READY, 1700000003.0)
    (passkey,) = HOOKS.events(recorded("waha/webhook.session.status.passkey.json"))
    assert passkey.state is LineState.SCAN_QR
    (starting,) = HOOKS.events(recorded("waha/measured.webhook.session.status.json")["body"])
    assert starting.state is LineState.CONNECTING


@pytest.mark.parametrize("name", ["call.received", "presence.update", "envelope"])
def test_a_recorded_report_that_we_do_not_use_is_no_event(recorded, name):
    assert HOOKS.events(recorded(f"waha/webhook.{name}.json")) == []


# The line.


def test_a_state_tells_of_a_restriction_and_its_end(recorded):
    me = recorded("waha/me.restrictions.schema-example.json")["me"]
    (event,) = events("session.status", me, name="s", status="WORKING", statuses=[])
    assert (event.state, event.until, event.why) == (LineState.RESTRICTED, 1784477333.0, GatewayErrorCode.RESTRICTED)
    (event,) = events("session.status", me, name="s", status="FAILED", statuses=[])
    assert (event.state, event.until, event.why) == (LineState.OFFLINE, 0.0, None)


@pytest.mark.parametrize("status", [None, 5, [], {}, "DREAMING"])
def test_a_state_that_nobody_knows_is_unknown(status):
    assert only("session.status", status=status, statuses=None).state is LineState.UNKNOWN


# Whose chat it is.


def test_a_phone_stands_before_a_hidden_id_wherever_they_are_named():
    assert only("message", **said()).chat_ids == (IVAN,)
    by_lid = {"id": f"false_{LID}_3AAA", "from": LID}
    assert only("message", **said(**by_lid)).chat_ids == (LID,)
    key = {"remoteJid": LID, "remoteJidAlt": "79619510000@s.whatsapp.net"}
    assert only("message", **said(**by_lid, _data={"key": key})).chat_ids == (IVAN, LID)
    info = {"Chat": LID, "Sender": LID, "SenderAlt": "79619510000:3@s.whatsapp.net"}
    assert only("message", **said(**by_lid, _data={"Info": info})).chat_ids == (IVAN, LID)


def test_a_message_of_ours_is_in_the_chat_of_who_gets_it():
    ours = said(id=f"true_{LID}_3EB0", fromMe=True, **{"from": ME["id"]}, to=LID)
    info = {"Chat": LID, "Sender": ME["jid"], "SenderAlt": ME["lid"], "RecipientAlt": "79619510000@s.whatsapp.net"}
    event = only("message.any", **{**ours, "_data": {"Info": info}})
    assert (event.chat_ids, event.from_me) == ((IVAN, LID), True)


def test_our_own_ids_are_never_a_clients_chat():
    assert events("message.any", **said(id=f"true_{ME['id']}_1", fromMe=True, to=ME["id"])) == []
    receipt = {"id": f"true_{IVAN}_3EB0", "from": IVAN, "to": ME["id"], "fromMe": True, "ack": 2}
    assert only("message.ack", **receipt).chat_ids == (IVAN,)


@pytest.mark.parametrize(
    "chat", ["120363041234567890@g.us", "status@broadcast", "120363160031023229@newsletter", "12345@broadcast"]
)
@pytest.mark.parametrize("kind", ["message", "message.any", "message.ack", "message.reaction", "message.edited"])
def test_groups_newsletters_and_broadcasts_make_no_event(kind, chat):
    whole = said(id=f"false_{chat}_3AAA_{IVAN}", **{"from": chat}, participant=IVAN, ack=3)
    more = {"reaction": {"text": "🙏", "messageId": f"true_{chat}_1"}, "editedMessageId": "3AAA"}
    assert events(kind, **whole, **more) == []
    assert events(kind, **{**whole, "fromMe": True, "id": f"true_{chat}_3AAA", "to": chat}, **more) == []
    assert events("message.revoked", after=whole, revokedMessageId="3AAA") == []


@pytest.mark.parametrize("made_of", ["", "@", "c.us", "@c.us", "abc@c.us", "123@c.us", "+79619510000@c.us"])
def test_what_is_no_id_of_a_person_is_no_chat(made_of):
    assert events("message", **said(id=f"false_{made_of}_1", **{"from": made_of})) == []


# Ticks.


@pytest.mark.parametrize(
    ("ack", "meaning"),
    [(-1, Ack.FAILED), (0, Ack.PENDING), (1, Ack.SENT), (2, Ack.DELIVERED), (3, Ack.READ), (4, Ack.READ)],
)
def test_every_tick_is_one_of_ours(ack, meaning):
    assert only("message.ack", id=f"true_{IVAN}_3EB0", fromMe=True, ack=ack).ack is meaning


@pytest.mark.parametrize("ack", [None, "READ", True, 9, 2.0, []])
def test_a_tick_that_nobody_knows_is_no_event(ack):
    assert events("message.ack", id=f"true_{IVAN}_3EB0", fromMe=True, ack=ack) == []


def test_a_receipt_that_we_gave_is_no_tick():
    assert events("message.ack", id=f"false_{IVAN}_3AAA", fromMe=False, ack=3) == []


def test_a_message_that_failed_because_of_a_restriction_says_so():
    """The restriction itself may not be told at all (devlikeapro/waha#2219)."""
    failed = {"id": f"true_{IVAN}_3EB0", "fromMe": True, "ack": -1}
    assert only("message.ack", **failed).why is None
    update = {"status": 0, "messageStubParameters": ["463"]}
    event = only("message.ack", **failed, _data={"update": update})
    assert (event.ack, event.why, event.not_on_whatsapp) == (Ack.FAILED, GatewayErrorCode.RESTRICTED, False)


@pytest.mark.parametrize(
    ("code", "why"), [("463", GatewayErrorCode.RESTRICTED), (463, GatewayErrorCode.RESTRICTED), ("500", None)]
)
def test_newer_versions_name_the_error_of_a_failed_message_and_the_restrictions_end(code, why):
    error = {"code": code, "reason": "reachout_timelock"}
    for until, end in (
        (1_796_119_200, 1_796_119_200.0),
        (1_796_119_200_000, 1_796_119_200.0),
        (None, 0.0),
        ("soon", 0.0),
    ):
        failed = {"id": f"true_{IVAN}_3EB0", "fromMe": True, "ack": -1, "error": {**error, "until": until}}
        event = only("message.ack", **failed)
        assert (event.why, event.until) == (why, end if why else 0.0)


def test_a_state_names_a_restriction_of_newer_versions_and_its_end():
    said = {"name": "s", "status": "WORKING", "statuses": []}
    event = only("session.status", **said, restriction={"active": True, "until": 1_796_119_200})
    assert (event.state, event.until, event.why) == (LineState.RESTRICTED, 1_796_119_200.0, GatewayErrorCode.RESTRICTED)
    event = only("session.status", **said, restriction={"active": False, "until": 1_796_119_200})
    assert (event.state, event.until, event.why) == (LineState.READY, 0.0, None)


def test_a_reaction_that_was_taken_back_is_empty():
    for emoji in ("", None):
        reaction = {"text": emoji, "messageId": f"true_{IVAN}_3EB0"}
        assert only("message.reaction", **said(reaction=reaction)).text == ""


# Who sent it.


def test_the_documented_mac_is_genuine(recorded):
    vector = recorded("waha/hmac.vector.json")
    body, key = vector["body"].encode(), vector["key"]
    for name, value in (
        ("X-Webhook-Hmac", vector["X-Webhook-Hmac"]),
        ("x-webhook-hmac", vector["X-Webhook-Hmac"].upper()),
    ):
        assert HOOKS.genuine({name: value, "X-Webhook-Hmac-Algorithm": "sha512"}, body, key)
        assert not HOOKS.genuine({name: value}, body + b" ", key)
        assert not HOOKS.genuine({name: value}, body, key + "x")
        assert not HOOKS.genuine({name: value[:-1]}, body, key)
    assert HOOKS.refuse_with == 401


@pytest.mark.parametrize(
    "headers", [{}, {"X-Webhook-Hmac": ""}, {"X-Webhook-Hmac": "ключ"}, {"X-Webhook-Hmac": "\ud800"}]
)
@pytest.mark.parametrize("secret", ["", "s" * 32])
def test_a_report_without_a_mac_is_not_genuine_whatever_the_secret(headers, secret):
    assert not HOOKS.genuine(headers, b"{}", secret)


def test_without_a_secret_nothing_is_genuine():
    """The MAC with an empty key is one that anybody can make."""
    anybodys = hmac.new(b"", b"{}", hashlib.sha512).hexdigest()
    assert not HOOKS.genuine({"X-Webhook-Hmac": anybodys}, b"{}", "")


# The configuration.


def test_our_webhook_stands_beside_those_of_others_and_all_else_stays(recorded):
    config = recorded("waha/session.config.full.json")["config"]
    before = json.dumps(config)
    found = with_webhook(config, URL, "secret")
    assert json.dumps(config) == before
    assert found["webhooks"][:-1] == config["webhooks"]
    assert found["webhooks"][-1]["url"] == URL
    assert found["webhooks"][-1]["hmac"] == {"key": "secret"}
    assert tuple(found["webhooks"][-1]["events"]) == EVENTS
    assert {name: value for name, value in found.items() if name != "webhooks"} == {
        name: value for name, value in config.items() if name != "webhooks"
    }


@pytest.mark.parametrize("config", [None, {}, {"webhooks": None}, {"webhooks": []}])
def test_a_session_without_webhooks_gets_ours(config):
    assert [hook["url"] for hook in with_webhook(config, URL, "s")["webhooks"]] == [URL]


def test_set_again_it_is_there_once_with_the_new_secret():
    twice = with_webhook(with_webhook(None, URL, "old"), URL, "new")
    assert [hook["hmac"]["key"] for hook in twice["webhooks"]] == ["new"]


@pytest.mark.parametrize("config", [[], "x", 5, {"webhooks": "x"}, {"webhooks": {"url": "x"}}])
def test_a_configuration_that_cannot_be_read_is_not_written_over(config):
    with pytest.raises(GatewayError) as error:
        with_webhook(config, URL, "s")
    assert error.value.gateway_code is GatewayErrorCode.BROKEN_ANSWER


# Everything that may be wrong.

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just(10**400) | st.just(IVAN),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NAMES = (
    "id",
    "from",
    "to",
    "fromMe",
    "participant",
    "timestamp",
    "body",
    "ack",
    "reaction",
    "editedMessageId",
    "_data",
)
MORE = ("revokedMessageId", "after", "before", "status", "statuses", "messageId", "text", "key", "Info", "remoteJid")
PAYLOAD = st.dictionaries(st.sampled_from(NAMES + MORE), ANYTHING, max_size=12)
REPORT = st.fixed_dictionaries(
    {"event": st.sampled_from([*EVENTS, "message"]) | ANYTHING},
    optional={"payload": PAYLOAD | ANYTHING, "me": PAYLOAD | ANYTHING, "timestamp": ANYTHING},
)


@given(REPORT | ANYTHING)
def test_whatever_comes_there_is_no_crash(body):
    for event in HOOKS.events(body):
        assert isinstance(event, GatewayEvent)


def _spoiled(value, spoil):
    """The same, with one field after another replaced."""
    for name in value:
        yield {**value, name: spoil}
        if isinstance(value[name], dict):
            for inner in _spoiled(value[name], spoil):
                yield {**value, name: inner}


@pytest.mark.parametrize("spoil", [None, 5, "x", [], {}, [[]], {"a": 1}, True, -1, 1e400, 10**400, "\x00", "false__"])
@pytest.mark.parametrize("path", sorted((RECORDED / "waha").glob("webhook.*.json")), ids=lambda path: path.stem)
def test_a_recorded_report_with_any_field_spoiled_is_no_crash(path, spoil):
    for body in _spoiled(json.loads(path.read_text()), spoil):
        for event in HOOKS.events(body):
            assert isinstance(event, GatewayEvent)
