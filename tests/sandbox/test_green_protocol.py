"""The simulated GREEN-API: its answers and refusals, its queue, its journals, held against the
recorded payloads."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.people import API_KEY, OKSANA, RUSTAM
from tests.sandbox.apps import new_gateway

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "gateways" / "green-api"
ID = "1101000001"
CHAT, NOBODY = "380671234567@c.us", "79123456789@c.us"


class Clock:
    now = 1_795_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def web(clock):
    return new_gateway(clock)


@pytest.fixture
def ask(web):
    def ask(method, body=None, *, instance=ID, token=API_KEY, **query):
        path = f"/waInstance{instance}/{method}/{token}"
        return web.open(path, method="GET" if body is None else "POST", json=body, query_string=query)

    return ask


def recorded(name: str) -> Any:
    path = REFERENCE / f"{name}.json"
    if not path.exists():
        pytest.skip("the recorded payloads of GREEN-API are not beside this checkout")
    return json.loads(path.read_text())


def shape(value: Any) -> Any:
    """The structure without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value).__name__


def by_hand(web, **said):
    assert web.post(f"/_sandbox/green/{ID}", json=said).status_code == 200


def switch(web, status):
    assert web.post(f"/_sandbox/sessions/{ID}", json={"status": status}).status_code == 200


# Refusals.


def test_a_wrong_token_gets_an_empty_401_and_a_wrong_instance_a_403(ask):
    refused = ask("getStateInstance", token="wrong")
    assert (refused.status_code, refused.data) == (401, b"")
    assert ask("getStateInstance", instance="1101999999").status_code == 403
    assert ask("getStateInstance", instance="sales").status_code == 403


def test_a_wrong_http_method_and_an_unknown_one_are_404(ask):
    assert ask("sendMessage").status_code == 404
    assert ask("getStateInstance", {}).status_code == 404
    assert ask("noSuchMethod").status_code == 404


def test_a_used_up_plan_is_said_as_recorded(web, ask):
    web.post("/_sandbox/faults", json={"fault": "quota", "match": "checkWhatsapp"})
    refused = ask("checkWhatsapp", {"chatId": CHAT})
    assert refused.status_code == 466
    assert shape(refused.json) == shape(recorded("error.466"))
    assert ask("checkWhatsapp", {"chatId": CHAT}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"chatId": ""}, {"chatId": "123"}, {"phoneNumber": 12345}, {"chatId": "x@c.us"}])
def test_a_bad_number_is_said_in_words(ask, body):
    refused = ask("checkWhatsapp", body)
    assert (refused.status_code, refused.text) == (400, "bad phone number, valid from 11 to 16 digits")


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("sendMessage", {}),
        ("sendMessage", {"chatId": CHAT}),
        ("sendMessage", {"chatId": "x", "message": "x"}),
        ("sendMessage", {"chatId": CHAT, "message": "x" * 20_001}),
        ("getChatHistory", {"chatId": CHAT, "count": 0}),
        ("getMessage", {"chatId": CHAT, "idMessage": "nobody"}),
        ("sendTyping", {"chatId": CHAT, "typingTime": 500}),
        ("downloadFile", {"chatId": CHAT, "idMessage": "nobody"}),
        ("editMessage", []),
    ],
)
def test_what_cannot_be_done_is_a_400(ask, method, body):
    assert ask(method, body).status_code == 400


def test_the_limits_of_a_second_hold_once_they_are_switched_on(web, ask, clock):
    by_hand(web, limits=True)
    statuses = [ask("getChatHistory", {"chatId": CHAT}).status_code for _ in range(2)]
    clock.now += 1
    assert [*statuses, ask("getChatHistory", {"chatId": CHAT}).status_code] == [200, 429, 200]
    assert [ask("checkWhatsapp", {"chatId": CHAT}).status_code for _ in range(11)][-2:] == [200, 429]


# The account.


def test_the_state_is_said_as_recorded_in_every_state(web, ask):
    assert ask("getStateInstance").json == recorded("getStateInstance")
    said = []
    for status in ("SCAN_QR_CODE", "STARTING", "STOPPED", "FAILED"):
        switch(web, status)
        said.append(ask("getStateInstance").json["stateInstance"])
    assert said == ["notAuthorized", "starting", "sleepMode", "blocked"]


def test_a_yellow_card_shows_in_the_state(web, ask):
    by_hand(web, yellow=True)
    assert ask("getStateInstance").json == {"stateInstance": "yellowCard"}


def test_a_check_answers_as_recorded_with_what_the_newer_version_adds(ask):
    answer = ask("checkWhatsapp", {"chatId": RUSTAM.lid}).json
    assert answer.items() >= {"existsWhatsapp": True, "chatId": RUSTAM.lid, "phoneNumber": 998901234567}.items()
    assert answer.keys() >= recorded("checkWhatsapp.response").keys()
    assert ask("checkWhatsapp", {"phoneNumber": 998901234567}).json == answer
    assert ask("checkWhatsapp", {"chatId": NOBODY}).json == {"existsWhatsapp": False}


# The queue.


def test_a_message_is_sent_at_once_where_the_account_may(ask, clock):
    sent = ask("sendMessage", {"chatId": CHAT, "message": "Добрый день!"}).json
    assert shape(sent) == shape(recorded("sendMessage.response"))
    asked = {"chatId": CHAT, **sent}
    assert ask("getMessage", asked).json["statusMessage"] == "sent"
    clock.now += 5
    assert ask("getMessage", asked).json["statusMessage"] == "delivered"


def test_what_waits_is_kept_in_order_for_a_day_and_no_longer(web, ask, clock):
    switch(web, "SCAN_QR_CODE")
    ask("sendMessage", {"chatId": CHAT, "message": "вчера"})
    clock.now += 86_400
    for text in ("раз", "два"):
        ask("sendMessage", {"chatId": CHAT, "message": text})
    waiting = ask("getChatHistory", {"chatId": CHAT, "count": 3}).json
    assert [item["statusMessage"] for item in waiting[:2]] == ["pending"] * 2
    switch(web, "WORKING")
    newest = ask("getChatHistory", {"chatId": CHAT, "count": 3}).json
    assert [item["textMessage"] for item in newest][:2] == ["два", "раз"]
    assert newest[2]["textMessage"] != "вчера"


def test_a_yellow_card_holds_the_queue_until_it_is_over(web, ask):
    by_hand(web, yellow=True)
    asked = {"chatId": CHAT, **ask("sendMessage", {"chatId": CHAT, "message": "x"}).json}
    assert ask("getMessage", asked).json["statusMessage"] == "pending"
    by_hand(web, yellow=False)
    assert ask("getMessage", asked).json["statusMessage"] == "sent"


def test_a_number_without_whatsapp_is_found_out_later(ask):
    for _ in range(2):
        asked = {"chatId": NOBODY, **ask("sendMessage", {"chatId": NOBODY, "message": "x"}).json}
        assert ask("getMessage", asked).json["statusMessage"] == "noAccount"


@pytest.mark.parametrize(("fault", "status"), [("ack_error", "failed"), ("ack_pending", "pending")])
def test_a_message_can_be_made_to_hang_or_to_fail(web, ask, fault, status):
    web.post("/_sandbox/faults", json={"fault": fault, "match": "sendMessage"})
    asked = {"chatId": CHAT, **ask("sendMessage", {"chatId": CHAT, "message": "x"}).json}
    assert ask("getMessage", asked).json["statusMessage"] == status


def test_a_reset_empties_the_queue(web, ask):
    switch(web, "SCAN_QR_CODE")
    ask("sendMessage", {"chatId": CHAT, "message": "никогда"})
    web.post("/_sandbox/reset")
    switch(web, "WORKING")
    assert ask("getChatHistory", {"chatId": CHAT, "count": 1}).json[0].get("textMessage") != "никогда"


# Journals and files.


def test_the_line_has_a_long_chat_with_a_picture_and_one_under_a_lid(ask):
    history = ask("getChatHistory", {"chatId": CHAT, "count": 1000}).json
    assert len(history) == 40
    assert "imageMessage" in {item["typeMessage"] for item in history}
    assert [item["timestamp"] for item in history] == sorted((item["timestamp"] for item in history), reverse=True)
    assert len(ask("getChatHistory", {"chatId": RUSTAM.lid}).json) == 8
    assert ask("getChatHistory", {"chatId": "998901234567@c.us"}).json == []  # one id, one journal


def test_items_have_all_that_recorded_ones_have(ask):
    mine = ask("getChatHistory", {"chatId": CHAT, "count": 1000}).json
    for theirs in recorded("getChatHistory.response"):
        same = [one for one in mine if one["type"] == theirs["type"] and one["typeMessage"] == theirs["typeMessage"]]
        assert same
        assert all(one.keys() >= theirs.keys() for one in same)


def test_the_last_messages_are_those_of_the_asked_minutes(web, ask, clock):
    web.post("/_sandbox/answer", json={"session": ID, "phone": OKSANA.phone, "text": "Новое"})
    clock.now += 600
    assert "Новое" in [item.get("textMessage") for item in ask("lastIncomingMessages", minutes=11).json]
    assert ask("lastIncomingMessages", minutes=9).json == []


def test_an_uploaded_file_is_served_to_whoever_has_its_address(web, ask):
    form = {"chatId": CHAT, "fileName": "смета.pdf", "file": (io.BytesIO(b"%PDF"), "смета.pdf"), "caption": "Смета"}
    sent = web.post(f"/waInstance{ID}/sendFileByUpload/{API_KEY}", data=form).json
    url = ask("downloadFile", {"chatId": CHAT, "idMessage": sent["idMessage"]}).json["downloadUrl"]
    assert API_KEY not in url
    answer = web.get(url)
    assert (answer.data, answer.mimetype) == (b"%PDF", "application/pdf")
    assert web.get(f"/download/{ID}/no-such-file.png").status_code == 404
