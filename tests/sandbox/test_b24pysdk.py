"""Bitrix24's own Python client against the simulated portal: what it cannot understand a real
portal does not say.

Its addresses are fixed: https, and the authorisation server of the cloud. Here they lead to the
sandbox.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from b24pysdk.credentials import BitrixApp, BitrixToken, OAuthPlacementData
from b24pysdk.errors import BitrixAPIAccessDenied, BitrixAPIExpiredToken, BitrixAPIInvalidArgValue, BitrixAPINotFound
from b24pysdk.errors.oauth import BitrixOAuthInvalidClient, BitrixOAuthInvalidGrant

from sandbox.portal.credentials import CLIENT_ID, CLIENT_SECRET, PORTALS
from tests.stand import CROWDED_DEAL, DEAL, Outside

CLOUD = "https://oauth.bitrix24.tech"
APP = BitrixApp(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
HANDLER = "http://localhost/placement"
CONTACT = 3


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, outside: Outside) -> None:
    request = requests.Session.request

    def led_here(session: requests.Session, method: str, url: str, **rest: Any) -> requests.Response:
        for there, ours in (
            (f"{CLOUD}/oauth/", f"{outside.portal}/oauth/"),
            (f"{CLOUD}/rest/", f"{outside.portal}/oauth/rest/"),
            ("https://127.0.0.1:", "http://127.0.0.1:"),
        ):
            url = url.replace(there, ours)
        return request(session, method, url, **rest)

    monkeypatch.setattr(requests.Session, "request", led_here)


@pytest.fixture
def opened(outside: Outside) -> Callable[..., OAuthPlacementData]:
    def opened(path: str = DEAL, **choices: Any) -> OAuthPlacementData:
        opening = outside.opening(path, **choices)
        return OAuthPlacementData.from_dict(dict(parse_qsl(urlsplit(opening["action"]).query)) | opening["fields"])

    return opened


@pytest.fixture
def token(opened: Callable[..., OAuthPlacementData]) -> BitrixToken:
    return BitrixToken.from_oauth_placement_data(opened(user="admin"), APP)


@pytest.mark.parametrize("portal", [1, 2])
@pytest.mark.parametrize(
    ("path", "embed", "code"),
    [(DEAL, "tab", "CRM_DEAL_DETAIL_TAB"), (DEAL, "field", "USERFIELD_TYPE"), ("/app/", "tab", "DEFAULT")],
)
def test_a_posted_form_is_understood_and_proved_by_the_authorisation_server(opened, path, embed, code, portal):
    form = opened(path, embed=embed, portal=portal, user="restricted")
    told = form.get_app_info(APP)
    assert form.placement == code
    assert form.validate_against_app_info(told)
    assert (told.client_id, told.user_id) == (CLIENT_ID, 3)
    assert told.install.member_id == PORTALS[portal - 1].member_id


def test_an_expired_token_is_renewed_while_a_call_is_under_way(token, outside):
    old = token.oauth_token
    outside.http.post(f"{outside.portal}/_sandbox/expire", json={})
    assert token.get_client().profile().value.name == "Анна"
    assert token.auth_token != old.access_token
    assert token.refresh_token != old.refresh_token


def test_a_refresh_token_works_once_and_only_with_the_secret(token):
    assert token.refresh_oauth_token().user_id == 1
    with pytest.raises(BitrixOAuthInvalidGrant):
        token.refresh_oauth_token()
    token.bitrix_app = BitrixApp(client_id=CLIENT_ID, client_secret="guessed")
    with pytest.raises(BitrixOAuthInvalidClient):
        token.refresh_oauth_token()


def test_a_token_that_cannot_be_renewed_is_said_to_have_expired(token, outside):
    outside.http.post(f"{outside.portal}/_sandbox/expire", json={})
    token.refresh_token = None
    with pytest.raises(BitrixAPIExpiredToken):
        token.get_client().profile().result  # noqa: B018 - asks when it is read


@pytest.mark.parametrize("descending", [False, True])
def test_a_long_list_is_read_by_moving_past_the_last_id(token, many, descending):
    """Several pages in one batch, each from the last id of the one before: `>id` or `<id`, and
    `order`."""
    listed = token.get_client().crm.item.list(CONTACT, select=["id"]).as_list_fast(descending=descending).result
    assert [each["id"] for each in listed] == sorted(many, reverse=descending)


def test_a_long_list_is_read_by_its_pages(token, many):
    listed = token.get_client().crm.item.list(CONTACT, select=["id"]).as_list().result
    assert [each["id"] for each in listed] == sorted(many)


@pytest.fixture
def many(outside: Outside, token: BitrixToken) -> list[int]:
    """The ids of enough contacts for three pages."""
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"add_contacts": 80}).raise_for_status()
    seeded = token.call_method("crm.item.list", {"entityTypeId": CONTACT, "filter": {"<id": 1000}})
    assert seeded["total"] == len(seeded["result"]["items"])
    return [*(each["id"] for each in seeded["result"]["items"]), *range(1001, 1081)]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"%name": "ИВА"}, [42]),
        ({"=%name": "ива%"}, [42]),
        ({"!%name": "АН", "<id": 47}, [46, 45, 43]),
        ({"~id": 45}, None),
        ({">=id": "45", "<=id": "46"}, [46, 45]),
        ({"@id": [43, 42], "!=id": 43}, [42]),
        ({"0": {"logic": "OR", "0": {"id": 42}, "1": {"%lastName": "хакер"}}}, [61, 42]),
        ({">assignedById": 2}, []),
    ],
)
def test_a_filter_takes_the_operators_that_are_documented(token, filter, expected):
    asked = token.get_client().crm.item.list(CONTACT, filter=filter, select=["id"], order={"id": "DESC"})
    if expected is None:
        with pytest.raises(BitrixAPIInvalidArgValue):
            asked.result  # noqa: B018 - asks when it is read
    else:
        assert [each["id"] for each in asked.result["items"]] == expected


def test_items_come_in_the_order_that_was_asked_for(token):
    def names(**order: str) -> list[str]:
        asked = token.get_client().crm.item.list(CONTACT, filter={"<id": 50}, order=order)
        return [f"{each['name']} {each['lastName']}".strip() for each in asked.result["items"]]

    assert names(name="ASC") == sorted(names())
    assert names(name="desc") == sorted(names(), reverse=True)
    assert names(assignedById="DESC", id="ASC") == names()
    for wrong in ({"moon": "ASC"}, {"companyIds": "ASC"}, {"id": "up"}):
        with pytest.raises(BitrixAPIInvalidArgValue):
            names(**wrong)


def test_one_batch_hands_a_result_to_the_next_command(token):
    deal = "$result[deal][item][contactIds]"
    done = token.call_batch({
        "deal": ("crm.item.get", {"entityTypeId": 2, "id": int(CROWDED_DEAL.split("/")[-2])}),
        "people": ("crm.item.list", {"entityTypeId": CONTACT, "filter": {"=id": deal}, "start": -1}),
        "missing": ("crm.item.get", {"entityTypeId": 2, "id": 1}),
    })["result"]  # fmt: skip
    assert len(done["result"]["people"]["items"]) == 25
    assert done["result_error"]["missing"]["error"] == "NOT_FOUND"


READ = {
    "profile": lambda client: client.profile(),
    "user.current": lambda client: client.user.current(),
    "user.get": lambda client: client.user.get(),
    "department.get": lambda client: client.department.get(),
    "access.name": lambda client: client.access.name(["U1", "DR5"]),
    "app.info": lambda client: client.app.info(),
    "server.time": lambda client: client.server.time(),
    "method.get": lambda client: client.method.get("crm.item.list"),
    "placement.get": lambda client: client.placement.get(),
}


@pytest.mark.parametrize("method", READ)
def test_answers_have_the_forms_that_the_client_gives_types_to(token, method):
    asked = READ[method](token.get_client())
    assert asked.values if hasattr(asked, "values") else asked.value


def test_what_the_client_binds_it_finds_again(token):
    client = token.get_client()
    assert client.placement.unbind("CRM_LEAD_DETAIL_TAB").result["count"]
    assert client.placement.bind("CRM_LEAD_DETAIL_TAB", handler=HANDLER, title="WhatsApp").result is True
    assert "CRM_LEAD_DETAIL_TAB" in [each.placement for each in client.placement.get().values]
    assert client.event.bind("ONCRMCONTACTUPDATE", handler=HANDLER).result is True
    assert [each.event for each in client.event.get().values] == ["ONCRMCONTACTUPDATE"]


def test_refusals_are_those_that_the_client_knows(token, opened):
    client = token.get_client()
    with pytest.raises(BitrixAPINotFound):
        client.crm.item.get(2, 404).result  # noqa: B018 - asks when it is read
    rep = BitrixToken.from_oauth_placement_data(opened(user="restricted"), APP).get_client()
    with pytest.raises(BitrixAPIAccessDenied):
        rep.crm.item.get(CONTACT, 44).result  # noqa: B018 - asks when it is read
