"""The methods an installation and an app page call: who may, what they answer, what they refuse."""

import json
from pathlib import Path

import pytest

from tests.sandbox.apps import new_portal

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"
WIDGET = "http://localhost:8000"
TAB = "CRM_DEAL_DETAIL_TAB"
HOOK = f"{WIDGET}/hooks/bitrix24"
ADMINS_ONLY = ("placement.get", "placement.bind", "placement.unbind", "userfieldtype.add", "userfieldtype.list")


@pytest.fixture
def portal():
    return new_portal(WIDGET)


@pytest.fixture
def admin(portal):
    """Call a method as the administrator: the whole body."""
    token = portal.token("admin")
    return lambda method, **params: portal.call(method, token, **params)


@pytest.fixture
def rep(portal):
    token = portal.token("rep")
    return lambda method, **params: portal.call(method, token, **params)


def recorded(name):
    path = RECORDED / f"{name}.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    return json.loads(path.read_text())["result"]


def first(value):
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("placement.get", {}),
        ("userfieldtype.list", {}),
        ("userfieldconfig.list", {"moduleId": "crm"}),
        ("event.get", {}),
        ("crm.type.list", {}),
        ("app.info", {}),
        ("method.get", {"name": "user.get"}),
        ("department.get", {"PARENT": 1}),
        ("access.name", {"ACCESS": ["G2", "AU"]}),
    ],
)
def test_answers_have_the_keys_of_the_recorded_ones(admin, method, params):
    admin("event.bind", event="ONCRMTYPEADD", handler=HOOK)
    answer, sample = admin(method, **params)["result"], recorded(f"{method}.response")
    assert first(answer).keys() == first(sample).keys()


def test_a_new_field_is_answered_as_a_recorded_one(admin):
    field = {"entityId": "CRM_7", "fieldName": "UF_CRM_7_OTHER", "userTypeId": "string"}
    answer = admin("userfieldconfig.add", moduleId="crm", field=field)["result"]["field"]
    sample = recorded("userfieldconfig.add.response")["field"]
    assert answer.keys() == sample.keys() - {"enum"}
    assert {key: type(answer[key]) for key in ("id", "sort", "multiple")} == dict.fromkeys(
        ("id", "sort", "multiple"), str
    )


@pytest.mark.parametrize("method", ADMINS_ONLY)
def test_what_needs_an_admin_is_refused_to_a_rep(portal, method):
    answer = portal.ask(method, portal.token("rep"), PLACEMENT=TAB, HANDLER=f"{WIDGET}/x", USER_TYPE_ID="x")
    assert (answer.status_code, answer.get_json()["error"]) == (403, "ACCESS_DENIED")


def test_a_rep_may_ask_which_placements_there_are(rep):
    codes = rep("placement.list")["result"]
    assert {TAB, "CRM_SMART_INVOICE_DETAIL_TAB", "CRM_DYNAMIC_183_DETAIL_TAB", "LEFT_MENU"} <= set(codes)
    assert "LEFT_MENU" not in rep("placement.list", SCOPE="crm")["result"]
    assert "USERFIELD_TYPE" not in codes


def test_the_same_handler_is_bound_to_a_place_once(admin, portal):
    answer = admin("placement.bind", PLACEMENT=TAB, HANDLER=f"{WIDGET}/placement")
    assert answer["error"] == "ERROR_CORE"
    assert answer["error_description"] == "Unable to set placement handler: Handler already binded"
    assert admin("placement.bind", PLACEMENT=TAB.lower(), HANDLER=f"{WIDGET}/other")["result"] is True
    assert portal.state()["counts"]["placements"] == 8
    assert admin("placement.unbind", PLACEMENT=TAB, HANDLER=f"{WIDGET}/other")["result"] == {"count": 1}
    assert admin("placement.unbind", PLACEMENT=TAB)["result"] == {"count": 1}
    assert admin("placement.unbind", PLACEMENT=TAB)["result"] == {"count": 0}


def test_the_title_of_a_language_wins_over_a_bare_one(admin):
    titles = {"en": {"TITLE": "Chats"}, "ru": {"TITLE": "Чаты"}}
    admin("placement.bind", PLACEMENT="LEFT_MENU", HANDLER=f"{WIDGET}/app", TITLE="bare", LANG_ALL=titles)
    made = admin("placement.get")["result"][-1]
    assert (made["title"], made["langAll"]["en"]["TITLE"], made["options"]) == ("Чаты", "Chats", [])


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ftp://example.com/", "ERROR_UNSUPPORTED_PROTOCOL"),
        ("https:///placement", "ERROR_WRONG_HANDLER_URL"),
        ("https://intranet/placement", "ERROR_WRONG_HANDLER_URL"),
        ("placement", "ERROR_WRONG_HANDLER_URL"),
        ("", "ERROR_ARGUMENT"),
        (["https://example.com/"], "ERROR_ARGUMENT"),
    ],
)
def test_a_handler_must_be_a_web_address_with_a_host(admin, address, code):
    assert admin("placement.bind", PLACEMENT=TAB, HANDLER=address)["error"] == code
    assert admin("event.bind", event="ONAPPUPDATE", handler=address)["error"] == code
    assert admin("userfieldtype.add", USER_TYPE_ID="other", HANDLER=address)["error"] == code


@pytest.mark.parametrize("code", ["CRM_DYNAMIC_999_DETAIL_TAB", "USERFIELD_TYPE", "DEFAULT", "CONTACT_CENTER"])
def test_a_place_that_is_not_there_cannot_be_bound(admin, code):
    assert admin("placement.bind", PLACEMENT=code, HANDLER=f"{WIDGET}/x")["error"] == "ERROR_PLACEMENT_NOT_FOUND"


def test_without_the_scope_of_the_crm_its_places_are_not_there(admin, portal):
    portal.change(scopes="placement")
    assert not [code for code in admin("placement.list")["result"] if code.startswith("CRM_")]
    assert admin("placement.bind", PLACEMENT=TAB, HANDLER=f"{WIDGET}/x")["error"] == "ERROR_PLACEMENT_NOT_FOUND"
    assert admin("event.bind", event="ONCRMDEALUPDATE", handler=HOOK)["error"] == "ERROR_EVENT_NOT_FOUND"
    assert admin("scope")["result"] == ["placement"]
    assert "bizproc" in admin("scope", full=True)["result"]


@pytest.mark.parametrize(
    ("scopes", "method"),
    [
        ("crm", "placement.list"),
        ("crm", "userfieldtype.list"),
        ("crm", "userfieldconfig.list"),
        ("placement", "crm.type.list"),
        ("crm", "department.get"),
        ("crm", "user.get"),
    ],
)
def test_a_method_of_a_scope_that_is_not_granted_is_refused(portal, scopes, method):
    portal.change(scopes=scopes)
    token = portal.token("admin")
    answer = portal.ask(method, token)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "insufficient_scope")
    told = portal.call("method.get", token, name=method)["result"]
    assert told == {"isExisting": True, "isAvailable": False}
    batch = portal.call("batch", token, cmd={"a": method, "b": "profile"})["result"]
    assert (batch["result_error"]["a"]["error"], "b" in batch["result"]) == ("insufficient_scope", True)


def test_a_field_type_is_added_changed_and_deleted_by_its_name(admin, portal):
    admin("userfieldtype.delete", USER_TYPE_ID="whatsapp")
    wanted = {"USER_TYPE_ID": "whatsapp", "HANDLER": f"{WIDGET}/placement", "OPTIONS": {"height": 72}}
    assert admin("userfieldtype.add", **wanted, TITLE="WhatsApp")["result"] is True
    assert admin("userfieldtype.add", **wanted)["error"] == "ERROR_CORE"
    assert admin("userfieldtype.update", USER_TYPE_ID="whatsapp", HANDLER=f"{WIDGET}/new")["result"] is True
    made = portal.state()["field_types"]
    assert [(each["code"], each["handler"], each["height"]) for each in made] == [
        ("rest_1_whatsapp", f"{WIDGET}/new", 72)
    ]
    assert admin("userfieldtype.update", USER_TYPE_ID="nobody")["error"] == "ERROR_NOT_FOUND"
    assert admin("userfieldtype.delete", USER_TYPE_ID="nobody")["error"] == "ERROR_NOT_FOUND"
    assert admin("userfieldtype.add", USER_TYPE_ID="What's", HANDLER=f"{WIDGET}/y")["error"] == "ERROR_ARGUMENT"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"entityId": "CRM_183"}, "You cannot create custom fields"),  # the type's row is 7
        ({"fieldName": "UF_CRM_WHATSAPP"}, "You cannot create custom fields"),
        ({"fieldName": ""}, "The 'FIELD_NAME' field is not found."),
        ({"userTypeId": ""}, "The 'USER_TYPE_ID' field is not found."),
        ({"userTypeId": "rest_2_whatsapp"}, "Invalid custom type specified."),
        ({"fieldName": "UF_CRM_7_WHATSAPP"}, "Field UF_CRM_7_WHATSAPP already exists"),
    ],
)
def test_a_field_that_cannot_be_made_is_refused_in_words_without_a_code(portal, changes, words):
    field = {"entityId": "CRM_7", "fieldName": "UF_CRM_7_NEW", "userTypeId": "rest_1_whatsapp", **changes}
    answer = portal.ask("userfieldconfig.add", portal.token("admin"), moduleId="crm", field=field)
    assert (answer.status_code, answer.get_json()) == (400, {"error": "0", "error_description": words})
    portal.change(quirks={"plain_code": ""})  # as the docs print it
    answer = portal.ask("userfieldconfig.add", portal.token("admin"), moduleId="crm", field=field)
    assert answer.get_json() == {"error": "", "error_description": words}


def test_fields_are_listed_by_what_marks_them_and_deleted_by_id(admin, rep, portal):
    mine = {"moduleId": "crm", "filter": {"xmlId": "whatsapp-in-the-card"}, "select": ["ID", "ENTITY_ID"]}
    answer = admin("userfieldconfig.list", **mine)
    fields = answer["result"]["fields"]
    assert (len(fields), answer["total"], fields[0].keys()) == (7, 7, {"id", "entityId"})
    assert admin("userfieldconfig.delete", moduleId="crm", id=fields[0]["id"])["result"] is None
    assert portal.state()["counts"]["fields"] == 6
    assert admin("userfieldconfig.delete", moduleId="crm", id=1)["error"] == "0"
    assert rep("userfieldconfig.list", **mine)["error"] == "0"
    assert [each["FIELD_NAME"] for each in rep("crm.deal.userfield.list")["result"]] == ["UF_CRM_DEAL_WHATSAPP"]


@pytest.mark.parametrize("select", [["id"], ["*", "fieldName"], ["ID", "Name"], "ID"])
def test_a_name_that_the_database_does_not_know_cannot_be_selected(admin, select):
    assert admin("userfieldconfig.list", moduleId="crm", select=select)["error"] == "100"
    assert admin("userfieldconfig.list", moduleId="crm", select=["*"])["result"]["fields"]


def test_a_word_for_a_field_type_belongs_to_one_application_of_the_portal(admin, portal):
    portal.change(foreign_types=["chats"])
    assert admin("userfieldtype.add", USER_TYPE_ID="chats", HANDLER=f"{WIDGET}/other")["error"] == "ERROR_CORE"
    assert [each["USER_TYPE_ID"] for each in admin("userfieldtype.list")["result"]] == ["whatsapp"]
    types = admin("userfieldconfig.getTypes", moduleId="crm")["result"]["types"]
    assert {"string", "rest_1_whatsapp", "rest_99_chats"} <= types.keys()


def test_the_shared_layout_of_a_card_says_whether_the_field_is_in_it(admin, rep, portal):
    def names(**params):
        sections = rep("crm.item.details.configuration.get", **params)["result"]
        return [each["name"] for section in sections for each in section["elements"]]

    assert "UF_CRM_DEAL_WHATSAPP" in names(entityTypeId=2, scope="C")
    portal.change(in_layout=[183])
    assert "UF_CRM_DEAL_WHATSAPP" not in names(entityTypeId=2, scope="C")
    assert "UF_CRM_7_WHATSAPP" in names(entityTypeId=183, scope="C")
    same = admin("crm.deal.details.configuration.get", scope="C")["result"]
    assert same == admin("crm.item.details.configuration.get", entityTypeId=2, scope="C")["result"]


def test_a_layout_that_nobody_made_is_null(admin, rep, portal):
    assert admin("crm.item.details.configuration.get", entityTypeId=2)["result"] is None
    portal.change(arranged=False)
    assert admin("crm.item.details.configuration.get", entityTypeId=2, scope="C")["result"] is None
    assert admin("crm.item.details.configuration.get", entityTypeId=999)["error"] == "0"
    assert rep("crm.item.details.configuration.get", entityTypeId=2, userId=1)["error_description"] == "Access denied."


def test_a_layout_is_written_as_a_whole_and_by_admins_for_everybody(admin, rep):
    method, deal = "crm.item.details.configuration", {"entityTypeId": 2, "scope": "C"}
    fields = [{"name": "TITLE"}, {"name": "UF_CRM_DEAL_WHATSAPP", "optionFlags": 1}]
    wanted = [{"name": "one", "title": "One", "type": "section", "elements": fields}]
    assert rep(f"{method}.set", **deal, data=wanted)["error_description"] == "Access denied."
    assert admin(f"{method}.set", **deal, data=wanted)["result"] is True
    told = admin(f"{method}.get", **deal)["result"]
    assert [(each["name"], each["optionFlags"]) for each in told[0]["elements"]] == [
        ("TITLE", "0"),
        ("UF_CRM_DEAL_WHATSAPP", "1"),
    ]


def test_funnels_are_listed_with_the_default_one_and_each_has_its_layout(admin, portal):
    portal.change(funnels={"2": [[0, "Общая"], [9, "Опт"]]})
    rows = admin("crm.category.list", entityTypeId=2)["result"]["categories"]
    assert [(each["id"], each["name"], each["isDefault"]) for each in rows] == [(0, "Общая", "Y"), (9, "Опт", "N")]
    deal = {"entityTypeId": 2, "scope": "C", "extras": {"dealCategoryId": 9}}
    assert admin("crm.item.details.configuration.get", **deal)["result"] is None
    assert admin("crm.category.list", entityTypeId=1)["error"] == "ENTITY_TYPE_NOT_SUPPORTED"


def test_an_event_is_bound_once_to_an_address_and_unknown_ones_not_at_all(admin, portal):
    bind = {"event": "OnCrmTypeAdd", "handler": HOOK}
    assert admin("event.bind", **bind)["result"] is True
    assert admin("event.bind", **bind)["error"] == "ERROR_HANDLER_ALREADY_EXIST"
    assert admin("event.bind", event="ONNOTHING", handler=HOOK)["error"] == "ERROR_EVENT_NOT_FOUND"
    assert portal.state()["handlers"] == [{"event": "ONCRMTYPEADD", "handler": HOOK, "auth_type": 0, "offline": 0}]
    assert admin("event.unbind", **bind)["result"] == {"count": 1}
    assert admin("event.get")["result"] == []
    assert "ONCRMTYPEADD" in admin("events")["result"]


def test_a_rep_binds_events_for_himself_alone(admin, rep):
    assert rep("event.bind", event="ONCRMDEALUPDATE", handler=HOOK)["result"] is True
    assert rep("event.bind", event="ONCRMDEALUPDATE", handler=HOOK, auth_type=1)["error"] == "ACCESS_DENIED"
    assert rep("event.bind", event="ONCRMDEALUPDATE", event_type="offline")["error"] == "ACCESS_DENIED"
    admin("event.bind", event="ONCRMLEADUPDATE", handler=HOOK)
    assert [each["auth_type"] for each in rep("event.get")["result"]] == ["2"]
    assert len(admin("event.get")["result"]) == 2
    assert rep("event.unbind", event="ONCRMLEADUPDATE", handler=HOOK)["error"] == "ACCESS_DENIED"


def test_people_are_listed_with_their_departments_and_the_dismissed_can_be_left_out(admin, rep, portal):
    everybody = admin("user.get")
    assert everybody["total"] == 5
    assert [each["ID"] for each in rep("user.get", FILTER={"ACTIVE": True})["result"]] == ["1", "2", "3", "4"]
    assert [each["ID"] for each in rep("user.get", filter={"ACTIVE": "N"})["result"]] == ["9"]
    assert [each["ID"] for each in rep("user.get", FILTER={"UF_DEPARTMENT": 5, "ACTIVE": "Y"})["result"]] == ["2", "3"]
    assert "EMAIL" not in everybody["result"][0]
    portal.change(scopes="user")
    assert "EMAIL" in admin("user.get", ID=[1, 2])["result"][0]


def test_access_codes_are_asked_of_the_user_and_an_admin_has_them_all(admin, rep):
    assert rep("user.access", ACCESS=["U2"])["result"] is True
    assert rep("user.access", ACCESS=["D7", "DR1"])["result"] is True
    assert rep("user.access", ACCESS=["U1", "D7"])["result"] is False
    assert admin("user.access", ACCESS=["D7"])["result"] is True
    assert rep("user.access")["error"] == "ERROR_ARGUMENT"


def test_access_codes_have_names_and_unknown_ones_are_left_out(rep):
    named = rep("access.name", ACCESS=["U2", "D5", "D999"])["result"]
    assert {code: each["name"] for code, each in named.items()} == {"U2": "Роман Продажин", "D5": "Отдел продаж"}
    assert rep("access.name", ACCESS=["D999"])["result"] == []


def test_departments_have_the_company_above_them(rep):
    rows = rep("department.get")["result"]
    assert [(each["ID"], each.get("PARENT")) for each in rows] == [("1", None), ("5", "1"), ("7", "1")]
    assert rows[0]["NAME"] == "Окна Амура"


def test_a_smart_process_is_found_by_the_row_that_an_event_tells(admin):
    assert admin("crm.type.get", id=7)["result"]["type"]["entityTypeId"] == 183
    assert admin("crm.type.getByEntityTypeId", entityTypeId="183")["result"]["type"]["id"] == 7
    assert admin("crm.type.get", id=183)["error"] == "NOT_FOUND"
    assert admin("crm.type.list", filter={"isClientEnabled": "N"})["result"]["types"] == []


@pytest.mark.parametrize("fault", ["QUERY_LIMIT_EXCEEDED", "authorization_error", "http_500"])
def test_faults_strike_the_new_methods_too(portal, fault):
    token = portal.token("admin")
    portal.break_with(fault, match="placement.bind")
    assert portal.ask("placement.bind", token, PLACEMENT=TAB, HANDLER=f"{WIDGET}/x").status_code >= 400
    assert portal.ask("placement.bind", token, PLACEMENT=TAB, HANDLER=f"{WIDGET}/x").status_code == 200
