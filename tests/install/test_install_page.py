"""The page that installs: whatever happened before, exactly one of everything is there
afterwards."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.portal.credentials import PORTALS
from tests.installing import ADMIN, CHIEF, FIELDS, TABS, Site
from tests.stand import CardPage, Outside, Widget, in_russian
from widget.bitrix24.events import WANTED
from widget.bitrix24.installer.desired import APP_VERSION
from widget.bitrix24.installer.report import Shown
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
    assert site.widget.services.storage.portals.application_token(site.portal.id)
    assert site.widget.services.storage.tokens.find(site.portal.id, ADMIN)


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
    assert len(site.widget.services.storage.portals.all()) == 1


def test_it_installs_from_a_card_too_while_the_installation_is_not_finished(site: Site) -> None:
    site.change(installed=True)
    site.change(version=2)

    opening = site.outside.opening("/crm/deal/details/7045/", user="admin")
    assert urlsplit(opening["action"]).path == "/install"
    assert site.widget.post_opening(opening).answer.status_code == 200
    assert_one_of_each(site)


@pytest.mark.parametrize("story", ["source", "docs"])
def test_an_update_finishes_by_itself_and_brings_the_handlers_back(site: Site, story: str) -> None:
    site.change(quirks={"update": story})
    site.set_up()
    site.market("update")
    assert "ONAPPINSTALL" not in site.handlers

    site.set_up()

    assert_one_of_each(site)


def test_an_old_box_tells_the_secret_that_proves_events_when_the_installation_is_finished(site: Site) -> None:
    site.change(quirks={"old_box": True})
    site.begin()
    assert site.install().answer.status_code == 200
    assert site.widget.services.storage.portals.application_token(site.portal.id) == ""

    site.finish()

    assert site.deliver() == [200]
    told = site.there["application_token"]
    assert site.widget.services.storage.portals.application_token(site.portal.id) == told
    assert site.send("ONCRMDEALUPDATE", {"FIELDS": {"ID": 7045}}) == [200]


def test_fields_that_are_refused_before_the_installation_is_finished_come_by_themselves(site: Site) -> None:
    site.change(quirks={"field_needs_finish": True})
    site.begin()
    assert 'data-install="partly"' in site.install().text
    assert not site.fields

    site.finish()

    assert site.deliver() == [200]
    assert_one_of_each(site)
    assert site.portal.app_version == APP_VERSION


def test_an_update_deletes_no_old_field_before_the_portal_knows_its_new_type(site: Site) -> None:
    site.change(quirks={"field_needs_finish": True}, installed=True)
    site.market("update")
    before = [one["id"] for one in site.there["fields"]]

    site.install()

    assert [one["id"] for one in site.there["fields"]] == before
    site.finish()
    site.deliver()
    assert_one_of_each(site)


def test_a_portal_of_the_other_authorisation_server_is_installed_and_its_tokens_renewed(
    make_widget: MakeWidget, outside: Outside
) -> None:
    servers = (f"{outside.portal}/oauth", f"{outside.portal}/oauth2")
    site = Site.empty(make_widget, auth_servers=servers)
    site.change(quirks={"server": 2, "old_box": True})  # nobody names the server

    site.set_up()

    assert site.portal.auth_server == servers[1]
    outside.break_portal("expired_token", "batch")
    assert site.widget.services.bitrix24.installer.repair(site.portal, ADMIN).complete
    assert_one_of_each(site)


@pytest.mark.parametrize("forgets", [False, True])
def test_what_a_version_before_made_becomes_ours_alone_and_stays_in_its_place(site: Site, forgets: bool) -> None:
    site.change(quirks={"forgets_places": forgets})
    site.change(installed=True)
    site.change(in_layout=[2])
    before = {one["fieldName"]: one["layouts"] for one in site.there["fields"]}
    assert [one["user_type_id"] for one in site.there["field_types"]] == ["whatsapp"]

    assert site.install().answer.status_code == 200

    own = site.widget.services.bitrix24.installer._names.type_id
    assert [one["user_type_id"] for one in site.there["field_types"]] == [own]
    assert {one["fieldName"]: one["layouts"] for one in site.there["fields"]} == before
    assert {one["userTypeId"] for one in site.there["fields"]} == {f"rest_1_{own}"}
    assert site.install().answer.status_code == 200
    assert site.widget.services.bitrix24.installer.inspect(site.portal, ADMIN).complete


DIRECT = "crm.item.details.configuration.set"
INTERRUPTIONS = [
    *(("cut", "batch", after) for after in range(2, 8)),  # done, but we are gone before the answer comes
    *(("INTERNAL_SERVER_ERROR", f"batch:userfieldtype.{what}", 0) for what in ("delete", "add")),
    *(("INTERNAL_SERVER_ERROR", f"batch:userfieldconfig.{what}", 3) for what in ("delete", "add")),
    *(("INTERNAL_SERVER_ERROR", DIRECT, after) for after in (0, 1)),
]


def test_a_move_that_is_interrupted_anywhere_ends_by_itself_as_if_it_had_not_been(site: Site) -> None:
    def moved(*interruption: Any) -> dict[str, Any]:
        if site.stored:
            site.widget.services.storage.portals.delete(site.portal.id)
        site.change(quirks={"forgets_places": True}, installed=True)
        site.change(in_layout=[2, 3])
        if interruption:
            fault, match, after = interruption
            site.outside.break_portal(fault, match, None, after=after)
        site.install()
        if interruption:
            assert site.portal.app_version == 0
            site.outside.heal()
            site.widget.services.webhooks.event_work.update_outdated()
        assert site.portal.app_version == APP_VERSION
        there = site.there
        fields = {one["fieldName"]: (one["userTypeId"], one["layouts"]) for one in there["fields"]}
        return {"fields": fields, "types": there["field_types"], "tabs": site.tabs}

    uninterrupted = moved()
    assert uninterrupted["fields"]["UF_CRM_DEAL_WHATSAPP"][1] == {"0": "always"}
    for interruption in INTERRUPTIONS:
        assert moved(*interruption) == uninterrupted, interruption


def test_another_application_with_our_old_words_stops_no_installation(site: Site) -> None:
    site.begin()
    theirs = [["CRM_DEAL", "UF_CRM_DEAL_WHATSAPP", "whatsapp"]]
    site.change(foreign_types=["whatsapp"], foreign_fields=theirs)

    page = site.install()

    assert 'data-install="complete"' in page.text
    assert len([one for one in site.there["fields"] if one["userTypeId"] == "rest_99_whatsapp"]) == 1
    assert site.widget.services.bitrix24.installer.inspect(site.portal, ADMIN).complete


@pytest.mark.parametrize("code", ["0", ""])
def test_a_field_that_the_portal_refuses_in_words_alone_leaves_the_rest_in_place(site: Site, code: str) -> None:
    site.begin()
    site.change(quirks={"plain_code": code})
    name = site.widget.services.bitrix24.installer._names.field_name("CRM_DEAL")
    site.change(foreign_fields=[["CRM_DEAL", name, "other"]])

    page = site.install()

    assert 'data-install="partly"' in page.text
    assert "unknown" in page.words
    assert site.tabs == dict.fromkeys(TABS, 1)


def test_a_click_shows_the_field_in_the_cards_that_somebody_arranged_and_in_no_others(site: Site) -> None:
    site.set_up()
    site.change(in_layout=[3])
    site.change(funnels={"2": [[0, "Общая"], [9, "Опт"]]})

    assert site.widget.services.bitrix24.installer.show_field(site.portal, ADMIN) is Shown.ARRANGED

    seen = {one.entity: one for one in site.widget.services.bitrix24.installer.inspect(site.portal, ADMIN).fields}
    deals = {one.variant: one.in_layout.value for one in seen["CRM_DEAL"].layouts}
    assert deals == {"Общая": "always", "Опт": "unarranged"}
    assert [one.variant for one in seen["CRM_LEAD"].layouts] == ["simple", "repeat"]
    assert {one.in_layout.value for entity, one in seen.items() if entity != "CRM_DEAL"} == {"always"}


@pytest.mark.parametrize("in_pages", [True, False])
def test_every_funnel_is_looked_at_and_a_list_that_fails_is_not_one_funnel(site: Site, in_pages: bool) -> None:
    site.change(quirks={"funnels_in_pages": in_pages})
    site.set_up()
    site.change(in_layout=[2])
    site.change(funnels={"2": [[number, f"F{number}"] for number in range(60)]})
    installer = site.widget.services.bitrix24.installer

    def deals() -> list[tuple[str, str]]:
        seen = next(one for one in installer.inspect(site.portal, ADMIN).fields if one.entity == "CRM_DEAL")
        return [(one.variant, one.in_layout.value) for one in seen.layouts]

    assert deals() == [("F0", "always"), *((f"F{number}", "unarranged") for number in range(1, 60))]
    site.outside.break_portal("INTERNAL_SERVER_ERROR", "batch:crm.category.list", None)
    assert deals() == [("", "unknown")]
    site.change(in_layout=[1, 2, 3, 4, 7, 31, 183])
    assert installer.show_field(site.portal, ADMIN) is Shown.ARRANGED
    site.outside.heal()
    site.change(funnels={"2": [[0, "F0"]]})
    assert installer.show_field(site.portal, ADMIN) is Shown.ALL


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

    installer = site.widget.services.bitrix24.installer
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
    assert site.widget.services.storage.portals.all() == []
    assert not site.tabs


def test_a_portal_that_is_opened_by_another_name_is_installed_at_its_own(site: Site) -> None:
    site.begin()
    opening = site.outside.opening("/app/", user="admin")
    other = opening["action"].replace("127.0.0.1", "crm.example.com")

    page = site.widget.post_opening({**opening, "action": other})

    assert page.answer.status_code == 200
    assert "frame-ancestors http://crm.example.com:" in page.answer.headers["Content-Security-Policy"]
    assert site.portal.domain.startswith("127.0.0.1:")


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

    log = site.widget.services.storage.rest_log
    log.flush()
    entries = log.of(site.portal.id, 50)
    assert len(entries) == site.outside.calls("portal")["batch"] == 3
    assert [entry.outcome for entry in entries].count("200") == 2
    assert {entry.user_id for entry in entries} == {ADMIN}


def test_a_reinstallation_opens_a_removed_portal_and_keeps_its_data(site: Site) -> None:
    site.set_up()
    site.widget.portals.append(site.portal.id)
    line = site.widget.add_line("sales")
    site.market("uninstall", clean="0")
    assert site.deliver() == [200]
    assert site.portal.state is PortalState.REMOVED
    assert not site.widget.services.storage.tokens.users(site.portal.id)

    site.set_up()

    assert site.portal.state is PortalState.ACTIVE
    assert [one.id for one in site.widget.services.storage.lines.of(site.portal.id)] == [line]
    assert_one_of_each(site)


def test_a_cleaned_portal_begins_anew(site: Site) -> None:
    site.set_up()
    site.widget.portals.append(site.portal.id)
    site.widget.add_line("sales")
    site.market("uninstall", clean="1")
    site.deliver()
    assert site.stored is None

    site.set_up()

    assert site.widget.services.storage.lines.of(site.portal.id) == ()
    assert_one_of_each(site)


def test_a_removal_nobody_worked_on_does_not_hit_the_installation_after_it(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    event = services.storage.events.add(site.portal.id, "ONAPPUNINSTALL", {"clean": 0})
    services.storage.events.fail(event, "worker was down")

    site.install()
    services.webhooks.event_work.work(event)

    assert site.portal.state is PortalState.ACTIVE
    assert services.storage.tokens.find(site.portal.id, ADMIN)


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
    assert not services.bitrix24.installer.inspect(site.portal, ADMIN).complete
    chief(site)

    report = services.bitrix24.installer.repair(site.portal, CHIEF)

    assert report.complete and report.changed
    assert_one_of_each(site)
    assert site.portal.installer_id == CHIEF
    assert services.bitrix24.installer.inspect(site.portal, CHIEF).complete
    assert services.bitrix24.installer.repair(site.portal, CHIEF).changed == 0


def test_inspection_names_what_is_missing(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    site.change(in_layout=[2])

    seen = services.bitrix24.installer.inspect(site.portal, ADMIN)

    assert seen.complete
    layouts = {field.entity: field.in_layout.value for field in seen.fields}
    assert layouts["CRM_DEAL"] == "always"
    assert layouts["CRM_LEAD"] == "no"
    site.change(arranged=False)
    assert {field.in_layout.value for field in services.bitrix24.installer.inspect(site.portal, ADMIN).fields} == {
        "unarranged"
    }
    site.change(add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    assert services.bitrix24.installer.inspect(site.portal, ADMIN).placements_missing == (
        "CRM_DYNAMIC_1042_DETAIL_TAB",
    )


def test_inspection_sees_that_the_installer_was_dismissed(site: Site) -> None:
    site.set_up()
    chief(site)
    services = site.widget.services
    assert services.bitrix24.installer.inspect(site.portal, CHIEF).installer.value == "ready"

    site.change(installer_active=False)

    assert services.bitrix24.installer.inspect(site.portal, CHIEF).installer.value == "gone"


def test_a_new_version_of_the_service_brings_its_portals_up_to_date(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    site.change(installed=True)
    services.storage.portals.set_app_version(site.portal.id, APP_VERSION + 1)

    services.webhooks.event_work.update_outdated()

    assert_one_of_each(site)
    assert site.portal.app_version == APP_VERSION


def test_a_portal_that_fails_does_not_stop_the_update_of_others(site: Site) -> None:
    site.set_up()
    services = site.widget.services
    services.storage.portals.set_app_version(site.portal.id, APP_VERSION + 1)
    site.outside.break_portal("http_500", "batch", times=1)

    services.webhooks.event_work.update_outdated()

    assert site.portal.app_version == APP_VERSION + 1
    services.webhooks.event_work.update_outdated()
    assert site.portal.app_version == APP_VERSION


def chief(site: Site) -> CardPage:
    """Another administrator opened a card, so that their token is stored."""
    page = site.widget.open(user="chief").reveal()
    assert page.answer.status_code == 200, page.words
    assert site.widget.services.storage.tokens.find(site.portal.id, CHIEF)
    return page
