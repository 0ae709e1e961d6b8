"""The pages, and what they would post into the frame."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import people
from sandbox.portal.credentials import PORTALS
from sandbox.portal.demo_cards import SHOWN
from sandbox.portal.seed import SEED
from tests.sandbox.apps import new_portal

RECORDED = Path(__file__).parents[3] / "shared" / "reference" / "bitrix24"
DEAL = "/crm/deal/details/7045/"


@pytest.fixture
def portal():
    return new_portal()


def options(opening):
    return json.loads(opening["fields"]["PLACEMENT_OPTIONS"])


def test_every_card_of_the_index_opens_for_everybody(portal):
    for number, lines in SHOWN.items():
        index = portal.get("/", portal=number).text
        for line in lines:
            assert f'href="{line.card.path}"' in index
            assert line.ru in index
            for user in ("admin", "rep", "restricted"):
                assert portal.get(f"{line.card.path}?user={user}", portal=number).status_code == 200


def test_an_index_in_english_says_what_each_card_shows_in_english(portal):
    index = portal.get("/?lang=en").text
    assert all(line.en in index for line in SHOWN[1])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/crm/lead/details/501/", "CRM_LEAD_DETAIL_TAB"),
        (DEAL, "CRM_DEAL_DETAIL_TAB"),
        ("/crm/contact/details/42/", "CRM_CONTACT_DETAIL_TAB"),
        ("/crm/company/details/15/", "CRM_COMPANY_DETAIL_TAB"),
        ("/crm/type/7/details/31/", "CRM_QUOTE_DETAIL_TAB"),
        ("/crm/type/31/details/88/", "CRM_SMART_INVOICE_DETAIL_TAB"),
        ("/crm/type/183/details/12/", "CRM_DYNAMIC_183_DETAIL_TAB"),
    ],
)
def test_a_tab_names_its_type_only_in_the_placement(portal, path, code):
    opening = portal.open(path)
    assert opening["fields"]["PLACEMENT"] == code
    assert options(opening)["ID"] == path.split("/")[-2]
    assert options(opening).keys() == {"ID", "URI"}


def test_slashes_are_escaped_as_php_does_and_the_id_is_a_string(portal):
    page = portal.get(f"{DEAL}?user=admin").text
    assert "{&#34;ID&#34;:&#34;7045&#34;,&#34;URI&#34;:&#34;\\/crm\\/deal\\/details\\/7045\\/?user=admin&#34;}" in page


def test_the_form_has_the_fields_of_a_recorded_one(portal):
    path = RECORDED / "placement.CRM_DEAL_DETAIL_TAB.post.json"
    if not path.exists():
        pytest.skip("no recorded answers beside the repository")
    opening = portal.open(DEAL)
    query = parse_qs(urlsplit(opening["action"]).query)
    assert query.keys() | opening["fields"].keys() == json.loads(path.read_text()).keys()
    assert all(isinstance(value, str) for value in opening["fields"].values())


def test_the_frame_is_named_after_host_protocol_and_a_sid_that_is_new_each_time(portal):
    first, second = portal.open(DEAL, lang="en"), portal.open(DEAL)
    host, protocol, sid = first["frame"].split("|")
    assert (host, protocol) == ("127.0.0.1:8001", "0")
    assert re.fullmatch("[0-9a-f]{32}", sid)
    assert sid not in second["frame"]
    address = urlsplit(first["action"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == "http://localhost:8000/placement"
    told = {"DOMAIN": [host], "PROTOCOL": ["0"], "LANG": ["en"], "APP_SID": [sid]}
    assert parse_qs(address.query) == told


def test_the_page_holds_the_first_opening_and_the_frame_of_that_name(portal):
    page = portal.get(DEAL).text
    name = re.search(r'<iframe name="([^"]+)"', page)[1]
    assert f'target="{name}"' in page
    assert f"APP_SID={name.split('|')[2]}" in page


def test_the_apps_own_page_is_opened_without_options(portal):
    opening = portal.open("/app/")
    assert opening["fields"]["PLACEMENT"] == "DEFAULT"
    assert "PLACEMENT_OPTIONS" not in opening["fields"]
    assert urlsplit(opening["action"]).path == "/app"
    assert portal.get("/app/").status_code == 200


@pytest.mark.parametrize("mode", ["view", "edit"])
def test_a_field_tells_all_that_a_recorded_one_does(portal, mode):
    opening = portal.open(DEAL, embed="field", mode=mode)
    told = options(opening)
    assert opening["fields"]["PLACEMENT"] == "USERFIELD_TYPE"
    assert (told["MODE"], told["ENTITY_ID"], told["ENTITY_VALUE_ID"]) == (mode, "CRM_DEAL", "7045")
    assert told["ENTITY_DATA"] == {"entityTypeId": 2, "entityId": "7045", "module": "crm"}
    path = RECORDED / "placement.USERFIELD_TYPE.options.json"
    if path.exists():
        assert told.keys() - {"URI"} == json.loads(path.read_text()).keys()


def test_a_field_of_a_smart_process_names_the_row_of_the_type(portal):
    told = options(portal.open("/crm/type/183/details/12/", embed="field"))
    assert told["ENTITY_ID"] == "CRM_7"
    assert told["ENTITY_DATA"]["entityTypeId"] == 183


def test_a_card_that_is_not_saved_has_the_id_zero(portal):
    assert options(portal.open("/crm/deal/details/0/"))["ID"] == "0"
    assert options(portal.open("/crm/deal/details/0/", embed="field"))["ENTITY_VALUE_ID"] == "0"


def test_the_two_portals_differ_in_all_that_names_them(portal):
    one, two = (portal.open(DEAL, portal=number)["fields"] for number in (1, 2))
    assert one["member_id"] == PORTALS[0].member_id != two["member_id"] == PORTALS[1].member_id
    assert one["APPLICATION_TOKEN"] != two["APPLICATION_TOKEN"]
    assert one["SERVER_ENDPOINT"] == two["SERVER_ENDPOINT"] == "http://127.0.0.1:8001/oauth/rest/"
    assert portal.open(DEAL, portal=2)["frame"].startswith("127.0.0.1:8101|0|")


def test_asking_for_the_other_portal_leads_to_its_port(portal):
    answer = portal.get(f"{DEAL}?portal=2&user=admin")
    assert answer.location == f"http://127.0.0.1:8101{DEAL}?user=admin"
    assert portal.get(f"{DEAL}?portal=1").status_code == 200
    assert portal.post("/opening?path=/app/&portal=2").location == "http://127.0.0.1:8101/opening?path=%2Fapp%2F"
    assert portal.get("/crm/deal/details/7046/", portal=2).status_code == 404


def test_the_left_column_hides_who_is_hidden(portal):
    card = "/crm/deal/details/7048/"
    assert people.OKSANA.name in portal.get(card).text
    restricted = portal.get(f"{card}?user=restricted").text
    assert people.OKSANA.name not in restricted
    assert "Скрытый контакт" in restricted
    assert people.OKSANA.name not in portal.get("/crm/contact/details/44/?user=restricted").text


def test_markup_in_the_crm_is_text_on_the_page(portal):
    page = portal.get("/crm/deal/details/7049/").text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(("asked", "width"), [("320", "320px"), ("1", "280px"), ("9999", "1200px")])
def test_the_width_of_the_frame_can_be_chosen_within_reason(portal, asked, width):
    assert f"inline-size: {width}" in portal.get(f"{DEAL}?width={asked}").text


def test_nonsense_in_the_address_falls_back_to_what_is_usual(portal):
    page = portal.get(f"{DEAL}?user=root&lang=xx&width=wide&embed=1&mode=2&portal=7")
    assert page.status_code == 200
    assert 'data-query=""' in page.text


def test_unknown_pages_are_not_found(portal):
    assert portal.get("/crm/deal/details/1/").status_code == 404
    assert portal.get("/crm/type/999/details/0/?embed=field").status_code == 404
    assert portal.post("/opening?path=/nowhere/").status_code == 404
    assert portal.post("/opening?path=/crm/deal/details/1/").status_code == 404


def test_the_page_can_have_new_tokens_for_its_user(portal):
    tokens = portal.post("/refresh-auth?user=admin").get_json()
    assert tokens.keys() == {"AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID"}
    assert portal.call("profile", tokens["AUTH_ID"])["result"]["ID"] == "1"


def test_every_number_of_the_crm_belongs_to_somebody_the_gateway_knows():
    """A name in the CRM without a client behind it would be a card that shows nothing."""
    digits = {client.phone.lstrip("+") for client in people.CLIENTS if client.phone}
    written = [
        re.sub(r"\D", "", each["value"].split("доб")[0])
        for (kind, item_id), item in SEED[1].items()
        for each in item.get("fm", ())
        if each["typeId"] == "PHONE" and each["valueType"] != "FAX" and (kind, item_id) not in ((4, 99),)
    ]
    known = {number if number in digits else re.sub("^8", "7", number) for number in written} & digits
    assert known == digits
