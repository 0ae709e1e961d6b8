"""The simulated Evolution answers as the real one did: held against what was measured on 2.3.6,
where it is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.people import API_KEY, JOAO, RUSTAM
from tests.sandbox.apps import new_gateway

MEASURED = Path(__file__).parents[2].parent / "shared" / "reference" / "gateways" / "evolution"
OLEG = "79241234567@s.whatsapp.net"
LID = RUSTAM.lid
NOW = 1_795_000_000.0


@pytest.fixture
def web():
    return new_gateway(lambda: NOW)


@pytest.fixture
def ask(web):
    def ask(path, body=None, *, method="", key=API_KEY, status=""):
        if status:
            web.post("/_sandbox/sessions/branch", json={"status": status})
        method = method or ("GET" if body is None else "POST")
        return web.open(path, method=method, json=body, headers={"apikey": key} if key else {})

    return ask


def measured(name: str) -> Any:
    path = MEASURED / f"measured.{name}.json"
    if not path.exists():
        pytest.skip("the measured payloads of Evolution are not beside this checkout")
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("bad-key", "WORKING"),
        ("unknown-state", "WORKING"),
        ("unknown-check", "WORKING"),
        ("no-key", "WORKING"),
        ("not-found-route", "WORKING"),
        ("check-bad-type", "WORKING"),
        ("check-dup", "WORKING"),
        ("check-empty", "WORKING"),
        ("check-nobody", "WORKING"),
        ("check-lid", "WORKING"),
        ("check-before-connect", "STOPPED"),
        ("check-connecting", "FAILED"),
        ("check-cached-gb", "FAILED"),
        ("check-plus", "FAILED"),
        ("send-connecting", "FAILED"),
        ("send-missing-number", "WORKING"),
        ("send-missing-text", "WORKING"),
        ("presence", "FAILED"),
        ("presence-docs-shape", "WORKING"),
        ("markread", "FAILED"),
        ("react", "FAILED"),
        ("edit", "WORKING"),
        ("delete", "WORKING"),
        ("media-bad", "WORKING"),
        ("logout", "FAILED"),
        ("state", "FAILED"),
        ("connect", "STOPPED"),
        ("messages-empty", "WORKING"),
    ],
)
def test_an_answer_is_the_measured_one(ask, name, status):
    wanted = measured(name)
    request = wanted["request"]
    path = request["path"].replace("/line1", "/branch")
    path = "/instance/" + path.strip("/") if name == "not-found-route" else path
    known = name not in ("bad-key", "no-key")
    number = "447911123456" if name == "media-bad" else None
    body = {**request["body"], "number": number} if number else request["body"]
    got = ask(path, body, method=request["method"], key=API_KEY if known else "", status=status)
    assert got.status_code == wanted["status"]
    said = json.dumps(got.json).replace("branch", "line1").replace("/instance/nope", "/nope")
    assert json.loads(said) == wanted["body"]


@pytest.mark.parametrize(
    ("name", "path", "inside"),
    [
        ("fetch-one", "/instance/fetchInstances", lambda body: body[0]),
        ("chats-take1", "/chat/findChats/branch", lambda body: body[0]),
        ("history-p1", "/chat/findMessages/branch", lambda body: body["messages"]["records"][0]),
        ("webhook-set", "/webhook/set/branch", lambda body: body),
    ],
)
def test_an_answer_has_the_fields_of_the_measured_one(ask, name, path, inside):
    wanted = measured(name)
    body = json.loads(json.dumps(wanted["request"]["body"]).replace("447700900000@s.whatsapp.net", OLEG))
    got = ask(path, body, method=wanted["request"]["method"])
    assert got.status_code == wanted["status"]
    odd = {"Chatwoot", "Proxy", "Rabbitmq", "Nats", "Sqs", "Websocket", "businessId", "createdAt", "updatedAt"}
    assert inside(wanted["body"]).keys() - inside(got.json).keys() <= odd


def find(ask, where=None, **more):
    return ask("/chat/findMessages/branch", {**({"where": where} if where else {}), **more}).json["messages"]


def test_a_page_is_as_long_as_offset_says_and_limit_says_nothing(ask):
    where = {"key": {"remoteJid": OLEG}}
    page = find(ask, where, offset=7, page=2, limit=3)
    assert (page["total"], page["pages"], page["currentPage"], len(page["records"])) == (60, 9, 2, 7)
    assert len(find(ask, where)["records"]) == 50


def test_messages_are_newest_first_and_page_follows_page(ask):
    where = {"key": {"remoteJid": OLEG}}
    times = [record["messageTimestamp"] for n in (1, 2, 3) for record in find(ask, where, offset=20, page=n)["records"]]
    assert len(times) == 60
    assert times == sorted(times, reverse=True)


def test_no_question_gives_the_messages_of_every_chat(ask):
    everything = find(ask, offset=1000)
    assert len({record["key"]["remoteJid"] for record in everything["records"]}) > 3


def test_from_me_false_is_ignored_and_true_is_not(ask):
    every, ours = (find(ask, {"key": {"remoteJid": OLEG, "fromMe": ours}})["total"] for ours in (False, True))
    assert 0 < ours < every == 60


def test_one_bound_of_time_is_no_bound(ask):
    key = {"remoteJid": OLEG}
    middle = find(ask, {"key": key})["records"][29]["messageTimestamp"]
    until = datetime.fromtimestamp(middle, UTC).isoformat().replace("+00:00", "Z")
    assert find(ask, {"key": key, "messageTimestamp": {"lte": until}})["total"] == 60
    both = find(ask, {"key": key, "messageTimestamp": {"gte": "1970-01-01T00:00:00Z", "lte": until}})
    assert both["total"] <= 31


def test_a_chat_under_a_lid_is_found_by_the_lid_or_by_the_other_id_and_not_by_the_phone(ask):
    phone = "998901234567@s.whatsapp.net"
    assert find(ask, {"key": {"remoteJid": phone}})["total"] == 0
    assert find(ask, {"key": {"remoteJid": LID}})["total"] == RUSTAM.chat
    assert find(ask, {"key": {"remoteJidAlt": phone}})["total"] == RUSTAM.chat
    assert find(ask, {"key": {"remoteJid": phone, "remoteJidAlt": phone}})["total"] == RUSTAM.chat


def test_histories_are_read_without_a_connection_too(ask):
    assert ask("/chat/findChats/branch", {}, status="FAILED").json
    assert find(ask, {"key": {"remoteJid": OLEG}})["total"] == 60


def test_one_number_that_is_not_cached_spoils_the_batch_of_a_closed_line(ask):
    numbers = [JOAO.phone.lstrip("+")]
    path = "/chat/whatsappNumbers/branch"
    assert ask(path, {"numbers": numbers}).json[0]["jid"] == "553188887777@s.whatsapp.net"
    assert ask(path, {"numbers": numbers}, status="FAILED").json[0]["exists"] is True
    both = ask(path, {"numbers": [*numbers, "79261112233"]})
    assert (both.status_code, both.json["output"]["statusCode"]) == (400, 428)


def test_nothing_but_a_yes_of_three_countries_is_cached(ask):
    path, numbers = "/chat/whatsappNumbers/branch", {"numbers": ["79261112233"]}
    assert ask(path, numbers).json[0]["exists"]
    assert ask(path, numbers, status="FAILED").status_code == 400


def test_a_send_checks_the_number_and_makes_its_own_id(ask):
    sent = ask("/message/sendText/branch", {"number": OLEG, "text": "hi", "id": "OURS"})
    assert (sent.status_code, sent.json["status"]) == (201, "PENDING")
    assert sent.json["key"]["id"] != "OURS"
    nobody = ask("/message/sendText/branch", {"number": "79123456789", "text": "hi"})
    assert nobody.status_code == 400
    assert nobody.json["response"]["message"][0]["exists"] is False


def test_receipts_for_a_chat_under_a_lid_are_left_out_and_called_a_success(ask, web):
    web.post("/_sandbox/answer", json={"session": "branch", "phone": RUSTAM.phone, "text": "?"})
    key = find(ask, {"key": {"remoteJid": LID}})["records"][0]["key"]
    done = ask("/chat/markMessageAsRead/branch", {"readMessages": [key]})
    assert (done.status_code, done.json["read"]) == (201, "success")
    unread = {chat["remoteJid"]: chat["unreadCount"] for chat in ask("/chat/findChats/branch", {}).json}
    assert unread[LID] == 1


@pytest.mark.parametrize("path", ["/instance/connectionState/sales", "/chat/findChats/1101000001"])
def test_lines_of_other_protocols_are_no_instances(ask, path):
    assert ask(path, {} if "find" in path else None).status_code == 404


def test_a_restricted_line_takes_messages_for_new_chats_and_they_fail(web, ask):
    web.application.extensions["gateway"].state.restrict("branch", capped=True)
    for number, fails in (("79261112233", True), (OLEG, False)):
        sent = ask("/message/sendText/branch", {"number": number, "text": "hi"})
        assert sent.status_code == 201
        [record] = find(ask, {"key": {"id": sent.json["key"]["id"]}})["records"]
        assert ({"status": "ERROR"} in record["MessageUpdate"]) is fails
