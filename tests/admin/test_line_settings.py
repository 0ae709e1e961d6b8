"""Lines by an administrator: added, tested, renamed, switched, opened to some, limited, removed."""

from typing import Any

import pytest

from sandbox.people import API_KEY
from tests.admin.conftest import AppPage, OpenApp
from tests.stand import Clock, Outside, Widget
from widget.admin.lines.line_sections import RANGES
from widget.storage.lines import Line, LineLimits

MINUTE = 60
ORDERS = "+7 926 111-22-33"


def lines_of(widget: Widget, portal: int = 1) -> tuple[Line, ...]:
    found: tuple[Line, ...] = widget.twin().services.storage.lines.all_of(widget.portals[portal - 1])
    return found


@pytest.fixture
def new_line(outside: Outside) -> dict[str, str]:
    return {
        "name": "Support",
        "gateway": "waha",
        "address": outside.gateway,
        "session": "support",
        "key": API_KEY,
        "number": "8 963 847-73-13",
    }


def test_a_new_line_is_offered_by_open_cards_within_a_minute(
    admin: AppPage, widget: Widget, clock: Clock, new_line: dict[str, str]
) -> None:
    card = widget.open(lang="en").reveal()
    assert "Support" not in card.words

    admin.save("lines", **new_line)
    clock.forward(MINUTE)

    assert "The line is added." in admin.words
    assert "Support" in card.reveal().words
    assert [(line.name, line.number, line.key) for line in lines_of(widget)][1:] == [
        ("Support", "+79638477313", API_KEY)
    ]


def test_a_connection_is_tested_before_anything_is_stored(
    admin: AppPage, widget: Widget, outside: Outside, new_line: dict[str, str]
) -> None:
    admin.save("lines/test", **{**new_line, "name": ""})

    assert "Test: connected" in admin.words
    assert outside.calls() == {"session": 1}
    assert len(lines_of(widget)) == 1


def test_a_failed_test_says_what_to_do(admin: AppPage, new_line: dict[str, str]) -> None:
    for name, value, said in (
        ("key", "wrong", "Check the key"),
        ("session", "nobody", "offline"),
        ("session", "archive", "scan the QR code"),
        ("address", "http://127.0.0.1:9", "Check the address"),
    ):
        admin.save("lines/test", **{**new_line, name: value})

        assert admin.status == 200
        assert said in admin.words


def test_a_line_that_cannot_be_is_refused_beside_its_field(
    admin: AppPage, widget: Widget, outside: Outside, new_line: dict[str, str]
) -> None:
    for name, value in (
        ("name", ""),
        ("name", "x" * 101),
        ("gateway", "icq"),
        ("address", ""),
        ("address", "waha.example.com"),
        ("address", "ftp://waha.example.com"),
        ("address", "http://[::1"),
        ("address", "https://user:pass@waha.example.com"),
        ("address", "https://waha.example.com/?a=b"),
        ("session", ""),
        ("session", "sales"),  # it is a line already
        ("key", ""),
        ("number", "123"),
    ):
        admin.save("lines", **{**new_line, name: value})

        assert (admin.status, admin.faults) == (422, [f"add-{name}"]), value
        assert API_KEY not in admin.html  # what was typed comes back, but for the key
    assert len(lines_of(widget)) == 1
    assert outside.total("gateway") == 0


def test_private_addresses_need_a_setting(
    make_widget: Any, open_app: OpenApp, outside: Outside, new_line: dict[str, str]
) -> None:
    page = open_app(of=make_widget(lines=(), allow_private_lines=False))

    for address in (outside.gateway, "https://10.0.0.1", "https://localhost", "https://[::ffff:127.0.0.1]"):
        for path in ("lines", "lines/test"):
            page.save(path, **{**new_line, "address": address})
            assert (page.status, page.faults) == (422, ["add-address"]), address
    assert outside.total("gateway") == 0


def test_no_key_ever_comes_back(admin: AppPage, open_app: OpenApp, new_line: dict[str, str]) -> None:
    admin.save("lines", **new_line)
    admin.save("lines/1/name", name="Sales", number="", key="another-secret-key")

    for html in (admin.html, open_app().html):
        assert API_KEY not in html
        assert "another-secret-key" not in html


def test_the_states_of_all_lines_are_asked_together(make_widget: Any, open_app: OpenApp, outside: Outside) -> None:
    page = open_app(of=make_widget(lines=("sales", "archive")))

    page.save("lines/states")

    assert "connected" in page.words
    assert "Open WhatsApp on the line's phone" in page.words
    assert outside.calls() == {"session": 2}


def test_the_code_to_scan_comes_through_us(make_widget: Any, open_app: OpenApp, outside: Outside) -> None:
    page = open_app(of=make_widget(lines=("sales", "archive")))

    picture = page.page.get("/app/lines/2/qr").answer

    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert picture.get_data().startswith(b"\x89PNG")
    assert picture.headers["Cache-Control"] == "no-store"
    assert page.page.get("/app/lines/1/qr").answer.status_code == 502  # nothing to scan: it is connected


def test_a_renamed_line_keeps_its_chats(admin: AppPage, widget: Widget, clock: Clock) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[ORDERS]).chat

    admin.save("lines/1/name", name="Sales 2", number="+7 963 847-73-12", key="")
    clock.forward(MINUTE)

    assert "Sales 2" in card.reveal().words
    assert card.open_chat(card.keys[ORDERS]).chat == chat
    assert "Line sales → Sales 2" in admin.section("changes")


def test_a_new_key_is_used_and_only_its_change_is_logged(admin: AppPage, widget: Widget) -> None:
    admin.save("lines/1/name", name="Line sales", number="", key="new-key")

    assert lines_of(widget)[0].key == "new-key"
    assert "Key of the line changed" in admin.section("changes")
    assert "new-key" not in admin.html


def test_a_line_that_is_off_sends_and_checks_nothing_until_it_is_on_again_and_is_readable_meanwhile(
    admin: AppPage, widget: Widget, outside: Outside, clock: Clock
) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[ORDERS]).chat
    admin.save("lines/1/active", active=False)
    clock.forward(MINUTE)
    outside.reset()

    assert card.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 409
    assert "No line is connected" in card.reveal().words
    assert outside.total("gateway") == 0
    assert card.history(chat).answer.status_code == 200
    assert "switched off" in admin.words

    admin.save("lines/1/active", active=True)
    clock.forward(MINUTE)
    assert card.history(chat).answer.status_code == 200


def test_a_line_is_removed_only_after_a_question_and_comes_back_with_its_chats(
    admin: AppPage, widget: Widget, outside: Outside, clock: Clock
) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[ORDERS]).chat
    admin.save("lines/1/remove")
    assert (admin.status, admin.refusal) == (409, "confirm")
    assert len(lines_of(widget)) == 1

    admin.save("lines/1/remove", confirmed=True)
    clock.forward(MINUTE)
    assert lines_of(widget) == ()
    assert card.history(chat).answer.status_code == 200
    assert card.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 409

    admin.save("lines", name="Again", gateway="waha", address=outside.gateway, session="sales", key=API_KEY, number="")
    clock.forward(MINUTE)
    assert card.reveal().open_chat(card.keys[ORDERS]).chat == chat


EMPTY = dict.fromkeys(RANGES, "")
LIMITS = {**EMPTY, "burst": "2", "every": "60", "per_day": "50"}


def test_a_lines_own_limits_hold_for_its_checks(admin: AppPage, widget: Widget, outside: Outside, clock: Clock) -> None:
    admin.save("lines/1/limits", **LIMITS)
    clock.forward(MINUTE)

    widget.open("/crm/deal/details/7046/").reveal().check()

    assert outside.calls()["check-exists"] == 2
    assert lines_of(widget)[0].limits == LineLimits(2, 60, 50)


def test_more_than_a_hundred_a_day_is_allowed_and_warned_about(admin: AppPage, widget: Widget) -> None:
    admin.save("lines/1/limits", **{**EMPTY, "per_day": "150"})

    assert "More than 100 checks a day" in admin.words
    assert lines_of(widget)[0].limits == LineLimits(None, None, 150)
    admin.save("lines/1/limits", **EMPTY)
    assert "More than 100 checks a day" not in admin.words
    assert lines_of(widget)[0].limits == LineLimits()


def test_every_limit_is_kept_shown_again_and_logged_in_words(admin: AppPage, open_app: OpenApp, widget: Widget) -> None:
    checks = {"burst": "2", "every": "60", "per_day": "50", "floor": "10", "young_per_day": "10"}
    sends = {"firsts_per_day": "40", "young_firsts_per_day": "5", "sends_per_day": "200"}
    admin.save("lines/1/limits", **checks, **sends)

    assert lines_of(widget)[0].limits == LineLimits(2, 60, 50, 10, 10, 40, 5, 200)
    page = open_app()
    for name, value in (checks | sends).items():
        assert f'id="line-1-{name}" name="{name}" inputmode="numeric" maxlength="6" value="{value}"' in page.html
    log = page.section("changes")
    assert "the usual ones → at once 2, seconds each 60, at most a day 50, at least a day 10, a day while new 10" in log
    assert "new chats a day 40, new chats a day while new 5, messages a day 200" in log


def test_limits_beyond_reason_are_refused(admin: AppPage, widget: Widget) -> None:
    beyond = [("burst", "0"), ("burst", "21"), ("every", "0"), ("every", "abc"), ("per_day", "1001")]
    beyond += [("floor", "0"), ("floor", "51"), ("floor", "1.5"), ("young_per_day", "-1"), ("young_per_day", "1001")]
    for field, value in (*beyond, ("per_day", "9" * 30)):
        admin.save("lines/1/limits", **{**LIMITS, field: value})

        assert (admin.status, admin.faults) == (422, [f"line-1-{field}"]), value
    assert lines_of(widget)[0].limits == LineLimits()


def test_who_may_use_a_line_is_stored_by_bitrix24s_codes(admin: AppPage, open_app: OpenApp) -> None:
    admin.save("lines/1/access", access=[{"id": "U2", "name": "Роман"}, {"id": "DR5", "name": "<b>Отдел</b>"}])

    assert admin.status == 200
    page = open_app()
    assert 'data-id="DR5"' in page.html
    assert "<b>Отдел" not in page.html
    assert "everybody → Роман, <b>Отдел</b>" in page.section("changes")


def test_access_lists_that_no_dialog_gives_are_refused(admin: AppPage, widget: Widget) -> None:
    wrong: list[object] = [None, "U1", [1], [{}], [{"id": "U1"}], [{"id": "U1", "name": 5}], {"id": "U1"}]
    for access in (*wrong, [{"id": "u1; drop", "name": "x"}]):
        admin.save("lines/1/access", access=access)

        assert (admin.status, admin.refusal) == (422, "bad_form"), access
    assert lines_of(widget)[0].access == ()


def test_another_portals_line_is_not_there(open_app: OpenApp, widget: Widget) -> None:
    before = lines_of(widget)
    bodies: dict[str, dict[str, Any]] = {
        "name": {"name": "Mine", "number": "", "key": ""},
        "remove": {"confirmed": True},
        "access": {"access": []},
        "limits": LIMITS,
    }
    page = open_app(portal=2)

    for what in ("name", "active", "remove", "access", "limits", "test"):
        page.save(f"lines/1/{what}", **bodies.get(what, {"active": False}))
        assert (page.status, page.refusal) == (404, "not_allowed"), what
    assert page.page.get("/app/lines/1/qr").answer.status_code == 404
    assert lines_of(widget) == before


def test_a_new_line_says_the_limit_that_holds_while_it_is_new(open_app: OpenApp, clock: Clock) -> None:
    assert "at most 20 checks a day" in open_app().words

    clock.forward(10 * 86_400)
    assert "at most 100 checks a day" in open_app().words
