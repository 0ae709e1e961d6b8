"""The auth server: whose token it is, and the next one for an old one."""

import json
from pathlib import Path

import pytest

from sandbox.portal.credentials import AUTH_SERVER, CLIENT_ID, PORTALS
from tests.sandbox.apps import new_portal

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"


@pytest.fixture
def portal():
    return new_portal()


def recorded(name):
    path = RECORDED / f"{name}.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    return json.loads(path.read_text())


def info(portal, token):
    return portal.get(f"/oauth/rest/app.info?auth={token}")


@pytest.mark.parametrize("number", [1, 2])
def test_a_token_tells_its_portal_its_user_and_its_application(portal, number):
    about = info(portal, portal.token("restricted", portal=number)).get_json()["result"]
    identity = PORTALS[number - 1]
    assert (about["client_id"], about["user_id"]) == (CLIENT_ID, "3")
    assert about["install"]["member_id"] == identity.member_id
    assert about["install"]["domain"] == identity.domain()
    assert about["install"]["client_endpoint"] == f"http://{identity.domain()}/rest/"


def test_answers_have_the_keys_of_the_recorded_ones(portal):
    fields = portal.open()["fields"]
    about, sample = info(portal, fields["AUTH_ID"]).get_json(), recorded("oauth.app.info.response")
    assert about["result"].keys() == sample["result"].keys()
    assert about["result"]["install"].keys() == sample["result"]["install"].keys()
    fresh = portal.refresh(fields["REFRESH_ID"]).get_json()
    assert fresh.keys() == recorded("oauth.token.refresh.response").keys()


def test_nobody_is_told_about_a_token_that_is_not_known(portal):
    assert (info(portal, "x").status_code, info(portal, "x").get_json()["error"]) == (401, "invalid_token")
    assert info(portal, "").get_json()["error"] == "NO_AUTH_FOUND"


def test_the_auth_server_refuses_an_expired_token():
    portal = new_portal(auth_lifetime=0)
    assert info(portal, portal.token()).get_json()["error"] == "expired_token"


def test_a_refresh_gives_new_tokens_of_the_same_user_and_works_once(portal):
    old = portal.open(user="admin", portal=2)["fields"]
    fresh = portal.refresh(old["REFRESH_ID"]).get_json()
    assert (fresh["user_id"], fresh["member_id"]) == (1, PORTALS[1].member_id)
    assert fresh["domain"] == AUTH_SERVER != PORTALS[1].domain()
    assert fresh["access_token"] != old["AUTH_ID"]
    assert portal.call("profile", fresh["access_token"], portal=2)["result"]["ID"] == "1"
    again = portal.refresh(old["REFRESH_ID"])
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_grant")
    assert portal.refresh(fresh["refresh_token"]).status_code == 200


def test_a_wrong_secret_is_refused_and_spends_nothing(portal):
    refresh_token = portal.open()["fields"]["REFRESH_ID"]
    assert portal.refresh(refresh_token, secret="guess").get_json()["error"] == "invalid_client"
    assert portal.refresh(refresh_token).status_code == 200


def test_a_get_refreshes_too_and_a_half_request_does_not(portal):
    refresh_token = portal.open()["fields"]["REFRESH_ID"]
    client = {"client_id": CLIENT_ID, "client_secret": "sandbox-client-secret"}
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, **client}
    half = portal.get("/oauth/token/", query_string={**asked, "grant_type": "password"})
    assert half.get_json()["error"] == "invalid_request"
    assert portal.get("/oauth/token/", query_string=asked).get_json()["expires_in"] == 3600


def test_calls_of_the_auth_server_have_names_of_their_own(portal):
    fields = portal.open()["fields"]
    info(portal, fields["AUTH_ID"])
    portal.refresh(fields["REFRESH_ID"])
    assert portal.get("/_sandbox/calls").get_json()["calls"] == {"oauth:app.info": 1, "oauth:token": 1}


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ("wrong_client", ("client_id",)),
        ("wrong_member", ("install", "member_id")),
        ("wrong_domain", ("install", "domain")),
    ],
)
def test_the_auth_server_can_be_made_to_tell_of_somebody_else(portal, fault, where):
    def told():
        value = info(portal, token).get_json()["result"]
        for step in where:
            value = value[step]
        return value

    token = portal.token()
    truth = told()
    portal.break_with(fault, match="oauth:app.info")
    assert told() != truth
    assert told() == truth


def test_an_authorisation_server_knows_nothing_of_the_other_ones_tokens(portal):
    portal.change(quirks={"server": 2})
    fields = portal.open()["fields"]
    assert fields["SERVER_ENDPOINT"].endswith("/oauth2/rest/")
    assert portal.get(f"/oauth/rest/app.info?auth={fields['AUTH_ID']}").get_json()["error"] == "invalid_token"
    assert portal.refresh(fields["REFRESH_ID"]).get_json()["error"] == "invalid_grant"
    told = portal.get(f"/oauth2/rest/app.info?auth={fields['AUTH_ID']}").get_json()["result"]
    assert told["install"]["member_id"] == fields["member_id"]
