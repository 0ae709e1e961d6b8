"""The application is installed, updated and removed: what the portal keeps, shows and opens
meanwhile."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.apps import new_portal

WIDGET = "http://localhost:8000"
DEAL = "/crm/deal/details/7045/"
TAB = "CRM_DEAL_DETAIL_TAB"


@pytest.fixture
def portal():
    return new_portal(WIDGET)


@pytest.fixture
def clean(portal):
    """A portal that never had the app."""
    portal.change(installed=False)
    return portal


def path_of(opening):
    return urlsplit(opening["action"]).path


def not_shown(portal, path=DEAL, **choices):
    answer = portal.post("/opening", query_string={"path": path, **choices})
    assert answer.status_code == 404
    return answer.get_json()["why"]


def install(portal, **more):
    """As an app would: start, bind, finish."""
    portal.act("/market/install", **more)
    token = portal.open("/market/", user="admin")["fields"]["AUTH_ID"]
    portal.call("placement.bind", token, PLACEMENT=TAB, HANDLER=f"{WIDGET}/placement")
    portal.call("event.bind", token, event="ONAPPUNINSTALL", handler=f"{WIDGET}/hooks/bitrix24")
    assert portal.finish()


def test_a_portal_starts_with_the_app_installed_and_one_of_everything(portal):
    for number in (1, 2):
        state = portal.state(number)
        assert (state["present"], state["installed"], state["version"]) == (True, "Y", 1)
        assert state["counts"] == {"placements": 7, "field_types": 1, "fields": 7, "handlers": 0, "smart_types": 1}
        assert {each["handler"] for each in state["placements"]} == {f"{WIDGET}/placement"}
        assert {place for each in state["fields"] for place in each["layouts"].values()} == {"always"}


def test_both_portals_are_shown_together(portal):
    assert [each["number"] for each in portal.get("/_sandbox/portals").get_json()["portals"]] == [1, 2]
    assert portal.get("/_sandbox/portals/3").status_code == 404


def test_what_one_portal_changes_the_other_does_not_feel_and_a_reset_takes_back(portal):
    seeded = portal.state(1)
    portal.change(1, installed=False, scopes="crm", status="P", days=3)
    assert portal.state(2)["counts"]["placements"] == 7
    portal.post("/_sandbox/reset")
    assert portal.state(1) == seeded


def test_an_unknown_or_wrong_change_is_said_so(portal):
    for wanted in ({"colour": "red"}, {"installed": "maybe"}, {"version": "x"}, {"delete_smart_type": 999}):
        assert portal.post("/_sandbox/portals/1", json=wanted).status_code == 400


def test_a_clean_portal_has_nothing_of_the_app_and_shows_nothing(clean):
    counts = clean.state()["counts"]
    assert (counts["placements"], counts["field_types"], counts["fields"], counts["handlers"]) == (0, 0, 0, 0)
    assert not_shown(clean) == not_shown(clean, "/app/", user="admin") == "no_application"
    page = clean.get(f"{DEAL}?lang=en").text
    assert "The application is not installed in this portal." in page
    assert "<iframe" not in page
    assert ">WhatsApp<" not in page


def test_installing_opens_the_install_page_as_the_apps_own(clean):
    clean.act("/market/install")
    opening = clean.open("/market/", user="admin")
    assert opening["action"].startswith(f"{WIDGET}/install?DOMAIN=")
    assert opening["fields"]["PLACEMENT"] == "DEFAULT"
    assert (opening["install"], opening["first_run"]) == (True, True)
    assert clean.state()["installed"] == "N"
    assert f'action="{WIDGET}/install?' in clean.get("/market/?user=admin").text


def test_only_an_admin_installs_updates_and_removes(clean):
    for what in ("install", "update", "uninstall", "pay"):
        assert clean.act(f"/market/{what}", user="rep").status_code == 403
    clean.act("/market/install")
    assert not clean.finish(user="rep")
    assert not_shown(clean, "/market/") == "not_installed"
    assert clean.state()["installed"] == "N"


def test_a_new_installation_has_a_new_application_token_and_old_tokens_are_strangers(portal):
    before, old = portal.state()["application_token"], portal.open(user="admin")["fields"]
    portal.act("/market/uninstall")
    assert portal.ask("profile", old["AUTH_ID"]).get_json()["error"] == "APPLICATION_NOT_FOUND"
    assert portal.get(f"/oauth/rest/app.info?auth={old['AUTH_ID']}").get_json()["error"] == "NOT_INSTALLED"
    portal.act("/market/install")
    fields = portal.open("/market/", user="admin")["fields"]
    assert fields["APPLICATION_TOKEN"] == portal.state()["application_token"] != before
    assert portal.ask("profile", old["AUTH_ID"]).get_json()["error"] == "invalid_token"
    assert portal.refresh(old["REFRESH_ID"]).get_json()["error"] == "invalid_grant"
    assert portal.call("profile", fields["AUTH_ID"])["result"]["ID"] == "1"


def test_placements_can_be_bound_before_the_end_but_only_then_they_are_shown(clean):
    clean.act("/market/install")
    clean.call(
        "placement.bind",
        clean.open("/market/", user="admin")["fields"]["AUTH_ID"],
        PLACEMENT=TAB,
        HANDLER=f"{WIDGET}/placement",
    )
    assert not_shown(clean) == "not_installed"
    assert clean.finish()
    assert path_of(clean.open(DEAL)) == "/placement"
    assert not_shown(clean, "/crm/contact/details/42/") == "not_bound"
    assert not_shown(clean, embed="field") == "no_field"


def test_while_nothing_is_finished_an_admin_gets_the_install_page_in_every_tab(portal):
    portal.change(version=2)
    opening = portal.open(DEAL, user="admin")
    assert path_of(opening) == "/install"
    assert opening["fields"]["PLACEMENT"] == TAB
    assert json.loads(opening["fields"]["PLACEMENT_OPTIONS"])["ID"] == "7045"
    assert path_of(portal.open(DEAL, user="admin", embed="field")) == "/install"
    assert not_shown(portal) == "not_installed"
    assert "Обратитесь к администратору" in portal.get(DEAL).text


@pytest.mark.parametrize(("story", "left"), [("source", ["ONAPPUPDATE"]), ("docs", [])])
def test_an_update_takes_handlers_and_the_installed_mark_but_not_the_tabs(portal, story, left):
    portal.change(quirks={"update": story})
    for event in ("ONAPPUPDATE", "ONAPPINSTALL"):
        portal.call("event.bind", portal.token("admin"), event=event, handler=f"{WIDGET}/hooks/bitrix24")
    portal.act("/market/update")
    state = portal.state()
    assert (state["version"], state["previous_version"], state["installed"]) == (2, 1, "N")
    assert [each["event"] for each in state["handlers"]] == left
    assert (state["counts"]["placements"], state["counts"]["field_types"]) == (7, 1)
    opening = portal.open("/app/", user="admin")
    assert (path_of(opening), opening["install"], opening["first_run"]) == ("/install", True, False)
    assert portal.finish()
    assert path_of(portal.open("/app/")) == "/app"
    assert not portal.finish()  # there is nothing left to finish


def test_the_portal_tells_the_app_of_its_version_and_of_what_is_paid(portal):
    portal.change(version=3, status="P", days=5, payment_expired="Y", scopes="crm,placement")
    info = portal.call("app.info", portal.token("admin"))["result"]
    assert (info["VERSION"], info["INSTALLED"], info["STATUS"]) == (3, False, "P")
    assert (info["DAYS"], info["PAYMENT_EXPIRED"]) == (5, "Y")
    fields = portal.open(user="admin")["fields"]
    assert (fields["status"], fields["APPLICATION_SCOPE"]) == ("P", "crm,placement")
    told = portal.get(f"/oauth/rest/app.info?auth={fields['AUTH_ID']}").get_json()["result"]
    assert (told["scope"], told["install"]["version"], told["install"]["installed"]) == ("crm,placement", "3", False)


def test_removing_takes_tabs_types_and_handlers_and_leaves_fields_that_draw_nothing(clean):
    install(clean)
    token = clean.token("admin")
    clean.call("userfieldtype.add", token, USER_TYPE_ID="whatsapp", HANDLER=f"{WIDGET}/placement")
    field = {"entityId": "CRM_DEAL", "fieldName": "UF_CRM_DEAL_WHATSAPP", "userTypeId": "rest_1_whatsapp"}
    clean.call("userfieldconfig.add", token, moduleId="crm", field=field)
    clean.act("/market/uninstall", clean="1")
    assert clean.state()["counts"] == {
        "placements": 0,
        "field_types": 0,
        "fields": 1,
        "handlers": 0,
        "smart_types": 1,
    }
    install(clean)
    assert clean.state()["counts"]["placements"] == 1
    assert not_shown(clean, embed="field") == "no_field"


def test_a_new_field_is_shown_only_when_somebody_adds_it_to_the_card(portal):
    portal.change(in_layout=[3])
    page = f"{DEAL}?embed=field&lang=en"
    assert not_shown(portal, embed="field") == "not_in_layout"
    assert "the card does not show it" in portal.get(page).text
    assert "Add the field to the card" not in portal.get(page).text
    assert "Add the field to the card" in portal.get(f"{page}&user=admin").text
    assert portal.post(f"/layout?path={DEAL}&user=rep").status_code == 403
    assert portal.post(f"/layout?path={DEAL}&user=admin", data={"add": "1"}).status_code == 303
    assert not_shown(portal, embed="field") == "empty_field"
    assert path_of(portal.open(DEAL, embed="field", mode="edit")) == "/placement"
    assert "Show always" in portal.get(f"{page}&user=admin").text
    assert portal.post(f"/layout?path={DEAL}&user=admin", data={"always": "1"}).status_code == 303
    assert path_of(portal.open(DEAL, embed="field")) == "/placement"
    shown = [each["entityTypeId"] for each in portal.state()["fields"] if set(each["layouts"].values()) == {"always"}]
    assert shown == [2, 3]


def test_a_card_that_nobody_arranged_shows_the_field_only_while_it_is_edited(portal):
    portal.change(arranged=False)
    assert not_shown(portal, embed="field") == "empty_field"
    assert path_of(portal.open(DEAL, embed="field", mode="edit")) == "/placement"


def test_each_funnel_arranges_its_cards_for_itself(portal):
    portal.change(funnels={"2": [[0, "Общая"], [9, "Опт"]]})
    assert path_of(portal.open(DEAL, embed="field")) == "/placement"
    portal.change(change_item={"entityTypeId": 2, "id": 7045, "fields": {"categoryId": 9}})
    assert not_shown(portal, embed="field") == "empty_field"


def test_a_field_begins_as_high_as_its_type_says(portal):
    portal.call("userfieldtype.update", portal.token("admin"), USER_TYPE_ID="whatsapp", OPTIONS={"height": 72})
    assert portal.open(DEAL, embed="field")["height"] == 72
    assert 'data-frame-height="72"' in portal.get(f"{DEAL}?embed=field").text
    assert portal.open(DEAL)["height"] == 200


def test_a_handler_with_a_query_of_its_own_keeps_it(portal):
    token = portal.token("admin")
    portal.call("placement.unbind", token, PLACEMENT=TAB)
    portal.call("placement.bind", token, PLACEMENT=TAB, HANDLER=f"{WIDGET}/placement?place=tab", TITLE="Chats")
    opening = portal.open(DEAL)
    assert parse_qs(urlsplit(opening["action"]).query)["place"] == ["tab"]
    assert ">Chats<" in portal.get(DEAL).text


def test_a_smart_process_that_is_made_has_a_card_with_one_contact(portal):
    portal.act("/types/", title="Аренда", clients="1")
    made = portal.state()["smart_types"][-1]
    assert (made["id"], made["entityTypeId"], made["isClientEnabled"]) == (8, 1030, "Y")
    card = "/crm/type/1030/details/1/"
    page = portal.get(card).text
    assert "Аренда № 1" in page
    assert "Иван Петров" in page
    assert f'href="{card}"' in portal.get("/").text
    assert not_shown(portal, card) == "not_bound"
    token = portal.token("admin")
    portal.call("placement.bind", token, PLACEMENT="CRM_DYNAMIC_1030_DETAIL_TAB", HANDLER=f"{WIDGET}/placement")
    assert portal.open(card)["fields"]["PLACEMENT"] == "CRM_DYNAMIC_1030_DETAIL_TAB"
    item = portal.call("crm.item.get", token, entityTypeId=1030, id=1)["result"]["item"]
    assert item["contactIds"] == [42]


def test_a_smart_process_is_renamed_and_goes_with_all_that_is_its_own(portal):
    portal.change(add_smart_type={"entityTypeId": 190, "title": "Аренда", "isClientEnabled": "N"})
    portal.act("/types/190/rename", title="Прокат")
    assert portal.state()["smart_types"][-1]["title"] == "Прокат"
    assert "Прокат" in portal.get("/types/").text
    portal.act("/types/183/delete")
    state = portal.state()
    assert [each["entityTypeId"] for each in state["smart_types"]] == [190]
    assert (state["counts"]["placements"], state["counts"]["fields"]) == (6, 6)
    assert portal.get("/crm/type/183/details/12/").status_code == 404
    assert portal.act("/types/190/delete", user="rep").status_code == 403


def test_a_dismissed_installer_neither_opens_nor_calls_and_is_listed_as_gone(portal):
    token = portal.token("admin")
    assert portal.change(installer_active=False)["installer"] == {"id": 1, "active": False}
    answer = portal.ask("profile", token)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "authorization_error")
    assert not_shown(portal, user="admin") == "dismissed"
    assert portal.post("/refresh-auth?user=admin").status_code == 403
    people = portal.call("user.get", portal.token("chief"), FILTER={"ID": 1})["result"]
    assert people[0]["ACTIVE"] is False


def test_another_admin_can_take_the_installation_over(clean):
    clean.act("/market/install", user="chief")
    assert clean.state()["installer"] == {"id": 4, "active": True}


def test_revoked_tokens_are_unknown_everywhere_and_only_those_of_that_user(portal):
    admin, rep = portal.open(user="admin")["fields"], portal.token("rep")
    portal.post("/_sandbox/revoke", json={"user": "admin"})
    assert portal.ask("profile", admin["AUTH_ID"]).get_json()["error"] == "invalid_token"
    assert portal.refresh(admin["REFRESH_ID"]).get_json()["error"] == "invalid_grant"
    assert portal.ask("profile", rep).status_code == 200
    assert portal.post("/_sandbox/revoke", json={"user": "nobody"}).status_code == 400


def test_expired_tokens_can_still_be_refreshed_once(portal):
    portal.post("/_sandbox/revoke", json={"user": "admin"})  # of other tests
    old = portal.open(user="admin")["fields"]
    assert portal.post("/_sandbox/expire", json={"user": "admin", "portal": 1}).get_json() == {"tokens": 1}
    assert portal.ask("profile", old["AUTH_ID"]).get_json()["error"] == "expired_token"
    fresh = portal.refresh(old["REFRESH_ID"]).get_json()
    assert portal.ask("profile", fresh["access_token"]).status_code == 200
    assert portal.refresh(old["REFRESH_ID"]).get_json()["error"] == "invalid_grant"


def test_the_market_says_how_things_are_in_both_languages(portal):
    assert "Приложение установлено." in portal.get("/market/?user=admin").text
    portal.change(installed=False)
    assert "The application is not installed." in portal.get("/market/?user=admin&lang=en").text
    assert "Only an administrator" in portal.get("/market/?lang=en").text
    portal.act("/market/install")
    assert "The installation is not finished." in portal.get("/market/?user=admin&lang=en").text
