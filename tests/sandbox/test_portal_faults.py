"""Every way in which the portal can be made to misbehave, over a real socket where bytes matter."""

import threading
import time

import httpx
import pytest

from sandbox.control import GIVEN_UP, IMPATIENT
from sandbox.portal.background import portal_running
from sandbox.portal.faults import CODES, NAMES
from tests.sandbox.apps import new_portal
from tests.stand import PATIENCE, until

STATUS = {"QUERY_LIMIT_EXCEEDED": 503, "OPERATION_TIME_LIMIT": 429, "expired_token": 401, "invalid_token": 401}


@pytest.fixture
def portal():
    return new_portal()


@pytest.fixture(scope="module")
def real():
    with (
        portal_running("http://localhost:8000") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client,
    ):
        yield client


@pytest.fixture
def token(real):
    real.post("/_sandbox/reset")
    return real.post("/opening?path=/crm/deal/details/7045/").json()["fields"]["AUTH_ID"]


def break_with(real, fault, **details):
    assert real.post("/_sandbox/faults", json={"fault": fault, **details}).status_code == 200


@pytest.mark.parametrize("code", CODES)
def test_an_error_comes_once_with_its_code_and_then_things_are_well(portal, code):
    token = portal.token()
    portal.break_with(code, match="profile")
    answer = portal.ask("profile", token)
    assert answer.get_json()["error"] == code.split()[0]
    assert answer.status_code == STATUS.get(code, answer.status_code) >= 400
    assert portal.ask("profile", token).status_code == 200


@pytest.mark.parametrize("name", ["oauth:app.info", "oauth:token"])
def test_the_auth_server_can_fail_in_the_same_ways(portal, name):
    fields = portal.open()["fields"]
    portal.break_with("http_500", match=name)
    broken = {
        "oauth:app.info": lambda: portal.get(f"/oauth/rest/app.info?auth={fields['AUTH_ID']}"),
        "oauth:token": lambda: portal.refresh(fields["REFRESH_ID"]),
    }[name]
    assert broken().status_code == 500
    assert broken().status_code == 200


def test_a_blocked_method_says_until_when(portal):
    token = portal.token()
    portal.break_with("OPERATION_TIME_LIMIT", seconds=30)
    before = int(time.time())
    until = portal.call("profile", token)["time"]["operating_reset_at"]
    assert before + 30 <= until <= int(time.time()) + 30


def test_a_fault_strikes_only_the_calls_it_names(portal):
    token = portal.token()
    portal.break_with("ACCESS_DENIED", match="crm.*", times=None)
    assert portal.ask("profile", token).status_code == 200
    assert portal.ask("crm.item.list", token, entityTypeId=2).status_code == 403
    assert portal.ask("crm.item.list", token, entityTypeId=2).status_code == 403


def test_a_failed_call_is_counted(portal):
    token = portal.token()
    portal.break_with("http_500")
    portal.ask("profile", token)
    assert portal.get("/_sandbox/calls").get_json()["calls"] == {"profile": 1}


def test_all_the_names_are_told(portal):
    assert set(NAMES) <= set(portal.get("/_sandbox/faults").get_json()["names"])


def test_a_renamed_portal_answers_with_its_new_address(portal):
    token = portal.token()
    portal.break_with("redirect", detail="http://new.example")
    answer = portal.ask("profile.json", token)
    assert (answer.status_code, answer.location) == (302, "http://new.example/rest/profile.json")


def test_the_usual_new_address_is_the_same_portal_by_another_name(real, token):
    break_with(real, "redirect")
    moved = real.post("/rest/profile", json={"auth": token})
    assert moved.status_code == 302
    assert moved.headers["location"] == f"http://localhost:{real.base_url.port}/rest/profile"


def test_a_page_instead_of_json_has_the_status_of_success(real, token):
    break_with(real, "html")
    answer = real.post("/rest/profile", json={"auth": token})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_an_empty_answer_has_no_bytes(real, token):
    break_with(real, "empty")
    answer = real.post("/rest/profile", json={"auth": token})
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_cut_answer_ends_in_the_middle_and_the_connection_with_it(real, token):
    break_with(real, "cut")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        real.post("/rest/profile", json={"auth": token})


def test_silence_ends_without_an_answer(real, token):
    break_with(real, "silence", seconds=0.2)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        real.post("/rest/profile", json={"auth": token})


def test_a_client_that_says_it_is_impatient_is_told_at_once_that_nothing_comes(real, token):
    break_with(real, "silence", seconds=3600)
    answer = real.post("/rest/profile", json={"auth": token}, headers={IMPATIENT: "yes"})
    assert (answer.status_code, answer.content) == (GIVEN_UP, b"")


def test_a_delay_holds_the_call_until_the_faults_are_cleared_and_leaves_the_answer_true(real, token):
    break_with(real, "delay", seconds=3600, times=None)
    answers: list[httpx.Response] = []
    commands = {f"c{n}": "profile" for n in range(20)}
    asking = threading.Thread(
        target=lambda: answers.append(real.post("/rest/batch", json={"auth": token, "cmd": commands}))
    )
    asking.start()
    until(lambda: real.get("/_sandbox/calls").json()["total"] > 0)
    assert answers == []
    real.post("/_sandbox/faults", json={})
    asking.join(PATIENCE)
    assert len(answers[0].json()["result"]["result"]) == 20
