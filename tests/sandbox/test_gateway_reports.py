"""What the simulated WAHA reports: envelopes like the recorded ones, signed, later where it happens
later, again where nobody took them."""

import hashlib
import hmac
import json

import pytest

from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.state import GatewayState
from sandbox.gateway.waha.reports import Reports, ulid
from sandbox.gateway.webhooks import Postman, Retries
from sandbox.people import API_KEY, IVAN, ORDERS_MOSCOW
from tests.gateways.receiver import receiving
from tests.stand import NOON

ALL = ["message", "message.any", "message.ack", "message.reaction", "message.edited", "message.revoked"]
IVAN_ID = "79619510000@c.us"
KEY = {"X-Api-Key": API_KEY}


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def configured(outside, receiver):
    """Tell the line `sales` to report to the receiver."""

    def configure(*events, **more):
        hook = {"url": receiver.url, "events": list(events), **more}
        body = {"config": {"webhooks": [hook], "metadata": {"line": "1"}}}
        outside.http.put(f"{outside.gateway}/api/sessions/sales", json=body, headers=KEY).raise_for_status()

    return configure


def event_is(name):
    return lambda one: one.json["event"] == name


def send(outside, text="Добрый день!", chat_id=IVAN_ID):
    body = {"session": "sales", "chatId": chat_id, "text": text}
    sent = outside.http.post(f"{outside.gateway}/api/sendText", json=body, headers=KEY).raise_for_status()
    return sent.json()["id"]


def test_a_restart_tells_every_state_on_the_way(receiver, configured, recorded):
    configured("session.status")
    receiver.wait_for(lambda one: one.json["payload"]["status"] == "WORKING")
    assert [one.json["payload"]["status"] for one in receiver.reported] == ["STARTING", "WORKING"]
    told = receiver.reported[-1].json
    assert recorded("waha/webhook.session.status.json").keys() <= told.keys()
    assert told["me"]["id"] == "79638477312@c.us"
    assert told["metadata"] == {"line": "1"}


def test_a_client_who_writes_is_told_to_those_who_asked_for_it(outside, receiver, configured, recorded):
    configured("message")
    outside.answer_as_client(IVAN.phone, "Здравствуйте")
    told = receiver.wait_for(event_is("message")).json
    assert recorded("waha/webhook.envelope.json").keys() <= told.keys()
    assert told["id"].startswith("evt_")
    payload = told["payload"]
    assert (payload["body"], payload["from"], payload["fromMe"]) == ("Здравствуйте", IVAN_ID, False)
    assert [one.json["event"] for one in receiver.reported] == ["message"]  # and nothing else was asked for


def test_what_the_line_sends_is_told_with_its_ticks_in_the_end(outside, receiver, configured, recorded):
    configured(*ALL)
    name = send(outside)
    assert receiver.wait_for(event_is("message.any")).json["payload"]["id"] == name
    receiver.wait_for(lambda one: event_is("message.ack")(one) and one.json["payload"]["ackName"] == "DEVICE")
    acks = [one.json["payload"] for one in receiver.reported if event_is("message.ack")(one)]
    assert [ack["ackName"] for ack in acks] == ["SERVER", "DEVICE"]
    assert recorded("waha/webhook.message.ack.json")["payload"].keys() <= acks[0].keys()
    assert "message" not in [one.json["event"] for one in receiver.reported]


def test_changes_of_a_message_name_it(outside, receiver, configured, recorded):
    configured(*ALL)
    name = send(outside)
    bare = name.rpartition("_")[2]
    where = f"{outside.gateway}/api/sales/chats/{IVAN_ID}/messages/{name}"
    outside.http.put(where, json={"text": "новое"}, headers=KEY)
    phone = {"client": IVAN.phone.lstrip("+"), "line": "sales"}
    outside.http.post(f"{outside.gateway}/phone/messages/{bare}", params=phone, data={"do": "react"})
    outside.http.delete(where, headers=KEY)
    payloads = {}
    for kind in ("edited", "reaction", "revoked"):
        payloads[kind] = receiver.wait_for(event_is(f"message.{kind}")).json["payload"]
        assert recorded(f"waha/webhook.message.{kind}.json")["payload"].keys() <= payloads[kind].keys()
    assert (payloads["edited"]["editedMessageId"], payloads["edited"]["body"]) == (bare, "новое")
    assert payloads["reaction"]["reaction"] == {"text": "👍", "messageId": name}
    assert (payloads["reaction"]["fromMe"], payloads["reaction"]["from"]) == (False, IVAN_ID)
    assert payloads["revoked"]["revokedMessageId"] == bare


def test_a_restriction_is_told_with_the_state(outside, receiver, configured):
    configured("session.status")
    outside.restrict("sales", until=1_900_000_000)
    told = receiver.wait_for(lambda one: (one.json["me"] or {}).get("reachoutTimelock"))
    assert told.json["me"]["reachoutTimelock"]["timeEnforcementEnds"] == 1_900_000_000


def test_the_mac_is_of_the_body_as_it_arrived(outside, receiver, configured):
    configured("message", hmac={"key": "ключ"}, customHeaders=[{"name": "X-Ours", "value": "1"}])
    outside.answer_as_client(IVAN.phone, "Здравствуйте")
    one = receiver.wait_for(event_is("message"))
    assert one.headers["X-Webhook-Hmac"] == hmac.new("ключ".encode(), one.body, hashlib.sha512).hexdigest()
    assert one.headers["X-Webhook-Hmac-Algorithm"] == "sha512"
    assert one.headers["X-Webhook-Timestamp"].isdecimal()
    assert one.headers["X-Webhook-Request-Id"]
    assert one.headers["X-Ours"] == "1"


def test_without_a_key_there_is_no_mac(outside, receiver, configured):
    configured("message")
    outside.answer_as_client(IVAN.phone, "Здравствуйте")
    assert "X-Webhook-Hmac" not in receiver.wait_for(event_is("message")).headers


def test_a_report_that_was_not_taken_comes_again_the_same(outside, receiver, configured):
    receiver.answers = [500]
    configured("message", retries={"policy": "constant", "delaySeconds": 0.05, "attempts": 2})
    outside.answer_as_client(IVAN.phone, "Здравствуйте")
    receiver.wait_for(lambda one: len(receiver.reported) == 2)
    first, second = receiver.reported
    assert first.body == second.body


def test_lines_of_other_protocols_and_lines_without_webhooks_are_not_reported_as_wahas(outside, receiver, configured):
    configured("message")
    outside.answer_as_client(IVAN.phone, "не нам", "support")
    outside.answer_as_client(IVAN.phone, "и это", "branch")
    outside.answer_as_client(ORDERS_MOSCOW.phone, "нам")
    assert receiver.wait_for(event_is("message")).json["payload"]["body"] == "нам"
    assert len(receiver.reported) == 1


class Shelf(Postman):
    """Keeps the reports instead of posting them."""

    def __init__(self):
        super().__init__()
        self.reports = []

    def post(self, report):
        self.reports.append(report)


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ({"policy": "constant", "delaySeconds": 2, "attempts": 3}, (2, 2, 2)),
        ({"policy": "linear", "delaySeconds": 2, "attempts": 3}, (2, 4, 6)),
        ({"policy": "exponential", "delaySeconds": 2, "attempts": 3}, (2, 4, 8)),
    ],
)
def test_the_pauses_between_tries_are_those_that_were_asked_for(wanted, after):
    shelf = Shelf()
    state = GatewayState(lambda: 1_795_000_000.0)
    Reports(state, shelf)
    hook = {"url": "http://127.0.0.1:1/", "events": ["session.status"], "retries": wanted}
    state.lines["sales"].config = {"webhooks": [hook]}
    state.switch("sales", "FAILED")
    assert shelf.reports[0].retries == Retries(after)


def test_what_has_not_happened_yet_waits_until_it_does():
    shelf, state = Shelf(), GatewayState(lambda: 100.0)
    reports, line = Reports(state, shelf), state.lines["sales"]
    line.config = {"webhooks": [{"url": "http://127.0.0.1:1/", "events": ["session.status"]}]}
    reports(Happening(GatewayEventKind.STATUS, line, 103.0))
    assert shelf.reports[0].delay == pytest.approx(3.0)


def test_a_report_is_dated_by_the_gateways_own_clock():
    shelf, state = Shelf(), GatewayState(lambda: NOON)
    Reports(state, shelf)
    state.lines["sales"].config = {"webhooks": [{"url": "http://127.0.0.1:1/", "events": ["session.status"]}]}
    state.switch("sales", "FAILED")
    (told,) = shelf.reports
    assert json.loads(told.body)["timestamp"] == int(told.headers["X-Webhook-Timestamp"]) == 1000 * NOON


def test_every_event_has_an_id_of_its_own():
    assert len({ulid(NOON) for _ in range(100)}) == 100
    assert len(ulid(NOON)) == 26
