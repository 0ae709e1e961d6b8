"""Who may call what: every route is in this table, and whoever is not meant gets nothing."""

import pytest
from werkzeug.test import TestResponse

from tests.stand import CardPage, Outside, Widget

ANYONE, FORM, OPENING, SESSION = "anyone", "Bitrix24's form", "an opening of ours", "our session"

WHO_MAY_CALL = {
    "GET /static/<path:filename>": ANYONE,
    "GET /placement": ANYONE,  # says to open it from a card
    "GET /health/live": ANYONE,
    "GET /health/ready": ANYONE,
    "GET /metrics": ANYONE,
    "POST /placement": FORM,
    "POST /app": FORM,
    "POST /card": OPENING,
    "POST /session": OPENING,
    "POST /card/check": SESSION,
    "POST /card/refresh": SESSION,
    "POST /card/again": SESSION,
    "POST /card/lines": SESSION,
    "POST /app/settings": SESSION,
    "POST /chats": SESSION,
    "GET /chats/<int:chat_id>/messages": SESSION,
    "POST /chats/<int:chat_id>/messages": SESSION,
    "GET /chats/<int:chat_id>/media/<ref>": SESSION,
}
GUARDED = [route for route, who in WHO_MAY_CALL.items() if who in (OPENING, SESSION)]
KEY = "0" * 24
BODIES = {
    "POST /card": {"pressed": True},
    "POST /session": {"auth": "f" * 70},
    "POST /card/check": {"keys": [KEY], "line": None},
    "POST /card/refresh": {"line": None},
    "POST /card/again": {"version": "x", "line": None},
    "POST /card/lines": {"line": None, "selected": None},
    "POST /app/settings": {"visibility": "always"},
    "POST /chats": {"phone": KEY, "line": None},
    "POST /chats/<int:chat_id>/messages": {"text": "Hello", "key": "key-1", "confirmed": True},
}


def rules_of(widget: Widget) -> set[str]:
    return {
        f"{method} {rule.rule.replace(widget.app.static_url_path or '', '/static')}"
        for rule in widget.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def call(card: CardPage, route: str, headers: dict[str, str], chat: int = 1, ref: str = "x") -> TestResponse:
    method, _, path = route.partition(" ")
    path = path.replace("<int:chat_id>", str(chat)).replace("<ref>", ref)
    return card.client.open(path, method=method, json=BODIES.get(route), headers=headers)


def database(widget: Widget) -> str:
    with widget.services.engine.connect() as connection:
        return str(
            [
                list(connection.exec_driver_sql(f"SELECT * FROM {table}"))
                for table in ("portals", "lines", "chats", "sends")
            ]
        )


def test_the_table_holds_every_route_and_no_other(widget: Widget) -> None:
    assert rules_of(widget) == set(WHO_MAY_CALL)


def test_every_guarded_post_has_a_body_here() -> None:
    assert set(BODIES) == {route for route in GUARDED if route.startswith("POST")}


@pytest.mark.parametrize("route", GUARDED)
@pytest.mark.parametrize("headers", [{}, {"X-Session": "made.up.now"}, {"X-Opening": "gAAAA-made-up"}])
def test_without_a_session_nothing_is_answered(
    widget: Widget, outside: Outside, route: str, headers: dict[str, str]
) -> None:
    before = database(widget)

    answer = call(widget.open(), route, headers)

    assert answer.status_code == 401
    assert answer.headers["X-Refusal"] == "session_over"
    assert database(widget) == before
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


@pytest.mark.parametrize("route", [route for route in GUARDED if WHO_MAY_CALL[route] == SESSION])
def test_an_opening_is_no_session(widget: Widget, outside: Outside, route: str) -> None:
    card = widget.open()

    assert call(card, route, {"X-Opening": card.opening_ticket}).status_code == 401
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


@pytest.mark.parametrize("route", [route for route in GUARDED if "chat" in route or "check" in route])
def test_the_other_portals_session_and_ids_lead_nowhere(widget: Widget, outside: Outside, route: str) -> None:
    ours = widget.open().reveal()
    key = ours.keys["+7 961 951-00-00"]
    chat = ours.open_chat(key).chat
    ref = ours.history(chat).text.split('data-src="')[1].split('"')[0].rsplit("/", 1)[1]
    theirs = widget.open(portal=2).reveal()
    before, calls = database(widget), outside.calls("gateway")

    method, _, path = route.partition(" ")
    body = {**BODIES.get(route, {})} or None
    for name, value in (("phone", key), ("keys", [key])):
        if body and name in body:
            body[name] = value
    path = path.replace("<int:chat_id>", str(chat)).replace("<ref>", ref)
    answer = theirs.client.open(path, method=method, json=body, headers={"X-Session": theirs.session})

    assert answer.status_code in (403, 404)
    assert answer.headers["X-Refusal"] == "not_allowed"
    assert database(widget) == before
    assert outside.calls("gateway") == calls


@pytest.mark.parametrize("route", list(WHO_MAY_CALL))
def test_any_other_method_is_refused_and_does_nothing(widget: Widget, outside: Outside, route: str) -> None:
    card = widget.open().reveal()
    calls, before = outside.calls("portal"), database(widget)
    path = (
        route.split(" ")[1].replace("<int:chat_id>", "1").replace("<ref>", "x").replace("<path:filename>", "base.css")
    )
    path = path.replace("/static", widget.app.static_url_path or "")
    known = {each.split(" ")[0] for each in WHO_MAY_CALL if each.split(" ")[1] == route.split(" ")[1]}

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = card.client.open(path, method=method, headers={"X-Session": card.session})
        assert answer.status_code == 405, method
    assert (outside.calls("portal"), database(widget)) == (calls, before)


def test_an_unknown_address_is_a_clear_page(widget: Widget) -> None:
    answer = widget.app.test_client().get("/wp-login.php")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.get_data(as_text=True)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_static_files_are_kept_by_browsers_and_nothing_else_is(widget: Widget) -> None:
    client = widget.app.test_client()

    with client.get(f"{widget.app.static_url_path}/base.css") as file:
        assert "max-age=31536000" in file.headers["Cache-Control"]
    assert client.get("/health/live").headers["Cache-Control"] == "no-store"
    assert widget.open().answer.headers["Cache-Control"] == "no-store"
