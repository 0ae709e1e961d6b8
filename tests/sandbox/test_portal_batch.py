"""batch, with the traps of the real one (server module rest: rest_provider.php, rest_util.php)."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.sandbox.apps import new_portal

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"
PARTS = {"result", "result_error", "result_total", "result_next", "result_time"}


@pytest.fixture
def portal():
    return new_portal()


@pytest.fixture
def run(portal):
    def run(cmd, user="rep", halt=0):
        answer = portal.ask("batch", portal.token(user), cmd=cmd, halt=halt)
        assert answer.status_code == 200  # whatever happens inside
        return answer.get_json()["result"]

    return run


def list_of(entity_type_id, reference, sign="%3D"):
    return f"crm.item.list?entityTypeId={entity_type_id}&filter[{sign}id]={reference}&select[]=*&start=-1"


def test_the_plan_of_one_card_is_one_request(run):
    done = run(
        {
            "item": "crm.item.get?entityTypeId=2&id=7045",
            "contacts": list_of(3, "$result[item][item][contactIds]"),
            "companies": list_of(4, "$result[item][item][companyId]"),
            "me": "profile",
        }
    )
    assert [each["id"] for each in done["result"]["contacts"]["items"]] == [42, 43]
    assert [each["id"] for each in done["result"]["companies"]["items"]] == [15]
    assert done["result"]["me"]["NAME"] == "Роман"
    assert done["result_total"] == {"contacts": 0, "companies": 0}
    assert done["result_error"] == [] == done["result_next"]


def test_an_answer_has_the_parts_that_the_recorded_one_has(run):
    path = RECORDED / "batch.error.halt0.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    recorded = json.loads(path.read_text())["result"]
    done = run({"a": "no.such", "b": "no.such.either"})
    assert done.keys() == recorded.keys() == PARTS
    assert done["result"] == recorded["result"] == []
    assert done["result_error"]["a"].keys() == recorded["result_error"]["get_user"].keys()


def test_an_empty_list_of_contacts_gives_an_empty_list_back(run):
    done = run({"item": "crm.item.get?entityTypeId=4&id=99", "more": list_of(3, "$result[item][item][contactIds]")})
    assert done["result"]["more"] == {"items": []}


def test_a_null_or_missing_path_puts_its_parent_there_and_the_filter_refuses_it(run):
    for deal in (7047, 7048):  # companyId is null in one and no key at all in the other
        done = run(
            {
                "item": f"crm.item.get?entityTypeId=2&id={deal}",
                "companies": list_of(4, "$result[item][item][companyId]"),
            }
        )
        assert done["result_error"]["companies"]["error"] == "INVALID_ARG_VALUE"
        assert "companies" not in done["result"]


def test_after_a_failed_command_the_whole_map_of_results_stands_for_what_it_would_have_given(run):
    contacts = list_of(3, "$result[item][item][contactIds]")
    missing = "crm.item.get?entityTypeId=2&id=1"
    assert run({"me": "profile", "item": missing, "contacts": contacts})["result_error"].keys() == {"item", "contacts"}
    alone = run({"item": missing, "contacts": contacts})  # the map is empty, and an empty map is an empty list
    assert alone["result"]["contacts"] == {"items": []}


def test_zero_for_no_company_gives_an_empty_list(run):
    item, companies = "crm.item.get?entityTypeId=2&id=7046", list_of(4, "$result[item][item][companyId]")
    assert run({"item": item, "companies": companies})["result"]["companies"] == {"items": []}


def test_an_at_sign_with_an_empty_list_is_an_sql_error(run):
    contacts = list_of(3, "$result[item][item][contactIds]", sign="@")
    done = run({"item": "crm.item.get?entityTypeId=4&id=99", "more": contacts})
    assert done["result_error"]["more"]["error"] == "ERROR_CORE"


def test_inside_a_text_only_strings_and_numbers_are_put(run):
    me = "user.current"
    names = run({"me": me, "seen": "method.get?name=$result[me][NAME] x"})
    assert names["result"]["seen"] == {"isExisting": False, "isAvailable": False}
    assert run({"me": me, "seen": "crm.item.get?entityTypeId=$result[me][UF_DEPARTMENT][0]&id=501"})["result"]["seen"]
    text = run({"me": me, "seen": "crm.item.get?entityTypeId=1&id=1 $result[me][UF_DEPARTMENT]"})
    assert "$result[me][UF_DEPARTMENT]" in text["result_error"]["seen"]["error_description"]
    number = run({"me": me, "seen": "crm.item.get?entityTypeId=1&id=a $result[me][ID] b"})
    assert "{a 2 b}" in number["result_error"]["seen"]["error_description"]


def test_a_reference_reaches_to_the_next_white_space(run):
    glued = run({"me": "profile", "seen": "crm.item.get?entityTypeId=1&id=$result[me][ID],$result[me][ID] x"})
    assert "{2 x}" in glued["result_error"]["seen"]["error_description"]


def test_a_reference_written_in_capitals_is_found_and_leads_nowhere(run):
    done = run({"me": "profile", "seen": "crm.item.get?entityTypeId=1&id=$RESULT[me][ID]"})
    assert "{None}" in done["result_error"]["seen"]["error_description"]


def test_totals_can_be_referred_to_and_names_of_parameters_cannot(run):
    cmd = {
        "all": "crm.item.list?entityTypeId=4",
        "one": "crm.item.get?entityTypeId=4&id=$total[all]",
        "two": "crm.item.get?entityTypeId=4&$result[all]=1",
    }
    done = run(cmd)
    assert done["result_total"]["all"] == 2
    assert done["result_error"]["one"]["error"] == "NOT_FOUND"  # there is no company 2
    assert "{id}" in done["result_error"]["two"]["error_description"]


def test_halt_stops_after_the_first_error_and_no_halt_goes_on(run):
    cmd = {"a": "profile", "b": "no.such", "c": "profile"}
    assert run(cmd, halt=1)["result"].keys() == {"a"}
    assert run(cmd, halt="0")["result"].keys() == {"a", "c"}


def test_the_fifty_first_command_and_those_after_it_are_refused_one_by_one(run):
    done = run({f"k{n}": "profile" for n in range(52)})
    assert len(done["result"]) == 50
    assert {each["error"] for each in done["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    assert done["result_error"].keys() == {"k50", "k51"}


def test_a_batch_in_a_batch_is_refused(run):
    assert run({"a": "batch?cmd[x]=profile"})["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_what_is_not_a_string_is_skipped_without_a_word(run):
    done = run({"a": ["profile"], "b": "profile"})
    assert done["result"].keys() == {"b"}
    assert done["result_error"] == []


def test_commands_without_names_come_back_as_a_list(run):
    assert [each["ID"] for each in run(["profile", "profile"])["result"]] == ["2", "2"]


def test_a_form_with_brackets_says_the_same_as_json(portal):
    command = urlencode({"entityTypeId": 2, "id": 7045})
    body = {"cmd[item]": f"crm.item.get?{command}", "halt": "0", "auth": portal.token()}
    answer = portal.post("/rest/batch.json", data=body).get_json()
    assert answer["result"]["result"]["item"]["item"]["title"] == "Поставка окон"


def test_rights_hold_inside_too(run):
    cmd = {
        "item": "crm.item.get?entityTypeId=2&id=7048",
        "contacts": list_of(3, "$result[item][item][contactIds]"),
        "hidden": "crm.item.get?entityTypeId=3&id=44",
    }
    done = run(cmd, user="restricted")
    assert done["result"]["item"]["item"]["contactIds"] == [44, 42]  # the ids are told, the people are not
    assert [each["id"] for each in done["result"]["contacts"]["items"]] == [42]
    assert done["result_error"]["hidden"]["error"] == "ACCESS_DENIED"


def test_commands_are_counted_apart_from_requests(portal, run):
    run({"a": "profile", "b": "crm.item.get?entityTypeId=2&id=7045"})
    assert portal.get("/_sandbox/calls").get_json() == {"total": 1, "calls": {"batch": 1}}
    counted = portal.get("/_sandbox/commands").get_json()
    assert counted == {"total": 2, "commands": {"profile": 1, "crm.item.get": 1}}
    portal.post("/_sandbox/reset")
    assert portal.get("/_sandbox/commands").get_json() == {"total": 0, "commands": {}}


def test_one_command_can_be_made_to_fail_inside_a_batch(portal, run):
    portal.break_with("OPERATION_TIME_LIMIT", match="batch:crm.item.list")
    cmd = {"item": "crm.item.get?entityTypeId=2&id=7045", "contacts": list_of(3, "42")}
    assert run(cmd)["result_error"]["contacts"]["error"] == "OPERATION_TIME_LIMIT"
    assert run(cmd)["result_error"] == []
