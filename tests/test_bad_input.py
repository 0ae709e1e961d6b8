"""Whatever is posted: a clear 4xx, nothing stored, nobody called. Never a 500."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.stand import Clock, Outside, Widget, config_for, examples, start_widget

IVAN_ROW = "+7 961 951-00-00"
Json = dict[str, Any]

WRONG_TEXTS: list[Any] = [None, "", 1, 1.5, True, [], {}, ["x"], {"x": "y"}, "a\x00b", "x" * 7000]
WRONG_TYPED: list[Any] = [text for text in WRONG_TEXTS if text != ""]  # of a settings form, where a field may be empty
WRONG_IDS: list[Any] = [0, -1, 1.5, "1", "", True, False, [], {}, [1], 2**53, 10**30]
WRONG_FLAGS: list[Any] = [None, 0, 1, "true", "", [], {}]
WRONG_KEYS: list[Any] = [None, [], "x", {}, 1, [1], [None], [""], ["a\x00b"], ["x" * 65], ["x"] * 11, [["x"]], [{}]]

HOURS = ("red_until", "amber_until", "green_until", "amber_late_until")
LIMITS = ("burst", "every", "per_day")
LINE = {"name": "x", "gateway": "waha", "address": "http://127.0.0.1:9", "session": "x", "key": "x", "number": ""}

ROUTES: dict[str, tuple[Json, dict[str, list[Any]]]] = {
    "/card": ({"pressed": True}, {"pressed": WRONG_FLAGS}),
    "/session": ({"auth": "f" * 70}, {"auth": [*WRONG_TEXTS, "x" * 513]}),
    "/card/check": ({"keys": ["KEY"], "line": 1}, {"keys": WRONG_KEYS, "line": WRONG_IDS}),
    "/card/refresh": ({"line": 1}, {"line": WRONG_IDS}),
    "/card/again": (
        {"version": "x", "line": 1, "remembered": True},
        {"version": [*WRONG_TEXTS, "x" * 65], "line": WRONG_IDS, "remembered": WRONG_FLAGS},
    ),
    "/card/lines": ({"line": 1}, {"line": WRONG_IDS}),
    "/app/visibility": (
        {"visibility": "always", "confirmed": True},
        {"visibility": [*WRONG_TEXTS, "x"], "confirmed": WRONG_FLAGS},
    ),
    "/app/hours": (dict.fromkeys(HOURS, ""), dict.fromkeys(HOURS, WRONG_TYPED)),
    "/app/region": ({"country": "RU", "language": ""}, {"country": WRONG_TYPED, "language": WRONG_TYPED}),
    "/app/lines": (LINE, dict.fromkeys(LINE, WRONG_TYPED)),
    "/app/lines/test": (LINE, dict.fromkeys(LINE, WRONG_TYPED)),
    "/app/lines/2/name": (
        {"name": "Support", "number": "", "key": ""},
        {"name": WRONG_TYPED, "number": WRONG_TYPED, "key": WRONG_TYPED},
    ),
    "/app/lines/2/active": ({"active": True}, {"active": WRONG_FLAGS}),
    "/app/lines/2/access": ({"access": []}, {}),  # see below
    "/app/lines/2/limits": (dict.fromkeys(LIMITS, ""), dict.fromkeys(LIMITS, WRONG_TYPED)),
    "/app/lines/2/remove": ({"confirmed": True}, {"confirmed": WRONG_FLAGS}),
    "/app/mine": ({"line": 1, "show_name": True}, {"line": WRONG_IDS, "show_name": WRONG_FLAGS}),
    "/app/number/look": ({"number": "+79990000001"}, {"number": WRONG_TYPED}),
    "/app/number": ({"number": "+79990000001", "line": 1}, {"number": WRONG_TYPED, "line": WRONG_IDS}),
    "/chats": ({"phone": "KEY", "line": 1}, {"phone": [*WRONG_TEXTS, "x" * 65], "line": WRONG_IDS}),
    "/chats/CHAT/messages": (
        {"text": "Добрый день", "key": "key-1", "confirmed": True},
        {"text": WRONG_TEXTS, "key": [*WRONG_TEXTS, "x" * 65], "confirmed": WRONG_FLAGS, "reply_to": WRONG_TYPED[1:]},
    ),
}
NOT_JSON: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "application/json"),
    "words": (b"pressed", "application/json"),
    "half": (b'{"pressed": tr', "application/json"),
    "list": (b'[{"pressed": true}]', "application/json"),
    "null": (b"null", "application/json"),
    "number": (b"1", "application/json"),
    "text": (b'"pressed"', "application/json"),
    "not_utf8": (b'{"pressed": "\xff\xfe"}', "application/json"),
    "not_utf8_at_all": (b"\x80\x81\x82", "application/json"),
    "endless_digits": (b'{"line": ' + b"9" * 5000 + b"}", "application/json"),
    "deep_lists": (b"[" * 30_000, "application/json"),
    "deep_objects": (b'{"line":' * 7000 + b"1" + b"}" * 7000, "application/json"),
    "as_text": (b'{"pressed": true}', "text/plain"),
    "as_form": (b"pressed=true&keys=x&line=1", "application/x-www-form-urlencoded"),
    "as_multipart": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    "as_xml": (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "text/xml"),
}


class Stage:
    """A revealed card with an open chat, and what must not change."""

    def __init__(self, widget: Widget, outside: Outside) -> None:
        self.widget, self.outside = widget, outside
        self.card = widget.open(user="admin").reveal()
        self.key = self.card.keys[IVAN_ROW]
        self.chat = self.card.open_chat(self.key).chat
        self.forms = {path: form(outside, path) for path in ("/placement", "/app")}
        self.before = self.state()

    def state(self) -> tuple[str, int, int]:
        tables = ("portals", "lines", "chats", "sends", "tokens")
        with self.widget.services.storage.engine.connect() as connection:
            rows = [list(connection.exec_driver_sql(f"SELECT * FROM {table}")) for table in tables]
        return str(rows), self.outside.total("portal"), self.outside.total("gateway")

    def path(self, path: str) -> str:
        return path.replace("CHAT", str(self.chat))

    def body(self, body: Json) -> Json:
        return {
            name: self.key if value == "KEY" else [self.key] if value == ["KEY"] else value
            for name, value in body.items()
        }

    def headers(self, path: str) -> dict[str, str]:
        both = {"X-Session": self.card.session, "X-Opening": self.card.opening_ticket}
        only = {"/session": "X-Opening", "/app/number": ""}.get(path, "X-Session")
        return {name: ticket for name, ticket in both.items() if name == only or not only}

    def post(self, path: str, **request: Any) -> TestResponse:
        return self.card.client.post(self.path(path), headers=self.headers(path), **request)


@pytest.fixture(scope="module")
def standing(outside_world: Outside, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """One for the whole file: what is refused leaves nothing behind."""
    outside_world.reset()
    where = f"sqlite:///{tmp_path_factory.mktemp('bad-input') / 'widget.sqlite3'}"
    return Stage(
        start_widget(outside_world, config_for(outside_world, where), Clock(), lines=("sales", "support")),
        outside_world,
    )


@pytest.fixture
def stage(standing: Stage) -> Stage:
    standing.before = standing.state()
    return standing


def assert_refused(stage: Stage, answer: TestResponse, *statuses: int, what: object = "it") -> None:
    """`what` was posted, where a test posts more than one thing."""
    assert answer.status_code in (statuses or (400, 422)), what
    assert answer.headers["X-Refusal"] in ("bad_form", "too_large", "unknown_placement", "no_auth"), what
    text = answer.get_data(as_text=True)
    assert 'role="alert"' in text, what
    assert "951-00-00" not in text, what
    assert stage.state() == stage.before, what


@pytest.mark.parametrize("path", ROUTES)
def test_the_good_body_of_each_route_is_good(make_widget: Callable[..., Widget], outside: Outside, path: str) -> None:
    """Otherwise the tables below would prove nothing."""
    stage = Stage(make_widget(lines=("sales", "support")), outside)
    answer = stage.post(path, json=stage.body(ROUTES[path][0]))

    assert answer.status_code in ((401,) if path == "/session" else (200, 201, 204))


@pytest.mark.parametrize("path", ROUTES)
def test_a_field_of_the_wrong_kind_is_refused(stage: Stage, path: str) -> None:
    good, wrong = ROUTES[path]
    for name, values in wrong.items():
        for value in values:
            answer = stage.post(path, json=stage.body({**good, name: value}))

            assert_refused(stage, answer, what=(name, value))


NEEDED = ("auth", "keys", "version", "visibility", "phone", "text", "key")


@pytest.mark.parametrize(
    "path", [path for path, (good, _wrong) in ROUTES.items() if "/lines" not in path and {*NEEDED} & {*good}]
)
def test_a_missing_field_is_refused(stage: Stage, path: str) -> None:
    good, _wrong = ROUTES[path]
    for missing in {*NEEDED} & {*good}:
        body = {name: value for name, value in good.items() if name != missing}

        assert_refused(stage, stage.post(path, json=stage.body(body)), what=missing)


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_is_no_json_object_is_refused(stage: Stage, path: str) -> None:
    for what, (body, content_type) in NOT_JSON.items():
        assert_refused(stage, stage.post(path, data=body, content_type=content_type), what=what)


@pytest.mark.parametrize("path", ROUTES)
def test_a_huge_body_is_refused_as_too_large(stage: Stage, path: str) -> None:
    good = stage.body(ROUTES[path][0])
    body = json.dumps({**good, "more": "x" * 70_000}).encode()

    assert_refused(stage, stage.post(path, data=body, content_type="application/json"), 413)


@pytest.mark.parametrize(
    "access",
    [
        *(None, "", "U1", 1, True, {}, [None], ["U1"], [[]], [{}], [{"id": "U1"}], [{"id": 1, "name": "A"}]),
        *([{"id": "u1", "name": "A"}], [{"id": "U1; --", "name": "A"}], [{"id": "U1", "name": "A\x00"}]),
        *([{"id": "U1", "name": None}], [{"id": "U1", "name": "A"}] * 1001, [{"id": "U1", "name": "\ud800"}]),
    ],
)
def test_nobody_is_named_by_what_the_portals_dialog_never_gives(stage: Stage, access: Any) -> None:
    answer = stage.post("/app/lines/1/access", json={"access": access})

    assert (answer.status_code, answer.headers["X-Refusal"]) == (422, "bad_form")
    assert (stage.state()[0], stage.state()[2]) == (stage.before[0], stage.before[2])


@pytest.mark.parametrize(
    "path",
    [
        *("/card/check", "/chats/CHAT/messages", "/chats", "/session"),
        *("/app/lines", "/app/lines/test", "/app/lines/2/name", "/app/region", "/app/number", "/app/number/look"),
    ],
)
def test_half_a_letter_is_refused(stage: Stage, path: str) -> None:
    """A lone surrogate is legal in JSON and cannot be stored, hashed or sent."""
    good = ROUTES[path][0]
    for name in [name for name, value in good.items() if isinstance(value, str | list)]:
        wrong = ["\ud800"] if name == "keys" else "Привет \ud83d"
        answer = stage.post(path, json={**stage.body(ROUTES[path][0]), name: wrong})

        assert 400 <= answer.status_code < 500, name
        assert stage.state() == stage.before


def test_a_field_said_twice_counts_once(stage: Stage) -> None:
    body = b'{"text": "first", "text": "second", "key": "a", "key": "twice", "confirmed": true}'

    sent = stage.outside.calls().get("sendText", 0)

    answer = stage.post("/chats/CHAT/messages", data=body, content_type="application/json")

    assert answer.status_code == 201
    assert "second" in answer.get_data(as_text=True)
    assert stage.outside.calls()["sendText"] == sent + 1


# The forms of Bitrix24.


def form(outside: Outside, path: str) -> tuple[str, dict[str, Any]]:
    opening = outside.opening("/app/" if path == "/app" else "/crm/deal/details/7045/", user="admin")
    return opening["action"].split("localhost", 1)[1], opening["fields"]


WRONG_FORM_FIELDS: dict[str, list[Any]] = {
    "member_id": [None, "", " ", "x" * 65, "a/b", "../..", "a\x00b", "é", "x" * 9000, "' OR 1=1 --"],
    "AUTH_ID": [None, "", "  ", "x" * 513, "токен", "a\x00b", "a\nb", "x" * 9000],
    "REFRESH_ID": ["x" * 513, "токен", "a\x00b", "x" * 9000],
    "AUTH_EXPIRES": ["x" * 9000, "1\x00"],
}
WRONG_OPTIONS = [
    *(None, "", "undefined", "null", "[]", "1", "{", '"x"', "{}", '{"ID":""}', '{"ID":null}', '{"ID":"-1"}'),
    *('{"ID":"1.5"}', '{"ID":"1e3"}', '{"ID":true}', '{"ID":[7045]}', '{"ID":{"a":1}}', '{"ID":"7045 "}'),
    *('{"ID":"' + "9" * 17 + '"}', '{"ID":9007199254740992}', '{"ID":' + "9" * 5000 + "}", "[" * 5000, "x" * 9000),
    *('{"ID":"٣"}', '{"ID":"7045\\u0000"}', '{"ID":"7045; DROP TABLE portals"}'),
]
WRONG_CODES = [
    *(None, "", "DEFAULT", "CRM_DEAL", "CRM_ORDER_DETAIL_TAB", "crm_deal_detail_tab", "CRM_DYNAMIC_X_DETAIL_TAB"),
    *("CRM_DYNAMIC_" + "9" * 10 + "_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB\n", "x" * 200, "<script>", "USERFIELD_TYPE"),
]


def post_form(stage: Stage, path: str, changes: Json, query: str | None = None) -> TestResponse:
    where, fields = stage.forms[path]
    sent = {name: value for name, value in {**fields, **changes}.items() if value is not None}
    if query is not None:
        where = where.split("?")[0] + "?" + query
    return stage.card.client.post(where, data=sent)


@pytest.mark.parametrize("path", ["/placement", "/app"])
@pytest.mark.parametrize("name", WRONG_FORM_FIELDS)
def test_a_form_with_a_wrong_field_is_refused(stage: Stage, path: str, name: str) -> None:
    for value in WRONG_FORM_FIELDS[name]:
        assert_refused(stage, post_form(stage, path, {name: value}), 400, 401, what=value)


def test_options_that_name_no_card_are_refused(stage: Stage) -> None:
    for options in WRONG_OPTIONS:
        assert_refused(stage, post_form(stage, "/placement", {"PLACEMENT_OPTIONS": options}), 400, what=options)


def test_a_placement_that_is_no_card_is_refused(stage: Stage) -> None:
    for code in WRONG_CODES:
        assert_refused(stage, post_form(stage, "/placement", {"PLACEMENT": code}), 400, what=code)


@pytest.mark.parametrize("path", ["/placement", "/app"])
def test_a_domain_that_is_no_host_is_refused_and_reaches_no_header(stage: Stage, path: str) -> None:
    for domain in ("a b", "a;b", "a'b", "x" * 300, "a\x00b", "//a", "a/b", "a@b", "a:999999", "*"):
        answer = post_form(stage, path, {}, query=f"DOMAIN={quote(domain)}&PROTOCOL=0&LANG=en")

        assert_refused(stage, answer, 400, what=domain)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/placement", "/app"])
def test_a_form_in_pieces_too_many_or_too_large_is_refused(stage: Stage, path: str) -> None:
    where, fields = form(stage.outside, path)
    stage.before = stage.state()
    client = stage.card.client

    assert_refused(stage, client.post(where, data={**fields, "more": "x" * 70_000}), 413)
    many = {**fields, **{f"field{n}": "x" for n in range(300)}}
    assert_refused(stage, client.post(where, data=many, content_type="multipart/form-data"), 413)
    assert_refused(stage, client.post(where, data=b"{}", content_type="application/json"), 400)
    assert_refused(stage, client.post(where, data=b"\xff\xfe\x00", content_type="multipart/form-data; boundary=x"), 400)
    assert_refused(stage, client.post(where, data=b"\xff=\xfe", content_type="application/x-www-form-urlencoded"), 400)


def test_of_a_field_that_came_twice_the_first_is_read(stage: Stage) -> None:
    where, fields = form(stage.outside, "/placement")
    stage.before = stage.state()

    doubled = {**fields, "member_id": ["../..", fields["member_id"]]}
    assert_refused(stage, stage.card.client.post(where, data=doubled), 400)
    honest = {**fields, "member_id": [fields["member_id"], "../.."]}
    assert stage.card.client.post(where, data=honest).status_code == 200


def test_markup_in_a_form_is_never_echoed(stage: Stage) -> None:
    bait = "<script>alert(1)</script>"
    for changes in ({"PLACEMENT": bait}, {"member_id": bait}, {"PLACEMENT_OPTIONS": bait}, {"AUTH_ID": bait}):
        assert "alert(1)" not in post_form(stage, "/placement", changes).get_data(as_text=True)
    answer = post_form(stage, "/placement", {}, query=f"LANG={bait}&DOMAIN=&APP_SID={bait}")
    assert "alert(1)" not in answer.get_data(as_text=True)


# Anything at all.

NAMES = sorted({name for good, _wrong in ROUTES.values() for name in good} | {"x"})
TEXTS = st.text(st.characters(), max_size=40)  # lone surrogates too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(["KEY", "always"])
VALUES = st.recursive(SCALARS, lambda some: st.lists(some, max_size=4) | st.dictionaries(TEXTS, some, max_size=3))
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5) | VALUES


@pytest.mark.parametrize("path", ROUTES)
def test_no_json_ever_breaks_a_route(stage: Stage, path: str) -> None:
    @settings(max_examples=examples(15))
    @given(BODIES)
    def posted(body: Any) -> None:
        sent = stage.body(body) if isinstance(body, dict) else body
        answer = stage.post(path, data=json.dumps(sent), content_type="application/json")
        assert answer.status_code < 500

    posted()


@pytest.mark.parametrize("path", ["/placement", "/app"])
def test_no_form_ever_breaks_a_page(stage: Stage, path: str) -> None:
    where, fields = form(stage.outside, path)
    where, said = where.split("?")
    names = st.sampled_from(sorted({*fields, "PLACEMENT_OPTIONS", "LANG", "DOMAIN"}))
    options = VALUES.map(json.dumps)
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | options

    @settings(max_examples=examples(15))
    @given(st.dictionaries(names, texts, max_size=4), st.dictionaries(names, texts, max_size=3))
    def posted(form_changes: dict[str, str], query: dict[str, str]) -> None:
        answer = stage.card.client.post(where, data={**fields, **form_changes}, query_string=query or said)
        assert answer.status_code < 500

    posted()
