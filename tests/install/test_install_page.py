"""The page that installs: whatever happened before, exactly one of everything is there afterwards."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from sandbox.portal.credentials import PORTALS
from tests.installing import ADMIN, CHIEF, FIELDS, TABS, Site
from tests.stand import CardPage, Widget, in_russian
from widget.bitrix24.events import WANTED
from widget.bitrix24.parts import APP_VERSION
from widget.storage.portals import PortalState

MakeWidget = Callable[..., Widget]


def assert_one_of_each(site: Site) -> None:
    assert dict(site.tabs) == dict.fromkeys(TABS, 1)
    assert len(site.there["placements"]) == len(TABS)
    assert dict(site.fields) == dict.fromkeys(FIELDS, 1)
    assert dict(site.handlers) == dict.fromkeys(WANTED, 1)
    assert len(site.there["handlers"]) == len(WANTED)
    assert len(site.there["field_types"]) == 1


def test_an_installation_puts_everything_in_its_place(site: Site) -> None:
    site.begin()

    page = site.install()

    assert page.answer.status_code == 200
    assert_one_of_each(site)
    assert "7 kinds of cards" in page.words
    assert "What to do next" in page.words
    assert site.portal.state is PortalState.ACTIVE
    assert (site.portal.country, site.portal.installer_id, site.portal.app_version) == ("RU", ADMIN, APP_VERSION)
    assert {"crm", "placement", "userfieldconfig"} <= site.portal.scopes
    assert site.widget.services.portals.application_token(site.portal.id)
    assert site.widget.services.tokens.find(site.portal.id, ADMIN)


def test_the_page_tells_the_portal_that_it_is_finished_and_speaks_russian(site: Site) -> None:
    site.begin()
    page = site.install(lang="ru")

    assert "install/install.js" in page.text
    assert in_russian("WhatsApp in the card is installed") in page.words
    assert in_russian("What to do next") in page.words
    assert "7 видах карточек" in page.words
    assert site.portal.origin in page.answer.headers["Content-Security-Policy"]


def test_it_costs_two_calls_when_nothing_is_missing(site: Site) -> None:
    site.set_up()
    before = site.outside.calls("portal")

    page = site.install()

    after = site.outside.calls("portal")
    assert {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)} == {
        "oauth:app.info": 1,
        "batch": 1,
    }
    assert "nothing had to be changed" in page.words


def test_it_can_be_repeated_as_often_as_one_likes(site: Site) -> None:
    site.begin()
    for _time in range(3):
        assert site.install().answer.status_code == 200
    assert_one_of_each(site)
    assert len(site.widget.services.portals.all()) == 1


def test_it_installs_from_a_card_too_while_the_installation_is_not_finished(site: Site) -> None:
    site.change(installed=True)
    site.change(version=2)

    opening = site.outside.opening("/crm/deal/details/7045/", user="admin")
    assert urlsplit(opening["action"]).path == "/install"
    assert site.widget.post_opening(opening).answer.status_code == 200
    assert_one_of_each(site)


def test_an_update_finishes_by_itself_and_brings_the_handlers_back(site: Site) -> None:
    site.set_up()
    site.market("update")
    assert not site.handlers

    site.set_up()

    assert_one_of_each(site)


def test_handlers_at_an_old_address_are_replaced(make_widget: MakeWidget) -> None:
    old = Site.empty(make_widget, public_url="https://old.example.com")
    old.set_up()
    new = Site(make_widget(public_url="http://localhost"), old.outside)

    new.install()

    assert_one_of_each(new)


@pytest.mark.parametrize("user", ["rep", "restricted"])
def test_nothing_is_bound_or_stored_for_somebody_who_is_no_administrator(site: Site, user: str) -> None:
    site.change(installed=True)
    opening = site.outside.opening("/app/", user=user, lang="en")
    opening["action"] = opening["action"].replace("/app?", "/install?")
    site.change(version=2)

    page = site.widget.post_opening(opening)

    assert page.answer.status_code == 403
    assert page.refusal == "not_admin"
    assert "An administrator has to finish the installation" in page.words
    assert not site.handlers
    assert site.stored is None


def test_without_a_public_address_the_operator_is_told_what_to_do(make_widget: MakeWidget) -> None:
    site = Site.empty(make_widget, public_url="")
    site.begin()

    page = site.install()

    assert page.answer.status_code == 503
    assert "PUBLIC_URL" in page.words
    assert site.stored is None


def test_a_missing_scope_leaves_a_part_out_and_the_page_says_which(site: Site) -> None:
    site.change(scopes="crm,placement")
    site.begin()

    page = site.install()

    assert page.answer.status_code == 200
    assert "only the tab" in page.words
    assert set(site.tabs) == TABS
    assert not site.fields
    assert site.portal.app_version == APP_VERSION


def test_only_smart_processes_with_clients_get_a_tab(site: Site) -> None:
    site.change(add_smart_type={"title": "Склад", "entityTypeId": 1040, "isClientEnabled": "N"})
    site.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    site.begin()
    site.install()

    assert site.tabs["CRM_DYNAMIC_1042_DETAIL_TAB"] == 1
    assert "CRM_DYNAMIC_1040_DETAIL_TAB" not in site.tabs


def test_more_than_fifty_things_go_in_several_batches(site: Site) -> None:
    for number in range(60):
        site.change(add_smart_type={"title": f"Процесс {number}", "entityTypeId": 1100 + 2 * number})
    site.begin()

    page = site.install()

    assert page.answer.status_code == 200
    assert len(site.tabs) == 67
    assert set(site.tabs.values()) == {1}
    assert len(site.fields) == 67


def test_more_than_fifty_fields_are_all_seen_and_none_is_made_again(site: Site) -> None:
    site.begin()
    for number in range(50):
        site.outside.http.post(
            f"{site.outside.portal}/types/", params={"user": "admin"}, data={"title": f"P{number}", "clients": "1"}
        )
    site.install()
    assert sum(site.fields.values()) == len(FIELDS) + 50

    installer = site.widget.services.installer
    report = installer.repair(site.portal, ADMIN)
    assert (report.failed, sum(report.done.values())) == ((), 0)
    inspection = installer.inspect(site.portal, ADMIN)
    assert [field.title for field in inspection.fields if not field.exists] == []
    assert site.portal.app_version == APP_VERSION


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("AUTH_ID", ""),
        ("AUTH_ID", "forged"),
        ("member_id", PORTALS[1].member_id),
        ("member_id", "../../etc"),
        ("APPLICATION_TOKEN", "x" * 500),
        ("APPLICATION_TOKEN", "a\x00b"),
    ],
)
def test_a_forged_form_installs_nothing(site: Site, field: str, value: str) -> None:
    site.begin()

    page = site.install(**{field: value})

    assert page.answer.status_code in (400, 401, 403)
    assert site.widget.services.portals.all() == []
    assert not site.tabs


def test_a_form_with_another_portals_domain_installs_nothing(site: Site) -> None:
    site.begin()
    opening = site.outside.opening("/app/", user="admin")
    other = opening["action"].replace("127.0.0.1", "evil.example.com")

    page = site.widget.post_opening({**opening, "action": other})

    assert page.answer.status_code == 403
    assert site.widget.services.portals.all() == []


@pytest.mark.parametrize("fault", ["QUERY_LIMIT_EXCEEDED", "CONNECTION_ERROR"])
def test_a_portal_that_is_busy_for_a_moment_is_installed_all_the_same(site: Site, fault: str) -> None:
    site.begin()
    site.outside.break_portal(fault, "batch", times=2)
    before = site.widget.clock()

    assert site.install().answer.status_code == 200

    assert site.widget.clock() >= before + 3  # it was given a second, and two
    assert set(site.tabs) == TABS


def test_what_passes_only_later_is_told_at_once(site: Site) -> None:
    site.begin()
    site.outside.break_portal("OPERATION_TIME_LIMIT", "batch", times=None)
    assert site.install().refusal == "portal_busy"
    assert site.outside.calls("portal")["batch"] == 1


def test_every_call_of_an_installation_is_in_the_log(site: Site) -> None:
    site.begin()
    site.outside.break_portal("QUERY_LIMIT_EXCEEDED", "batch")
    site.install()

    log = site.widget.services.rest_log
    log.flush()
    entries = log.of(site.portal.id, 50)
    assert len(entries) == site.outside.calls("portal")["batch"] == 3
    assert [entry.outcome for entry in entries].count("200") == 2
    assert {entry.user_id for entry in entries} == {ADMIN}


def test_a_reinstallation_opens_a_removed_portal_and_keeps_its_data(site: Site) -> None:
    site.set_up()
    site.widget.portals[0] = site.portal.id
    line = site.widget.add_line("sales")
    site.market("uninstall", clean="0")
    assert site.deliver() == [200]
    assert site.portal.state is PortalState.REMOVED
    assert not site.widget.services.tokens.users(site.portal.id)

    site.set_up()

    assert site.portal.state is PortalState.ACTIVE
    assert [one.id for one in site.widget.services.lines.of(site.portal.id)] == [line]
    assert_one_of_each(site)


def test_a_cleaned_portal_begins_anew(site: Site) -> None:
    site.set_up()
    site.widget.portals[0] = site.portal.id
    site.widget.add_line("sales")
    site.market("uninstall", clean="1")
    site.deliver()
    assert site.stored is None

    site.set_up()

    assert site.widget.services.lines.of(site.portal.id) == ()
    assert_one_of_each(site)


def test_a_removal_nobody_worked_on_does_not_hit_the_installation_after_it(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    event = services.events.add(site.portal.id, "ONAPPUNINSTALL", {"clean": 0})
    services.events.fail(event, "worker was down")

    site.install()
    services.event_work.work(event)

    assert site.portal.state is PortalState.ACTIVE
    assert services.tokens.find(site.portal.id, ADMIN)


def test_a_portal_that_answers_half_is_not_half_installed(site: Site) -> None:
    site.begin()
    site.outside.break_portal("QUERY_LIMIT_EXCEEDED", "batch:placement.get")

    page = site.install()

    assert page.refusal == "portal_busy"
    assert not site.tabs and site.stored is None
    assert site.install().answer.status_code == 200
    assert_one_of_each(site)


def test_a_refused_part_is_told_and_done_the_next_time(site: Site) -> None:
    site.begin()
    site.outside.break_portal("INTERNAL_SERVER_ERROR", "batch:event.bind", times=2)

    page = site.install()

    assert page.answer.status_code == 200
    assert "not completely" in page.words
    assert "ONAPPUNINSTALL" in page.words
    assert site.portal.app_version == 0
    assert "not completely" not in site.install().words
    assert_one_of_each(site)
    assert site.portal.app_version == APP_VERSION


def test_repair_puts_back_what_is_missing_and_makes_its_user_the_installer(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    site.change(installed=True)  # as another installation left it: no handlers
    assert not services.installer.inspect(site.portal, ADMIN).complete
    chief(site)

    report = services.installer.repair(site.portal, CHIEF)

    assert report.complete and report.changed
    assert_one_of_each(site)
    assert site.portal.installer_id == CHIEF
    assert services.installer.inspect(site.portal, CHIEF).complete
    assert services.installer.repair(site.portal, CHIEF).changed == 0


def test_inspection_names_what_is_missing(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    site.change(in_layout=[2])

    seen = services.installer.inspect(site.portal, ADMIN)

    assert seen.complete
    layouts = {field.entity: field.in_layout.value for field in seen.fields}
    assert layouts["CRM_DEAL"] == "yes"
    assert layouts["CRM_LEAD"] == "no"
    site.change(arranged=False)
    assert {field.in_layout.value for field in services.installer.inspect(site.portal, ADMIN).fields} == {"unknown"}
    site.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    assert services.installer.inspect(site.portal, ADMIN).placements_missing == ("CRM_DYNAMIC_1042_DETAIL_TAB",)


def test_inspection_sees_that_the_installer_was_dismissed(site: Site) -> None:
    site.set_up()
    chief(site)
    services = site.widget.services
    assert services.installer.inspect(site.portal, CHIEF).installer.value == "ready"

    site.change(installer_active=False)

    assert services.installer.inspect(site.portal, CHIEF).installer.value == "gone"


def test_a_new_version_of_the_service_brings_its_portals_up_to_date(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    site.change(installed=True)
    services.portals.set_app_version(site.portal.id, APP_VERSION + 1)

    services.event_work.update_outdated()

    assert_one_of_each(site)
    assert site.portal.app_version == APP_VERSION


def test_a_portal_that_fails_does_not_stop_the_update_of_others(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    services.portals.set_app_version(site.portal.id, APP_VERSION + 1)
    site.outside.break_portal("http_500", "batch", times=1)

    services.event_work.update_outdated()

    assert site.portal.app_version == APP_VERSION + 1
    services.event_work.update_outdated()
    assert site.portal.app_version == APP_VERSION


def chief(site: Site) -> CardPage:
    """Another administrator opened a card, so that their token is stored."""
    page = site.widget.open(user="chief").reveal()
    assert page.answer.status_code == 200, page.words
    assert site.widget.services.tokens.find(site.portal.id, CHIEF)
    return page
