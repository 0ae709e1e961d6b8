"""What is asked, what is wanted, and what is missing: plain values in, commands out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from widget.bitrix24.country import country_of
from widget.bitrix24.events import WANTED
from widget.bitrix24.installer.actual import (
    ActualField,
    ActualState,
    Bound,
    Placed,
    Process,
    actual_of,
    left_of,
    next_page,
    questions,
    with_page,
)
from widget.bitrix24.installer.desired import (
    KINDS,
    TITLES,
    DesiredState,
    handlers_missing,
    missing,
    moved_fields,
    stale,
    tab,
    tabs_there,
    wanted_of,
)
from widget.bitrix24.installer.layouts import in_layout, showing, survives_writing
from widget.bitrix24.installer.report import InLayout, Part
from widget.bitrix24.installer.userfield import OLD_TYPE_ID, names_of
from widget.bitrix24.rest import Batch
from widget.errors import ErrorCode, Refused

URL = "https://widget.example.com"
NAMES = names_of("local.one")
FULL_TYPE = f"rest_5_{NAMES.type_id}"
DEAL_FIELD = NAMES.field_name("CRM_DEAL")
PAGE, HOOK = f"{URL}/placement", f"{URL}/hooks/bitrix24"
OLD = "https://old.example.com/placement"
PROCESS = Process(7, 183, "Montage", clients=True)
CODES = frozenset([*(tab(kind) for kind in KINDS), tab("DYNAMIC_183"), tab("DYNAMIC_190"), "CRM_DEAL_LIST_MENU"])
EMPTY = ActualState(
    app_id="5",
    licence="ru_pro100",
    status="L",
    days_left=None,
    user_id=1,
    admin=True,
    scopes=frozenset({"crm", "placement", "userfieldconfig"}),
    available=CODES,
    placements=(),
    types={},
    known_types=frozenset({"string", "rest_5_whatsapp", FULL_TYPE}),
    handlers=(),
    processes=(PROCESS,),
    fields=(),
)


def wanted(found: ActualState) -> DesiredState:
    return wanted_of(found, NAMES, URL)


def steps(found: ActualState) -> list[tuple[str, Any]]:
    return [(step.command[0], step.what) for step in missing(found, wanted(found))]


def complete() -> ActualState:
    """A portal in which everything is as it should be."""
    aim = wanted(EMPTY)
    return replace(
        EMPTY,
        placements=tuple(Placed(code, PAGE, TITLES) for code in aim.tabs),
        types={NAMES.type_id: PAGE},
        handlers=tuple(Bound(event, HOOK, "0") for event in aim.events),
        fields=tuple(ActualField(9, field.entity, NAMES.field_name(field.entity), FULL_TYPE) for field in aim.fields),
    )


def test_an_empty_portal_gets_one_of_each() -> None:
    made = steps(EMPTY)

    assert len(made) == len(set(made))
    methods = [method for method, _what in made]
    assert {method: methods.count(method) for method in methods} == {
        "placement.bind": 7,
        "userfieldtype.add": 1,
        "userfieldconfig.add": 7,
        "event.bind": len(WANTED),
    }
    assert methods.index("userfieldtype.add") < methods.index("userfieldconfig.add")


def test_a_complete_portal_gets_nothing() -> None:
    found = complete()
    assert missing(found, wanted(found)) == ()
    assert all(tabs_there(found, wanted(found)).values())
    assert handlers_missing(found, wanted(found)) == ()


def test_an_older_tab_beside_ours_is_left_over_and_not_ours_missing() -> None:
    found = complete()
    doubled = replace(found, placements=(*(found.placements or ()), Placed(tab("DEAL"), OLD, TITLES)))

    assert all(tabs_there(doubled, wanted(doubled)).values())
    assert stale(doubled, wanted(doubled)) > 0


def test_what_leads_to_an_old_address_is_taken_away_before_the_new_is_added() -> None:
    found = complete()
    moved = replace(
        found,
        placements=tuple(replace(one, handler=OLD) for one in found.placements or ()),
        types={NAMES.type_id: OLD},
        handlers=tuple(replace(one, handler=f"{OLD}x") for one in found.handlers or ()),
    )
    made = steps(moved)

    for code in wanted(EMPTY).tabs:
        assert made.index(("placement.unbind", code)) < made.index(("placement.bind", code))
    assert ("userfieldtype.update", NAMES.type_id) in made
    assert [method for method, _what in made].count("event.unbind") == len(WANTED)


def test_twins_become_one() -> None:
    found = complete()
    doubled = replace(found, placements=(*(found.placements or ()), Placed(tab("DEAL"), OLD, TITLES)))
    assert steps(doubled) == [
        ("placement.unbind", tab("DEAL")),
        ("placement.unbind", tab("DEAL")),
        ("placement.bind", tab("DEAL")),
    ]
    twice = replace(found, handlers=(*(found.handlers or ()), Bound("ONAPPUPDATE", HOOK, "1")))
    assert steps(twice) == [("event.unbind", "ONAPPUPDATE"), ("event.bind", "ONAPPUPDATE")]


def test_a_tab_with_another_title_is_made_anew_and_an_untold_title_is_left_alone() -> None:
    found = complete()
    others = tuple(one for one in found.placements or () if one.code != tab("DEAL"))
    renamed = replace(found, placements=(*others, Placed(tab("DEAL"), PAGE, {"ru": "Old"})))
    assert [what for _method, what in steps(renamed)] == [tab("DEAL")] * 2
    untold = replace(found, placements=(*others, Placed(tab("DEAL"), PAGE, {})))
    assert steps(untold) == []


@pytest.mark.parametrize("gone", [(), (replace(PROCESS, clients=False),)], ids=["deleted", "without clients now"])
def test_the_tab_of_a_smart_process_goes_with_it(gone: tuple[Process, ...]) -> None:
    assert steps(replace(complete(), processes=gone)) == [("placement.unbind", tab("DYNAMIC_183"))]


def test_tabs_of_smart_processes_stay_when_nobody_says_which_there_are() -> None:
    assert steps(replace(complete(), processes=None)) == []


def test_what_others_made_is_not_touched() -> None:
    found = complete()
    foreign = replace(
        found,
        placements=(*(found.placements or ()), Placed("USERFIELD_TYPE", PAGE, {})),
        fields=(*(found.fields or ()), ActualField(77, "CRM_DEAL", "UF_CRM_DEAL_WHATSAPP_2", "string")),
    )
    assert steps(foreign) == []


def with_deal_field(user_type: str, name: str = "UF_CRM_DEAL_WHATSAPP") -> ActualState:
    """A complete portal, but for the field of deals, which is this one."""
    found = complete()
    others = tuple(one for one in found.fields or () if one.entity != "CRM_DEAL")
    return replace(found, fields=(*others, ActualField(8, "CRM_DEAL", name, user_type)))


def test_a_field_of_an_earlier_installation_is_made_anew_under_its_name() -> None:
    assert steps(with_deal_field("rest_3_whatsapp")) == [
        ("userfieldconfig.delete", "UF_CRM_DEAL_WHATSAPP"),
        ("userfieldconfig.add", "UF_CRM_DEAL_WHATSAPP"),
    ]


@pytest.mark.parametrize("known", [frozenset({"string", "rest_3_whatsapp"}), None], ids=["alive", "not told"])
def test_the_field_of_another_application_is_left_alone_though_it_bear_our_words(known: frozenset[str] | None) -> None:
    found = replace(with_deal_field("rest_3_whatsapp"), known_types=known)
    assert steps(found) == [("userfieldconfig.add", DEAL_FIELD)]


def test_what_a_version_before_made_moves_to_the_type_of_our_own() -> None:
    found = replace(with_deal_field("rest_5_whatsapp"), types={OLD_TYPE_ID: PAGE})
    assert steps(found) == [
        ("userfieldtype.delete", OLD_TYPE_ID),
        ("userfieldtype.add", NAMES.type_id),
        ("userfieldconfig.delete", "UF_CRM_DEAL_WHATSAPP"),
        ("userfieldconfig.add", "UF_CRM_DEAL_WHATSAPP"),
    ]
    moved = next(step.command[1]["field"] for step in missing(found, wanted(found)) if step.part is Part.FIELD)
    assert (moved["userTypeId"], moved["xmlId"]) == (FULL_TYPE, NAMES.xml_id)


def test_a_field_whose_old_type_is_gone_is_taken_over_under_its_name_though_it_be_deleted_too() -> None:
    found = replace(with_deal_field("rest_5_whatsapp"), types={})
    assert moved_fields(found, wanted(found)) == {"CRM_DEAL": "UF_CRM_DEAL_WHATSAPP"}
    deleted = replace(found, fields=tuple(one for one in found.fields or () if one.entity != "CRM_DEAL"))
    made = [s.what for s in missing(deleted, wanted(deleted), {"CRM_DEAL": "UF_CRM_DEAL_WHATSAPP"}) if s.is_of_field]
    assert made == ["UF_CRM_DEAL_WHATSAPP"]


def test_two_installations_of_the_service_share_no_name_in_a_portal() -> None:
    other = names_of("local.two")
    assert other.type_id != NAMES.type_id
    assert other.field_name("CRM_DEAL") != DEAL_FIELD
    assert other.xml_id != NAMES.xml_id


def test_without_the_scope_of_fields_there_is_the_tab_and_the_page_can_say_so() -> None:
    found = replace(EMPTY, scopes=frozenset({"crm", "placement"}), fields=None)
    assert {method for method, _what in steps(found)} == {"placement.bind", "event.bind"}
    assert wanted(found).left_out == {Part.FIELD, Part.FIELD_TYPE}
    assert wanted(found).scopes_missing == {"userfieldconfig"}


def test_without_the_scope_of_the_crm_its_events_are_not_bound() -> None:
    found = replace(EMPTY, scopes=frozenset({"placement"}), available=frozenset(), processes=None, fields=None)
    assert steps(found) == [
        ("event.bind", event) for event in ("ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT")
    ]


def test_only_codes_that_the_portal_offers_are_bound() -> None:
    found = replace(EMPTY, available=CODES - {tab("SMART_INVOICE")})
    assert ("placement.bind", tab("SMART_INVOICE")) not in steps(found)
    assert tab("SMART_INVOICE") not in wanted(found).tabs


ANSWERS: dict[str, Any] = {
    "app": {"ID": 5, "LICENSE": "ru_pro100", "STATUS": "L", "DAYS": None, "PAYMENT_EXPIRED": "N"},
    "me": {"ID": "1", "ADMIN": True},
    "admin": True,
    "scope": ["crm", "placement"],
    "available": ["CRM_DEAL_DETAIL_TAB"],
    "placements": [],
    "types": [],
    "known_types": {"types": {"string": {}}},
    "handlers": [],
    "processes": {"types": []},
    "fields": {"fields": []},
}


def test_no_conclusion_is_drawn_from_a_question_that_failed() -> None:
    answer = Batch(
        {key: value for key, value in ANSWERS.items() if key != "placements"}, {"placements": "QUERY_LIMIT_EXCEEDED"}
    )
    with pytest.raises(Refused) as refused:
        actual_of(answer, 1)
    assert refused.value.code is ErrorCode.PORTAL_BUSY


def test_a_part_that_is_not_for_us_is_seen_as_such() -> None:
    answer = Batch({key: value for key, value in ANSWERS.items() if key != "fields"}, {"fields": "insufficient_scope"})
    assert actual_of(answer, 1).fields is None
    without_code = Batch({key: value for key, value in ANSWERS.items() if key != "fields"}, {"fields": ""})
    assert actual_of(without_code, 1).fields is None
    assert actual_of(Batch(ANSWERS, {}), 1).fields == ()


def test_answers_for_another_user_are_refused() -> None:
    with pytest.raises(Refused):
        actual_of(Batch(ANSWERS, {}), 2)


def test_nobody_is_an_administrator_by_one_word_alone() -> None:
    assert not actual_of(Batch({**ANSWERS, "admin": False}, {}), 1).admin
    assert not actual_of(Batch({**ANSWERS, "me": {"ID": "1", "ADMIN": False}}, {}), 1).admin


def test_lists_that_php_sent_as_maps_are_read() -> None:
    rows = {"0": {"placement": "CRM_DEAL_DETAIL_TAB", "handler": PAGE, "langAll": []}}
    assert actual_of(Batch({**ANSWERS, "placements": rows}, {}), 1).placements == (
        Placed("CRM_DEAL_DETAIL_TAB", PAGE, {}),
    )


def test_a_full_page_of_smart_processes_or_fields_asks_for_the_next() -> None:
    def rows(processes: int, fields: int) -> Batch:
        return Batch({"processes": {"types": [{}] * processes}, "fields": {"fields": [{}] * fields}}, {})

    more = next_page(rows(50, 50), NAMES, 1)
    assert [(method, parameters["start"]) for method, parameters in more.values()] == [
        ("crm.type.list", 50),
        ("userfieldconfig.list", 50),
    ]
    assert list(next_page(rows(43, 50), NAMES, 1)) == ["fields"]
    assert not next_page(rows(49, 49), NAMES, 1)
    assert list(next_page(rows(100, 57), NAMES, 2)) == ["processes"]
    assert not next_page(rows(400, 400), NAMES, 8)


def test_pages_are_put_together_and_one_that_failed_fails_the_whole() -> None:
    first = Batch({**ANSWERS, "fields": {"fields": [{"id": 1}]}}, {})
    whole = with_page(first, Batch({"fields": {"fields": {"0": {"id": 2}}}}, {}))
    assert [field.id for field in actual_of(whole, 1).fields or ()] == [1, 2]
    with pytest.raises(Refused):
        with_page(first, Batch({}, {"fields": ""}))


def test_what_the_portal_really_sent_is_understood(recorded: Callable[[str], Any]) -> None:
    names = {"app": "app.info", "scope": "scope", "placements": "placement.get", "available": "placement.list"}
    names |= {"types": "userfieldtype.list", "handlers": "event.get", "processes": "crm.type.list"}
    names |= {"fields": "userfieldconfig.list", "known_types": "userfieldconfig.getTypes"}
    names |= {"admin": "user.admin", "me": "profile"}
    found = actual_of(
        Batch({key: recorded(f"{name}.response.json")["result"] for key, name in names.items()}, {}),
        1,
    )

    assert set(names) == set(questions(NAMES))
    assert found.admin
    assert (found.app_id, found.licence, found.status, found.days_left) == ("5", "de_ent10000", "F", None)
    assert found.processes
    assert found.processes[0] == Process(37, 1256, "Smart Process #20", clients=True)
    assert found.placements
    assert found.placements[0].titles == {"de": "Add invoice"}
    assert found.handlers == (
        Bound("ONCRMLEADADD", "https://www.my-domain.com/handler/", "0"),
        Bound("ONCRMLEADADD", "https://www.my-domain.com/handler/", "15"),
    )
    assert (found.types or {})["test_user_type"] == "http://test.com/test.php"
    assert {"string", "rest_219_test"} <= (found.known_types or frozenset())
    assert found.fields
    assert found.fields[0].entity == "CRM_7"


@pytest.mark.parametrize(
    ("licence", "country"),
    [
        ("ru_pro100", "RU"),
        ("kz_selfhosted", "KZ"),
        ("de_ent10000", "DE"),
        ("ua_nfr", "UA"),
        ("en_pro", "ZZ"),
        ("", "ZZ"),
    ],
)
def test_the_country_comes_from_the_licence_and_is_never_a_guess(licence: str, country: str) -> None:
    assert country_of(licence) == country


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"DAYS": 28, "PAYMENT_EXPIRED": "N"}, 28),
        ({"DAYS": "5"}, 5),
        ({"DAYS": -3, "PAYMENT_EXPIRED": "Y"}, -3),
        ({"DAYS": 4, "PAYMENT_EXPIRED": "Y"}, 0),
        ({"DAYS": None, "PAYMENT_EXPIRED": "Y"}, 0),
        ({"DAYS": None, "PAYMENT_EXPIRED": "N"}, None),
        ({"DAYS": "soon"}, None),
    ],
)
def test_the_days_left_are_read_whatever_their_type(told: dict[str, Any], left: int | None) -> None:
    assert left_of(told) == left


def arranged(**flags: int | str) -> list[dict[str, Any]]:
    elements = [{"name": name, "optionFlags": flag} for name, flag in flags.items()]
    return [{"name": "main", "title": "About", "type": "section", "elements": [{"name": "TITLE"}, *elements]}]


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        (arranged(UF_X="1"), InLayout.ALWAYS),
        (arranged(UF_X=3), InLayout.ALWAYS),
        ([{"name": "column", "type": "column", "elements": arranged(UF_X=1)}], InLayout.ALWAYS),
        (arranged(UF_X="0"), InLayout.HIDDEN),
        ([{"name": "main", "elements": [{"name": "UF_X"}]}], InLayout.HIDDEN),
        (arranged(UF_Y=1), InLayout.NO),
        (None, InLayout.UNARRANGED),
        ([], InLayout.UNARRANGED),
    ],
)
def test_a_field_without_a_value_is_seen_only_where_its_place_says_always(sections: Any, place: InLayout) -> None:
    assert in_layout(sections, "UF_X") is place


@pytest.mark.parametrize(
    "sections", [arranged(UF_X="0"), arranged(UF_Y="1"), [{"name": "column", "elements": arranged(UF_X="2", UF_Y=1)}]]
)
def test_showing_the_field_takes_nothing_else_out_of_the_card(sections: list[Any]) -> None:
    def names(parts: list[Any]) -> list[str]:
        return [name for part in parts for name in (part["name"], *names(part.get("elements", [])))]

    shown = showing(sections, "UF_X")
    assert in_layout(shown, "UF_X") is InLayout.ALWAYS
    assert [name for name in names(shown) if name != "UF_X"] == [name for name in names(sections) if name != "UF_X"]
    assert in_layout(shown, "UF_Y") is in_layout(sections, "UF_Y")


@pytest.mark.parametrize(
    ("sections", "survives"),
    [
        (arranged(UF_X="0"), True),
        ([*arranged(), {"type": "section", "elements": [{"name": "COMMENTS", "title": "As agreed"}]}], False),
        ([{**arranged()[0], "data": {"isChangeable": True}}], False),
        ([{"name": "column", "type": "column", "elements": arranged()}], False),
        (["odd"], False),
    ],
)
def test_a_view_that_would_lose_something_is_not_written_back(sections: list[Any], survives: bool) -> None:
    assert survives_writing(sections) is survives
