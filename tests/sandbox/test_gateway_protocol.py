"""The gateway answers as WAHA does: held against the recorded payloads and the OpenAPI file, where
they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.gateway import create_gateway
from sandbox.people import API_KEY, IVAN
from tests.sandbox.apps import new_gateway

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "gateways"
OPENAPI = REFERENCE / "openapi" / "waha-2026.7.1.openapi.json"
HISTORY = "/api/sales/chats/79619510000@c.us/messages?limit=340"
# Required by the schema, but deprecated in favour of media.url and missing in the recorded messages
# too.
NEVER_SENT = {"mediaUrl"}


@pytest.fixture
def ask():
    client = new_gateway(lambda: 1_795_000_000.0)

    def ask(path, body=None, *, key=API_KEY):
        headers = {"X-Api-Key": key} if key else {}
        return client.open(path, method="GET" if body is None else "POST", json=body, headers=headers)

    return ask


@pytest.fixture(scope="module")
def schemas() -> Any:
    if not OPENAPI.exists():
        pytest.skip("the OpenAPI file of WAHA is not beside this checkout")
    return json.loads(OPENAPI.read_text())["components"]["schemas"]


def recorded(name: str) -> Any:
    path = REFERENCE / "waha" / f"{name}.json"
    if not path.exists():
        pytest.skip("the recorded payloads of WAHA are not beside this checkout")
    return json.loads(path.read_text())


def fits(schema: Any, value: Any) -> bool:
    """Every key is known, every required one is there, and enumerated values are of the list."""
    known = schema["properties"]
    enums = {name: about["enum"] for name, about in known.items() if "enum" in about}
    missing = set(schema.get("required", ())) - NEVER_SENT - set(value)
    return not missing and all(value.get(name) in allowed for name, allowed in enums.items() if name in value)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("check-exists.true", "/api/contacts/check-exists?phone=79619510000&session=sales"),
        ("check-exists.false", "/api/contacts/check-exists?phone=79123456789&session=sales"),
        ("lid-by-phone.found", "/api/sales/lids/pn/998901234567"),
        ("lid-by-phone.missing", "/api/sales/lids/pn/79619510000"),
        ("phone-by-lid.found", "/api/sales/lids/187234509871234@lid"),
        ("phone-by-lid.missing", "/api/sales/lids/99887766554433@lid"),
        ("chats-overview", "/api/sales/chats/overview?limit=1"),
        ("messages", "/api/sales/chats/79619510000@c.us/messages?limit=1"),
    ],
)
def test_an_answer_has_at_least_the_keys_of_the_recorded_one(ask, name, path):
    wanted, got = recorded(name), ask(path)
    assert got.status_code == 200
    first_wanted, first = (wanted[0], got.json[0]) if isinstance(wanted, list) else (wanted, got.json)
    assert set(first_wanted) <= set(first)
    nulls = {key for key, value in first_wanted.items() if value is None}
    assert {key for key in nulls - {"replyTo"} if first[key] is not None} == set()


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("measured.check.not-working-422", "/api/contacts/check-exists?phone=5511999990000&session=archive", None),
        ("measured.messages.not-working-422", "/api/archive/chats/5511999990000%40c.us/messages?limit=5", None),
        ("measured.send.not-working-422", "/api/sendText", {"session": "archive", "chatId": "1@c.us", "text": "hi"}),
        ("measured.qr.not-ready-422", "/api/sales/auth/qr", None),
    ],
)
def test_a_line_in_the_wrong_state_refuses_as_measured(ask, name, path, body):
    wanted, got = recorded(name), ask(path, body)
    assert got.status_code == wanted["status"]
    assert got.json == {**wanted["body"], "session": got.json["session"], "status": got.json["status"]}


def test_unknown_sessions_and_routes_refuse_as_measured(ask):
    for name, path in (("session.unknown", "/api/sessions/nope"), ("unknown-route-404", "/api/nope")):
        wanted, got = recorded(f"measured.{name}"), ask(path)
        assert (got.status_code, got.json) == (wanted["status"], wanted["body"])


def test_throttling_has_the_recorded_shape(ask):
    ask("/_sandbox/faults", {"fault": "rate_overlimit", "match": "check-exists"})
    got = ask("/api/contacts/check-exists?phone=1&session=sales")
    wanted = recorded("error.500.rate-overlimit")
    assert got.status_code == 500
    assert set(wanted) <= set(got.json)
    assert {**got.json["exception"], "stack": ""} == {**wanted["exception"], "stack": ""}


def test_every_message_of_a_long_chat_is_a_wa_message(ask, schemas):
    messages = ask(HISTORY).json
    assert len(messages) == IVAN.chat
    assert all(fits(schemas["WAMessage"], one) for one in messages)
    assert all(set(one) <= set(schemas["WAMessage"]["properties"]) for one in messages)
    files = [one["media"] for one in messages if one["media"]]
    assert files
    assert all(set(one) <= set(schemas["WAMedia"]["properties"]) for one in files)
    quotes = [one["replyTo"] for one in messages if one["replyTo"]]
    assert quotes
    assert all(fits(schemas["ReplyToMessage"], one) for one in quotes)


def test_sessions_and_overviews_fit_their_schemas(ask, schemas):
    for session in ask("/api/sessions?all=true").json:
        assert fits(schemas["SessionInfo"], session)
        assert session["me"] is None or fits(schemas["MeInfo"], session["me"])
    for chat in ask("/api/sales/chats/overview?limit=50").json:
        assert fits(schemas["ChatSummary"], chat)


def test_every_endpoint_is_one_of_the_openapi_file():
    if not OPENAPI.exists():
        pytest.skip("the OpenAPI file of WAHA is not beside this checkout")
    known = {without_names(path) for path in json.loads(OPENAPI.read_text())["paths"]}
    ours = {without_names(str(rule)) for rule in create_gateway().url_map.iter_rules() if str(rule).startswith("/api/")}
    assert ours - known == {"/api/files/*/*", "/api/files/bucket/*/*"}  # files are served beside the API


def without_names(path: str) -> str:
    steps = path.replace("<", "{").split("/")
    return "/".join("*" if step.startswith("{") else step for step in steps)


@pytest.mark.parametrize("key", ["", "wrong"])
@pytest.mark.parametrize("path", ["/api/sessions", "/api/files/sales/x.png", HISTORY])
def test_without_the_key_nothing_is_told(ask, path, key):
    got = ask(path, key=key)
    assert (got.status_code, got.json) == (401, {"message": "Unauthorized", "statusCode": 401})


def test_the_key_may_stand_in_the_query(ask):
    assert ask(f"/api/sessions?x-api-key={API_KEY}", key="").status_code == 200
