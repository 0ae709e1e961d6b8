"""What the adapter asks, held against WAHA's published OpenAPI document."""

import json
import re
from urllib.parse import unquote

import httpx
import pytest

from sandbox import people
from tests.gateways.conftest import RECORDED
from widget.gateways.base import GatewayError

SPEC = RECORDED / "openapi" / "waha-2026.7.1.openapi.json"
IVAN = "79619510000@c.us"
VERBS = {
    "status": lambda waha: waha.status(),
    "check": lambda waha: waha.check(people.IVAN.phone),
    "chats_of": lambda waha: waha.chats_of([people.IVAN.phone, people.RUSTAM.phone]),
    "the first page": lambda waha: waha.history([IVAN], None, 30),
    "an older page": lambda waha: waha.history([IVAN], "1727745026:2", 30),
    "find_message": lambda waha: waha.find_message(IVAN, "3EB0AA"),
    "send_text": lambda waha: waha.send_text(IVAN, "Добрый день!", message_id="3EB0AA"),
    "media": lambda waha: waha.media(IVAN, f"false_{IVAN}_AA"),
}
JSON_TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict}


@pytest.fixture(scope="module")
def spec():
    if not SPEC.exists():
        pytest.skip("the OpenAPI document of WAHA is not on this machine")
    return json.loads(SPEC.read_text())


@pytest.fixture
def asked(line):
    """The requests that a verb makes, with answers that let it go on to its last one."""

    def collect(verb):
        requests = []

        def answer(request):
            requests.append(request)
            path = unquote(request.url.path)
            if path.endswith("/overview"):
                return httpx.Response(201, json=[{"id": people.RUSTAM.lid, "lastMessage": {"timestamp": 1}}])
            if "/lids/" in path:
                return httpx.Response(200, json={"lid": people.RUSTAM.lid, "pn": None})
            return httpx.Response(200, json={"media": {"url": "http://x/api/files/sales/a.jpg"}, "numberExists": False})

        try:
            VERBS[verb](line(session="sales team/1", transport=httpx.MockTransport(answer)))
        except GatewayError:
            assert verb in ("the first page", "an older page")  # an object is no history
        return requests

    return collect


def operation_of(spec, request):
    """The operation this request is for: the most literal path of the document that fits."""
    path = request.url.raw_path.decode().partition("?")[0]
    fitting = [
        template
        for template in spec["paths"]
        if request.method.lower() in spec["paths"][template]
        and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
    ]
    assert fitting, f"{request.method} {path} is not in WAHA's document"
    return spec["paths"][min(fitting, key=lambda template: template.count("{"))][request.method.lower()]


def resolve(spec, schema):
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def check_value(spec, schema, value, where):
    schema = resolve(spec, schema)
    if "type" in schema:
        assert isinstance(value, JSON_TYPES[schema["type"]]), f"{where} is {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], where
    for name in schema.get("required", []):
        assert name in value, f"{where}.{name} is missing"
    for name, inner in value.items() if isinstance(value, dict) else ():
        assert name in schema.get("properties", {}), f"{where}.{name} is not in the document"
        check_value(spec, schema["properties"][name], inner, f"{where}.{name}")
    for inner in value if isinstance(value, list) else ():
        check_value(spec, schema.get("items", {}), inner, f"{where}[]")


def check_query(operation, query):
    declared = {
        parameter["name"]: parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"
    }
    assert query.keys() <= declared.keys(), "a parameter that WAHA does not know"
    for name, parameter in declared.items():
        assert name in query or not parameter.get("required"), f"{name} is missing"
        if name not in query:
            continue
        kind, allowed = parameter["schema"].get("type"), parameter["schema"].get("enum")
        assert not allowed or query[name] in allowed
        assert kind != "number" or float(query[name]) >= 0
        assert kind != "boolean" or query[name] in ("true", "false")


@pytest.mark.parametrize("verb", VERBS)
def test_every_request_is_one_that_waha_documents(spec, asked, verb):
    requests = asked(verb)
    assert requests
    for request in requests:
        assert request.headers["X-Api-Key"]
        if request.url.path.startswith("/api/files/"):
            continue  # served by WAHA, but not in its document
        operation = operation_of(spec, request)
        check_query(operation, dict(request.url.params))
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert bool(body) is bool(request.content)
        if body:
            check_value(spec, body["schema"], json.loads(request.content), "body")


def test_the_session_and_the_ids_are_one_part_of_the_path_each(asked):
    (request,) = asked("find_message")
    path = request.url.raw_path.decode().partition("?")[0]
    assert path == "/api/sales%20team%2F1/chats/79619510000%40c.us/messages/true_79619510000%40c.us_3EB0AA"


@pytest.mark.parametrize("verb", ["the first page", "an older page", "find_message"])
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
