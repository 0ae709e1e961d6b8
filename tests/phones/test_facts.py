import itertools
from datetime import UTC, datetime

import phonenumbers
import pytest
from phonenumbers import carrier, geocoder

from widget.phones import world
from widget.phones.facts import NOTHING, facts_of
from widget.phones.numbers import LineKind, parse

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def facts(typed, language="ru", *, numbering, now=NOW):
    return facts_of(parse(typed, "RU"), language, numbering, now)


@pytest.mark.parametrize("plan", ["official", "shipped_only"])
@pytest.mark.parametrize(
    ("language", "region", "operator", "country"),
    [("ru", "Амурская область", "Билайн", "Россия"), ("en", "Amur Oblast", "Beeline", "Russia")],
)
def test_a_russian_mobile_has_region_operator_and_zone(plan, language, region, operator, country, request):
    found = facts("+7 961 951-00-00", language, numbering=request.getfixturevalue(plan))
    assert (found.region, found.operator, found.country) == (region, operator, country)
    assert (found.kind, found.zones) == (LineKind.MOBILE, ("Asia/Yakutsk",))


def test_a_third_language_names_the_country_and_reads_regions_in_english(shipped_only):
    found = facts("+79619510000", "pt", numbering=shipped_only)
    assert (found.country, found.region) == ("Rússia", "Amur Oblast")


def test_two_regions_are_both_named_and_have_one_time(official):
    found = facts("+79161234567", numbering=official)
    assert (found.region, found.zones) == ("Москва, Московская область", ("Europe/Moscow",))


def test_yakutia_has_three_times(official):
    found = facts("+79142700000", numbering=official)
    assert found.region == "Республика Саха (Якутия)"
    assert found.zones == ("Asia/Yakutsk", "Asia/Vladivostok", "Asia/Srednekolymsk")


def test_a_russian_mobile_of_unknown_region_has_no_time_rather_than_a_wrong_one(shipped_only):
    found = facts("+79001700000", numbering=shipped_only)
    assert (found.region, found.zones) == ("", ())


@pytest.mark.parametrize(
    ("typed", "region", "sure", "zones"),
    [
        ("+79161234567", "Москва, Московская область", True, ("Europe/Moscow",)),
        ("+79004700000", "Владимирская область", False, ("Europe/Moscow",)),
    ],
)
def test_a_divided_block_has_a_probable_region_and_yet_one_time(shipped_only, typed, region, sure, zones):
    found = facts(typed, numbering=shipped_only)
    assert (found.region, found.region_sure, found.zones) == (region, sure, zones)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("+213551234567", "Africa/Algiers"),
        ("+212650123456", "Africa/Casablanca"),
        ("+218912345678", "Africa/Tripoli"),
        ("+50581234567", "America/Managua"),
        ("+211912345678", "Africa/Juba"),
        ("+18765551234", "America/Jamaica"),
        ("+12423591234", "America/Nassau"),
    ],
)
def test_a_country_with_one_zone_has_that_zone(shipped_only, typed, zone):
    assert facts(typed, numbering=shipped_only).zones == (zone,)


@pytest.mark.parametrize(
    ("typed", "region", "zone"),
    [
        ("+74162222222", "Амурская область", "Asia/Yakutsk"),
        ("+78129999331", "Санкт-Петербург", "Europe/Moscow"),
        ("+74957771234", "Москва", "Europe/Moscow"),
        ("+74967771234", "Московская область", "Europe/Moscow"),
        ("+74232222222", "Приморский край", "Asia/Vladivostok"),
    ],
)
def test_russian_landlines_are_known_without_the_registry(shipped_only, typed, region, zone):
    found = facts(typed, numbering=shipped_only)
    assert (found.region, found.zones, found.kind) == (region, (zone,), LineKind.LANDLINE)


@pytest.mark.parametrize(
    ("typed", "language", "region", "operator", "country", "zones"),
    [
        ("+77012345678", "ru", "", "Kcell/Activ", "Казахстан", ("Asia/Almaty",)),
        ("+77172741234", "en", "Astana", "", "Kazakhstan", ("Asia/Almaty",)),
        ("+375172001020", "ru", "Минск", "", "Беларусь", ("Europe/Minsk",)),
        ("+380671234567", "ru", "", "Kyivstar", "Украина", ("Europe/Kyiv",)),
        ("+998901234567", "en", "", "Beeline", "Uzbekistan", ("Asia/Tashkent",)),
        ("+493012345678", "ru", "Berlin", "", "Германия", ("Europe/Berlin",)),
        ("+442083661177", "en", "London", "", "United Kingdom", ("Europe/London",)),
        ("+12015550123", "en", "New Jersey", "", "United States", ("America/New_York",)),
        ("+5511912345678", "en", "São Paulo", "", "Brazil", ("America/Sao_Paulo",)),
        ("+919876543210", "en", "", "Airtel", "India", ("Asia/Kolkata",)),
        ("+18005553535", "en", "", "", "United States", ()),
        ("+78005553535", "ru", "", "", "Россия", ()),
    ],
)
def test_other_countries_come_from_libphonenumber(shipped_only, typed, language, region, operator, country, zones):
    found = facts(typed, language, numbering=shipped_only)
    assert (found.region, found.operator, found.country) == (region, operator, country)
    assert found.zones == zones


def test_a_number_that_was_not_understood_has_no_facts(shipped_only):
    assert facts("нет", numbering=shipped_only) == NOTHING


def test_a_satellite_phone_has_no_country_and_no_blank_error(shipped_only):
    found = facts("+870773111632", numbering=shipped_only)
    assert (found.region, found.country, found.kind) == ("", "", LineKind.OTHER)


def test_a_range_that_only_the_registry_knows_has_its_facts(official):
    phone = parse("8 930 000-00-00", "RU", official.knows)
    assert facts_of(phone, "ru", official, NOW).kind is LineKind.MOBILE


def sample():
    """A valid number of each type for every country that libphonenumber knows, and twenty scattered
    ones beside it."""
    for code in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(code, kind)
            for step in range(4) if example else ():
                number = phonenumbers.PhoneNumber()
                number.merge_from(example)
                number.national_number = example.national_number + step * 10 ** (len(str(example.national_number)) - 4)
                if phonenumbers.is_valid_number(number):
                    yield number


def test_our_small_reader_says_what_the_real_geocoder_and_carrier_say():
    numbers = sorted(sample(), key=lambda number: f"{number.country_code}{number.national_number}")  # as the files are
    assert len(numbers) > 1000
    for number, language in itertools.product(numbers, ("ru", "en")):
        country = {geocoder.country_name_for_number(number, language), ""}
        real = geocoder.description_for_number(number, language)
        ours = world.region_of(number, language)
        assert ours == real or (ours == "" and real in country) or ours in country, number
        assert world.operator_of(number, language) == carrier.name_for_number(number, language), number
