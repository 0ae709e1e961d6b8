"""REST of the portal outside of batches: who may call, what the methods answer, what lists leave
out."""

import json
from pathlib import Path

import pytest

from tests.sandbox.apps import new_portal

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"


@pytest.fixture
def portal():
    return new_portal()


@pytest.fixture
def token(portal):
    return portal.token("rep")


def recorded(name):
    path = RECORDED / f"{name}.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    return json.loads(path.read_text())


@pytest.mark.parametrize("method", ["profile", "app.info", "method.get"])
def test_an_answer_has_the_keys_of_the_recorded_one(portal, token, method):
    answer, sample = portal.call(method, token, name="user.get"), recorded(f"{method}.response")
    assert answer["result"].keys() == sample["result"].keys()
    assert answer["time"].keys() >= sample["time"].keys()


def test_an_item_has_the_kinds_of_values_that_a_recorded_one_has(portal, token):
    item = portal.call("crm.item.get", token, entityTypeId=1, id=501)["result"]["item"]
    sample = recorded("crm.item.get.response")["result"]["item"]
    assert item["fm"][0].keys() == sample["fm"][0].keys()
    for key in item.keys() & sample.keys() - {"companyId", "sourceId", "utmSource"}:
        assert type(item[key]) is type(sample[key]) or key == "opportunity", key


def test_the_three_people_are_who_they_say(portal):
    people = {role: portal.call("profile", portal.token(role))["result"] for role in ("admin", "rep", "restricted")}
    assert [(each["ID"], each["ADMIN"]) for each in people.values()] == [("1", True), ("2", False), ("3", False)]
    assert people["rep"]["TIME_ZONE"] == "Europe/Moscow"
    assert portal.call("user.admin", portal.token("admin"))["result"] is True
    assert portal.call("user.current", portal.token("restricted"))["result"]["LAST_NAME"] == "Новичкова"


def test_a_token_is_taken_from_the_body_the_query_or_the_header(portal, token):
    for answer in (
        portal.post("/rest/profile", json={"auth": token}),
        portal.post("/rest/profile.json", data={"auth": token}),
        portal.get(f"/rest/profile?auth={token}"),
        portal.post("/rest/profile", json={"access_token": token}),
        portal.post("/rest/profile", json={}, headers={"Authorization": f"Bearer {token}"}),
    ):
        assert answer.get_json()["result"]["ID"] == "2"


def test_without_a_token_or_with_an_unknown_one_nothing_is_told(portal):
    for answer, code in (
        (portal.post("/rest/profile", json={}), "NO_AUTH_FOUND"),
        (portal.ask("profile", "f" * 70), "invalid_token"),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (401, code)


def test_an_old_token_has_expired():
    portal = new_portal(auth_lifetime=0)
    answer = portal.ask("profile", portal.token())
    assert (answer.status_code, answer.get_json()["error"]) == (401, "expired_token")


def test_a_token_of_one_portal_is_a_stranger_to_the_other(portal):
    second = portal.token(portal=2)
    assert portal.ask("profile", second, portal=1).get_json()["error"] == "invalid_token"
    title = portal.call("crm.item.get", second, portal=2, entityTypeId=2, id=7045)["result"]["item"]["title"]
    assert title == "Ремонт офиса"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"entityTypeId": 2, "id": 1}, "NOT_FOUND"),
        ({"entityTypeId": 3, "id": 44}, "ACCESS_DENIED"),
        ({"entityTypeId": 999, "id": 1}, "NOT_FOUND"),
        ({"entityTypeId": 2}, "100"),
        ({"entityTypeId": 2, "id": [1]}, "100"),
        ({"entityTypeId": 2, "id": "x"}, "100"),
    ],
)
def test_an_item_that_cannot_be_given_is_a_400_with_a_code(portal, params, code):
    answer = portal.ask("crm.item.get", portal.token("restricted"), **params)
    assert (answer.status_code, answer.get_json()["error"]) == (400, code)


def test_an_unknown_method_is_a_404(portal, token):
    answer = portal.ask("crm.no.such", token)
    assert (answer.status_code, answer.get_json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


@pytest.fixture
def contacts(portal):
    def contacts(user="rep", **params):
        return portal.call("crm.item.list", portal.token(user), entityTypeId=3, **params)

    return contacts


def ids(answer):
    return [each["id"] for each in answer["result"]["items"]]


@pytest.mark.parametrize("name", ["=id", "id", "@id"])
def test_a_filter_by_id_takes_many_in_any_order_and_answers_in_order_of_ids(contacts, name):
    assert ids(contacts(filter={name: [44, "42"]}, select=["id"])) == [42, 44]


@pytest.mark.parametrize("name", ["=id", "id"])
def test_a_filter_by_no_ids_gives_nothing(contacts, name):
    answer = contacts(filter={name: []})
    assert ids(answer) == []
    assert answer["total"] == 0


def test_an_at_sign_with_no_ids_breaks_the_sql(portal, token):
    answer = portal.ask("crm.item.list", token, entityTypeId=3, filter={"@id": []})
    assert (answer.status_code, answer.get_json()["error"]) == (500, "ERROR_CORE")


@pytest.mark.parametrize("wanted", [{"id": 1}, [[1]], [{"a": 1}]])
def test_an_object_in_a_filter_is_refused(portal, token, wanted):
    answer = portal.ask("crm.item.list", token, entityTypeId=3, filter={"=id": wanted})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "INVALID_ARG_VALUE")


def test_a_field_that_nobody_has_is_refused_in_a_filter(contacts):
    assert contacts(filter={"fm": "1"})["error"] == contacts(filter={"nobody": 1})["error"] == "INVALID_ARG_VALUE"


def test_other_fields_filter_too(portal, token):
    deals = portal.call("crm.item.list", token, entityTypeId=2, filter={"contactIds": [42], "!id": 7048})
    assert ids(deals) == [7045]


def test_only_a_star_selects_the_phones(contacts):
    everything, by_name = (
        contacts(filter={"id": 42}, select=select)["result"]["items"][0] for select in (["*"], ["id", "fm", "phone"])
    )
    assert everything["fm"][0]["value"] == "+7 961 951-00-00"
    assert by_name == {"id": 42, "phone": "+7 961 951-00-00"}


def test_a_list_leaves_out_what_the_user_may_not_read(contacts):
    assert ids(contacts("restricted", filter={"id": [42, 44]})) == [42]
    assert len(ids(contacts("restricted"))) == len(ids(contacts())) - 3


def test_minus_one_counts_nothing_and_a_page_has_fifty(portal, token, monkeypatch):
    monkeypatch.setattr("sandbox.portal.crm.PAGE", 20)
    whole = portal.call("crm.item.list", token, entityTypeId=3)
    assert (len(ids(whole)), whole["next"], whole["total"]) == (20, 20, 39)
    last = portal.call("crm.item.list", token, entityTypeId=3, start=20)
    assert len(ids(last)) == 19
    assert "next" not in last
    quick = portal.call("crm.item.list", token, entityTypeId=3, start=-1)
    assert (len(ids(quick)), quick["total"], "next" in quick) == (20, 0, False)


def test_smart_processes_can_be_listed_by_type(portal, token):
    types = portal.call("crm.type.list", token)["result"]["types"]
    assert [(each["entityTypeId"], each["isClientEnabled"]) for each in types] == [(183, "Y")]


def test_no_company_is_said_in_three_ways(portal, token):
    deals = {
        each["id"]: each.get("companyId", "no key")
        for each in portal.call("crm.item.list", token, entityTypeId=2)["result"]["items"]
    }
    assert (deals[7046], deals[7047], deals[7048]) == (0, None, "no key")


def test_a_browser_may_call_from_anywhere(portal, token):
    assert portal.ask("profile", token).headers["Access-Control-Allow-Origin"] == "*"


def test_calls_are_counted_by_method_and_pages_are_not(portal, token):
    portal.call("profile", token)
    portal.post("/rest/profile.json", json={"auth": token})
    portal.get("/")
    portal.get("/crm/deal/details/7045/")
    assert portal.get("/_sandbox/calls").get_json() == {"total": 2, "calls": {"profile": 2}}


def test_a_reset_leaves_open_cards_open(portal, token):
    portal.post("/_sandbox/reset")
    assert portal.call("profile", token)["result"]["ID"] == "2"


def test_a_web_server_may_keep_the_header_to_itself(portal):
    portal.change(quirks={"drops_header": True})
    token = portal.token()
    answer = portal.post("/rest/profile", json={}, headers={"Authorization": f"Bearer {token}"})
    assert answer.get_json()["error"] == "NO_AUTH_FOUND"
    assert portal.call("profile", token)["result"]["ID"] == "2"


def test_in_a_batch_a_blocked_method_tells_its_time_beside_the_others(portal):
    portal.break_with("OPERATION_TIME_LIMIT", match="batch:crm.item.get", seconds=90)
    answer = portal.call("batch", portal.token(), cmd={"a": "crm.item.get", "b": "profile"})["result"]
    assert answer["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert answer["result_time"]["a"]["operating_reset_at"] > answer["result_time"]["b"]["start"] + 60


def test_an_old_box_posts_a_shorter_form(portal):
    portal.change(quirks={"old_box": True})
    fields = portal.open()["fields"]
    assert not {"APPLICATION_TOKEN", "SERVER_ENDPOINT", "APPLICATION_SCOPE"} & fields.keys()
    assert fields["member_id"]


def test_the_form_names_the_host_as_the_browser_shows_it(portal):
    opening = portal._client.post("/opening?path=/app/", base_url="http://crm.localhost:8443").get_json()
    assert opening["frame"].startswith("crm.localhost:8443|0|")
    told = portal.get(f"/oauth/rest/app.info?auth={opening['fields']['AUTH_ID']}").get_json()["result"]
    assert told["install"]["domain"] == "127.0.0.1:8001"
