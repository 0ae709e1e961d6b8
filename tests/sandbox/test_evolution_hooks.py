"""The simulated Evolution reports as the real one does, over a real socket."""

import pytest

from sandbox.people import API_KEY, OLEG, RUSTAM
from tests.gateways.receiver import receiving

EVENTS = [
    *("MESSAGES_UPSERT", "SEND_MESSAGE", "MESSAGES_UPDATE", "MESSAGES_EDITED", "MESSAGES_DELETE"),
    "CONNECTION_UPDATE",
]
CHAT = "79241234567@s.whatsapp.net"


@pytest.fixture
def post(outside):
    def post(path, body, method="POST"):
        request = {"json": body, "headers": {"apikey": API_KEY}}
        return outside.http.request(method, f"{outside.gateway}{path}", **request).raise_for_status().json()

    return post


@pytest.fixture
def receiver(post):
    with receiving() as receiver:
        webhook = {"enabled": True, "url": receiver.url, "headers": {"X-Token": "s3cret"}, "events": EVENTS}
        post("/webhook/set/branch", {"webhook": webhook})
        yield receiver


def called(name):
    return lambda report: report.json["event"] == name


def test_a_report_carries_the_headers_as_they_were_set_and_no_signature(receiver, outside):
    outside.answer_as_client(OLEG.phone, "Здравствуйте", "branch")
    report = receiver.wait_for(called("messages.upsert"))
    assert report.headers["X-Token"] == "s3cret"
    assert (report.json["instance"], report.json["destination"]) == ("branch", receiver.url)
    assert report.json["data"]["message"] == {"conversation": "Здравствуйте"}
    assert report.json["data"]["key"] | {"id": ""} == {"id": "", "fromMe": False, "remoteJid": CHAT}


def test_a_client_under_a_lid_is_reported_with_both_ids_until_a_version_that_loses_one(receiver, outside):
    outside.answer_as_client(RUSTAM.phone, "Салом", "branch")
    key = receiver.wait_for(called("messages.upsert")).json["data"]["key"]
    assert (key["remoteJid"], key["remoteJidAlt"]) == ("998901234567@s.whatsapp.net",) * 2
    receiver.reported.clear()
    outside.set_up("branch", version="2.3.6")
    outside.answer_as_client(RUSTAM.phone, "Салом", "branch")
    key = receiver.wait_for(called("messages.upsert")).json["data"]["key"]
    assert (key["remoteJid"], key["remoteJidAlt"]) == (RUSTAM.lid, "998901234567@s.whatsapp.net")


def test_what_was_sent_changed_and_taken_back_is_reported(receiver, post, outside):
    outside.set_up("branch", version="2.3.6")
    sent = post("/message/sendText/branch", {"number": CHAT, "text": "Смета"})
    assert receiver.wait_for(called("send.message")).json["data"]["key"] == sent["key"]
    assert receiver.wait_for(called("messages.update")).json["data"]["keyId"] == sent["key"]["id"]
    post("/chat/updateMessage/branch", {"number": CHAT, "text": "Смета 2", "key": sent["key"]})
    edited = receiver.wait_for(called("messages.edited")).json["data"]
    assert (edited["key"]["id"], edited["editedMessage"]) == (sent["key"]["id"], {"conversation": "Смета 2"})
    post("/chat/deleteMessageForEveryone/branch", sent["key"], "DELETE")
    assert receiver.wait_for(called("messages.delete")).json["data"]["id"] == sent["key"]["id"]


@pytest.mark.parametrize("status", [500, 503, 302, 429])
def test_a_refused_report_comes_again(receiver, outside, status):
    receiver.answers += [status, status]
    outside.answer_as_client(OLEG.phone, "раз", "branch")
    receiver.wait_for(lambda _: len(receiver.reported) >= 3)
    assert len({report.body for report in receiver.reported}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_report_that_was_refused_for_good_never_comes_again(receiver, outside, status):
    receiver.answers.append(status)
    outside.answer_as_client(OLEG.phone, "раз", "branch")
    outside.answer_as_client(OLEG.phone, "два", "branch")
    receiver.wait_for(lambda report: "два" in report.body.decode())
    said = [report.json["data"]["message"]["conversation"] for report in receiver.reported]
    assert said == ["раз", "два"]


def test_a_refused_report_comes_after_a_younger_one(receiver, outside):
    def refuse_when_there_is_a_younger_one():
        outside.answer_as_client(OLEG.phone, "два", "branch")
        return 500

    receiver.answers.append(refuse_when_there_is_a_younger_one)
    outside.answer_as_client(OLEG.phone, "раз", "branch")
    receiver.wait_for(lambda _: len(receiver.reported) >= 3)
    said = [report.json["data"]["message"]["conversation"] for report in receiver.reported]
    assert said == ["раз", "два", "раз"]


def test_a_line_without_network_floods(receiver, outside):
    outside.http.post(f"{outside.gateway}/_sandbox/evolution/branch", json={"flood": 50}).raise_for_status()
    receiver.wait_for(lambda _: len(receiver.reported) >= 50)
    assert {report.json["event"] for report in receiver.reported} == {"connection.update"}


def test_events_that_nobody_asked_for_are_not_reported(receiver, post, outside):
    webhook = {"enabled": True, "url": receiver.url, "events": ["SEND_MESSAGE"]}
    post("/webhook/set/branch", {"webhook": webhook})
    outside.answer_as_client(OLEG.phone, "раз", "branch")
    post("/message/sendText/branch", {"number": CHAT, "text": "два"})
    receiver.wait_for(called("send.message"))
    assert [report.json["event"] for report in receiver.reported] == ["send.message"]


def test_a_reset_forgets_the_webhook(receiver, outside):
    outside.reset()
    asked = outside.http.get(f"{outside.gateway}/webhook/find/branch", headers={"apikey": API_KEY})
    assert asked.json() is None
