"""What the simulated GREEN-API reports, over real sockets: held against the recorded payloads."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.people import API_KEY, OKSANA, RUSTAM
from tests.gateways.receiver import receiving

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "gateways" / "green-api"
ID = "1101000001"
CHAT, NOBODY = "380671234567@c.us", "79123456789@c.us"
SWITCHES = (
    *("incomingWebhook", "outgoingWebhook", "outgoingMessageWebhook", "outgoingAPIMessageWebhook"),
    *("stateWebhook", "editedMessageWebhook", "deletedMessageWebhook"),
)


def recorded(name: str) -> Any:
    path = REFERENCE / f"{name}.json"
    if not path.exists():
        pytest.skip("the recorded payloads of GREEN-API are not beside this checkout")
    return json.loads(path.read_text())


class Line:
    def __init__(self, outside, receiver):
        self.outside, self.receiver = outside, receiver

    def call(self, method, **body):
        url = f"{self.outside.gateway}/waInstance{ID}/{method}/{API_KEY}"
        return self.outside.http.post(url, json=body).raise_for_status().json()

    def by_hand(self, **said):
        self.outside.http.post(f"{self.outside.gateway}/_sandbox/green/{ID}", json=said).raise_for_status()

    def listen(self, *off):
        switches = {switch: "no" if switch in off else "yes" for switch in SWITCHES}
        return self.call("setSettings", webhookUrl=self.receiver.url, webhookUrlToken="t0ken", **switches)

    def told(self, kind, **more):
        """The first report of this kind that holds these values."""
        return self.receiver.wait_for(
            lambda one: one.json["typeWebhook"] == kind and more.items() <= one.json.items()
        ).json

    def kinds(self):
        return [one.json["typeWebhook"] for one in self.receiver.reported]


@pytest.fixture
def line(outside):
    with receiving() as receiver:
        yield Line(outside, receiver)
        outside.reset()  # nothing is posted to a closed port afterwards


def test_new_settings_restart_the_instance_which_says_so_with_the_token(line):
    assert line.listen() == {"saveSettings": True}
    told = line.told("stateInstanceChanged", stateInstance="authorized")
    assert told.keys() == recorded("webhook.stateInstanceChanged").keys()
    line.told("stateInstanceChanged", stateInstance="starting")
    assert line.receiver.reported[0].headers["Authorization"] == "Bearer t0ken"


def test_a_client_who_writes_is_told_as_recorded(line):
    line.listen()
    line.outside.answer_as_client(OKSANA.phone, "Здравствуйте", ID)
    told, theirs = line.told("incomingMessageReceived"), recorded("webhook.incoming.text")
    assert told.keys() == theirs.keys()
    assert told["senderData"].keys() == theirs["senderData"].keys()
    assert told["messageData"] == {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Здравствуйте"}}


def test_a_client_under_a_lid_is_told_with_the_phone_as_the_sender(line):
    line.listen()
    line.outside.answer_as_client(RUSTAM.phone, "Салом", ID)
    sender = line.told("incomingMessageReceived")["senderData"]
    assert (sender["chatId"], sender["sender"]) == (RUSTAM.lid, "998901234567@c.us")


def test_a_message_by_the_api_is_told_and_how_far_it_got(line):
    line.listen()
    sent = line.call("sendMessage", chatId=CHAT, message="Смета готова")["idMessage"]
    assert line.told("outgoingAPIMessageReceived").keys() == recorded("webhook.outgoingAPIMessageReceived").keys()
    for status in ("sent", "delivered"):
        told = line.told("outgoingMessageStatus", status=status, idMessage=sent)
        assert told.keys() >= recorded("webhook.outgoingMessageStatus").keys()


def test_no_account_is_told_even_where_statuses_are_switched_off(line):
    line.listen("outgoingWebhook")
    sent = line.call("sendMessage", chatId=NOBODY, message="x")["idMessage"]
    line.told("outgoingMessageStatus", status="noAccount", idMessage=sent)


def test_what_is_switched_off_is_not_told(line):
    line.listen("incomingWebhook", "editedMessageWebhook")
    line.outside.answer_as_client(OKSANA.phone, "Здравствуйте", ID)
    sent = line.call("sendMessage", chatId=CHAT, message="x")["idMessage"]
    line.call("editMessage", chatId=CHAT, idMessage=sent, message="y")
    line.told("outgoingMessageStatus", status="delivered")
    assert "incomingMessageReceived" not in line.kinds()
    assert line.kinds().count("outgoingAPIMessageReceived") == 1


def test_changes_of_a_message_are_told_by_its_id(line):
    line.listen()
    sent = line.call("sendMessage", chatId=CHAT, message="x")["idMessage"]
    line.call("editMessage", chatId=CHAT, idMessage=sent, message="y")
    line.call("sendReaction", chatId=CHAT, idMessage=sent, reaction="👍")
    wanted = {"editedMessage": "editedMessageData", "reactionMessage": "quotedMessage"}
    for kind, part in wanted.items():
        told = line.receiver.wait_for(lambda one, kind=kind: one.json.get("messageData", {}).get("typeMessage") == kind)
        assert told.json["messageData"][part]["stanzaId"] == sent


def test_a_yellow_card_is_told_of_the_line_and_of_each_message(line):
    line.listen()
    line.by_hand(yellow=True)
    line.told("stateInstanceChanged", stateInstance="yellowCard")
    sent = line.call("sendMessage", chatId=CHAT, message="x")["idMessage"]
    line.told("outgoingMessageStatus", status="yellowCard", idMessage=sent)


def test_a_report_that_was_not_taken_comes_again(line):
    line.receiver.answers += [401, 500, 503]
    line.by_hand(retry_seconds=0.05)
    line.listen()
    line.told("stateInstanceChanged", stateInstance="authorized")
    line.receiver.wait_for(lambda _: line.kinds().count("stateInstanceChanged") >= 5)
    bodies = [one.body for one in line.receiver.reported]
    assert len(bodies) > len(set(bodies))
