from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from widget.phones.numbering import Numbering
from widget.phones.operators import operator_named
from widget.phones.prefixes import Prefixes
from widget.phones.regions import REGIONS, regions_named


def names(found):
    return [region.ru for region in found.regions], found.operator and found.operator.ru


@pytest.mark.parametrize("plan", ["official", "shipped_only"])
def test_the_number_of_the_amur_region_is_known_to_both_sources(plan, request):
    found = request.getfixturevalue(plan).find("+79619510000")
    assert names(found) == (["Амурская область"], "Билайн")
    assert found.regions[0].zones == ("Asia/Yakutsk",)
    assert (found.regions[0].en, found.operator.en) == ("Amur Oblast", "Beeline")


@pytest.mark.parametrize("e164", ["+493012345678", "+77012345678", "+7961951000", "+796195100000", "", "+7961951000x"])
def test_what_is_no_russian_mobile_is_not_in_the_shipped_data(shipped_only, e164):
    assert shipped_only.find(e164) is None


def test_the_shipped_data_vouches_for_no_number(shipped_only, official):
    assert not shipped_only.knows("+79619510000")
    assert official.knows("+79619510000")
    assert not official.knows("+7961951000")
    assert not official.knows("+493012345678")


def test_a_number_that_the_registry_assigns_to_nobody_has_no_facts(official):
    assert official.find("+79429999999") is None
    assert not official.knows("+79429999999")


def test_loading_reads_nothing_until_asked(tmp_path):
    assert Numbering(tmp_path / "missing").find("+493012345678") is None
    assert Numbering(None).find("+493012345678") is None


def test_there_are_89_regions_and_eleven_times():
    regions = REGIONS.values()
    assert len(regions) == len({region.en for region in regions}) == 89
    now = datetime(2026, 7, 1, tzinfo=UTC)
    zones = {zone for region in regions for zone in region.zones}
    assert len({now.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones}) == 11


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("Амурская обл.", ["Амурская область"]),
        ("Республика Удмуртская", ["Удмуртская Республика"]),
        ("Удмуртская Республика (Удмуртия)", ["Удмуртская Республика"]),
        ("Республика Саха /Якутия/", ["Республика Саха (Якутия)"]),
        ("Якутия", ["Республика Саха (Якутия)"]),
        ("Ханты - Мансийский - Югра АО", ["Ханты-Мансийский автономный округ — Югра"]),
        ("Ямало-Ненецкий АО", ["Ямало-Ненецкий автономный округ"]),
        ("Ненецкий АО", ["Ненецкий автономный округ"]),
        ("Кемеровская область - Кузбасс обл.", ["Кемеровская область"]),
        ("Чувашская Республика - Чувашия", ["Чувашская Республика"]),
        ("Республика Алтай", ["Республика Алтай"]),
        ("Алтайский край", ["Алтайский край"]),
        ("г. Москва", ["Москва"]),
        ("Город Москва, Московская область", ["Москва", "Московская область"]),
        ("г. Москва * Московская область", ["Москва", "Московская область"]),
        ("Московская область * Москва|Московская область * Москва", ["Московская область", "Москва"]),
        ("Архангельская область и Ненецкий автономный округ", ["Архангельская область", "Ненецкий автономный округ"]),
        ("Санкт - Петербург и Ленинградская область", ["Санкт-Петербург", "Ленинградская область"]),
        ("г. Норильск|г.о. город Норильск|Красноярский край", ["Красноярский край"]),
        ("Российская Федерация", []),
        ("-", []),
        ("", []),
    ],
)
def test_a_region_is_recognised_in_every_spelling(text, regions):
    assert [region.ru for region in regions_named(text)] == regions


@pytest.mark.parametrize(
    ("legal", "ru", "en"),
    [
        ('ООО "Т2 МОБАЙЛ"', "Т2", "T2"),
        ("ПАО «Вымпел-Коммуникации»", "Билайн", "Beeline"),
        ('ПАО "ВЫМПЕЛКОМ"', "Билайн", "Beeline"),
        ("ПАО «МегаФон»", "МегаФон", "MegaFon"),
        ("ПАО «Мобильные ТелеСистемы»", "МТС", "MTS"),
        ('ПАО "МТС"', "МТС", "MTS"),
        ('ООО "Скартел"', "Yota", "Yota"),
        ('ПАО "РОСТЕЛЕКОМ"', "Ростелеком", "Rostelecom"),
        ('АО "МТТ"', "МТТ", "MTT"),
        ("ПАО МГТС", "МГТС", "MGTS"),
        ('ООО "ГЛОБАЛ ТЕЛЕКОМ"', "Глобал Телеком", "Global Telekom"),
        ('ООО "К-телеком"', "К-Телеком", "K-Telekom"),
        ('Акционерное общество "Крымтелеком"', "Крымтелеком", "Krymtelekom"),
        ("ФГУП «ГРЧЦ»", "ГРЧЦ", "GRCHTS"),
    ],
)
def test_an_operator_is_called_as_people_call_it(legal, ru, en):
    operator = operator_named(legal)
    assert (operator.name("ru"), operator.name("en")) == (ru, en)


def test_an_operator_without_a_name_is_none():
    assert operator_named("") is None
    assert operator_named("ООО") is None


def test_the_longest_prefix_decides():
    prefixes = Prefixes({"79": "a", "7961": "b", "796195": "c"})
    found = [prefixes.find(digits) for digits in ("79619510000", "79619", "79", "8", "")]
    assert found == ["c", "b", "a", None, None]
    assert Prefixes({}).find("79") is None
