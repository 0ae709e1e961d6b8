"""The verbs over HTTP, as an open card's page sends them: each names one message of its chat and no
other."""

import io
import re
from dataclasses import replace

import pytest

from benchmarks.voice import recording
from tests.chats.conftest import NOTHING, FakeGateway, FakeGateways
from tests.stand import in_russian
from widget.chats.bubbles import Bubble
from widget.chats.context import names_in
from widget.chats.files import MAX_FILE_SIZE
from widget.chats.service import ChatService
from widget.gateways.base import Message, Sent
from widget.gateways.content import VOICE, is_voice_note

IVAN_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 926 111-22-33"
NIGHT = 9 * 3600 + 14 * 60  # from the clock's start to 02:14 in Amur, where Ivan is


class Page:
    """An open chat, at a gateway of the test's own, and what its script would post."""

    def __init__(self, widget):
        self.widget, self.gateway = widget, FakeGateway(result=Sent.SENT)
        services = widget.services
        gateways = FakeGateways(self.gateway)
        service = ChatService(gateways, services.storage.conversations, widget.clock)
        widget.app.extensions["widget"] = replace(services, chats=replace(services.chats, service=service))
        self.card = widget.open().reveal()
        self.keys = self.card.keys
        self.chat = self.card.open_chat(self.keys[ORDERS_ROW]).chat

    def ref(self, name="M1", *, chat=None, from_me=True, age=60.0):
        """What the page was given for a message of this chat."""
        chats = self.widget.services.storage.chats
        with self.widget.app.test_request_context():
            found = chats.get(self.widget.portals[0], chat or self.chat)
            return names_in(found)["message_ref"](
                Bubble(name, self.widget.clock() - age, from_me, "Привет", ref=f"ref_{name}")
            )

    def sealed(self, text):
        """As an older version named its messages."""
        return self.widget.services.storage.secret_box.encrypt(f"{self.widget.portals[0]}:{self.chat}:{text}")

    def do(self, verb, ref, body):
        return self.card.post(f"/chats/{self.chat}/messages/{ref}/{verb}", body).answer

    def post(self, path, body):
        return self.card.post(f"/chats/{self.chat}/{path}", body).answer

    def upload(self, *, name="offer.pdf", body=b"%PDF", kind="application/pdf", **fields):
        form = {"key": "f1", "confirmed": "true", **fields}
        if body is not None:
            form["file"] = (io.BytesIO(body), name, kind)
        headers = {"X-Session": self.card.session}
        return self.card.client.post(f"/chats/{self.chat}/files", data=form, headers=headers)

    @property
    def verbs(self):
        return [asked[0] for asked in self.gateway.asked]


@pytest.fixture
def tab(widget):
    return Page(widget)


GOOD = {"edit": {"text": "Привет"}, "delete": {"confirmed": True}, "react": {"emoji": "👍"}}


def test_each_verb_is_done_to_the_message_that_was_named(tab):
    for verb, body in GOOD.items():
        assert tab.do(verb, tab.ref(), body).status_code == 204
    assert tab.post("read", {"refs": [tab.ref("C1", from_me=False)]}).status_code == 204
    assert tab.post("typing", {"on": True}).status_code == 204
    assert [asked[0] for asked in tab.gateway.asked] == ["edit", "delete", "react", "mark_read", "typing"]
    assert {asked[2] for asked in tab.gateway.asked[:3]} == {"ref_M1"}


def test_a_deletion_is_asked_back_first(tab):
    answer = tab.do("delete", tab.ref(), {})
    assert (answer.status_code, answer.headers["X-Refusal"]) == (409, "confirm")
    assert in_russian("Delete this message for everybody? It cannot be brought back.") in answer.get_data(as_text=True)
    assert tab.verbs == []


def test_a_reaction_is_taken_back_with_an_empty_one(tab):
    assert tab.do("react", tab.ref(), {"emoji": ""}).status_code == 204
    assert tab.gateway.asked[0][3] == ""


@pytest.mark.parametrize("verb", GOOD)
def test_a_message_of_another_chat_cannot_be_named(tab, verb):
    other = tab.card.open_chat(tab.keys[IVAN_ROW]).chat
    ref = tab.ref(chat=other)
    for wrong in (ref, "x", ref[:-3], "gAAAAA", tab.sealed("[]"), tab.sealed("ref_M1"), "x" * 3000):
        answer = tab.do(verb, wrong, GOOD[verb])
        assert (answer.status_code, answer.headers["X-Refusal"]) == (404, "not_allowed")
    assert tab.post("read", {"refs": [ref]}).status_code == 404
    assert tab.card.post(f"/chats/{tab.chat}/messages", send_body(reply_to=ref)).answer.status_code == 404
    assert tab.upload(reply_to=ref).status_code == 404
    assert tab.verbs == []


def send_body(**more):
    return {"text": "Да", "key": "k1", "confirmed": True, **more}


def test_an_answer_goes_out_as_one(tab):
    assert tab.card.post(f"/chats/{tab.chat}/messages", send_body(reply_to=tab.ref("C1"))).answer.status_code == 201
    assert tab.gateway.asked[0][3] == "ref_C1"


def test_the_clients_message_is_not_changed_and_an_old_one_neither(tab):
    for verb in ("edit", "delete"):
        assert tab.do(verb, tab.ref(from_me=False), GOOD[verb]).headers["X-Refusal"] == "not_allowed"
        assert tab.do(verb, tab.ref(age=10**6), GOOD[verb]).headers["X-Refusal"] == "too_late"
    assert tab.verbs == []


def test_what_this_gateway_cannot_do_is_refused_in_words(tab):
    tab.gateway.capabilities = NOTHING
    for verb, body in GOOD.items():
        answer = tab.do(verb, tab.ref(), body)
        assert (answer.status_code, answer.headers["X-Refusal"]) == (422, "unsupported")
    assert in_russian("This line's gateway cannot do that") in tab.do("react", tab.ref(), GOOD["react"]).get_data(
        as_text=True
    )
    assert tab.upload().status_code == 422
    assert tab.verbs == []


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        *(
            ("edit", body)
            for body in ({}, {"text": ""}, {"text": 1}, {"text": "a\x00"}, {"text": "x" * 7000}, [], None)
        ),
        *(("delete", body) for body in ({"confirmed": 1}, {"confirmed": "true"}, [])),
        *(("react", body) for body in ({"emoji": 1}, {"emoji": "x" * 33}, {"emoji": ["👍"]}, "👍")),
    ],
)
def test_a_body_of_the_wrong_kind_is_refused(tab, verb, body):
    answer = tab.do(verb, tab.ref(), body)
    assert answer.status_code in (400, 422)
    assert answer.headers["X-Refusal"] == "bad_form"
    assert tab.verbs == []


@pytest.mark.parametrize("refs", [None, "x", [], {}, [1], [""], ["x"] * 51, ["x" * 5000]])
def test_receipts_for_what_is_no_list_of_messages_are_refused(tab, refs):
    assert tab.post("read", {"refs": refs}).status_code in (404, 422)
    assert tab.post("typing", {"on": refs or "x"}).status_code == 422
    assert tab.verbs == []


# Files.


def test_a_file_is_sent_with_its_caption_and_is_a_bubble(tab):
    answer = tab.upload(name="Смета.pdf", caption="Ваша смета")
    assert answer.status_code == 201
    assert "📎 Смета.pdf" in answer.get_data(as_text=True)
    (asked,) = tab.gateway.asked
    assert (asked[2].name, asked[2].mimetype, asked[2].body, asked[3]) == (
        "Смета.pdf",
        "application/pdf",
        b"%PDF",
        "Ваша смета",
    )


def test_a_recording_is_sent_as_a_voice_message_once_and_is_a_bubble(tab):
    recorded = {"name": "recording.webm", "body": recording(seconds=2), "kind": "audio/webm;codecs=opus"}
    answers = [tab.upload(voice="true", caption="is not sent", **recorded) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert all("🎤\u2063 0:02" in answer.get_data(as_text=True) for answer in answers)
    ((_verb, _chat, file, caption, _ref),) = tab.gateway.asked
    assert (file.mimetype, file.name, caption, is_voice_note(file)) == (VOICE, "voice.ogg", "", True)
    assert tab.upload(voice="", **recorded).headers["X-Refusal"] == "bad_form"  # the key is the voice message's


def test_what_no_voice_message_can_be_made_of_is_refused_in_words(tab):
    answer = tab.upload(voice="true")
    assert (answer.status_code, answer.headers["X-Refusal"]) == (422, "voice_unreadable")
    assert in_russian("No voice message can be made of this recording") in answer.get_data(as_text=True)
    assert tab.verbs == []


def test_without_what_makes_voice_messages_the_composer_has_no_microphone(tab, monkeypatch):
    assert 'data-action="record"' in tab.card.open_chat(tab.keys[ORDERS_ROW]).text
    for user in ("widget.chats.views", "widget.chats.sending"):
        monkeypatch.setattr(f"{user}.can_convert", lambda: False)
    assert 'data-action="record"' not in tab.card.open_chat(tab.keys[ORDERS_ROW]).text
    assert tab.upload(voice="true", body=recording(seconds=2)).headers["X-Refusal"] == "unsupported"
    assert tab.verbs == []


def test_a_file_whose_key_came_twice_is_sent_once(tab):
    assert [tab.upload().status_code, tab.upload().status_code] == [201, 201]
    assert tab.verbs == ["send_file"]


@pytest.mark.parametrize("voice", ["", "true"])
def test_a_file_at_night_is_asked_back_first(tab, voice):
    tab.chat = tab.card.open_chat(tab.keys[IVAN_ROW]).chat
    tab.widget.clock.forward(NIGHT)
    answer = tab.upload(confirmed="", voice=voice)
    assert (answer.status_code, answer.headers["X-Refusal"]) == (409, "confirm")
    assert tab.verbs == []
    assert tab.upload().status_code == 201


def test_a_file_much_larger_than_any_other_request_is_taken(tab):
    tab.gateway.capabilities = replace(tab.gateway.capabilities, largest_file=MAX_FILE_SIZE)
    assert tab.upload(body=b"%" * 5_000_000).status_code == 201
    assert tab.upload(body=b"%" * (MAX_FILE_SIZE + 1), key="f2").status_code == 413
    assert tab.upload(body=b"%" * (MAX_FILE_SIZE + 200_000), key="f3").status_code == 413
    assert tab.verbs == ["send_file"]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"body": None}, "bad_form"),
        ({"body": b""}, "bad_form"),
        ({"key": ""}, "bad_form"),
        ({"key": "x" * 65}, "bad_form"),
        ({"caption": "я" * 2000}, "bad_form"),
        ({"reply_to": "x"}, "not_allowed"),
        ({"name": "virus.exe"}, "file_type"),
    ],
)
def test_a_form_with_something_wrong_in_it_sends_nothing(tab, wrong, refusal):
    answer = tab.upload(**wrong)
    assert 400 <= answer.status_code < 500
    assert answer.headers["X-Refusal"] == refusal
    assert tab.verbs == []
    assert tab.widget.services.storage.sends.by_key(tab.widget.portals[0], "f1") is None


def test_a_body_that_is_no_form_sends_nothing(tab):
    headers = {"X-Session": tab.card.session}
    for body, kind in (
        (b"{}", "application/json"),
        (b"\xff\x00", "multipart/form-data; boundary=x"),
        (b"", "text/plain"),
    ):
        answer = tab.card.client.post(f"/chats/{tab.chat}/files", data=body, content_type=kind, headers=headers)
        assert answer.status_code == 422
    assert tab.verbs == []


# What the page is told.


def test_a_page_that_did_not_change_is_not_sent_again_until_a_message_is_too_old_to_edit(tab):
    tab.gateway.messages = [Message("M1", "ref_M1", int(tab.widget.clock()), True, "Привет")]
    first = tab.card.history(tab.chat).answer
    again = tab.card.get(f"/chats/{tab.chat}/messages", **{"If-None-Match": first.headers["ETag"]}).answer
    assert again.status_code == 304
    tab.widget.clock.forward(16 * 60)
    later = tab.card.get(f"/chats/{tab.chat}/messages", **{"If-None-Match": first.headers["ETag"]}).answer
    assert later.status_code == 200


def test_a_file_of_the_history_is_still_fetched_by_its_sealed_name(widget, outside):
    card = widget.open().reveal()
    keys = card.keys
    chat = card.open_chat(keys[IVAN_ROW]).chat
    url = re.search(r'data-src="([^"]+)"', card.history(chat).text)[1]
    assert card.get(url).answer.status_code == 200
    other = card.open_chat(keys[ORDERS_ROW]).chat
    assert card.get(url.replace(f"/chats/{chat}/", f"/chats/{other}/")).answer.status_code == 404


@pytest.mark.parametrize("nobodys", [0, 2**31, 2**53, 2**63 - 1, 2**63, 10**40])
def test_an_id_that_no_chat_can_have_is_not_found(tab, nobodys):
    """PostgreSQL's integers end at 2^31 or 2^63, SQLite's at 2^63; whole numbers of a path have no
    end."""
    assert tab.card.get(f"/chats/{nobodys}/messages").answer.status_code == 404
    assert tab.card.post(f"/chats/{nobodys}/seen", {"refs": []}).answer.status_code == 404
