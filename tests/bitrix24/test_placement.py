import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.bitrix24.conftest import RECORDED
from widget.bitrix24.placement import ENTITY_TYPES, Placement, posted_origin, read_common, read_placement
from widget.errors import ErrorCode, Refused

QUERY = {"DOMAIN": "xxx.bitrix24.com", "PROTOCOL": "1", "LANG": "en", "APP_SID": "5552d735"}
FIELD = {"MODE": "view", "ENTITY_ID": "CRM_DEAL", "FIELD_NAME": "UF_CRM_1", "ENTITY_VALUE_ID": "7303", "VALUE": None}


def form(code="CRM_DEAL_DETAIL_TAB", options=None, **changes):
    fields = {
        "AUTH_ID": "9d4c7166",
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": "8c3b9966",
        "member_id": "d897063e1ce7c5eb9f04b9751eef5915",
        "PLACEMENT": code,
        "PLACEMENT_OPTIONS": json.dumps({"ID": "8061"} if options is None else options),
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def read(code="CRM_DEAL_DETAIL_TAB", options=None, query=QUERY, **changes) -> Placement:
    return read_placement(query, form(code, options, **changes))


def refusal_of(*args, **changes) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        read(*args, **changes)
    assert 400 <= refused.value.status < 500
    return refused.value.code


# Which card it is.


@pytest.mark.parametrize("place", ["DETAIL_TAB", "DETAIL_ACTIVITY", "DETAIL_TOOLBAR", "DOCUMENTGENERATOR_BUTTON"])
@pytest.mark.parametrize("key", ["ID", "ENTITY_ID"])
@pytest.mark.parametrize(
    ("name", "entity_type_id"), [*ENTITY_TYPES.items(), ("DYNAMIC_183", 183), ("DYNAMIC_1032", 1032)]
)
def test_every_code_names_its_entity_type_and_either_key_its_id(name, entity_type_id, key, place):
    found = read(f"CRM_{name}_{place}", {key: "8061", "URI": "/crm/"})
    assert (found.entity_type_id, found.entity_id) == (entity_type_id, 8061)


def test_the_six_types_have_the_ids_that_bitrix24_gave_them():
    assert ENTITY_TYPES == {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4, "QUOTE": 7, "SMART_INVOICE": 31}


def test_a_timeline_menu_opened_on_an_activity_is_about_the_card():
    options = {"ENTITY_ID": "5", "ASSOCIATED_ENTITY_ID": "900", "ASSOCIATED_ENTITY_TYPE_ID": "6"}
    found = read("CRM_LEAD_ACTIVITY_TIMELINE_MENU", options)
    assert (found.entity_type_id, found.entity_id) == (1, 5)


def test_an_activity_with_native_blocks_says_entity_id_in_small_letters():
    found = read("CRM_DEAL_DETAIL_ACTIVITY", {"entityTypeId": 2, "entityId": 77, "useBuiltInInterface": "Y"})
    assert (found.entity_type_id, found.entity_id) == (2, 77)


@pytest.mark.parametrize("given", [8061, "8061", "0008061"])
def test_an_id_may_be_a_number_or_a_text(given):
    assert read(options={"ID": given}).entity_id == 8061


@pytest.mark.parametrize("given", ["0", 0])
def test_zero_is_a_card_that_was_never_saved(given):
    assert read(options={"ID": given}).entity_id == 0
    assert read("USERFIELD_TYPE", {**FIELD, "ENTITY_VALUE_ID": given}).entity_id == 0


@pytest.mark.parametrize(
    "given", [True, -1, "-1", "8061; drop", "8061.0", 8061.5, "", None, [], {"a": 1}, "٨٠٦١", 2**53, "9" * 17]
)
def test_what_is_no_id_is_refused(given):
    assert refusal_of(options={"ID": given}) is ErrorCode.BAD_FORM


@pytest.mark.parametrize(
    "options",
    [
        None,
        "",
        "undefined",
        "null",
        "[]",
        '["ID", "8061"]',
        '"8061"',
        "8061",
        "NaN",
        "{",
        '{"URI": "/crm/"}',
        "[" * 8000,
        '{"ID": ' * 1000 + "1" + "}" * 1000,
        '{"ID": ' + "9" * 8000 + "}",
    ],
)
def test_options_without_an_id_are_refused_clearly(options):
    assert refusal_of(PLACEMENT_OPTIONS=options) is ErrorCode.BAD_FORM


@pytest.mark.parametrize(
    "code",
    [
        "DEFAULT",
        "",
        None,
        "LEFT_MENU",
        "IM_TEXTAREA",
        "CRM_DEAL",
        "crm_deal_detail_tab",
        "CRM_ORDER_DETAIL_TAB",
        "CRM_DYNAMIC_DETAIL_TAB",
        "CRM_DYNAMIC_abc_DETAIL_TAB",
        "CRM_DYNAMIC_1234567890_DETAIL_TAB",
        "CRM_DYNAMIC_١٨٣_DETAIL_TAB",
        "CRM_DEAL_DETAIL_TAB\n",
        " CRM_DEAL_DETAIL_TAB",
        "CRM_DEAL_DETAIL_TAB2",
    ],
)
def test_a_code_that_is_no_card_is_refused(code):
    assert refusal_of(code) is ErrorCode.UNKNOWN_PLACEMENT


# The custom field.


def test_entity_data_names_the_card_of_a_custom_field():
    options = {**FIELD, "ENTITY_ID": "CRM_7", "ENTITY_DATA": {"entityTypeId": 183, "entityId": "12", "module": "crm"}}
    found = read("USERFIELD_TYPE", options)
    assert (found.entity_type_id, found.entity_id) == (183, 12)


@pytest.mark.parametrize(("name", "entity_type_id"), ENTITY_TYPES.items())
def test_an_old_box_without_entity_data_names_the_type_of_a_custom_field_in_words(name, entity_type_id):
    found = read("USERFIELD_TYPE", {**FIELD, "ENTITY_ID": f"CRM_{name}"})
    assert (found.entity_type_id, found.entity_id) == (entity_type_id, 7303)


@pytest.mark.parametrize(
    "data", [None, [], "x", {}, {"entityTypeId": 0}, {"entityTypeId": None}, {"entityTypeId": True}]
)
@pytest.mark.parametrize("owner", ["CRM_7", "CRM_183", "CRM_", "", None, ["CRM_DEAL"], {"CRM_DEAL": 1}])
def test_the_row_of_a_smart_process_is_never_taken_for_its_entity_type(owner, data):
    options = {**FIELD, "ENTITY_ID": owner, "ENTITY_DATA": data}
    assert refusal_of("USERFIELD_TYPE", options) is ErrorCode.UNKNOWN_PLACEMENT


@pytest.mark.parametrize("depth", [10, 200, 500, 900, 1000, 2000, 4000])
def test_a_deeply_nested_owner_is_refused_and_breaks_nothing(depth):
    options = '{"ENTITY_VALUE_ID": "1", "ENTITY_ID": ' + "[" * depth + "]" * depth + "}"
    assert refusal_of("USERFIELD_TYPE", PLACEMENT_OPTIONS=options) in (ErrorCode.UNKNOWN_PLACEMENT, ErrorCode.BAD_FORM)


def test_only_the_mode_edit_is_edit_mode():
    assert read("USERFIELD_TYPE", {**FIELD, "MODE": "edit"}).edit_mode
    assert not read("USERFIELD_TYPE", FIELD).edit_mode
    assert not read("USERFIELD_TYPE", {**FIELD, "MODE": ["edit"]}).edit_mode


# The common fields.


@pytest.mark.parametrize("member_id", [None, "", "a b", "a" * 65, "../x", "член", "a\n", "a'--"])
def test_a_member_id_that_cannot_be_one_is_refused(member_id):
    assert refusal_of(member_id=member_id) is ErrorCode.BAD_FORM


@pytest.mark.parametrize(
    "domain",
    [
        "evil.example/path",
        "a b",
        "user@host",
        "host:port",
        "host:123456",
        "-a.b",
        "a.b-",
        "http://x",
        "a" * 254,
        "a;b",
        "x' 'unsafe-inline",
        "*",
        "host:\u0661",
        "a\n",
        ".",
    ],
)
def test_a_domain_that_is_no_plain_host_is_refused_and_frames_nothing(domain):
    query = {**QUERY, "DOMAIN": domain}
    assert refusal_of(query=query) is ErrorCode.BAD_FORM
    assert posted_origin(query) is None


@pytest.mark.parametrize(
    ("domain", "protocol", "origin"),
    [
        ("XXX.Bitrix24.com", "1", "https://xxx.bitrix24.com"),
        ("127.0.0.1:8001", "0", "http://127.0.0.1:8001"),
        ("crm", "", "https://crm"),
        ("xn--e1afmkfd.xn--p1ai", "1", "https://xn--e1afmkfd.xn--p1ai"),
        ("Пример.рф:8443", "1", "https://xn--e1afmkfd.xn--p1ai:8443"),
        ("my_crm.company.local", "0", "http://my_crm.company.local"),
        ("crm.example.com:443", "1", "https://crm.example.com"),
        ("Пример.рф:80", "0", "http://xn--e1afmkfd.xn--p1ai"),
        ("crm.example.com:80", "1", "https://crm.example.com:80"),
    ],
)
def test_the_origin_of_a_plain_host_may_frame_an_error_page(domain, protocol, origin):
    query = {**QUERY, "DOMAIN": domain, "PROTOCOL": protocol}
    assert posted_origin(query) == origin
    assert read(query=query).domain == origin.partition("://")[2]


@pytest.mark.parametrize("domain", ["[::1]", "[2001:db8::7]:8443", "crm.example.com.", "crm.example.com.:443"])
def test_a_host_that_no_policy_can_name_gets_words_and_no_blank_frame(domain):
    query = {**QUERY, "DOMAIN": domain}
    assert refusal_of(query=query) is ErrorCode.PORTAL_ADDRESS
    assert posted_origin(query) == "https:"


def test_a_missing_domain_is_left_empty():
    assert read(query={}).domain == ""
    assert posted_origin({}) is None


@pytest.mark.parametrize("name", ["AUTH_ID", "REFRESH_ID"])
@pytest.mark.parametrize("token", ["токен", "a\tb", "a\r\nX-Evil: 1", "a" * 513, "\u00a0"])
def test_a_token_that_no_header_could_carry_is_refused(name, token):
    assert refusal_of(**{name: token}) is ErrorCode.BAD_FORM


def test_an_empty_token_is_left_for_the_page_to_explain():
    assert read(AUTH_ID="").access_token == ""
    assert read(AUTH_ID=None).access_token == ""


@pytest.mark.parametrize("name", ["PLACEMENT", "AUTH_EXPIRES", "status", "something_else", "VALUE" * 30])
@pytest.mark.parametrize("value", ["x" * 9000, "a\x00b"])
def test_a_huge_field_or_a_nul_byte_is_refused_wherever_it_stands(name, value):
    assert refusal_of(**{name: value}) is ErrorCode.BAD_FORM
    assert refusal_of(query={**QUERY, name: value}) is ErrorCode.BAD_FORM


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3600", 3600),
        (" 60 ", 60),
        ("0", 3600),
        ("", 3600),
        (None, 3600),
        ("-5", 3600),
        ("soon", 3600),
        ("9999999", 86_400),
    ],
)
def test_a_lifetime_is_between_a_second_and_a_day(said, seconds):
    assert read(AUTH_EXPIRES=said).expires_in == seconds


def test_a_printed_placement_shows_no_token():
    shown = repr(read())
    assert "9d4c7166" not in shown
    assert "8c3b9966" not in shown


def test_the_apps_own_page_needs_no_card():
    found = read_common(QUERY, form("DEFAULT", PLACEMENT_OPTIONS=None))
    assert (found.code, found.entity_type_id, found.entity_id) == ("DEFAULT", 0, 0)
    assert found.access_token == "9d4c7166"


# What Bitrix24 really posted.

CARDS = {
    "CRM_DEAL_DETAIL_TAB": (2, 8061),
    "CRM_DEAL_DETAIL_ACTIVITY": (2, None),
    "CRM_DEAL_DETAIL_TOOLBAR": (2, None),
    "CRM_DEAL_ACTIVITY_TIMELINE_MENU": (2, None),
    "CRM_DEAL_DOCUMENTGENERATOR_BUTTON": (2, None),
    "CRM_DEAL_LIST_MENU": (2, None),
}
POSTS = sorted(RECORDED.glob("placement.*.post.json"))


@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.name.split(".")[1])
def test_every_recorded_post_is_either_a_card_or_refused(path):
    post = json.loads(path.read_text())
    query = {name: post.pop(name) for name in ("DOMAIN", "PROTOCOL", "LANG", "APP_SID") if name in post}
    common = read_common(query, post)
    assert common.member_id == post["member_id"]
    assert common.access_token == post["AUTH_ID"]
    if common.code not in CARDS:
        with pytest.raises(Refused):
            read_placement(query, post)
        return
    entity_type_id, entity_id = CARDS[common.code]
    found = read_placement(query, post)
    assert found.entity_type_id == entity_type_id
    options = json.loads(post["PLACEMENT_OPTIONS"])
    assert str(found.entity_id) == str(entity_id or options.get("ID") or options.get("ENTITY_ID"))


def test_all_recorded_cards_are_among_the_recorded_posts():
    if not POSTS:
        pytest.skip("the recorded posts are not on this machine")
    assert CARDS.keys() <= {path.name.split(".")[1] for path in POSTS}


def test_the_recorded_custom_field_is_a_deal(recorded):
    found = read("USERFIELD_TYPE", recorded("placement.USERFIELD_TYPE.options.json"))
    assert (found.entity_type_id, found.entity_id, found.edit_mode) == (2, 7303, False)


def test_the_recorded_split_post_is_the_apps_own_page(recorded):
    post = recorded("placement.DEFAULT.post.split.json")
    found = read_common(post["query"], post["body"])
    assert (found.domain, found.code) == ("portal.bitrix24.com", "DEFAULT")


@pytest.mark.parametrize(
    "path",
    [
        "/crm/lead/details/501/",
        "/crm/deal/details/7045/",
        "/crm/contact/details/42/",
        "/crm/company/details/15/",
        "/crm/type/7/details/31/",
        "/crm/type/31/details/88/",
        "/crm/type/183/details/12/",
        "/crm/deal/details/0/",
    ],
)
@pytest.mark.parametrize("embed", ["tab", "field"])
def test_every_card_of_the_simulated_portal_is_understood(outside, path, embed):
    opening = outside.opening(path, embed=embed)
    found = read_placement(dict(parse_qsl(opening["action"].partition("?")[2])), opening["fields"])
    kind, number = path.removeprefix("/crm/type/").removeprefix("/crm/").strip("/").split("/details/")
    named = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
    assert found.entity_type_id == (named[kind] if kind in named else int(kind))
    assert found.entity_id == int(number)


# Whatever is posted.

TEXTS = st.text(max_size=40)
CODES = st.sampled_from(["CRM_DEAL_DETAIL_TAB", "CRM_DYNAMIC_183_DETAIL_TAB", "USERFIELD_TYPE", "DEFAULT"]) | TEXTS
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["ID", "ENTITY_ID", "entityId", "ENTITY_VALUE_ID", "ENTITY_DATA", "MODE"])
OPTIONS = st.dictionaries(KEYS, JSON | st.sampled_from(["CRM_DEAL", "7", 7]), max_size=4).map(json.dumps) | TEXTS


@given(
    query=st.dictionaries(st.sampled_from(["DOMAIN", "LANG", "PROTOCOL"]) | TEXTS, TEXTS, max_size=4),
    changes=st.dictionaries(
        st.sampled_from(["AUTH_ID", "REFRESH_ID", "AUTH_EXPIRES", "member_id"]) | TEXTS, TEXTS, max_size=4
    ),
    code=CODES,
    options=OPTIONS,
)
@example(
    query={"DOMAIN": "x"},
    changes={},
    code="USERFIELD_TYPE",
    options='{"ENTITY_DATA": {"entityTypeId": 2, "entityId": "1"}}',
)
def test_whatever_is_posted_is_a_placement_or_refused(query, changes, code, options):
    fields = {**form(code, PLACEMENT_OPTIONS=options), **changes}
    try:
        found = read_placement(query, fields)
        posted_origin(query)
    except Refused as refused:
        assert refused.status == 400
    else:
        assert 0 <= found.entity_id < 2**53
        assert found.entity_type_id > 0
