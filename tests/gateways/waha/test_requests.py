"""What the adapter asks, held against WAHA's published OpenAPI document."""

import json
from urllib.parse import unquote

import httpx
import pytest

from sandbox import people
from sandbox.gateway.media import opus
from tests.gateways import openapi
from tests.gateways.conftest import RECORDED
from widget.gateways.base import ContactCard, File, GatewayError, Location
from widget.gateways.content import VOICE

SPEC = RECORDED / "openapi" / "waha-2026.7.1.openapi.json"
IVAN = "79619510000@c.us"
REF = f"false_{IVAN}_3AAA"
LETTER = File("application/pdf", "КП.pdf", b"%PDF-1.4")
VERBS = {
    "status": lambda waha: waha.status(),
    "check": lambda waha: waha.check([people.IVAN.phone]),
    "all_chats": lambda waha: waha.all_chats(),
    "chats_of": lambda waha: waha.chats_of([people.IVAN.phone, people.RUSTAM.phone]),
    "the first page": lambda waha: waha.history([IVAN], None, 30),
    "an older page": lambda waha: waha.history([IVAN], "1727745026:2", 30),
    "find_message": lambda waha: waha.find_message(IVAN, "3EB0AA"),
    "send_text": lambda waha: waha.send_text(IVAN, "Добрый день!", message_id="3EB0AA"),
    "an answer": lambda waha: waha.send_text(IVAN, "Да", message_id="3EB0AA", reply_to=REF),
    "a document": lambda waha: waha.send_file(IVAN, LETTER, message_id="3EB0AA", caption="КП", reply_to=REF),
    "a picture": lambda waha: waha.send_file(IVAN, File("image/jpeg", "a.jpg", b"x"), message_id="3EB0AA"),
    "a video": lambda waha: waha.send_file(IVAN, File("video/mp4", "a.mp4", b"x"), message_id="3EB0AA"),
    "a voice": lambda waha: waha.send_file(IVAN, File(VOICE, "a.ogg", opus.silence(1)), message_id="3EB0AA"),
    "a link with its picture": lambda waha: waha.send_text(IVAN, "https://x.ru", message_id="3EB0AA", preview=True),
    "a place": lambda waha: waha.send_location(IVAN, Location(55.75, 37.61), reply_to=REF),
    "a contact card": lambda waha: waha.send_contact(IVAN, ContactCard("Анна", ("+79001234568",)), reply_to=REF),
    "edit": lambda waha: waha.edit(IVAN, REF, "Новая цена"),
    "delete": lambda waha: waha.delete(IVAN, REF),
    "react": lambda waha: waha.react(IVAN, REF, "👍"),
    "mark_read": lambda waha: waha.mark_read(IVAN, [REF]),
    "typing": lambda waha: waha.typing(IVAN, on=True),
    "not typing": lambda waha: waha.typing(IVAN, on=False),
    "qr": lambda waha: waha.qr(),
    "pairing_code": lambda waha: waha.pairing_code("+79638477312"),
    "set_webhook": lambda waha: waha.set_webhook("https://widget.example/hooks/gateway/x", "s" * 32),
    "media": lambda waha: waha.media(IVAN, f"false_{IVAN}_AA"),
}


@pytest.fixture(scope="module")
def spec():
    return openapi.Document.read(SPEC)


@pytest.fixture
def asked(line):
    """The requests that a verb makes, with answers that let it go on to its last one."""

    def collect(verb):
        requests = []

        def answer(request):
            requests.append(request)
            path = unquote(request.url.path)
            if path.endswith("/chats"):
                return httpx.Response(200, json=[{"id": people.RUSTAM.lid, "conversationTimestamp": 1}])
            if path.endswith(("/lids", "/messages")):
                return httpx.Response(200, json=[])
            return httpx.Response(
                200,
                json={"media": {"url": "http://x/api/files/sales/a.jpg"}, "numberExists": False, "code": "ABCD-EFGH"},
            )

        try:
            VERBS[verb](line(session="sales team/1", transport=httpx.MockTransport(answer)))
        except GatewayError:
            assert verb == "qr"  # an object is not a picture
        return requests

    return collect


@pytest.mark.parametrize("verb", VERBS)
def test_every_request_is_one_that_waha_documents(spec, asked, verb):
    requests = asked(verb)
    assert requests
    for request in requests:
        assert request.headers["X-Api-Key"]
        if not request.url.path.startswith("/api/files/"):  # served by WAHA, but not in its document
            spec.check(request)


def test_the_session_and_the_ids_are_one_part_of_the_path_each(asked):
    (request,) = asked("find_message")
    path = request.url.raw_path.decode().partition("?")[0]
    assert path == "/api/sales%20team%2F1/chats/79619510000%40c.us/messages/true_79619510000%40c.us_3EB0AA"


@pytest.mark.parametrize("verb", ["the first page", "an older page", "find_message", "chats_of"])
def test_reading_messages_says_that_no_file_is_wanted(asked, verb):
    """It is fetched by default, each one."""
    assert all(request.url.params["downloadMedia"] == "false" for request in asked(verb))


def test_the_key_stands_in_a_header_and_in_no_address(asked):
    for verb in VERBS:
        for request in asked(verb):
            assert request.headers["X-Api-Key"] not in str(request.url)


def test_the_recorded_send_has_the_fields_of_ours(recorded, asked):
    (request,) = asked("send_text")
    assert recorded("waha/sendText.request.json").keys() <= {
        *json.loads(request.content),
        "linkPreview",
        "reply_to",
        "linkPreviewHighQuality",
    }
