"""What happens to a message: sent once, delivered, read on the client's phone, answered."""

from html import unescape

import pytest

from sandbox.people import API_KEY
from tests.sandbox.apps import new_gateway

ORDERS = "79261112233@c.us"


class Clock:
    """Time that a test moves."""

    now = 1_795_000_000.0

    def __call__(self):
        return self.now


class Line:
    """The line `sales` as a product uses it, and the clients' phones at the other end."""

    def __init__(self):
        self.clock = Clock()
        self.web = new_gateway(self.clock)

    def call(self, path, body=None, **query):
        method = "GET" if body is None else "POST"
        return self.web.open(path, method=method, json=body, query_string=query, headers={"X-Api-Key": API_KEY})

    def send(self, text="Добрый день!", chat_id=ORDERS, **more):
        return self.call("/api/sendText", {"session": "sales", "chatId": chat_id, "text": text, **more})

    def messages(self, chat_id=ORDERS):
        return self.call(f"/api/sales/chats/{chat_id}/messages", limit=500, sortOrder="asc").json

    def ack(self, chat_id=ORDERS):
        last = self.messages(chat_id)[-1]
        return last["ack"], last["ackName"]

    def calls(self):
        return self.web.get("/_sandbox/calls").json["calls"]

    def phone(self, client="79261112233", line="sales"):
        return self.web.get("/phone", query_string={"client": client, "line": line})


@pytest.fixture
def line():
    return Line()


def test_a_sent_message_has_the_id_that_the_product_chose(line):
    sent = line.send(id="3EB0AAAABBBBCCCC")
    assert sent.status_code == 201
    assert sent.json["id"] == f"true_{ORDERS}_3EB0AAAABBBBCCCC"
    assert set(sent.json) == {"id", "_data"}
    (message,) = line.messages()
    assert (message["id"], message["body"], message["source"]) == (sent.json["id"], "Добрый день!", "api")


def test_a_second_send_with_the_same_id_adds_no_message(line):
    first, second = line.send(id="3EB0SAME"), line.send(id="3EB0SAME")
    assert first.json["id"] == second.json["id"]
    assert len(line.messages()) == 1
    assert line.calls()["sendText"] == 2


def test_sends_without_an_id_are_messages_of_their_own(line):
    assert line.send().json["id"] != line.send().json["id"]
    assert len(line.messages()) == 2


def test_ticks_go_from_sent_to_delivered_to_read(line):
    line.send()
    assert line.ack() == (1, "SERVER")
    line.clock.now += 1
    assert line.ack() == (2, "DEVICE")
    line.phone()
    assert line.ack() == (3, "READ")


def test_another_clients_phone_reads_nothing(line):
    line.send()
    line.clock.now += 5
    line.phone("79619510000")
    line.phone(line="support")
    assert line.ack() == (2, "DEVICE")


@pytest.mark.parametrize(("fault", "ack"), [("ack_error", (-1, "ERROR")), ("ack_pending", (0, "PENDING"))])
def test_a_message_can_fail_or_hang_and_the_client_never_sees_it(line, fault, ack):
    line.call("/_sandbox/faults", {"fault": fault, "match": "sendText"})
    assert line.send("Застряло").status_code == 201
    line.clock.now += 60
    assert "Застряло" not in line.phone().text
    assert line.ack() == ack


def test_a_reply_quotes_what_it_answers(line):
    line.web.post("/_sandbox/answer", json={"session": "sales", "phone": "79261112233", "text": "Сколько стоит?"})
    asked = line.messages()[0]["id"]
    line.send("От 14 900 ₽", reply_to=asked)
    quote = line.messages()[-1]["replyTo"]
    assert (quote["id"], quote["body"]) == (asked.split("_")[2], "Сколько стоит?")


@pytest.mark.parametrize("chat_id", ["79123456789@c.us", "79000000000@c.us", "5531988887777@c.us"])
def test_a_message_to_an_id_that_whatsapp_does_not_know_fails(line, chat_id):
    failed = line.send(chat_id=chat_id)
    assert failed.status_code == 500
    assert failed.json["exception"]["message"]


def test_a_message_to_the_canonical_id_arrives(line):
    assert line.send(chat_id="553188887777@c.us").status_code == 201
    assert "Добрый день!" in line.phone("5531988887777").text


def test_a_message_to_a_phone_joins_the_chat_under_the_lid(line):
    sent = line.send("Готово", chat_id="998901234567@c.us").json["id"]
    stored = line.messages("187234509871234@lid")[-1]
    assert stored["id"].split("_")[2] == sent.split("_")[2]
    assert (sent.split("_")[1], stored["to"]) == ("998901234567@c.us", "187234509871234@lid")


def test_a_message_to_a_group_that_the_line_is_in_is_taken(line):
    assert line.send(chat_id="120363041234567890@g.us").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"session": "sales", "chatId": ORDERS},
        {"session": "sales", "chatId": ORDERS, "text": ""},
        {"session": "sales", "chatId": ORDERS, "text": 5},
        {"session": "sales", "chatId": "79261112233@s.whatsapp.net", "text": "hi"},
        {"session": "sales", "chatId": "x@c.us", "text": "hi"},
        {"session": "sales", "chatId": ORDERS, "text": "hi", "id": "with spaces"},
    ],
)
def test_a_malformed_send_is_refused(line, body):
    refused = line.call("/api/sendText", body)
    assert refused.status_code == 400
    assert refused.json["error"] == "Bad Request"
    assert line.messages() == []


def test_reading_a_history_sends_no_receipt_and_send_seen_does(line):
    line.web.post("/_sandbox/answer", json={"session": "sales", "phone": "79261112233", "text": "Вы тут?"})
    line.messages()
    assert line.ack() == (2, "DEVICE")
    assert "sendSeen" not in line.calls()
    seen = line.call("/api/sendSeen", {"session": "sales", "chatId": ORDERS})
    assert seen.status_code == 201
    assert line.ack() == (3, "READ")
    assert line.calls()["sendSeen"] == 1


def test_typing_is_counted(line):
    for verb in ("startTyping", "stopTyping"):
        assert line.call(f"/api/{verb}", {"session": "sales", "chatId": ORDERS}).status_code == 201
    assert line.calls()["typing"] == 2


def test_an_answer_of_the_client_is_the_newest_message_and_unread(line):
    said = line.web.post("/_sandbox/answer", json={"session": "sales", "phone": "+7 961 951-00-00", "text": "Спасибо!"})
    (chat,) = line.call("/api/sales/chats/overview", ids="79619510000").json
    assert (chat["lastMessage"]["id"], chat["lastMessage"]["body"]) == (said.json["id"], "Спасибо!")
    assert chat["_chat"]["unreadCount"] == 2


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"session": "sales", "phone": "79123456789", "text": "hi"}, 400),
        ({"session": "sales", "phone": "79000000000", "text": "hi"}, 404),
        ({"session": "nope", "phone": "79619510000", "text": "hi"}, 404),
        ({"session": "sales", "phone": "79619510000", "text": " "}, 400),
        ([], 400),
    ],
)
def test_nobody_answers_who_cannot(line, said, status):
    assert line.web.post("/_sandbox/answer", json=said).status_code == status


def test_the_phone_starts_a_chat_that_did_not_exist(line):
    assert "Напишите первым" in line.phone().text
    sent = line.web.post("/phone?client=79261112233&line=sales", data={"text": "Здравствуйте"}, follow_redirects=True)
    assert "Здравствуйте" in sent.text
    (message,) = line.messages()
    assert (message["fromMe"], message["body"]) == (False, "Здравствуйте")


def test_the_phone_shows_markup_as_text(line):
    shown = line.phone("79619510000")
    assert "<script>alert" not in shown.text
    assert "<b>hi</b> <script>alert(1)</script>" in unescape(shown.text)
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'self'")


def test_the_phone_has_the_whole_chat_on_request(line):
    whole = line.web.get("/phone/chat?client=79619510000&line=sales&all=1").text
    part = line.web.get("/phone/chat?client=79619510000&line=sales").text
    assert whole.count("<article") > 300 > part.count("<article")
    assert "Показать ещё 259 раньше" in part


@pytest.mark.parametrize("query", ["шефер", "schäf", "4915"])
def test_people_are_found_by_name_and_by_number(line, query):
    found = line.web.get("/phone", query_string={"q": query}).text.split("<main")[0]
    assert ("Anna Schäfer" in found) is (query != "шефер")
    assert "Павел Новик" not in found


def test_who_hides_the_number_has_a_phone_too(line):
    assert "номер скрыт" in line.phone("99887766554433").text
    said = {"session": "sales", "phone": "99887766554433", "text": "Это снова я"}
    assert line.web.post("/_sandbox/answer", json=said).status_code == 200
    assert line.messages("99887766554433@lid")[-1]["body"] == "Это снова я"


def test_a_client_without_whatsapp_cannot_write(line):
    assert "нет WhatsApp" in line.phone("79123456789").text
    assert line.web.post("/phone?client=79123456789", data={"text": "hi"}).status_code == 400
    assert line.phone("70000000000").status_code == 404


def test_the_buttons_of_the_first_page_change_a_line(line):
    assert "Отсканировать QR" in line.web.get("/").text
    pressed = line.web.post("/_sandbox/sessions/archive", data={"status": "WORKING"}, follow_redirects=True)
    assert "Отсканировать QR" not in pressed.text
    assert line.call("/api/sessions/archive").json["status"] == "WORKING"
    assert line.web.post("/_sandbox/sessions/archive", json={"status": "SINGING"}).status_code == 400
    assert line.web.post("/_sandbox/sessions/nope", json={"status": "WORKING"}).status_code == 404


def test_a_reset_brings_everything_back(line):
    line.send()
    line.web.post("/_sandbox/sessions/sales", json={"status": "FAILED"})
    line.web.post("/_sandbox/reset")
    assert line.calls() == {}
    assert line.messages() == []
    assert line.call("/api/sessions/sales").json["status"] == "WORKING"
