"""Events of the portal: only real ones count, each is answered at once, and each may come twice."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.portal.credentials import PORTALS
from tests.bitrix24.conftest import recorded  # noqa: F401 - a fixture
from tests.installing import ADMIN, TABS, Site
from tests.stand import DEAL, Widget
from widget.bitrix24.events import NEEDS_CRM, WANTED, Event, nested, read_event, work_of
from widget.errors import Refused
from widget.storage.portals import REMEMBERED_SECONDS, PortalState
from widget.storage.schema import events
from widget.storage.tries import TRIES
from widget.webhooks.vouching import MAX_WAITING

MakeWidget = Callable[..., Widget]


@pytest.fixture
def ready(site: Site) -> Site:
    """An installed portal, nothing counted."""
    site.set_up()
    return site


def rows(site: Site) -> list[dict[str, Any]]:
    with site.widget.services.storage.engine.connect() as connection:
        return [dict(row) for row in connection.execute(events.select().order_by(events.c.id)).mappings()]


def test_a_smart_process_that_is_made_later_gets_its_tab_and_loses_it_with_its_clients(ready: Site) -> None:
    ready.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    assert ready.deliver() == [200]
    assert ready.tabs["CRM_DYNAMIC_1042_DETAIL_TAB"] == 1
    assert set(ready.tabs) == TABS | {"CRM_DYNAMIC_1042_DETAIL_TAB"}

    ready.change(rename_smart_type={"entityTypeId": 1042, "title": "Выезды"})
    assert ready.deliver() == [200]
    assert ready.tabs["CRM_DYNAMIC_1042_DETAIL_TAB"] == 1

    ready.change(delete_smart_type=1042)
    assert ready.deliver() == [200]
    assert set(ready.tabs) == TABS
    assert all(row["done_at"] for row in rows(ready))


def test_the_same_event_twice_is_worked_on_twice_and_changes_nothing(ready: Site) -> None:
    ready.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    ready.deliver()
    assert ready.send("ONCRMTYPEADD", times=3) == [200, 200, 200]
    assert ready.tabs["CRM_DYNAMIC_1042_DETAIL_TAB"] == 1


def test_an_event_is_one_row_without_any_token(ready: Site) -> None:
    ready.send("ONAPPUPDATE")
    ready.send("ONCRMTYPEUPDATE")

    stored = rows(ready)
    assert [row["name"] for row in stored][-2:] == ["ONAPPUPDATE", "ONCRMTYPEUPDATE"]
    assert {row["body"] for row in stored} == {"{}"}


FORGERIES: dict[str, dict[str, Any]] = {
    "another secret": {"token": "wrong"},
    "no secret": {"token": "none"},
    "a part of it": {"token": "5ad0"},
    "another portal": {"auth": {"member_id": PORTALS[1].member_id}},
    "no such portal": {"auth": {"member_id": "nobody"}},
}


ABOUT_AN_ITEM = {"FIELDS": {"ID": "7", "ENTITY_TYPE_ID": "183"}}


@pytest.mark.parametrize("name", WANTED)
def test_every_wanted_event_leads_to_work(name: str) -> None:
    event = Event(name, "member", "", ABOUT_AN_ITEM, access_token="", refresh_token="", expires_in=0)
    assert work_of(event) is not None


def test_every_wanted_event_is_worked_on(ready: Site) -> None:
    for name in sorted(WANTED, key=lambda name: name == "ONAPPUNINSTALL"):  # at last the one that ends it all
        about = ABOUT_AN_ITEM if name in NEEDS_CRM else None
        assert ready.send(name, about) == [200], name

    assert [row["name"] for row in rows(ready) if not row["done_at"]] == []


@pytest.mark.parametrize("event", WANTED)
def test_a_forged_event_changes_nothing(ready: Site, event: str) -> None:
    before, calls = len(rows(ready)), ready.outside.calls("portal")

    for forgery in FORGERIES.values():
        # A rep's own, real token in it makes it no more real.
        assert ready.send(event, user="rep", **forgery) == [403]

    assert len(rows(ready)) == before
    assert ready.portal.state is PortalState.ACTIVE
    assert ready.widget.services.storage.tokens.find(ready.portal.id, ADMIN)
    new = {name for name, count in ready.outside.calls("portal").items() if count != calls.get(name, 0)}
    assert new <= {"oauth:app.info", "user.admin"}


def test_a_rep_cannot_set_the_secret_of_events(ready: Site) -> None:
    services = ready.widget.services
    known = services.storage.portals.application_token(ready.portal.id)

    assert ready.send("ONAPPUPDATE", user="rep", token="chosen-by-a-rep") == [403]

    assert services.storage.portals.application_token(ready.portal.id) == known
    assert ready.send("ONAPPUNINSTALL", {"CLEAN": "1"}, token="chosen-by-a-rep") == [403]
    assert ready.portal.state is PortalState.ACTIVE


def test_an_update_may_bring_a_new_secret_when_an_administrators_token_proves_it(ready: Site) -> None:
    ready.change(application_token="new" * 10)

    assert ready.send("ONAPPUPDATE") == [200]

    assert ready.widget.services.storage.portals.application_token(ready.portal.id) == "new" * 10
    assert ready.send("ONCRMTYPEUPDATE") == [200]


def test_the_only_event_that_tells_the_secret_waits_for_an_authorisation_server_that_does_not_answer(
    site: Site,
) -> None:
    site.change(quirks={"old_box": True})
    site.begin()
    site.install()
    portals, secret = site.widget.services.storage.portals, site.there["application_token"]
    site.outside.break_portal("http_500", "oauth:app.info", None)
    site.finish()

    assert site.deliver() == [200]

    assert portals.application_token(site.portal.id) == ""
    assert secret not in str(rows(site))
    for _more in range(6):
        assert site.send("ONAPPINSTALL", token="chosen-by-a-stranger", user="rep") == [403]
    assert len(rows(site)) == 1
    site.outside.heal()
    site.widget.clock.forward(TRIES[1])
    site.widget.services.webhooks.event_work.work_on_what_was_left()
    assert portals.application_token(site.portal.id) == secret
    assert [row["name"] for row in rows(site)] == ["ONAPPINSTALL"]
    assert site.send("ONCRMDEALUPDATE", {"FIELDS": {"ID": 7045}}) == [200]


def test_forged_events_of_any_number_leave_room_for_the_real_one(ready: Site) -> None:
    """While the authorisation server does not answer, the portal says whose tokens are none of its
    administrators'."""
    ready.outside.break_portal("http_500", "oauth:app.info", None)
    for number in range(2 * MAX_WAITING):
        made_up = {"access_token": f"made-up-{number}", "refresh_token": "made-up"}
        assert ready.send("ONAPPUPDATE", token="chosen-by-a-stranger", auth=made_up) == [403]
    ready.change(application_token="new" * 10)
    assert ready.send("ONAPPUPDATE") == [200]

    ready.outside.heal()
    ready.widget.clock.forward(TRIES[1])
    ready.widget.services.webhooks.event_work.work_on_what_was_left()
    assert ready.widget.services.storage.portals.application_token(ready.portal.id) == "new" * 10


def test_what_no_server_says_anything_of_waits_in_a_bounded_number(ready: Site) -> None:
    before = len(rows(ready))
    for method in ("oauth:app.info", "user.admin"):
        ready.outside.break_portal("http_500", method, None)
    for _number in range(2 * MAX_WAITING):
        ready.send("ONAPPUPDATE", token="chosen-by-a-stranger")
    assert len(rows(ready)) == before + MAX_WAITING


def test_an_update_keeps_the_new_tokens_and_installs_what_is_new(ready: Site) -> None:
    services = ready.widget.services
    before = services.storage.tokens.find(ready.portal.id, ADMIN)
    ready.change(installed=True)

    assert ready.send("ONAPPUPDATE") == [200]

    after = services.storage.tokens.find(ready.portal.id, ADMIN)
    assert after and before and after.access != before.access
    assert set(ready.handlers) == set(WANTED)


def test_an_update_of_a_closed_portal_stores_no_tokens(ready: Site) -> None:
    services = ready.widget.services
    services.storage.portals.close(ready.portal.id, "portal_deleted")
    services.storage.tokens.drop_all(ready.portal.id)

    ready.send("ONAPPUPDATE")

    assert services.storage.tokens.users(ready.portal.id) == []


@pytest.mark.parametrize("clean", ["0", "1"])
def test_an_uninstalled_application_forgets_every_token(ready: Site, clean: str) -> None:
    services = ready.widget.services
    portal_id = ready.portal.id

    assert ready.send("ONAPPUNINSTALL", {"CLEAN": clean}) == [200]

    assert services.storage.tokens.users(portal_id) == []
    assert (ready.stored is None) == (clean == "1")
    if clean == "0":
        assert ready.portal.state is PortalState.REMOVED
    assert ready.send("ONAPPUNINSTALL", {"CLEAN": clean}) == [403]  # nothing proves it any more


def test_a_page_that_is_open_during_the_removal_sends_nothing_any_more(ready: Site) -> None:
    ready.widget.portals = [ready.portal.id]
    ready.widget.add_line("sales")
    web = ready.widget.twin()  # another process than the one that works on events
    page = web.open().reveal()
    chat = page.open_chat(page.keys["+7 961 951-00-00"]).chat
    assert page.send(chat, "Здравствуйте", "key-1", confirmed=True).answer.status_code == 201

    assert ready.send("ONAPPUNINSTALL", {"CLEAN": "0"}) == [200]
    ready.widget.clock.forward(REMEMBERED_SECONDS)
    calls = ready.outside.calls("gateway")

    assert page.send(chat, "Ещё здесь?", "key-2", confirmed=True).refusal == "portal_closed"
    assert page.history(chat).refusal == "portal_closed"
    assert ready.outside.calls("gateway") == calls


def test_a_page_that_is_open_during_the_deletion_is_of_an_unknown_portal(ready: Site) -> None:
    ready.widget.portals = [ready.portal.id]
    ready.widget.add_line("sales")
    web = ready.widget.twin()  # another process, which remembers the portal for ten seconds
    page = web.open(user="rep").reveal()
    key = page.keys["+7 961 951-00-00"]
    own = web.open("/app/", user="rep")
    own.session = own.text.split('data-session="')[1].split('"')[0]
    ready.widget.services.bitrix24.installer.uninstall(ready.portal.id, clean=True)
    calls = [
        lambda: page.check([key]),
        lambda: page.open_chat(key),
        lambda: own.post("/app/mine", {"line": None, "show_name": True}),
    ]

    remembered = dict(web.services.storage.portals._remembered)

    for call in calls:
        web.services.storage.portals._remembered.update(remembered)
        answer = call()
        assert (answer.answer.status_code, answer.refusal) == (403, "unknown_portal")


def test_a_payment_asks_the_portal_and_believes_nothing_in_the_event(ready: Site) -> None:
    ready.change(status="S", days=28)

    assert ready.send("ONAPPPAYMENT", {"STATUS": "P", "DAYS": "9999", "PAYMENT_EXPIRED": "N"}) == [200]

    assert (ready.portal.status, ready.portal.days_left) == ("S", 28)


def test_the_terms_are_looked_at_every_night_too(ready: Site) -> None:
    ready.change(status="S", days=3)
    ready.widget.services.webhooks.event_work.look_at_subscriptions()
    assert ready.portal.days_left == 3


@pytest.mark.parametrize(
    "change",
    [
        {"entityTypeId": 2, "id": 7045, "fields": {"title": "Другая"}},
        {"entityTypeId": 3, "id": 42, "fields": {"name": "Пётр"}},
    ],
    ids=["the card itself", "a contact on it"],
)
def test_a_changed_card_is_read_again_and_costs_neither_a_row_nor_a_call(ready: Site, change: dict[str, Any]) -> None:
    page = ready.widget.open(DEAL, user="rep").reveal()
    assert page.answer.status_code == 200
    before, calls = len(rows(ready)), ready.outside.calls("portal")["batch"]
    page.reveal()
    assert ready.outside.calls("portal")["batch"] == calls

    ready.change(change_item=change)
    assert ready.deliver() == [200]

    assert len(rows(ready)) == before
    assert ready.outside.calls("portal")["batch"] == calls
    page.reveal()
    assert ready.outside.calls("portal")["batch"] == calls + 1


@pytest.mark.parametrize(
    ("event", "path", "item"),
    [
        ("ONCRMQUOTEUPDATE", "/crm/type/7/details/31/", 31),
        ("ONCRMCONTACTDELETE", DEAL, 43),
        ("ONCRMCOMPANYDELETE", DEAL, 15),
    ],
)
def test_a_changed_quote_and_a_deleted_client_are_read_again(ready: Site, event: str, path: str, item: int) -> None:
    page = ready.widget.open(path, user="rep").reveal()
    calls = ready.outside.calls("portal")["batch"]

    assert ready.send(event, {"FIELDS": {"ID": str(item)}}) == [200]

    page.reveal()
    assert ready.outside.calls("portal")["batch"] == calls + 1


def test_another_deal_leaves_this_card_as_it_is(ready: Site) -> None:
    page = ready.widget.open(DEAL, user="rep").reveal()
    calls = ready.outside.calls("portal")["batch"]

    assert ready.send("ONCRMDEALUPDATE", {"FIELDS": {"ID": "7046"}}) == [200]

    page.reveal()
    assert ready.outside.calls("portal")["batch"] == calls


def test_an_event_of_an_unknown_portal_is_refused_even_with_that_portals_own_secret(ready: Site) -> None:
    fields = {"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": "7045", "auth[member_id]": PORTALS[1].member_id}
    assert ready.post({**fields, "auth[application_token]": PORTALS[1].application_token}) == 403


def test_unknown_events_are_answered_and_forgotten(ready: Site) -> None:
    before = len(rows(ready))
    for name in ("ONCRMQUOTEADD", "ONIMCONNECTORMESSAGEADD", "ONSOMETHINGNEW"):
        assert ready.send(name, {"anything": {"at": {"all": ["x"]}}}) == [200]
    assert len(rows(ready)) == before


@pytest.mark.parametrize(
    "form",
    [
        "",
        "event=ONAPPUPDATE",
        "auth[member_id]=a",
        "event=ON UPDATE&auth[member_id]=a",
        "event=ONAPPUPDATE&auth[member_id]=" + "a" * 65,
        "event=ONAPPUPDATE&auth=x&auth[member_id]=a",
        "event=ONAPPUPDATE&auth[member_id]=a&auth[member_id]=b",
        "event=ONAPPUPDATE&auth[member_id]=a&data" + "[x]" * 20 + "=1",
        "event=ONAPPUPDATE&auth[member_id]=a&data[x]=%00",
        "event=ONAPPUPDATE&auth[member_id]=a&data[x=1",
        "event=ONAPPUPDATE&auth[member_id]=a&" + "&".join(f"data[{n}]=1" for n in range(1300)),
        "event=ONAPPUPDATE&auth[member_id]=a&data[x]=" + "y" * 66_000,
    ],
)
def test_a_bad_form_is_refused(ready: Site, form: str) -> None:
    assert ready.post(form) == 400


def test_a_form_that_is_too_large_and_a_form_that_is_none_are_refused(ready: Site) -> None:
    assert ready.post("event=X&data[x]=" + "y" * 530_000) == 413
    assert ready.post('{"event": "ONAPPUPDATE", "auth": {"member_id": "a"}}', "application/json") == 400


def test_work_that_fails_is_tried_again_later_and_given_up_in_the_end(ready: Site) -> None:
    services, clock = ready.widget.services, ready.widget.clock
    ready.outside.break_portal("http_500", "batch", times=None)

    assert ready.send("ONCRMTYPEUPDATE") == [200]
    assert rows(ready)[-1]["attempts"] == 1
    assert "portal_failed" in rows(ready)[-1]["error"]
    assert services.webhooks.event_work.work_on_what_was_left() == 0  # not yet

    for _time in TRIES:
        clock.forward(TRIES[-1])
        services.webhooks.event_work.work_on_what_was_left()

    row = rows(ready)[-1]
    assert (row["attempts"], row["done_at"]) == (len(TRIES), 0)
    ready.outside.heal()
    assert services.webhooks.event_work.work_on_what_was_left() == 0


def test_an_event_that_waited_long_is_not_tried_all_at_once(ready: Site) -> None:
    services, clock = ready.widget.services, ready.widget.clock
    services.storage.events.add(ready.portal.id, "ONCRMTYPEADD", {})
    clock.forward(2 * TRIES[-1])  # the worker was away
    ready.outside.break_portal("http_500", "batch", times=None)

    tried = []
    for _second in range(10):
        tried.append(services.webhooks.event_work.work_on_what_was_left())
        clock.forward(1)
    clock.forward(TRIES[1])
    tried.append(services.webhooks.event_work.work_on_what_was_left())

    assert tried == [1] + 9 * [0] + [1]


def test_a_lost_wake_up_loses_no_event(ready: Site) -> None:
    services = ready.widget.services
    ready.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    services.storage.events.add(ready.portal.id, "ONCRMTYPEADD", {})
    assert "CRM_DYNAMIC_1042_DETAIL_TAB" not in ready.tabs

    assert services.webhooks.event_work.work_on_what_was_left() == 1

    assert ready.tabs["CRM_DYNAMIC_1042_DETAIL_TAB"] == 1


def test_one_repair_answers_for_all_the_type_events_before_it(ready: Site) -> None:
    services = ready.widget.services
    ids = [services.storage.events.add(ready.portal.id, "ONCRMTYPEADD", {}) for _time in range(5)]
    calls = ready.outside.calls("portal")["batch"]

    services.webhooks.event_work.work(ids[-1])
    services.webhooks.event_work.work_on_what_was_left()

    assert ready.outside.calls("portal")["batch"] == calls + 1


def test_what_was_given_up_is_forgotten_after_a_month(ready: Site) -> None:
    services, clock = ready.widget.services, ready.widget.clock
    ready.outside.break_portal("http_500", "batch", times=None)
    ready.send("ONCRMTYPEUPDATE")
    clock.forward(27 * 86_400)
    for _time in TRIES:
        clock.forward(TRIES[-1])
        services.webhooks.event_work.work_on_what_was_left()
    waits = services.storage.events.add(ready.portal.id, "ONCRMTYPEADD", {})  # nobody worked on it yet
    services.storage.events.forget_done()
    assert [row["id"] for row in rows(ready)][-1] == waits
    assert rows(ready)[-2]["attempts"] == len(TRIES)
    clock.forward(2 * 86_400)
    assert services.storage.events.forget_done() >= 1
    clock.forward(40 * 86_400)
    services.storage.events.forget_done()
    assert [row["id"] for row in rows(ready)] == [waits]


def test_what_is_done_is_forgotten_after_a_week(ready: Site) -> None:
    ready.send("ONCRMTYPEUPDATE")
    services = ready.widget.services
    assert services.storage.events.forget_done() == 0
    ready.widget.clock.forward(8 * 86_400)
    assert services.storage.events.forget_done() >= 1
    assert rows(ready) == []


def test_brackets_become_maps() -> None:
    assert nested([("event", "X"), ("data[FIELDS][ID]", "7"), ("data[0][a]", "b")]) == {
        "event": "X",
        "data": {"FIELDS": {"ID": "7"}, "0": {"a": "b"}},
    }


@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("ONAPPUPDATE", {}),
        ("ONAPPUNINSTALL", {"clean": 1}),
        ("ONAPPPAYMENT", {"status": "S", "expired": 0, "days": "28"}),
        ("ONCRMDEALUPDATE", {"type": 2, "id": 759}),
        ("ONCRMDYNAMICITEMUPDATE", {"type": 1220, "id": 24}),
        ("ONIMCONNECTORMESSAGEADD", None),
        ("ONAPPMETHODCONFIRM", None),
    ],
)
def test_what_the_portal_really_sends_is_understood(
    recorded: Callable[[str], Any],  # noqa: F811
    name: str,
    work: dict[str, Any] | None,
) -> None:
    event = read_event(flat(recorded(f"event.{name}.json")))
    assert event.name == name
    assert work_of(event) == work


def test_an_event_does_not_print_its_tokens(recorded: Callable[[str], Any]) -> None:  # noqa: F811
    body = recorded("event.ONAPPUPDATE.json")
    event = read_event(flat(body))
    assert event.refresh_token == body["auth"]["refresh_token"]
    assert event.refresh_token not in repr(event)
    with pytest.raises(Refused):
        read_event([("event", "ONAPPUPDATE")])


def flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """As PHP writes a query."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return [] if value is None else [(key, str(value))]
    return [pair for name, one in value.items() for pair in flat(one, f"{key}[{name}]" if key else str(name))]


def test_an_event_of_a_newer_version_waits_for_its_worker(ready: Site) -> None:
    stored, work = ready.widget.services.storage.events, ready.widget.services.webhooks.event_work
    event_id = stored.add(ready.portal.id, "ONNEWTHING", {})
    for _ in range(2 * len(TRIES)):
        work.work(event_id)
        ready.widget.clock.forward(60)
        assert stored.due() == [event_id]
