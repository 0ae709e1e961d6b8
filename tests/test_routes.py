"""Who may call what: every route is in this table, and whoever is not meant gets nothing."""

import pytest
from werkzeug.test import TestResponse

from tests.stand import CardPage, Clock, Outside, Widget, config_for, in_russian, start_widget

ANYONE, FORM, OPENING, SESSION = "anyone", "Bitrix24's form", "an opening of ours", "our session"
WEBHOOK = "a gateway with the line's secret"
SEALED = "who was given the sealed address, for an hour"
EVENT, ADMIN = "an event with the portal's secret", "our session of an administrator"

WHO_MAY_CALL = {
    "GET /static/<path:filename>": ANYONE,
    "GET /placement": ANYONE,  # says to open it from a card
    "GET /install": ANYONE,  # the same
    "GET /health/live": ANYONE,
    "GET /health/ready": ANYONE,
    "GET /metrics": ANYONE,
    "POST /placement": FORM,
    "POST /app": FORM,
    "POST /install": FORM,
    "POST /hooks/bitrix24": EVENT,
    "POST /hooks/gateway/<hook_key>": WEBHOOK,
    "POST /card": OPENING,
    "POST /session": OPENING,
    "POST /card/check": SESSION,
    "POST /card/refresh": SESSION,
    "POST /card/suggestion": SESSION,
    "POST /card/again": SESSION,
    "POST /card/more": SESSION,
    "POST /card/news": SESSION,
    "POST /card/lines": SESSION,
    "POST /app/mine": SESSION,
    "POST /app/mine/states": SESSION,
    "POST /app/number": SESSION,
    "POST /app/number/look": SESSION,
    "POST /app/health": ADMIN,
    "POST /app/health/repair": ADMIN,
    "POST /app/health/layout": ADMIN,
    "POST /app/visibility": ADMIN,
    "POST /app/hours": ADMIN,
    "POST /app/region": ADMIN,
    "POST /app/timeline": ADMIN,
    "POST /app/lines": ADMIN,
    "POST /app/lines/test": ADMIN,
    "POST /app/lines/states": ADMIN,
    "POST /app/lines/<int:line_id>/test": ADMIN,
    "GET /app/lines/<int:line_id>/qr": ADMIN,
    "POST /app/lines/<int:line_id>/pairing": ADMIN,
    "POST /app/lines/<int:line_id>/keep": ADMIN,
    "POST /app/lines/<int:line_id>/cooldown/end": ADMIN,
    "POST /app/lines/<int:line_id>/webhook": ADMIN,
    "POST /app/lines/<int:line_id>/webhook/renew": ADMIN,
    "POST /app/lines/<int:line_id>/webhook/look": ADMIN,
    "POST /app/lines/<int:line_id>/webhook/reveal": ADMIN,
    "POST /app/lines/<int:line_id>/name": ADMIN,
    "POST /app/lines/<int:line_id>/active": ADMIN,
    "POST /app/lines/<int:line_id>/remove": ADMIN,
    "POST /app/lines/<int:line_id>/access": ADMIN,
    "POST /app/lines/<int:line_id>/limits": ADMIN,
    "POST /app/lines/<int:line_id>/mirror": ADMIN,
    "POST /app/lines/<int:line_id>/mirror/look": ADMIN,
    "GET /openlines/files/<token>/<name>": SEALED,
    "POST /app/replies": SESSION,  # shared ones: an administrator, tests/replies
    "POST /app/replies/<int:reply_id>/remove": SESSION,
    "POST /app/replies/<int:reply_id>/access": ADMIN,
    "POST /app/replies/<int:reply_id>/editors": ADMIN,
    "POST /app/replies/<int:reply_id>/files": SESSION,
    "POST /app/replies/<int:reply_id>/files/<int:file_id>/remove": SESSION,
    "GET /chats/<int:chat_id>/replies/<int:reply_id>/files/<int:file_id>": SESSION,
    "POST /app/replies/export": SESSION,
    "POST /app/replies/import": SESSION,
    "GET /chats/<int:chat_id>/later": SESSION,
    "POST /chats/<int:chat_id>/later": SESSION,
    "POST /chats/<int:chat_id>/later/<int:later_id>": SESSION,
    "GET /chats/<int:chat_id>/replies": SESSION,
    "POST /chats/<int:chat_id>/replies": SESSION,
    "GET /chats/<int:chat_id>/replies/<int:reply_id>": SESSION,
    "POST /chats/<int:chat_id>/replies/<int:reply_id>/use": SESSION,
    "POST /app/lines/<int:line_id>/owner": ADMIN,
    "POST /app/lines/<int:line_id>/previews": ADMIN,
    "POST /app/waiting/limit": ADMIN,
    "POST /app/later": ADMIN,
    "POST /app/later/<int:later_id>": SESSION,
    "POST /app/notices": ADMIN,
    "POST /app/ignored/<int:ignored_id>/undo": ADMIN,
    "POST /app/waiting": SESSION,
    "POST /app/waiting/<int:chat_id>/open": SESSION,
    "POST /app/waiting/<int:chat_id>/take": SESSION,
    "POST /app/waiting/<int:chat_id>/told": SESSION,
    "POST /app/waiting/<int:chat_id>/waive": SESSION,
    "POST /app/waiting/<int:chat_id>/ignore": SESSION,
    "POST /app/waiting/<int:chat_id>/unignore": SESSION,
    "POST /app/ignored": ADMIN,
    "POST /card/ignore": SESSION,
    "POST /card/unignore": SESSION,
    "POST /card/phone": SESSION,
    "POST /app/fields": ADMIN,
    "POST /app/fields/look": ADMIN,
    "POST /chats/<int:chat_id>/unignore": SESSION,
    "POST /app/waiting/<int:chat_id>/card": SESSION,
    "POST /app/waiting/<int:chat_id>/attach": SESSION,
    "POST /chats": SESSION,
    "GET /chats/<int:chat_id>/beside": SESSION,
    "POST /chats/<int:chat_id>/take": SESSION,
    "POST /chats/<int:chat_id>/owner": SESSION,
    "POST /chats/<int:chat_id>/waive": SESSION,
    "POST /chats/<int:chat_id>/writing": SESSION,
    "POST /chats/<int:chat_id>/told": SESSION,
    "POST /chats/<int:chat_id>/ignore": SESSION,
    "GET /chats/<int:chat_id>/messages/<ref>/trail": SESSION,
    "GET /chats/<int:chat_id>/messages": SESSION,
    "POST /chats/<int:chat_id>/messages": SESSION,
    "GET /chats/<int:chat_id>/media/<ref>": SESSION,
    "POST /chats/<int:chat_id>/files": SESSION,
    "POST /chats/<int:chat_id>/location": SESSION,
    "POST /chats/<int:chat_id>/contact": SESSION,
    "POST /chats/<int:chat_id>/colleague": SESSION,
    "POST /chats/<int:chat_id>/drive": SESSION,
    "POST /chats/<int:chat_id>/drive/<int:file_id>": SESSION,
    "POST /chats/<int:chat_id>/messages/<ref>/edit": SESSION,
    "POST /chats/<int:chat_id>/messages/<ref>/delete": SESSION,
    "POST /chats/<int:chat_id>/messages/<ref>/react": SESSION,
    "POST /chats/<int:chat_id>/messages/<ref>/again": SESSION,
    "POST /chats/<int:chat_id>/messages/<ref>/seen": SESSION,
    "POST /chats/<int:chat_id>/read": SESSION,
    "POST /chats/<int:chat_id>/typing": SESSION,
    "GET /chats/<int:chat_id>/line": SESSION,
    "POST /chats/<int:chat_id>/open-line": SESSION,
}


@pytest.fixture(scope="module")
def widget(outside_world: Outside, tmp_path_factory: pytest.TempPathFactory) -> Widget:
    """One for all of these: whoever is refused changes nothing, and each test looks that it is
    so."""
    outside_world.reset()
    file = tmp_path_factory.mktemp("routes") / "widget.sqlite3"
    return start_widget(outside_world, config_for(outside_world, f"sqlite:///{file}"), Clock())


@pytest.fixture(scope="module")
def opened(widget: Widget) -> CardPage:
    """A card that shows no number yet. Like the pages below, one for all tests here."""
    return widget.open()


@pytest.fixture(scope="module")
def revealed(widget: Widget) -> CardPage:
    return widget.open(user="rep", lang="ru").reveal()


@pytest.fixture(scope="module")
def key(revealed: CardPage) -> str:
    """Of a number with a chat."""
    return revealed.keys["+7 961 951-00-00"]


@pytest.fixture(scope="module")
def chat(widget: Widget, key: str) -> int:
    return widget.open().reveal().open_chat(key).chat


@pytest.fixture(scope="module")
def apps(widget: Widget) -> dict[tuple[str, int], CardPage]:
    """The application's own page, by who opened it and in which portal."""
    return {(user, portal): open_app(widget, user, portal) for user, portal in (("admin", 1), ("rep", 1), ("admin", 2))}


GUARDED = [route for route, who in WHO_MAY_CALL.items() if who in (OPENING, SESSION, ADMIN)]
FOR_ADMINS = [route for route, who in WHO_MAY_CALL.items() if who == ADMIN]
KEY = "0" * 24
LINE = {"name": "Other", "gateway": "waha", "address": "https://gw.example", "session": "x", "key": "k", "number": ""}
BODIES = {
    "POST /card": {"pressed": True},
    "POST /session": {"auth": "f" * 70},
    "POST /card/check": {"keys": [KEY], "line": None},
    "POST /card/refresh": {"line": None},
    "POST /card/suggestion": {"key": KEY, "line": None},
    "POST /card/again": {"version": "x", "line": None},
    "POST /card/more": {},
    "POST /card/news": {"keys": ["x"]},
    "POST /card/lines": {"line": None},
    "POST /card/ignore": {"key": KEY, "line": 1, "confirmed": True},
    "POST /card/unignore": {"key": KEY},
    "POST /card/phone": {"phone": "+79261112234"},
    "POST /app/mine": {"line": None, "show_name": True},
    "POST /app/mine/states": {},
    "POST /app/number": {"number": "+7 999 000-00-01", "line": None},
    "POST /app/number/look": {"number": "+7 999 000-00-01"},
    "POST /app/health": {},
    "POST /app/health/repair": {},
    "POST /app/health/layout": {"confirmed": True},
    "POST /app/visibility": {"visibility": "always", "confirmed": True},
    "POST /app/hours": {"red_until": "6", "amber_until": "9", "green_until": "20", "amber_late_until": "22"},
    "POST /app/timeline": {"mode": "day", "idle_hours": "4", "funnels": ""},
    "POST /app/region": {"country": "KZ", "language": "ru"},
    "POST /app/lines": LINE,
    "POST /app/lines/test": LINE,
    "POST /app/lines/states": {},
    "POST /app/lines/<int:line_id>/test": {},
    "POST /app/lines/<int:line_id>/pairing": {},
    "POST /app/lines/<int:line_id>/keep": {"confirmed": True},
    "POST /app/lines/<int:line_id>/cooldown/end": {"confirmed": True},
    "POST /app/lines/<int:line_id>/webhook": {},
    "POST /app/lines/<int:line_id>/webhook/renew": {"confirmed": True},
    "POST /app/lines/<int:line_id>/webhook/look": {"late": True},
    "POST /app/lines/<int:line_id>/webhook/reveal": {},
    "POST /app/lines/<int:line_id>/mirror": {"open_line": "1", "mirroring": "on"},
    "POST /app/lines/<int:line_id>/mirror/look": {"open_line": "1"},
    "POST /app/lines/<int:line_id>/name": {"name": "Other", "number": "", "key": "another"},
    "POST /app/lines/<int:line_id>/active": {"active": False},
    "POST /app/lines/<int:line_id>/remove": {"confirmed": True},
    "POST /app/lines/<int:line_id>/access": {"access": [{"id": "U1", "name": "Anna"}]},
    "POST /app/lines/<int:line_id>/limits": {
        **dict.fromkeys(("burst", "every", "per_day"), "5"),
        "floor": "",
        "young_per_day": "",
    },
    "POST /chats": {"phone": KEY, "line": None},
    "POST /chats/<int:chat_id>/open-line": {"do": "look"},
    "POST /chats/<int:chat_id>/messages": {"text": "Hello", "key": "key-1", "confirmed": True},
    "POST /chats/<int:chat_id>/files": {"key": "key-2"},  # it comes as a form
    "POST /chats/<int:chat_id>/location": {"key": "key-4", "place": "1.5, 2.5"},
    "POST /chats/<int:chat_id>/contact": {"key": "key-5", "name": "Anna", "number": "+79001234568"},
    "POST /chats/<int:chat_id>/colleague": {"user": 1},
    "POST /chats/<int:chat_id>/drive": {"folder": 12},
    "POST /chats/<int:chat_id>/drive/<int:file_id>": {},
    "POST /chats/<int:chat_id>/messages/<ref>/edit": {"text": "Hello"},
    "POST /chats/<int:chat_id>/messages/<ref>/delete": {"confirmed": True},
    "POST /chats/<int:chat_id>/messages/<ref>/react": {"emoji": "👍"},
    "POST /chats/<int:chat_id>/messages/<ref>/again": {"confirmed": True},
    "POST /chats/<int:chat_id>/messages/<ref>/seen": {},
    "POST /chats/<int:chat_id>/read": {"refs": ["x"]},
    "POST /chats/<int:chat_id>/typing": {"on": True},
    "POST /chats/<int:chat_id>/take": {},
    "POST /chats/<int:chat_id>/owner": {"user": 1},
    "POST /chats/<int:chat_id>/waive": {"until": 1},
    "POST /chats/<int:chat_id>/writing": {"on": True},
    "POST /chats/<int:chat_id>/told": {},
    "POST /chats/<int:chat_id>/ignore": {"confirmed": True},
    "POST /app/lines/<int:line_id>/owner": {"rule": "nobody"},
    "POST /app/lines/<int:line_id>/previews": {"on": True},
    "POST /app/replies": {"name": "Hello", "text": "Hello"},
    "POST /app/replies/<int:reply_id>/remove": {"confirmed": True},
    "POST /app/replies/<int:reply_id>/access": {"access": []},
    "POST /app/replies/<int:reply_id>/editors": {"access": []},
    "POST /app/replies/<int:reply_id>/files": {},  # it comes as a form
    "POST /app/replies/<int:reply_id>/files/<int:file_id>/remove": {},
    "POST /app/replies/export": {},
    "POST /app/replies/import": {},  # it comes as a form
    "POST /chats/<int:chat_id>/replies": {"name": "Hello", "text": "Hello"},
    "POST /chats/<int:chat_id>/later": {"text": "Hello", "key": "key-3", "when": "hour"},
    "POST /chats/<int:chat_id>/later/<int:later_id>": {"do": "remove"},
    "POST /chats/<int:chat_id>/replies/<int:reply_id>/use": {},
    "POST /app/waiting/limit": {"minutes": "5"},
    "POST /app/later": {"later_per_hour": "5"},
    "POST /app/later/<int:later_id>": {"do": "remove"},
    "POST /app/notices": {"on": True},
    "POST /app/ignored/<int:ignored_id>/undo": {},
    "POST /app/waiting": {},
    "POST /app/waiting/<int:chat_id>/open": {},
    "POST /app/waiting/<int:chat_id>/take": {"owner": "mine"},
    "POST /app/waiting/<int:chat_id>/told": {"owner": "mine"},
    "POST /app/waiting/<int:chat_id>/waive": {"until": 1},
    "POST /app/waiting/<int:chat_id>/ignore": {"confirmed": True},
    "POST /app/waiting/<int:chat_id>/unignore": {"owner": "mine"},
    "POST /app/ignored": {"number": "+79990000001", "line": ""},
    "POST /app/fields": {"2.last": "ufCrmX"},
    "POST /app/fields/look": {},
    "POST /chats/<int:chat_id>/unignore": {},
    "POST /app/waiting/<int:chat_id>/card": {"kind": "lead"},
    "POST /app/waiting/<int:chat_id>/attach": {"kind": "lead", "id": 1},
}


def rules_of(widget: Widget) -> set[str]:
    return {
        f"{method} {rule.rule.replace(widget.app.static_url_path or '', '/static')}"
        for rule in widget.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def call(card: CardPage, route: str, headers: dict[str, str], chat: int = 1, ref: str = "x") -> TestResponse:
    method, _, path = route.partition(" ")
    path = path.replace("<int:chat_id>", str(chat)).replace("<int:line_id>", "1").replace("<ref>", ref)
    path = path.replace("<int:ignored_id>", "1").replace("<int:reply_id>", "1").replace("<int:later_id>", "1")
    path = path.replace("<int:file_id>", "1")
    return card.client.open(path, method=method, json=BODIES.get(route), headers=headers)


def database(widget: Widget) -> str:
    with widget.services.storage.engine.connect() as connection:
        return str(
            [
                list(connection.exec_driver_sql(f"SELECT * FROM {table}"))
                for table in ("portals", "lines", "chats", "sends", "messages", "user_settings", "changes", "events")
            ]
        )


def test_the_table_holds_every_route_and_no_other(widget: Widget) -> None:
    assert rules_of(widget) == set(WHO_MAY_CALL)


def test_every_guarded_post_has_a_body_here() -> None:
    assert set(BODIES) == {route for route in GUARDED if route.startswith("POST")}


@pytest.mark.parametrize("route", GUARDED)
@pytest.mark.parametrize("headers", [{}, {"X-Session": "made.up.now"}, {"X-Opening": "gAAAA-made-up"}])
def test_without_a_session_nothing_is_answered(
    widget: Widget, opened: CardPage, outside: Outside, route: str, headers: dict[str, str]
) -> None:
    before = database(widget)

    answer = call(opened, route, headers)

    assert answer.status_code == 401
    assert answer.headers["X-Refusal"] == "session_over"
    assert database(widget) == before
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


@pytest.mark.parametrize("route", [route for route in GUARDED if WHO_MAY_CALL[route] in (SESSION, ADMIN)])
def test_an_opening_is_no_session(opened: CardPage, outside: Outside, route: str) -> None:
    assert call(opened, route, {"X-Opening": opened.opening_ticket}).status_code == 401
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


@pytest.mark.parametrize("state", ["closed", "removed"])
@pytest.mark.parametrize("route", [route for route in GUARDED if route != "POST /session"])
def test_an_open_page_ends_with_its_portal(
    widget: Widget,
    revealed: CardPage,
    chat: int,
    apps: dict[tuple[str, int], CardPage],
    outside: Outside,
    route: str,
    state: str,
) -> None:
    portals, portal_id = widget.services.storage.portals, widget.portals[0]
    page = apps["admin", 1] if "/app" in route else revealed
    if state == "closed":
        portals.close(portal_id, "portal_deleted")
    else:
        portals.mark_removed(portal_id)
    before, calls = database(widget), (outside.calls("portal"), outside.calls("gateway"))

    answer = call(page, route, {"X-Session": page.session}, chat)

    after = database(widget), (outside.calls("portal"), outside.calls("gateway"))
    portals.reopen(portal_id)  # the widget is that of every test here
    assert (answer.status_code, answer.headers["X-Refusal"]) == (403, "portal_closed")
    if page is revealed:
        assert in_russian("The application is switched off in your Bitrix24") in answer.get_data(as_text=True)
    assert after == (before, calls)


@pytest.fixture(scope="module")
def ref(widget: Widget, chat: int) -> str:
    """Of a picture in the chat."""
    history = widget.open().reveal().history(chat)
    return history.text.split('data-src="')[1].split('"')[0].rsplit("/", 1)[1]


@pytest.fixture(scope="module")
def theirs(widget: Widget) -> CardPage:
    """A card in the other portal."""
    return widget.open(portal=2).reveal()


@pytest.mark.parametrize("route", [route for route in GUARDED if "chat" in route or "check" in route])
def test_the_other_portals_session_and_ids_lead_nowhere(
    widget: Widget, ref: str, key: str, chat: int, theirs: CardPage, outside: Outside, route: str
) -> None:
    before, calls = database(widget), outside.calls("gateway")

    method, _, path = route.partition(" ")
    body = {**BODIES.get(route, {})} or None
    for name, value in (("phone", key), ("keys", [key])):
        if body and name in body:
            body[name] = value
    path = (
        path.replace("<int:chat_id>", str(chat))
        .replace("<ref>", ref)
        .replace("<int:reply_id>", "1")
        .replace("<int:later_id>", "1")
        .replace("<int:file_id>", "1")
    )
    answer = theirs.client.open(path, method=method, json=body, headers={"X-Session": theirs.session})

    assert answer.status_code in (403, 404)
    assert answer.headers["X-Refusal"] == "not_allowed"
    assert database(widget) == before
    assert outside.calls("gateway") == calls


def open_app(widget: Widget, user: str, portal: int = 1) -> CardPage:
    page = widget.open("/app/", user=user, portal=portal)
    page.session = page.text.split('data-session="')[1].split('"')[0]
    return page


@pytest.mark.parametrize("route", FOR_ADMINS)
@pytest.mark.parametrize("where", ["card", "app"])
def test_who_is_no_administrator_changes_and_learns_nothing(
    widget: Widget,
    revealed: CardPage,
    apps: dict[tuple[str, int], CardPage],
    outside: Outside,
    route: str,
    where: str,
) -> None:
    rep = revealed if where == "card" else apps["rep", 1]
    before, calls = database(widget), outside.calls("gateway")

    answer = call(rep, route, {"X-Session": rep.session})

    assert (answer.status_code, answer.headers["X-Refusal"]) == (403, "not_admin")
    assert outside.gateway not in answer.get_data(as_text=True)
    assert database(widget) == before
    assert outside.calls("gateway") == calls


@pytest.mark.parametrize("route", [route for route in FOR_ADMINS if "line_id" in route])
def test_the_other_portals_line_is_not_there_for_an_administrator(
    widget: Widget, apps: dict[tuple[str, int], CardPage], outside: Outside, route: str
) -> None:
    theirs = apps["admin", 2]
    before, calls = database(widget), outside.calls("gateway")

    answer = call(theirs, route, {"X-Session": theirs.session})

    assert (answer.status_code, answer.headers["X-Refusal"]) == (404, "not_allowed")
    assert database(widget) == before
    assert outside.calls("gateway") == calls


@pytest.mark.parametrize("route", list(WHO_MAY_CALL))
def test_any_other_method_is_refused_and_does_nothing(
    widget: Widget, revealed: CardPage, outside: Outside, route: str
) -> None:
    calls, before = outside.calls("portal"), database(widget)
    path = (
        route.split(" ")[1]
        .replace("<int:chat_id>", "1")
        .replace("<ref>", "x")
        .replace("<path:filename>", "base.css")
        .replace("<int:line_id>", "1")
        .replace("<int:ignored_id>", "1")
        .replace("<int:reply_id>", "1")
        .replace("<int:later_id>", "1")
        .replace("<int:file_id>", "1")
        .replace("<hook_key>", "x")
    )
    path = path.replace("/static", widget.app.static_url_path or "")
    known = {each.split(" ")[0] for each in WHO_MAY_CALL if each.split(" ")[1] == route.split(" ")[1]}

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = revealed.client.open(path, method=method, headers={"X-Session": revealed.session})
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
