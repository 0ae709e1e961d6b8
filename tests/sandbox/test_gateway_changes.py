"""What can be done to a line and its messages: files, edits, reactions, receipts, another
configuration."""

from base64 import b64encode

import pytest

from sandbox import people
from sandbox.gateway.media import opus
from sandbox.people import API_KEY, GREEN_IDS, INSTANCES
from tests.sandbox.apps import new_gateway

ORDERS = "79261112233@c.us"
NOW = 1_795_000_000.0
OTHERS = [*INSTANCES, *GREEN_IDS]


@pytest.fixture
def web():
    return new_gateway(lambda: NOW)


@pytest.fixture
def call(web):
    def call(method, path, body=None, **query):
        return web.open(path, method=method, json=body, query_string=query, headers={"X-Api-Key": API_KEY})

    return call


@pytest.fixture
def send(call):
    def send(text="Добрый день!", chat_id=ORDERS, session="sales", **more):
        return call("POST", "/api/sendText", {"session": session, "chatId": chat_id, "text": text, **more})

    return send


@pytest.fixture
def hear(web, call):
    """The client writes; gives the message as WAHA has it."""

    def hear(text, session="sales"):
        said = {"session": session, "phone": "79261112233", "text": text}
        name = web.post("/_sandbox/answer", json=said).json["id"]
        return call("GET", f"/api/{session}/chats/{ORDERS}/messages/{name}").json

    return hear


@pytest.fixture
def newest(call):
    return lambda: call("GET", f"/api/sales/chats/{ORDERS}/messages", limit=1).json[0]


def message_path(name):
    return f"/api/sales/chats/{ORDERS}/messages/{name}"


# Messages.


def test_a_sent_file_has_its_content_its_name_and_its_words(call, newest):
    file = {"mimetype": "application/pdf", "filename": "КП.pdf", "data": b64encode(b"%PDF").decode()}
    body = {"session": "sales", "chatId": ORDERS, "file": file, "caption": "Наше предложение"}
    assert call("POST", "/api/sendFile", body).status_code == 201
    message = newest()
    assert (message["body"], message["media"]["filename"]) == ("Наше предложение", "КП.pdf")
    path = message["media"]["url"].removeprefix("http://localhost:3000")
    assert call("GET", path).data == b"%PDF"


@pytest.mark.parametrize("file", [None, {}, {"mimetype": "a/b"}, {"mimetype": "a/b", "data": "не base64"}])
def test_a_file_that_cannot_be_read_is_not_sent(call, file):
    body = {"session": "sales", "chatId": ORDERS, "file": file}
    assert call("POST", "/api/sendFile", body).status_code == 400
    assert call("GET", f"/api/sales/chats/{ORDERS}/messages", limit=1).json == []


def test_a_voice_must_say_whether_it_is_to_be_converted(call):
    file = {"mimetype": "audio/ogg", "data": ""}
    body = {"session": "sales", "chatId": ORDERS, "file": file}
    assert call("POST", "/api/sendVoice", body).status_code == 400
    assert call("POST", "/api/sendVoice", {**body, "convert": False}).status_code == 201


@pytest.mark.parametrize(
    ("mimetype", "content", "convert", "plays"),
    [
        (opus.MIMETYPE, opus.silence(2), False, True),
        ("audio/ogg", opus.silence(2), False, False),  # the type that came goes on
        (opus.MIMETYPE, b"\x1aE\xdf\xa3 webm", False, False),
        ("audio/webm", b"\x1aE\xdf\xa3 webm", True, True),
    ],
)
def test_a_voice_arrives_as_it_was_sent_and_not_every_phone_can_play_it(call, mimetype, content, convert, plays):
    file = {"mimetype": mimetype, "data": b64encode(content).decode()}
    body = {"session": "sales", "chatId": ORDERS, "file": file, "convert": convert}
    assert call("POST", "/api/sendVoice", body).status_code == 201
    (note,) = call("GET", "/_sandbox/arrived", session="sales", phone=people.ORDERS_MOSCOW.phone).json
    assert (note["voice"], note["plays"]) == (True, plays)


def test_a_message_is_edited_and_taken_back_under_its_own_id(call, send, newest):
    name = send().json["id"]
    assert call("PUT", message_path(name), {"text": "Добрый вечер!"}).status_code == 200
    assert newest()["body"] == "Добрый вечер!"
    assert call("DELETE", message_path(name)).status_code == 200
    assert (newest()["id"], newest()["body"]) == (name, "")


def test_nobody_changes_what_another_wrote(call, hear, newest):
    name = hear("Спасибо")["id"]
    assert call("PUT", message_path(name), {"text": "x"}).status_code == 500
    assert call("DELETE", message_path(name)).status_code == 500
    assert newest()["body"] == "Спасибо"
    assert call("PUT", message_path("true_x_3EB0"), {"text": "x"}).status_code == 404


def test_a_reaction_is_the_last_one_and_an_empty_one_takes_it_back(call, hear, newest):
    name = hear("Спасибо")["id"]
    for emoji, left in (("👍", ["👍"]), ("🙏", ["🙏"]), ("", None)):
        body = {"session": "sales", "messageId": name, "reaction": emoji}
        assert call("PUT", "/api/reaction", body).status_code == 200
        reactions = newest()["_data"].get("reactions")
        assert (reactions and [one["text"] for one in reactions]) == left


def test_only_the_named_messages_are_read(web, call, hear):
    first, second = hear("раз")["id"], hear("два")["id"]
    seen = {"session": "sales", "chatId": ORDERS, "messageIds": [first]}
    assert call("POST", "/api/sendSeen", seen).status_code == 201
    shown = web.get("/phone/chat?client=79261112233&line=sales").text
    assert shown.count("is-read") == 1
    assert call("POST", f"/api/sales/chats/{ORDERS}/messages/read").json == {"ids": [second]}
    assert call("POST", f"/api/sales/chats/{ORDERS}/messages/read").json == {"ids": []}


# The client's phone.


def test_the_client_reacts_and_takes_back_what_they_wrote(web, send, hear, newest):
    where = "client=79261112233&line=sales"
    ours = send().json["id"].rpartition("_")[2]
    assert web.post(f"/phone/messages/{ours}?{where}", data={"do": "react"}).status_code == 303
    assert newest()["_data"]["reactions"][0]["text"] == "👍"
    assert web.post(f"/phone/messages/{ours}?{where}", data={"do": "unreact"}).status_code == 303
    assert "reactions" not in newest()["_data"]
    assert web.post(f"/phone/messages/{ours}?{where}", data={"do": "delete"}).status_code == 400
    theirs = hear("ошибся чатом")["id"].rpartition("_")[2]
    assert web.post(f"/phone/messages/{theirs}?{where}", data={"do": "delete"}).status_code == 303
    assert newest()["body"] == ""
    assert web.post(f"/phone/messages/nope?{where}", data={"do": "react"}).status_code == 404


# The line.


def test_a_pairing_code_is_given_only_while_the_line_waits_for_it(call):
    body = {"phoneNumber": "79638477314"}
    given = call("POST", "/api/archive/auth/request-code", body)
    assert (given.status_code, len(given.json["code"])) == (201, 9)
    assert call("POST", "/api/sales/auth/request-code", body).status_code == 422
    assert call("POST", "/api/nope/auth/request-code", body).status_code == 404


def test_a_new_configuration_is_the_whole_of_it(call):
    hook = {"url": "http://127.0.0.1:1/", "events": ["message"]}
    put = call("PUT", "/api/sessions/support", {"config": {"webhooks": [hook]}})
    assert (put.status_code, put.json["status"]) == (200, "WORKING")
    config = call("GET", "/api/sessions/support").json["config"]
    assert config["webhooks"] == [hook]
    assert "noweb" not in config  # what is left out is gone


@pytest.mark.parametrize("config", [[], "x", {"webhooks": {}}, {"webhooks": [5]}, {"webhooks": [{"url": "x"}]}])
def test_a_configuration_that_cannot_be_read_changes_nothing(call, config):
    assert call("PUT", "/api/sessions/support", {"config": config}).status_code == 400
    assert "noweb" in call("GET", "/api/sessions/support").json["config"]


def test_a_reset_forgets_configurations_and_restrictions(web, call):
    call("PUT", "/api/sessions/support", {"config": {"webhooks": [{"url": "http://127.0.0.1:1/", "events": []}]}})
    web.post("/_sandbox/restrict/support", json={"capped": True})
    web.post("/_sandbox/reset")
    after = call("GET", "/api/sessions/support").json
    assert (after["config"]["webhooks"], after["me"]["messageCapping"]) == ([], None)
    assert "noweb" in after["config"]


def test_a_restricted_line_begins_no_chat_until_the_time_is_over(web, call, send):
    assert web.post("/_sandbox/restrict/sales", json={"until": NOW + 60}).status_code == 200
    lock = call("GET", "/api/sessions/sales").json["me"]["reachoutTimelock"]
    assert (lock["isActive"], lock["timeEnforcementEnds"]) == (True, int(NOW) + 60)
    refused = send()
    assert (refused.status_code, refused.json["exception"]["message"]) == (500, "server returned error 463")
    assert send(chat_id="79619510000@c.us").status_code == 201
    web.post("/_sandbox/restrict/sales", json={"until": NOW - 1})
    assert send().status_code == 201


@pytest.mark.parametrize(
    ("name", "body", "status"), [("nope", {}, 404), ("sales", [], 400), ("sales", {"until": "x"}, 400)]
)
def test_a_restriction_that_cannot_be_read_is_refused(web, name, body, status):
    assert web.post(f"/_sandbox/restrict/{name}", json=body).status_code == status


def test_the_page_restricts_a_line_and_frees_it_again(web, call):
    for what, words in (("until", "новых чатов нет до"), ("capped", "лимит новых чатов исчерпан")):
        web.post("/_sandbox/restrict/sales", data={"what": what})
        assert words in web.get("/").text
    web.post("/_sandbox/restrict/sales", data={"what": "over"})
    assert "исчерпан" not in web.get("/").text
    assert web.post("/_sandbox/restrict/sales", data={"what": "x"}).status_code == 400


def test_the_page_shows_the_lines_of_every_protocol(web):
    page = web.get("/").text
    for words in ("Отдел продаж", "Филиал", "Выездные замеры", "WAHA", "Evolution API", "GREEN-API"):
        assert words in page


@pytest.mark.parametrize("name", OTHERS)
def test_a_line_of_another_protocol_does_not_exist_for_wahas(web, call, send, name):
    assert call("GET", f"/api/sessions/{name}").status_code == 404
    assert call("PUT", f"/api/sessions/{name}", {"config": {}}).status_code == 404
    assert call("GET", f"/api/{name}/chats").status_code == 422
    assert send(session=name).status_code == 422
    assert name not in [line["name"] for line in call("GET", "/api/sessions", all="true").json]


@pytest.mark.parametrize("name", OTHERS)
def test_a_client_can_write_to_a_line_of_any_protocol(web, name):
    said = {"session": name, "phone": "79261112233", "text": "Здравствуйте"}
    assert web.post("/_sandbox/answer", json=said).status_code == 200
    assert "Здравствуйте" in web.get(f"/phone?client=79261112233&line={name}").text
