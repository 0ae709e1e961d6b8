"""The list of those who wait: who sees which chat, and what can be done from it."""

import re
import threading
from types import SimpleNamespace
from typing import cast

import pytest

from sandbox.people import OKSANA
from tests.stand import CardPage, Clock, Outside, Widget, config_for, start_widget
from tests.webhooks.gateways import Caller, PlainWebhooks, written
from widget.admin import waiting_views
from widget.bitrix24.clients import cards_of_phones
from widget.bitrix24.rest import Batch, Rest
from widget.storage import waits
from widget.storage.lines import Grantee
from widget.storage.portals import Portal

NOBODYS = "+79031234567"  # in no card
IVAN = "+79619510000"


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str) -> Widget:
    config = config_for(outside, empty_database)
    widget = start_widget(outside, config, clock, lines=("sales", "support"), webhooks={"waha": PlainWebhooks()})
    widget.services.storage.portals.set_installer(widget.portals[0], 1)
    app_page(widget, "admin")  # whose token searches
    return widget


def app_page(widget: Widget, user: str) -> CardPage:
    page = widget.open("/app/", user=user, lang="en")
    page.session = page.text.split('data-session="')[1].split('"')[0]
    return page


def writes(widget: Widget, phone: str, *, ago: float, name: str = "C1") -> int:
    gateway = Caller(widget)
    gateway.tell(written(name, at=widget.clock() - ago, ids=(f"{phone[1:]}@c.us",)))
    return int(gateway.chat(phone).id)


def listed(page: CardPage, **wanted: object) -> list[int]:
    """The chats of the list, as they stand in it."""
    page.post("/app/waiting", wanted)
    return [int(found) for found in re.findall(r'data-waiting-chat="(\d+)"', page.text)]


def as_app(page: CardPage, path: str, body: dict[str, object]) -> CardPage:
    headers = {"X-Session": page.session, "X-Opening": page.opening_ticket}
    return page._take(page.client.post(path, json=body, headers=headers))


def test_who_waits_longest_stands_first_and_is_red_beyond_the_limit(widget: Widget) -> None:
    newer, older = writes(widget, IVAN, ago=300), writes(widget, NOBODYS, ago=1200, name="C2")
    page = app_page(widget, "rep")
    assert listed(page) == [older, newer]
    assert page.text.count("is-late") == 1
    assert "Иван" in page.text  # of the card that this rep may read
    assert "in no card" in page.words
    assert listed(page, line=widget.services.storage.lines.of(widget.portals[0])[1].id) == []
    admin = app_page(widget, "admin")
    admin.post("/app/waiting/limit", {"minutes": "5"})
    assert listed(page) == [older, newer]
    assert page.text.count("is-late") == 2
    assert admin.post("/app/waiting/limit", {"minutes": "0"}).answer.status_code == 422


def test_among_very_many_a_reps_own_clients_are_listed_and_told_of(
    widget: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (waits, waiting_views):
        monkeypatch.setattr(room, "MAX_LISTED", 1)
    nobodys, own = writes(widget, NOBODYS, ago=3600), writes(widget, IVAN, ago=1800, name="C2")
    page = app_page(widget, "rep")
    page.post(f"/app/waiting/{own}/take", {})
    assert listed(page) == [nobodys, own]
    assert listed(app_page(widget, "admin"), owner="2") == [own]
    portal = widget.services.storage.portals.get(widget.portals[0])
    assert [user_id for _tag, user_id in widget.services.chats.notifying.reasons(portal)] == [2]


def test_a_colleagues_client_without_a_card_is_theirs_until_they_leave(widget: Widget) -> None:
    chat = writes(widget, NOBODYS, ago=300)
    rep = app_page(widget, "rep")
    services, portal = widget.services, widget.portals[0]
    services.storage.conversations.waits.own(services.storage.chats.get(portal, chat), 1, at=widget.clock())
    services.storage.staff.seen(portal, 1, "Ольга")
    assert listed(rep) == []
    assert rep.post(f"/app/waiting/{chat}/take", {}).refusal == "not_allowed"
    services.storage.staff.seen(portal, 1, "Ольга", active=False)
    assert listed(rep) == [chat]
    rep.post(f"/app/waiting/{chat}/take", {})
    assert services.storage.chats.get(portal, chat).owner_id == 2
    assert listed(rep, owner="mine") == [chat]
    assert listed(rep, owner="nobody") == []


def test_who_lost_a_chat_that_they_cannot_open_any_more_has_read_so_by_a_press(widget: Widget) -> None:
    chat, rep = writes(widget, NOBODYS, ago=300), app_page(widget, "rep")
    for page in (rep, app_page(widget, "admin")):
        page.post(f"/app/waiting/{chat}/take", {})
    assert listed(rep) == []
    assert "took over a chat of yours" in rep.words
    assert rep.post(f"/app/waiting/{chat}/told", {}).answer.status_code == 200
    assert "took over a chat of yours" not in rep.words
    assert rep.post(f"/app/waiting/{2**60}/told", {}).answer.status_code == 404


def test_a_chat_opens_from_the_list_as_long_as_it_may_be_read(widget: Widget) -> None:
    chat = writes(widget, IVAN, ago=300)
    page = app_page(widget, "rep")
    as_app(page, f"/app/waiting/{chat}/open", {})
    key = page.text.split('data-key="')[1].split('"')[0]
    page.open_chat(key)
    assert page.chat == chat
    assert page.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 201
    assert listed(page) == []


def test_a_client_without_a_card_gets_one_and_is_ignored_by_a_press(widget: Widget) -> None:
    chat = writes(widget, NOBODYS, ago=300)
    page, other = app_page(widget, "rep"), app_page(widget, "admin")
    assert listed(page) == listed(other) == [chat]
    page.post(f"/app/waiting/{chat}/card", {"kind": "contact"})
    assert other.post(f"/app/waiting/{chat}/card", {"kind": "lead"}).answer.status_code == 409
    assert "in no card" not in page.words
    assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).answer.status_code == 409
    assert page.post(f"/app/waiting/{chat}/ignore", {}).refusal == "confirm"
    page.post(f"/app/waiting/{chat}/ignore", {"confirmed": True})
    page.post(f"/app/waiting/{chat}/unignore", {})
    assert page.post(f"/app/waiting/{chat}/unignore", {}).answer.status_code == 404
    page.post(f"/app/waiting/{chat}/ignore", {"confirmed": True})
    assert listed(page) == []
    admin = app_page(widget, "admin")
    assert admin.post("/app/ignored", {"number": "Olga", "line": ""}).answer.status_code == 422
    assert admin.post("/app/ignored", {"number": "+79990000001", "line": "77"}).answer.status_code == 404
    assert "+7 999 000-00-01" in admin.post("/app/ignored", {"number": "+79990000001", "line": "1"}).words
    assert "Ignore no longer" in admin.words
    ignored = re.findall(r"/app/ignored/(\d+)/undo", admin.text)
    for each in ignored:
        admin.post(f"/app/ignored/{each}/undo", {})
    assert writes(widget, NOBODYS, ago=0, name="C9") == chat
    assert listed(page) == [chat]


def test_of_two_presses_at_the_same_instant_one_makes_a_card(widget: Widget, outside: Outside) -> None:
    first, second = writes(widget, NOBODYS, ago=300), app_page(widget, "admin")
    page, lead = app_page(widget, "rep"), f"/app/waiting/{first}/card"
    outside.break_portal("delay", "crm.item.add", seconds=60)
    pressed = threading.Thread(target=page.post, args=(lead, {"kind": "lead"}))
    pressed.start()
    outside.until(lambda calls: calls["crm.item.add"] == 1, "portal")
    assert second.post(lead, {"kind": "contact"}).refusal == "portal_busy"
    assert second.post(f"/app/waiting/{first}/attach", {"kind": "contact", "id": 42}).refusal == "portal_busy"
    outside.heal()
    pressed.join()
    assert page.answer.status_code == 200
    assert second.post(lead, {"kind": "lead"}).answer.status_code == 409
    assert outside.calls("portal")["crm.item.add"] == 1


def test_a_number_is_attached_to_a_card_that_the_rep_may_read_and_to_no_other(widget: Widget) -> None:
    chat = writes(widget, NOBODYS, ago=300)
    page = app_page(widget, "restricted")
    contact = {"kind": "contact", "id": 44}
    assert page.post(f"/app/waiting/{chat}/attach", contact).answer.status_code == 403
    page.post(f"/app/waiting/{chat}/attach", {"kind": "contact", "id": 42})
    assert "in no card" not in page.words
    assert "Иван" in page.words


def test_an_attach_whose_look_at_the_card_got_no_answer_holds_up_no_other(widget: Widget, outside: Outside) -> None:
    attach = f"/app/waiting/{writes(widget, NOBODYS, ago=300)}/attach"
    page = app_page(widget, "rep")
    outside.break_portal("cut", "crm.item.list")
    assert page.post(attach, {"kind": "contact", "id": 42}).refusal == "portal_failed"
    assert page.post(attach, {"kind": "contact", "id": 42}).answer.status_code == 200


def test_a_client_of_a_card_that_a_rep_may_not_read_is_not_listed_for_them(widget: Widget) -> None:
    chat = writes(widget, OKSANA.phone, ago=300)
    assert listed(app_page(widget, "rep")) == [chat]
    restricted = app_page(widget, "restricted")
    assert listed(restricted) == []
    assert restricted.post(f"/app/waiting/{chat}/open", {}).refusal == "not_allowed"


def test_a_colleagues_client_whose_card_has_the_number_as_it_is_typed_at_home_is_not_for_all(
    widget: Widget, outside: Outside
) -> None:
    typed = {"fm": [{"typeId": "PHONE", "value": "(903) 123-45-67"}]}
    changed = {"change_item": {"entityTypeId": 3, "id": 44, "fields": typed}}
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json=changed).raise_for_status()
    chat = writes(widget, NOBODYS, ago=300)
    assert listed(app_page(widget, "restricted")) == []  # who may not read that contact
    assert listed(app_page(widget, "rep")) == [chat]


def test_a_chat_that_no_longer_waits_is_not_there_for_who_guesses_its_id(widget: Widget) -> None:
    chat = writes(widget, NOBODYS, ago=300)
    rep = app_page(widget, "rep")
    assert as_app(rep, f"/app/waiting/{chat}/open", {}).answer.status_code == 200
    granted, key = rep.session, rep.text.split('data-key="')[1].split('"')[0]
    assert rep.open_chat(key).answer.status_code == 200
    answered = written("P1", at=widget.clock() - 60, ids=(f"{NOBODYS[1:]}@c.us",), from_me=True)
    Caller(widget).tell(answered)  # on the phone
    rep = app_page(widget, "rep")
    assert as_app(rep, f"/app/waiting/{chat}/open", {}).refusal == "not_allowed"
    rep.session = granted
    assert rep.history(chat).refusal == "not_allowed"


def test_who_wrote_in_a_chat_once_does_not_read_it_when_a_colleague_has_taken_it(widget: Widget) -> None:
    chat = writes(widget, NOBODYS, ago=300)
    rep = app_page(widget, "rep")
    as_app(rep, f"/app/waiting/{chat}/open", {})
    rep.send(chat, "Hello", "key-1", confirmed=True)
    assert rep.history(chat).answer.status_code == 200
    services, portal = widget.services, widget.portals[0]
    services.storage.staff.seen(portal, 1, "Ольга")
    services.storage.conversations.waits.own(services.storage.chats.get(portal, chat), 1, at=widget.clock())
    assert rep.history(chat).refusal == "not_allowed"
    services.storage.staff.seen(portal, 1, "Ольга", active=False)
    assert rep.history(chat).answer.status_code == 200


def test_older_pages_are_for_who_may_read_the_chat_at_that_moment(widget: Widget, outside: Outside) -> None:
    """A typed number has one page, of nothing but what is the rep's; one of the list its older
    pages while it may be read at all."""
    for number in range(40):
        outside.answer_as_client(IVAN, f"Older {number}")
    chat = writes(widget, IVAN, ago=300)
    rep = app_page(widget, "rep")
    own = rep.session
    as_app(rep, f"/app/waiting/{chat}/open", {})
    cursor = rep.history(chat).cursor
    assert cursor
    assert rep.history(chat, cursor).answer.status_code == 200
    granted = rep.session
    tokens = widget.services.entrance.session_tokens
    rep.session = tokens.sign_session(tokens.read_session(own).for_number(IVAN, 1))  # as if it had been typed
    assert rep.history(chat, cursor).answer.status_code == 403
    rep.session = granted
    widget.services.storage.lines.set_access(widget.portals[0], 1, (Grantee("U1", "Ольга"),))
    widget.clock.forward(11)
    assert rep.history(chat, cursor).answer.status_code == 403


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ([], True),
        ({}, True),
        ({"LEAD": [7]}, True),
        (None, False),
        ("", False),
        (False, False),
        ({"LEAD": ["x"]}, False),
        ({"LEAD": None}, False),
        ("busy", False),
    ],
)
def test_only_a_clear_answer_of_bitrix24_says_that_no_card_has_a_number(told: object, *, known: bool) -> None:
    rest = cast(Rest, SimpleNamespace(batch=lambda *_asked: Batch({"p0": told}, {})))
    portal = cast(Portal, SimpleNamespace(country="RU"))
    assert (NOBODYS in cards_of_phones(rest, portal, 1, [NOBODYS])) is known


def test_where_bitrix24_does_not_answer_only_own_chats_are_listed(widget: Widget, outside: Outside) -> None:
    mine, nobodys = writes(widget, IVAN, ago=300), writes(widget, NOBODYS, ago=200, name="C2")
    services, portal = widget.services, widget.portals[0]
    services.storage.conversations.waits.own(services.storage.chats.get(portal, mine), 2, at=widget.clock())
    page = app_page(widget, "rep")
    outside.break_portal("http_500", "batch", times=None)
    assert listed(page) == [mine]
    outside.heal()
    assert listed(page) == [mine, nobodys]
