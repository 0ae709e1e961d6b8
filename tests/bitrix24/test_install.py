"""What is asked, what is wanted, and what is missing: plain values in, commands out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from widget.bitrix24.country import country_of
from widget.bitrix24.findings import InLayout, Part
from widget.bitrix24.found import (
    Bound,
    FieldFound,
    Found,
    Placed,
    Process,
    found_of,
    left_of,
    next_page,
    questions,
    with_page,
)
from widget.bitrix24.parts import KINDS, TITLES, Wanted, handlers_missing, missing, stale, tab, tabs_there, wanted_of
from widget.bitrix24.rest import Batch
from widget.bitrix24.userfield import TYPE_ID, in_layout
from widget.errors import Refusal, Refused

URL = "https://widget.example.com"
PAGE, HOOK = f"{URL}/placement", f"{URL}/hooks/bitrix24"
OLD = "https://old.example.com/placement"
PROCESS = Process(7, 183, "Montage", clients=True)
CODES = frozenset([*(tab(kind) for kind in KINDS), tab("DYNAMIC_183"), tab("DYNAMIC_190"), "CRM_DEAL_LIST_MENU"])
EMPTY = Found(
    app_id="5",
    licence="ru_pro100",
    status="L",
    days_left=None,
    user_id=1,
    admin=True,
    scopes=frozenset({"crm", "placement", "userfieldconfig"}),
    available=CODES,
    placements=(),
    field_type=(),
    handlers=(),
    processes=(PROCESS,),
    fields=(),
)


def wanted(found: Found) -> Wanted:
    return wanted_of(found, URL)


def steps(found: Found) -> list[tuple[str, Any]]:
    return [(step.command[0], step.what) for step in missing(found, wanted(found))]


def complete() -> Found:
    """A portal in which everything is as it should be."""
    aim = wanted(EMPTY)
    return replace(
        EMPTY,
        placements=tuple(Placed(code, PAGE, TITLES) for code in aim.tabs),
        field_type=(PAGE,),
        handlers=tuple(Bound(event, HOOK, "0") for event in aim.events),
        fields=tuple(FieldFound(9, field.entity, field.name, "rest_5_whatsapp") for field in aim.fields),
    )


def test_an_empty_portal_gets_one_of_each() -> None:
    made = steps(EMPTY)

    assert len(made) == len(set(made))
    methods = [method for method, _what in made]
    assert {method: methods.count(method) for method in methods} == {
        "placement.bind": 7,
        "userfieldtype.add": 1,
        "userfieldconfig.add": 7,
        "event.bind": 11,
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
        field_type=(OLD,),
        handlers=tuple(replace(one, handler=f"{OLD}x") for one in found.handlers or ()),
    )
    made = steps(moved)

    for code in wanted(EMPTY).tabs:
        assert made.index(("placement.unbind", code)) < made.index(("placement.bind", code))
    assert ("userfieldtype.update", TYPE_ID) in made
    assert [method for method, _what in made].count("event.unbind") == 11


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
        fields=(*(found.fields or ()), FieldFound(77, "CRM_DEAL", "UF_CRM_DEAL_WHATSAPP_2", "string")),
    )
    assert steps(foreign) == []


def test_a_field_of_an_earlier_installation_is_made_anew() -> None:
    found = complete()
    dead = tuple(replace(one, user_type="rest_3_whatsapp") for one in found.fields or () if one.entity == "CRM_DEAL")
    alive = tuple(one for one in found.fields or () if one.entity != "CRM_DEAL")
    assert steps(replace(found, fields=(*alive, *dead))) == [
        ("userfieldconfig.delete", "UF_CRM_DEAL_WHATSAPP"),
        ("userfieldconfig.add", "UF_CRM_DEAL_WHATSAPP"),
    ]


def test_without_the_scope_of_fields_there_is_the_tab_and_the_page_can_say_so() -> None:
    found = replace(EMPTY, scopes=frozenset({"crm", "placement"}), fields=None)
    assert {method for method, _what in steps(found)} == {"placement.bind", "event.bind"}
    assert wanted(found).left_out == {Part.FIELD, Part.FIELD_TYPE}
    assert wanted(found).scopes_missing == {"userfieldconfig"}


def test_without_the_scope_of_the_crm_its_events_are_not_bound() -> None:
    found = replace(EMPTY, scopes=frozenset({"placement"}), available=frozenset(), processes=None, fields=None)
    assert steps(found) == [("event.bind", event) for event in ("ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT")]


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
    "handlers": [],
    "processes": {"types": []},
    "fields": {"fields": []},
}


def test_no_conclusion_is_drawn_from_a_question_that_failed() -> None:
    answer = Batch(
        {key: value for key, value in ANSWERS.items() if key != "placements"}, {"placements": "QUERY_LIMIT_EXCEEDED"}
    )
    with pytest.raises(Refused) as refused:
        found_of(answer, 1, TYPE_ID)
    assert refused.value.refusal is Refusal.PORTAL_BUSY


def test_a_part_that_is_not_for_us_is_seen_as_such() -> None:
    answer = Batch({key: value for key, value in ANSWERS.items() if key != "fields"}, {"fields": "insufficient_scope"})
    assert found_of(answer, 1, TYPE_ID).fields is None
    assert found_of(Batch(ANSWERS, {}), 1, TYPE_ID).fields == ()


def test_answers_for_another_user_are_refused() -> None:
    with pytest.raises(Refused):
        found_of(Batch(ANSWERS, {}), 2, TYPE_ID)


def test_nobody_is_an_administrator_by_one_word_alone() -> None:
    assert not found_of(Batch({**ANSWERS, "admin": False}, {}), 1, TYPE_ID).admin
    assert not found_of(Batch({**ANSWERS, "me": {"ID": "1", "ADMIN": False}}, {}), 1, TYPE_ID).admin


def test_lists_that_php_sent_as_maps_are_read() -> None:
    rows = {"0": {"placement": "CRM_DEAL_DETAIL_TAB", "handler": PAGE, "langAll": []}}
    assert found_of(Batch({**ANSWERS, "placements": rows}, {}), 1, TYPE_ID).placements == (
        Placed("CRM_DEAL_DETAIL_TAB", PAGE, {}),
    )


def test_a_full_page_of_smart_processes_or_fields_asks_for_the_next() -> None:
    def rows(processes: int, fields: int) -> Batch:
        return Batch({"processes": {"types": [{}] * processes}, "fields": {"fields": [{}] * fields}}, {})

    more = next_page(rows(50, 50), 1)
    assert [(method, parameters["start"]) for method, parameters in more.values()] == [
        ("crm.type.list", 50),
        ("userfieldconfig.list", 50),
    ]
    assert list(next_page(rows(43, 50), 1)) == ["fields"]
    assert not next_page(rows(49, 49), 1)
    assert list(next_page(rows(100, 57), 2)) == ["processes"]
    assert not next_page(rows(400, 400), 8)


def test_pages_are_put_together_and_one_that_failed_fails_the_whole() -> None:
    first = Batch({**ANSWERS, "fields": {"fields": [{"id": 1}]}}, {})
    whole = with_page(first, Batch({"fields": {"fields": {"0": {"id": 2}}}}, {}))
    assert [field.id for field in found_of(whole, 1, TYPE_ID).fields or ()] == [1, 2]
    with pytest.raises(Refused):
        with_page(first, Batch({}, {"fields": ""}))


def test_what_the_portal_really_sent_is_understood(recorded: Callable[[str], Any]) -> None:
    names = {"app": "app.info", "scope": "scope", "placements": "placement.get", "available": "placement.list"}
    names |= {"types": "userfieldtype.list", "handlers": "event.get", "processes": "crm.type.list"}
    names |= {"fields": "userfieldconfig.list", "admin": "user.admin", "me": "profile"}
    found = found_of(
        Batch({key: recorded(f"{name}.response.json")["result"] for key, name in names.items()}, {}),
        1,
        "test_user_type",
    )

    assert set(names) == set(questions())
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
    assert found.field_type == ("http://test.com/test.php",)
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


def test_a_field_in_any_section_of_the_layout_is_found() -> None:
    section = {"name": "main", "elements": [{"name": "TITLE"}, {"name": "UF_X"}]}
    assert in_layout([section], "UF_X") is InLayout.YES
    assert in_layout([{"name": "column", "type": "column", "elements": [section]}], "UF_X") is InLayout.YES
    assert in_layout([section], "UF_Y") is InLayout.NO
    assert in_layout(None, "UF_X") is InLayout.UNKNOWN
