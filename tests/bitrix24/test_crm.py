import pytest

from tests.bitrix24.conftest import REP
from widget.bitrix24.crm import PersonKind, batch_of, card_of, read_viewer
from widget.bitrix24.dialogs import numbers_in
from widget.bitrix24.rest import Batch
from widget.errors import ErrorCode, Refused

LEAD, DEAL, CONTACT, COMPANY, QUOTE, INVOICE, PROCESS = 1, 2, 3, 4, 7, 31, 183
LINKING = (DEAL, QUOTE, INVOICE, PROCESS)
ME = {"ID": "7", "ADMIN": False, "NAME": "Роман", "LAST_NAME": "Продажин", "TIME_ZONE": "Europe/Moscow"}


def person(number, name="", phone="+7 900", **more):
    fm = [{"typeId": "PHONE", "valueType": "MOBILE", "value": phone}]
    return {"id": number, "name": name or f"Person {number}", "lastName": "", "fm": fm, **more}


def company(number, title="", **more):
    return {**person(number, **more), "name": None, "title": title or f"Company {number}"}


def batch(item=None, contacts=(), companies=(), *, me=ME, errors=None):
    results = {"item": {"item": item if item is not None else {"id": 1}}, "me": me}
    results["contacts"], results["companies"] = {"items": list(contacts)}, {"items": list(companies)}
    failed = errors or {}
    return Batch({key: value for key, value in results.items() if key not in failed}, failed)


def read_card(rest, portal, user, kind, number):
    return card_of(rest.batch(portal, user, batch_of(kind, number)), kind, user)


def card(*args, kind=DEAL, user=7, **more):
    return card_of(batch(*args, **more), kind, user)


def ids(found, kind=None):
    return [person.id for person in found.people if kind in (None, person.kind)]


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


# Who is on a card.


@pytest.mark.parametrize("kind", LINKING)
def test_contacts_come_in_the_order_of_their_links_the_primary_one_first_and_companies_last(kind):
    item = {"id": 1, "contactId": 9, "contactIds": [5, 9, 3], "companyId": 20}
    found = card(item, [person(3), person(5), person(9)], [company(20)], kind=kind)
    assert ids(found) == [9, 5, 3, 20]
    assert [each.kind for each in found.people] == [PersonKind.CONTACT] * 3 + [PersonKind.COMPANY]
    assert [each.primary for each in found.people] == [True, False, False, False]


@pytest.mark.parametrize("kind", LINKING)
def test_a_card_of_these_kinds_has_no_phones_of_its_own(kind):
    item = {"id": 1, "fm": person(1)["fm"], "contactIds": []}
    assert card(item, kind=kind).people == ()


def test_a_lead_has_its_own_phones_before_those_of_its_people():
    item = {**person(1, "Заявка", "+7 901"), "contactId": 5, "contactIds": [5], "companyId": 20}
    found = card(item, [person(5)], [company(20)], kind=LEAD)
    assert [each.kind for each in found.people] == [PersonKind.OWN, PersonKind.CONTACT, PersonKind.COMPANY]
    assert found.people[0].phones[0].typed == "+7 901"


def test_a_lead_without_a_name_goes_by_its_title():
    assert card({"id": 1, "title": "Заявка с сайта", "name": None}, kind=LEAD).people[0].name == "Заявка с сайта"


def test_a_contact_has_its_companies_and_no_contacts():
    item = {**person(5), "companyId": 20, "companyIds": [21, 20], "contactIds": [99]}
    found = card(item, (), [company(20), company(21)], kind=CONTACT)
    assert ids(found) == [5, 21, 20]
    assert found.hidden == 0


def test_a_contact_that_names_one_company_in_the_old_way_has_it_too():
    assert ids(card({**person(5), "companyId": 20}, (), [company(20)], kind=CONTACT)) == [5, 20]


def test_a_company_has_its_contacts_and_no_companies():
    item = {**company(20), "contactIds": [5, 3], "companyId": 21}
    found = card(item, [person(3), person(5)], (), kind=COMPANY)
    assert ids(found) == [20, 5, 3]
    assert found.people[0].name == "Company 20"
    assert found.hidden == 0


def test_a_deal_that_names_one_contact_in_the_old_way_has_it_too():
    assert ids(card({"id": 1, "contactId": 5}, [person(5)])) == [5]


@pytest.mark.parametrize("none", [0, None, "", "0", [], False, True])
def test_no_company_is_said_in_many_ways(none):
    found = card({"id": 1, "companyId": none, "contactId": none, "contactIds": none})
    assert (found.people, found.hidden) == ((), 0)
    found = card({"id": 1})
    assert (found.people, found.hidden) == ((), 0)


def test_people_who_are_not_linked_are_dropped_whoever_sent_them():
    """A null id makes the portal substitute the whole item, and an old method may answer with fifty
    strangers."""
    strangers = [person(number) for number in range(100, 150)]
    found = card({"id": 1, "contactIds": [5], "companyId": None}, [*strangers, person(5)], [company(20)])
    assert ids(found) == [5]


def test_the_same_link_twice_is_one_person():
    assert ids(card({"id": 1, "contactId": 5, "contactIds": [5, 5, "5"]}, [person(5), person(5)])) == [5]


def test_ids_may_come_as_texts():
    found = card(
        {"id": "1", "contactId": "9", "contactIds": ["5", "9"], "companyId": "20"},
        [person("5"), person(9)],
        [company("20")],
    )
    assert ids(found) == [9, 5, 20]
    assert found.hidden == 0


# Who is not shown.


def test_linked_people_who_did_not_come_are_counted_and_not_named():
    found = card({"id": 1, "contactId": 9, "contactIds": [9, 5, 3], "companyId": 20}, [person(5)], [])
    assert ids(found) == [5]
    assert found.hidden == 3


def test_a_list_that_failed_hides_all_of_it():
    found = card(
        {"id": 1, "contactIds": [9, 5], "companyId": None},
        errors={"contacts": "ACCESS_DENIED", "companies": "INVALID_ARG_VALUE"},
    )
    assert (found.people, found.hidden) == ((), 2)


def test_people_beyond_a_page_are_not_said_to_be_hidden():
    links = list(range(1, 61))
    found = card({"id": 1, "contactIds": links}, [person(number) for number in links[:50]])
    assert (len(found.people), found.hidden) == (50, 0)


# Phones as they were typed.


def test_every_phone_is_kept_as_it_was_typed_with_its_kind():
    fm = [
        {"typeId": "PHONE", "valueType": "mobile", "value": "8 (912) 345-67-89 доб. 5"},
        {"typeId": "EMAIL", "valueType": "WORK", "value": "a@example.com"},
        {"typeId": "PHONE", "valueType": "FAX", "value": "+7 4162 55-55-55"},
        {"typeId": "PHONE", "valueType": None, "value": 79001112233},
        {"typeId": "PHONE", "valueType": "WORK", "value": ""},
        {"typeId": "PHONE", "valueType": "WORK"},
        {"typeId": "IM", "valueType": "TELEGRAM", "value": "@a"},
        "PHONE",
        None,
    ]
    (own,) = card({"id": 1, "fm": fm}, kind=LEAD).people
    typed = [(phone.kind, phone.typed) for phone in own.phones]
    assert typed == [("MOBILE", "8 (912) 345-67-89 доб. 5"), ("FAX", "+7 4162 55-55-55"), ("OTHER", "79001112233")]


def test_a_huge_phone_or_name_is_cut():
    own = card(person(1, "я" * 5000, "9" * 5000), kind=LEAD).people[0]
    assert (len(own.name), len(own.phones[0].typed)) == (200, 200)


@pytest.mark.parametrize("fm", [None, [], {}, "x", 5])
def test_a_person_without_phones_is_a_person(fm):
    found = card({"id": 1, "contactIds": [5]}, [{**person(5), "fm": fm}])
    assert (ids(found), found.people[0].phones) == ([5], ())


def test_phones_may_come_as_a_map_with_gaps():
    typed = {number: person(1, phone=f"+7961951000{number}")["fm"][0] for number in ("0", "2", "7")}
    found = card({"id": 1, "contactIds": [5]}, [{**person(5), "fm": typed}])
    assert [phone.typed[-1] for phone in found.people[0].phones] == ["0", "2", "7"]


# Who is asking.


def test_the_viewer_is_who_the_profile_says():
    viewer = card(me={**ME, "ADMIN": True}).viewer
    assert (viewer.user_id, viewer.admin, viewer.name, viewer.zone) == (7, True, "Роман Продажин", "Europe/Moscow")


@pytest.mark.parametrize("said", [None, 0, 1, "Y", "true", []])
def test_only_true_is_an_admin(said):
    assert not card(me={**ME, "ADMIN": said}).viewer.admin


@pytest.mark.parametrize("profile", [{**ME, "ID": "8"}, {**ME, "ID": None}, {"NAME": "x"}, [], None, "7"])
def test_the_profile_of_another_user_is_refused_whatever_else_came(profile):
    assert refusal(lambda: card({"id": 1, "contactIds": [5]}, [person(5)], me=profile)) is ErrorCode.NO_AUTH


# When the item cannot be read.


@pytest.mark.parametrize("code", ["ACCESS_DENIED", "NOT_FOUND", "access_denied"])
def test_an_item_that_may_not_be_read_is_gone_whatever_else_came(code):
    assert refusal(lambda: card(None, [person(5)], errors={"item": code})) is ErrorCode.CARD_GONE


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("OPERATION_TIME_LIMIT", ErrorCode.PORTAL_BUSY),
        ("insufficient_scope", ErrorCode.PORTAL_SCOPE),
        ("INTERNAL_SERVER_ERROR", ErrorCode.PORTAL_FAILED),
        ("", ErrorCode.PORTAL_FAILED),
    ],
)
def test_any_other_trouble_with_the_item_is_the_cards(code, expected):
    assert refusal(lambda: card(None, errors={"item": code})) is expected


@pytest.mark.parametrize("command", ["contacts", "companies", "me"])
def test_a_blocked_command_makes_the_card_busy_and_not_half_empty(command):
    answer = {"id": 1, "contactIds": [5], "companyId": 20}
    blocked = {command: "OPERATION_TIME_LIMIT"}
    assert refusal(lambda: card(answer, [person(5)], [company(20)], errors=blocked)) is ErrorCode.PORTAL_BUSY


@pytest.mark.parametrize(
    "results", [{}, {"item": None}, {"item": []}, {"item": {"item": None}}, {"item": {"item": []}}, {"item": 5}]
)
def test_a_batch_without_an_item_is_a_failure_that_may_pass(results):
    assert refusal(lambda: card_of(Batch({**results, "me": ME}, {}), DEAL, 7)) is ErrorCode.PORTAL_FAILED


@pytest.mark.parametrize("items", [None, [], {}, "x", [None, 5, "x", []], [{"id": []}, {"id": {}}, {"id": None}, {}]])
def test_lists_full_of_nonsense_hold_nobody(items):
    answer = Batch(
        {"item": {"item": {"id": 1, "contactIds": [5]}}, "contacts": {"items": items}, "companies": items, "me": ME}, {}
    )
    found = card_of(answer, DEAL, 7)
    assert (found.people, found.hidden) == ((), 1)


def test_the_recorded_item_is_a_lead_with_its_own_phones(recorded):
    item = recorded("crm.item.get.response.json")["result"]["item"]
    (own,) = card(item, kind=LEAD).people
    phones = [field["value"] for field in item["fm"] if field["typeId"] == "PHONE"]
    assert phones
    assert [phone.typed for phone in own.phones] == phones
    assert own.name == "Admin Admins"


# What is asked.


@pytest.mark.parametrize("kind", [LEAD, *LINKING])
def test_one_batch_asks_for_the_item_its_people_and_the_viewer(kind):
    commands = batch_of(kind, 5)
    assert list(commands) == ["item", "contacts", "companies", "me"]
    assert commands["contacts"][1]["filter"] == {"=id": "$result[item][item][contactIds]"}
    assert commands["companies"][1]["filter"] == {"=id": "$result[item][item][companyId]"}
    assert commands["contacts"][1]["select"] == ["*"]  # the only way to get phones out of a list


def test_a_contact_asks_for_all_its_companies_and_a_company_for_none():
    assert list(batch_of(CONTACT, 5)) == ["item", "companies", "me"]
    assert batch_of(CONTACT, 5)["companies"][1]["filter"] == {"=id": "$result[item][item][companyIds]"}
    assert list(batch_of(COMPANY, 5)) == ["item", "contacts", "me"]


# At the simulated portal.


@pytest.mark.parametrize(
    ("kind", "number", "expected", "hidden"),
    [
        (LEAD, 501, [(PersonKind.OWN, 501), (PersonKind.CONTACT, 45)], 0),
        (DEAL, 7045, [(PersonKind.CONTACT, 42), (PersonKind.CONTACT, 43), (PersonKind.COMPANY, 15)], 0),
        (DEAL, 7047, [(PersonKind.CONTACT, 60)], 0),
        (DEAL, 7048, [(PersonKind.CONTACT, 44), (PersonKind.CONTACT, 42)], 0),
        (CONTACT, 42, [(PersonKind.OWN, 42), (PersonKind.COMPANY, 15)], 0),
        (CONTACT, 44, [(PersonKind.OWN, 44)], 0),
        (COMPANY, 15, [(PersonKind.OWN, 15), (PersonKind.CONTACT, 42), (PersonKind.CONTACT, 43)], 0),
        (QUOTE, 31, [(PersonKind.CONTACT, 45), (PersonKind.CONTACT, 44)], 0),
        (INVOICE, 88, [(PersonKind.CONTACT, 46)], 0),
        (PROCESS, 12, [(PersonKind.CONTACT, number) for number in (48, 49, 50, 51, 52)], 0),
    ],
)
def test_every_kind_of_card_is_read_with_one_request(sign_in, outside, kind, number, expected, hidden):
    here = sign_in()
    found = read_card(here.rest, here.portal, REP, kind, number)
    assert [(person.kind, person.id) for person in found.people] == expected
    assert found.hidden == hidden
    assert found.viewer.user_id == REP
    assert outside.calls("portal") == {"batch": 1}


def test_a_tender_with_25_people_has_them_all_in_the_order_of_its_links(sign_in):
    here = sign_in()
    found = read_card(here.rest, here.portal, REP, DEAL, 7046)
    assert ids(found) == list(range(101, 126))
    assert found.people[0].primary


def test_a_person_the_user_may_not_read_is_counted_and_never_shown(sign_in, outside):
    here = sign_in()
    fields = outside.opening(user="restricted")["fields"]
    token = type(here.token)(fields["AUTH_ID"], fields["REFRESH_ID"], 0.0)
    here.tokens.put(here.portal.id, 3, token)
    found = read_card(here.rest, here.portal, 3, DEAL, 7048)
    assert (ids(found), found.hidden) == ([42], 1)
    assert refusal(lambda: read_card(here.rest, here.portal, 3, CONTACT, 44)) is ErrorCode.CARD_GONE


@pytest.mark.parametrize(("kind", "number"), [(DEAL, 1), (CONTACT, 999), (PROCESS, 13)])
def test_a_card_that_is_not_there_is_gone(sign_in, kind, number):
    here = sign_in()
    assert refusal(lambda: read_card(here.rest, here.portal, REP, kind, number)) is ErrorCode.CARD_GONE


@pytest.mark.parametrize("command", ["crm.item.get", "crm.item.list", "profile"])
def test_a_command_blocked_inside_the_batch_makes_the_portal_busy(sign_in, outside, command):
    here = sign_in()
    outside.break_portal("OPERATION_TIME_LIMIT", f"batch:{command}")
    assert refusal(lambda: read_card(here.rest, here.portal, REP, DEAL, 7045)) is ErrorCode.PORTAL_BUSY


def test_a_token_of_another_user_is_found_out(sign_in):
    here = sign_in()
    here.tokens.put(here.portal.id, 3, here.token)
    assert refusal(lambda: read_card(here.rest, here.portal, 3, DEAL, 7045)) is ErrorCode.NO_AUTH
    assert refusal(lambda: read_viewer(here.rest, here.portal, 3)) is ErrorCode.NO_AUTH


def test_the_same_id_is_another_card_in_another_portal(sign_in):
    here = sign_in(portal=2)
    found = read_card(here.rest, here.portal, REP, DEAL, 7045)
    assert [person.name for person in found.people] == ["Иван Сергеевич"]


def test_the_viewer_alone_is_one_call(sign_in, outside):
    here = sign_in()
    viewer = read_viewer(here.rest, here.portal, REP)
    assert (viewer.user_id, viewer.admin, viewer.zone) == (REP, False, "Europe/Moscow")
    assert outside.calls("portal") == {"profile": 1}


# Messengers.


def messenger(value, kind="IMOL", type_id="IM"):
    return {"typeId": type_id, "valueType": kind, "value": value}


@pytest.mark.parametrize(
    ("field", "known"),
    [
        (messenger("imol|whatsappbytwilio|3|79241234567|88"), True),
        (messenger("imol|olchat_WhatsApp_1|3|chat|88"), True),
        (messenger("imol|waba_connector|3|chat|88"), True),
        (messenger("imol|telegrambot|3|whatsapp|88"), False),
        (messenger("whatsapp"), False),
        (messenger("imol|whatsappbytwilio|3|1|2", kind="TELEGRAM"), False),
        (messenger("imol|whatsappbytwilio|3|1|2", type_id="WEB"), False),
        (messenger(None), False),
        ("imol|whatsapp|1", False),
    ],
)
def test_an_open_line_of_whatsapp_proves_the_person_and_no_number(field, known):
    item = {"id": 1, "contactIds": [5, 6]}
    someone = person(5)
    found = card(item, [{**someone, "fm": [*someone["fm"], field]}, person(6)])
    assert [each.in_whatsapp for each in found.people] == [known, False]
    assert [len(each.phones) for each in found.people] == [1, 1]


@pytest.mark.parametrize(
    ("called", "numbers"),
    [
        ("79241234567", ("+79241234567",)),
        ("79241234567@c.us", ("+79241234567",)),
        ("+79241234567", ("+79241234567",)),
        ("924123", ()),
        ("550099887766554@lid", ()),
        ("1-2", ()),
    ],
)
def test_a_dialog_that_is_called_by_a_number_proves_this_number(called, numbers):
    someone = person(5)
    dialog = messenger(f"imol|whatsappbytwilio|3|{called}|88")
    (found,) = card({"id": 1, "contactIds": [5]}, [{**someone, "fm": [*someone["fm"], dialog]}]).people
    assert found.dialogs == numbers


def test_a_list_that_php_sent_as_a_map_because_of_its_holes_is_read():
    phones = person(5)["fm"] + person(5, phone="+7 901")["fm"]
    holed = {"0": phones[0], "2": phones[1], "7": messenger("imol|whatsapp|1|2|3")}
    (found,) = card({"id": 1, "contactIds": [5]}, [person(5) | {"fm": holed}]).people
    assert [phone.typed for phone in found.phones] == ["+7 900", "+7 901"]
    assert found.in_whatsapp


def test_a_list_of_people_that_failed_in_words_alone_is_a_failure_and_hides_nobody():
    item = {"id": 1, "contactIds": [5]}
    assert refusal(lambda: card(item, errors={"contacts": ""})) is ErrorCode.PORTAL_FAILED


def chat(chat_id, connector="whatsappbyedna", name="79261112233"):
    return {"id": chat_id, "entity_id": f"{connector}|3|{name}|88"}


@pytest.mark.parametrize(
    ("results", "numbers"),
    [
        ({"chats": [{"CHAT_ID": "70"}], "chat0": chat(70)}, ("+79261112233",)),
        ({"chats": [{"CHAT_ID": "70", "CONNECTOR_TITLE": "WhatsApp"}], "chat0": chat(70, "v7")}, ("+79261112233",)),
        ({"chats": [{"CHAT_ID": "70", "CONNECTOR_TITLE": "Telegram"}], "chat0": chat(70, "v7")}, ()),
        ({"chats": [{"CHAT_ID": "70"}], "chat0": chat(70, name="1-2")}, ()),
        ({"chats": [], "chat0": chat(1)}, ()),  # an empty list was taken for the number 1
        ({"chats": [{"CHAT_ID": "70"}], "chat0": chat(70), "chat1": chat(1, name="79990000000")}, ("+79261112233",)),
        ({"chats": {"1": {"CHAT_ID": "70"}}, "chat0": "x"}, ()),
        ({}, ()),
    ],
)
def test_chats_that_are_bound_to_a_card_name_numbers_of_whatsapp(results, numbers):
    assert numbers_in(results) == numbers
