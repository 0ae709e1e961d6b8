"""Every route, asked with another portal's ids and sessions, and by a user whom the line is closed
to: nothing."""

from typing import Any

import pytest

from tests.stand import CardPage, Outside, Widget
from widget.admin.lines.line_sections import RANGES
from widget.storage.lines import Grantee

IVAN_ROW = "+7 961 951-00-00"

# What needs our session, with the body a page would send. KEY, CHAT, REF and LINE are the first
# portal's.
CARD = {
    "POST /card": {"pressed": True},
    "POST /card/check": {"keys": ["KEY"], "line": 1},
    "POST /card/refresh": {"line": 1},
    "POST /card/suggestion": {"key": "KEY", "line": 1},
    "POST /card/again": {"version": "x", "line": 1},
    "POST /card/more": {},
    "POST /card/news": {"keys": ["x"]},
    "POST /card/lines": {"line": 1},
    "POST /card/ignore": {"key": "KEY", "line": 1, "confirmed": True},
    "POST /card/unignore": {"key": "KEY"},
    "POST /card/phone": {"phone": "+7 926 111-22-44", "person": "contact-43", "confirmed": True},
}
CHATS = {
    "POST /chats/CHAT/open-line": {"do": "look"},
    "POST /chats": {"phone": "KEY", "line": 1},
    "GET /chats/CHAT/messages": None,
    "GET /chats/CHAT/line": None,
    "POST /chats/CHAT/messages": {"text": "Hello", "key": "key-9", "confirmed": True},
    "GET /chats/CHAT/media/REF": None,
    "POST /chats/CHAT/files": {},
    "POST /chats/CHAT/location": {"key": "key-7", "place": "1.5, 2.5"},
    "POST /chats/CHAT/contact": {"key": "key-6", "name": "Anna", "number": "+79001234568"},
    "POST /chats/CHAT/colleague": {"user": 1},
    "POST /chats/CHAT/drive": {},
    "POST /chats/CHAT/drive/FILE": {},
    "POST /chats/CHAT/messages/REF/edit": {"text": "Mine"},
    "POST /chats/CHAT/messages/REF/delete": {"confirmed": True},
    "POST /chats/CHAT/messages/REF/react": {"emoji": "👍"},
    "POST /chats/CHAT/messages/REF/again": {"confirmed": True},
    "POST /chats/CHAT/messages/REF/seen": {},
    "POST /chats/CHAT/read": {"refs": ["REF"]},
    "POST /chats/CHAT/typing": {"on": True},
    "GET /chats/CHAT/beside": None,
    "POST /chats/CHAT/take": {},
    "POST /chats/CHAT/owner": {"user": 1},
    "POST /chats/CHAT/waive": {"until": 1},
    "POST /chats/CHAT/writing": {"on": True},
    "POST /chats/CHAT/told": {},
    "POST /chats/CHAT/ignore": {"confirmed": True},
    "POST /chats/CHAT/unignore": {},
    "GET /chats/CHAT/messages/REF/trail": None,
    "GET /chats/CHAT/replies": None,
    "GET /chats/CHAT/later": None,
    "POST /chats/CHAT/later": {"text": "Mine", "key": "key-8", "when": "hour"},
    "POST /chats/CHAT/later/LATER": {"do": "remove"},
    "POST /chats/CHAT/replies": {"name": "Mine", "text": "Mine"},
    "GET /chats/CHAT/replies/REPLY": None,
    "POST /chats/CHAT/replies/REPLY/use": {},
    "GET /chats/CHAT/replies/REPLY/files/FILE": None,
}
WAITING = {
    "POST /app/waiting/CHAT/open": {},
    "POST /app/waiting/CHAT/take": {},
    "POST /app/waiting/CHAT/told": {},
    "POST /app/waiting/CHAT/waive": {},
    "POST /app/waiting/CHAT/ignore": {"confirmed": True},
    "POST /app/waiting/CHAT/unignore": {},
    "POST /app/waiting/CHAT/card": {"kind": "lead"},
    "POST /app/waiting/CHAT/attach": {"kind": "lead", "id": 1},
}
LINES = {
    "POST /app/lines/LINE/test": {},
    "GET /app/lines/LINE/qr": None,
    "POST /app/lines/LINE/name": {"name": "Mine", "number": "", "key": ""},
    "POST /app/lines/LINE/active": {"active": False},
    "POST /app/lines/LINE/remove": {"confirmed": True},
    "POST /app/lines/LINE/access": {"access": []},
    "POST /app/lines/LINE/owner": {"rule": "nobody"},
    "POST /app/lines/LINE/previews": {"on": True},
    "POST /app/lines/LINE/limits": dict.fromkeys(RANGES, "1"),
    "POST /app/lines/LINE/mirror": {"mirroring": "off", "open_line": 0},
    "POST /app/lines/LINE/mirror/look": {},
    "POST /app/lines/LINE/pairing": {},
    "POST /app/lines/LINE/keep": {"confirmed": True},
    "POST /app/lines/LINE/cooldown/end": {"confirmed": True},
    "POST /app/lines/LINE/webhook": {"confirmed": True},
    "POST /app/lines/LINE/webhook/renew": {"confirmed": True},
    "POST /app/lines/LINE/webhook/look": {"since": 0},
    "POST /app/lines/LINE/webhook/reveal": {},
}
SETTINGS = {
    "POST /app/visibility": {"visibility": "always", "confirmed": True},
    "POST /app/timeline": {"mode": "off"},
    "POST /app/hours": {"red_until": "1", "amber_until": "2", "green_until": "3", "amber_late_until": "4"},
    "POST /app/region": {"country": "DE", "language": "en"},
    "POST /app/lines": {"name": "x", "gateway": "waha", "address": "http://127.0.0.1:9", "session": "x", "key": "x"},
    "POST /app/lines/test": {"gateway": "waha", "address": "http://127.0.0.1:9", "session": "x", "key": "x"},
    "POST /app/lines/states": {},
    "POST /app/health": {},
    "POST /app/health/repair": {},
    "POST /app/health/layout": {"confirmed": True},
    "POST /app/waiting/limit": {"minutes": "1"},
    "POST /app/later": {"later_per_hour": "1"},
    "POST /app/ignored/1/undo": {},
    "POST /app/ignored": {"number": "+79619510000", "line": ""},
    "POST /app/fields": {"2.last": "ufCrmX"},
    "POST /app/fields/look": {},
    "POST /app/notices": {"on": True},
}
OWN = {
    "POST /app/mine": {"line": 1, "show_name": True},
    "POST /app/mine/states": {},
    "POST /app/number": {"number": "+79619510000", "line": 1},
    "POST /app/number/look": {"number": "+79619510000"},
    "POST /app/waiting": {},
    "POST /app/replies": {"name": "Mine", "text": "Mine"},
    "POST /app/replies/REPLY/remove": {"confirmed": True},
    "POST /app/replies/REPLY/access": {"access": []},
    "POST /app/replies/REPLY/editors": {"access": []},
    "POST /app/replies/REPLY/files": {},
    "POST /app/replies/REPLY/files/FILE/remove": {},
    "POST /app/replies/export": {},
    "POST /app/replies/import": {},
    "POST /app/later/LATER": {"do": "remove"},
}
NO_SESSION = {
    "GET /openlines/files/<token>/<name>",
    "POST /session",
    "POST /placement",
    "GET /placement",
    "POST /app",
    "POST /install",
    "GET /install",
}


class Theirs:
    """The first portal's card with an open chat: its ids."""

    def __init__(self, widget: Widget) -> None:
        self.card = widget.open(user="admin").reveal()
        self.key = self.card.keys[IVAN_ROW]
        self.chat = self.card.open_chat(self.key, line=1).chat
        self.ref = self.card.history(self.chat).text.split('data-src="')[1].split('"')[0].rsplit("/", 1)[1]

    def ask(self, page: CardPage, route: str, body: Any) -> tuple[int, str]:
        method, _, path = route.partition(" ")
        for name, value in (
            ("CHAT", self.chat),
            ("REF", self.ref),
            ("LINE", 1),
            ("REPLY", 1),
            ("LATER", 1),
            ("FILE", 1),
        ):
            path = path.replace(name, str(value))
        if body:
            body = {k: self.key if v == "KEY" else [self.key] if v == ["KEY"] else v for k, v in body.items()}
        headers = {"X-Session": page.session, "X-Opening": page.opening_ticket}
        answer = page.client.open(path, method=method, json=body, headers=headers)
        return answer.status_code, answer.headers.get("X-Refusal", "")


def rows(widget: Widget) -> str:
    tables = ("portals", "lines", "chats", "sends", "user_settings", "changes", "ignored")
    with widget.services.storage.engine.connect() as connection:
        return str([list(connection.exec_driver_sql(f"SELECT * FROM {table}")) for table in tables])


def app_page(widget: Widget, **choices: Any) -> CardPage:
    page = widget.open("/app/", **choices)
    page.session = page.text.split('data-session="')[1].split('"')[0]
    return page


@pytest.fixture
def theirs(widget: Widget) -> Theirs:
    return Theirs(widget)


def test_every_route_is_in_a_table_here_or_needs_no_session(widget: Widget) -> None:
    known = {*CARD, *CHATS, *LINES, *SETTINGS, *OWN, *WAITING, *NO_SESSION}
    for rule in widget.app.url_map.iter_rules():
        path = rule.rule.replace("<int:chat_id>", "CHAT").replace("<ref>", "REF").replace("<int:line_id>", "LINE")
        path = (
            path.replace("<int:ignored_id>", "1")
            .replace("<int:reply_id>", "REPLY")
            .replace("<int:later_id>", "LATER")
            .replace("<int:file_id>", "FILE")
        )
        if path.startswith(("/static", "/health", "/metrics", "/hooks")):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"{method} {path}" in known, "who may call it? add it to a table"


def test_another_portals_card_reaches_no_chat_of_ours(widget: Widget, theirs: Theirs, outside: Outside) -> None:
    page = widget.open(portal=2, user="admin").reveal()
    before, calls = rows(widget), outside.calls()

    for route, body in CHATS.items():
        assert theirs.ask(page, route, body) in ((403, "not_allowed"), (404, "not_allowed")), route
    assert theirs.ask(page, "POST /card/check", CARD["POST /card/check"])[0] == 403
    assert (rows(widget), outside.calls()) == (before, calls)


def test_another_portals_administrator_reaches_no_line_of_ours(
    widget: Widget, theirs: Theirs, outside: Outside
) -> None:
    page = app_page(widget, portal=2, user="admin")
    before, calls = rows(widget), outside.calls()

    for route, body in LINES.items():
        assert theirs.ask(page, route, body) == (404, "not_allowed"), route
    for route, body in WAITING.items():
        assert theirs.ask(page, route, body) == (404, "not_allowed"), route
    for route in ("POST /app/mine", "POST /app/number"):
        assert theirs.ask(page, route, OWN[route]) == (403, "not_allowed"), route
    assert (rows(widget), outside.calls()) == (before, calls)


def test_two_portals_with_one_client_share_no_row(widget: Widget, theirs: Theirs) -> None:
    page = widget.open(portal=2, lang="en").reveal()

    assert IVAN_ROW in page.rows
    assert page.keys[IVAN_ROW] != theirs.key
    assert "Create chat" in page.row(IVAN_ROW)


def test_a_rep_reaches_no_settings_from_any_page(widget: Widget, theirs: Theirs, outside: Outside) -> None:
    before, calls = rows(widget), outside.calls()

    for page in (widget.open().reveal(), app_page(widget, user="rep")):
        for route, body in {**SETTINGS, **LINES}.items():
            assert theirs.ask(page, route, body) == (403, "not_admin"), route
    assert (rows(widget), outside.calls()) == (before, calls)


def test_the_apps_own_page_is_no_card(widget: Widget, theirs: Theirs, outside: Outside) -> None:
    page = app_page(widget, user="admin")
    before, calls = rows(widget), outside.calls()

    for route, body in {**CARD, **CHATS}.items():
        assert theirs.ask(page, route, body) == (403, "not_allowed"), route
    assert (rows(widget), outside.calls()) == (before, calls)


def test_who_is_outside_a_lines_access_list_gets_nothing_of_it(
    widget: Widget, theirs: Theirs, outside: Outside
) -> None:
    widget.services.storage.lines.set_access(widget.portals[0], 1, [Grantee("U3", "Ольга")])
    card, own = widget.open().reveal(), app_page(widget, user="rep")
    before, calls = rows(widget), outside.calls()

    for route, body in {**CHATS, **CARD}.items():
        # They are about the card, without the line.
        if route not in ("POST /card", "POST /card/more", "POST /card/news", "POST /card/phone"):
            assert theirs.ask(card, route, body) in ((403, "not_allowed"), (404, "not_allowed")), route
    for route, body in {
        "POST /app/mine": OWN["POST /app/mine"],
        "POST /app/number": OWN["POST /app/number"],
        **WAITING,
    }.items():
        assert theirs.ask(own, route, body) == (403, "not_allowed"), route
    assert "Line sales" not in card.text + own.text
    assert "open-history" not in card.text
    assert (rows(widget), outside.calls()) == (before, calls)


def test_a_session_with_one_field_changed_is_no_session(widget: Widget, theirs: Theirs) -> None:
    card = widget.open().reveal()
    head, _, tail = card.session.rpartition(".")

    for forged in (head + "." + tail[:-2] + "xx", card.session[1:], "x" + card.session, ""):
        card.session = forged
        assert theirs.ask(card, "POST /app/mine", OWN["POST /app/mine"]) == (401, "session_over")
