"""What the adapter asks, held against Evolution's published OpenAPI document (2.1.1) where that is
right, and against requests that a running 2.3.6 took where it is not."""

import json

import httpx
import pytest

from sandbox import people
from tests.gateways import openapi
from tests.gateways.conftest import RECORDED
from widget.gateways.base import ContactCard, File, GatewayError, Location

SPEC = RECORDED / "openapi" / "evolution-2.1.1.openapi.json"
OLEG = "79241234567@s.whatsapp.net"
REF = f"false_{OLEG}_3AAA"
LETTER = File("application/pdf", "КП.pdf", b"%PDF-1.4")
DOCUMENTED = {
    "status": lambda line: line.status(),
    "check": lambda line: line.check([people.OLEG.phone, people.MARIA.phone]),
    "send_text": lambda line: line.send_text(OLEG, "Добрый день!", message_id="A"),
    "an answer": lambda line: line.send_text(OLEG, "Да", message_id="A", reply_to=REF),
    "a document": lambda line: line.send_file(OLEG, LETTER, message_id="A", caption="КП", reply_to=REF),
    "a picture": lambda line: line.send_file(OLEG, File("image/jpeg", "a.jpg", b"x"), message_id="A"),
    "a voice": lambda line: line.send_file(OLEG, File("audio/ogg", "a.ogg", b"x"), message_id="A"),
    "a link with its picture": lambda line: line.send_text(OLEG, "https://x.ru", message_id="A", preview=True),
    "a place": lambda line: line.send_location(OLEG, Location(55.75, 37.61, "Офис"), reply_to=REF),
    "react": lambda line: line.react(OLEG, REF, "👍"),
    "mark_read": lambda line: line.mark_read(OLEG, [REF]),
    "media": lambda line: line.media(OLEG, REF),
    "qr": lambda line: line.qr(),
}
# Only the path and the method are in the document as they are; why the rest is not.
OTHERWISE = {
    "history": lambda line: line.history([OLEG], None, 30),  # no page, no time, no other id
    "an older page": lambda line: line.history([OLEG], "1727745026:", 30),
    "find_message": lambda line: line.find_message(OLEG, "3EB0AA"),
    "all_chats": lambda line: line.all_chats(),  # no body
    "a contact card": lambda line: line.send_contact(OLEG, ContactCard("Анна", ("+79001234568",))),  # «fullname»
    "edit": lambda line: line.edit(OLEG, REF, "x"),  # the number is called an integer
    "delete": lambda line: line.delete(OLEG, REF),  # a participant is required, misspelled
    "typing": lambda line: line.typing(OLEG, on=True),  # its `options` are a 400 (measured)
    "pairing_code": lambda line: line.pairing_code("+79638477315"),  # no number
}


@pytest.fixture(scope="module")
def spec():
    return openapi.Document.read(SPEC)


@pytest.fixture
def asked(instance):
    """The requests that a verb makes, to an instance that is closed."""

    def collect(verb):
        requests = []

        def answer(request):
            requests.append(request)
            return httpx.Response(200, json={"instance": {"state": "close"}})

        try:
            {**DOCUMENTED, **OTHERWISE}[verb](instance("Филиал 1/2", transport=httpx.MockTransport(answer)))
        except GatewayError:
            assert verb not in ("status", "send_text", "react", "mark_read")
        return requests

    return collect


@pytest.mark.parametrize("verb", DOCUMENTED)
def test_every_request_is_one_that_evolution_documents(spec, asked, verb):
    assert asked(verb)
    for request in asked(verb):
        spec.check(request)


@pytest.mark.parametrize("verb", OTHERWISE)
def test_what_evolution_documents_wrongly_is_asked_at_the_documented_place(spec, asked, verb):
    for request in asked(verb):
        assert openapi.operation_of(spec.spec, request)


@pytest.mark.parametrize("verb", {**DOCUMENTED, **OTHERWISE})
def test_the_key_stands_in_its_header_and_the_name_is_one_part_of_the_path(asked, verb):
    for request in asked(verb):
        assert request.headers["apikey"] == people.API_KEY
        assert people.API_KEY not in str(request.url)
        path = request.url.raw_path.decode().partition("?")[0]
        assert path.count("/") == 3 or path == "/instance/fetchInstances"


@pytest.mark.parametrize(
    ("verb", "measured"),
    [
        ("history", "history-p1"),
        ("an older page", "history-ts-range"),
        ("all_chats", "chats-take1"),
        ("all_chats", "chats-take1"),
        ("edit", "edit"),
        ("delete", "delete"),
        ("typing", "presence"),
        ("mark_read", "markread"),
        ("react", "react"),
        ("check", "check-connecting"),
    ],
)
def test_a_request_has_the_shape_of_one_that_was_measured(asked, recorded, verb, measured):
    wanted = recorded(f"evolution/measured.{measured}.json")["request"]
    request = asked(verb)[0]
    assert request.method == wanted["method"]
    assert request.url.path.rpartition("/")[0].startswith(wanted["path"].rpartition("/")[0])
    assert _shape(wanted["body"]).keys() <= _shape(json.loads(request.content)).keys()


def test_reading_never_asks_for_every_chat_and_gives_both_bounds_of_time_or_none(asked):
    for verb in ("history", "an older page", "find_message"):
        for request in asked(verb):
            where = json.loads(request.content)["where"]
            assert where["key"]["remoteJid"] == where["key"]["remoteJidAlt"] == OLEG
            assert where.get("messageTimestamp", {"gte": 1, "lte": 1}).keys() == {"gte", "lte"}


def _shape(body, name=""):
    if isinstance(body, dict):
        return {key: kind for part, value in body.items() for key, kind in _shape(value, f"{name}.{part}").items()}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return _shape(body[0], f"{name}[]")
    return {name: type(body).__name__}
