import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand import examples
from widget.phones.numbers import LineKind, Problem, parse, parse_many, shown

UNDERSTOOD = [
    # Russia: the ways in which people write one number
    ("+79619510000", "RU", "+79619510000"),
    ("+7 961 951-00-00", "RU", "+79619510000"),
    ("8 (961) 951-00-00", "RU", "+79619510000"),
    ("8-961-951-00-00", "RU", "+79619510000"),
    ("8.961.951.00.00", "RU", "+79619510000"),
    ("89619510000", "RU", "+79619510000"),
    ("79619510000", "RU", "+79619510000"),
    ("9619510000", "RU", "+79619510000"),
    ("(961) 951 00 00", "RU", "+79619510000"),
    ("+7(961)951-00-00", "RU", "+79619510000"),
    ("(+7) 961 951 00 00", "RU", "+79619510000"),
    ("+7 (8) 961 951 00 00", "RU", "+79619510000"),
    ("007 961 951 00 00", "RU", "+79619510000"),
    ("8\u00a0961\u00a0951\u00a000\u00a000", "RU", "+79619510000"),
    ("８９６１９５１００００", "RU", "+79619510000"),
    ("＋７（９６１）９５１－００－００", "RU", "+79619510000"),
    ("+7 961 951‑00–00", "RU", "+79619510000"),
    ("\u202a+7 961 951 00 00\u202c", "RU", "+79619510000"),
    ("٨٩٦١٩٥١٠٠٠٠", "RU", "+79619510000"),
    ("  8 961 951 00 00  ", "RU", "+79619510000"),
    ("тел. 8 961 951-00-00", "RU", "+79619510000"),
    ("моб.: +7 961 951-00-00", "RU", "+79619510000"),
    ("8 961 951-00-00 WhatsApp", "RU", "+79619510000"),
    ("8 961 951-00-00 (Иван)", "RU", "+79619510000"),
    (79619510000, "RU", "+79619510000"),
    ("+7 961 951-00-00", None, "+79619510000"),
    ("+7 961 951-00-00", "DE", "+79619510000"),
    ("8 961 951-00-00", "KZ", "+79619510000"),
    ("8 961 951-00-00", "ru", "+79619510000"),
    ("8 (812) 999-93-31", "RU", "+78129999331"),
    ("8 800 555-35-35", "RU", "+78005553535"),
    ("8 10 49 30 12345678", "RU", "+493012345678"),
    # Kazakhstan
    ("8 701 234 56 78", "KZ", "+77012345678"),
    ("87012345678", "RU", "+77012345678"),
    ("7012345678", "KZ", "+77012345678"),
    ("+7 (727) 250-00-00", "KZ", "+77272500000"),
    ("8 (7172) 74-12-34", "KZ", "+77172741234"),
    # Belarus, Ukraine, Uzbekistan
    ("8 029 123-45-67", "BY", "+375291234567"),
    ("+375 (29) 123-45-67", "RU", "+375291234567"),
    ("375291234567", "BY", "+375291234567"),
    ("29 123 45 67", "BY", "+375291234567"),
    ("8 (017) 200-10-20", "BY", "+375172001020"),
    ("067 123 45 67", "UA", "+380671234567"),
    ("+38 (067) 123-45-67", "RU", "+380671234567"),
    ("380671234567", "UA", "+380671234567"),
    ("044 234-56-78", "UA", "+380442345678"),
    ("90 123 45 67", "UZ", "+998901234567"),
    ("+998 90 123-45-67", "RU", "+998901234567"),
    ("998901234567", "UZ", "+998901234567"),
    ("(71) 234-56-78", "UZ", "+998712345678"),
    # Germany
    ("030 12345678", "DE", "+493012345678"),
    ("030/12345678", "DE", "+493012345678"),
    ("+49 (0)30 12345678", "DE", "+493012345678"),
    ("0049 30 12345678", "DE", "+493012345678"),
    ("0049 30 12345678", None, "+493012345678"),
    ("0151 12345678", "DE", "+4915112345678"),
    # Great Britain
    ("020 8366 1177", "GB", "+442083661177"),
    ("(020) 8366-1177", "GB", "+442083661177"),
    ("+44 (0)20 8366 1177", "RU", "+442083661177"),
    ("07400 123456", "GB", "+447400123456"),
    ("447400123456", "GB", "+447400123456"),
    # USA
    ("(201) 555-0123", "US", "+12015550123"),
    ("201.555.0123", "US", "+12015550123"),
    ("1-201-555-0123", "US", "+12015550123"),
    ("011 44 20 8366 1177", "US", "+442083661177"),
    # Brazil
    ("(11) 91234-5678", "BR", "+5511912345678"),
    ("011 91234-5678", "BR", "+5511912345678"),
    ("0 15 11 91234-5678", "BR", "+5511912345678"),
    ("55 11 91234-5678", "BR", "+5511912345678"),
    # India
    ("98765 43210", "IN", "+919876543210"),
    ("098765-43210", "IN", "+919876543210"),
    ("+91-98765-43210", "RU", "+919876543210"),
    ("0091 98765 43210", "IN", "+919876543210"),
]


@pytest.mark.parametrize(("typed", "country", "e164"), UNDERSTOOD)
def test_what_people_type_is_understood(typed, country, e164):
    phone = parse(typed, country)
    assert (phone.e164, phone.problem, phone.extension) == (e164, None, "")
    assert phone.typed == str(typed)


@pytest.mark.parametrize(
    ("typed", "e164", "extension"),
    [
        ("+78129999331#404812", "+78129999331", "404812"),
        ("8 (812) 999-93-31 доб. 139", "+78129999331", "139"),
        ("8 (812) 999-93-31 (доб. 139)", "+78129999331", "139"),
        ("8 (812) 999-93-31, доб.139", "+78129999331", "139"),
        ("8 (812) 999-93-31 добавочный 139", "+78129999331", "139"),
        ("8 812 999 93 31 вн. 12", "+78129999331", "12"),
        ("88129999331;ext=12", "+78129999331", "12"),
        ("8 812 999 93 31 ext 5", "+78129999331", "5"),
        ("8 812 999 93 31 Ext. 5", "+78129999331", "5"),
        ("88129999331x12", "+78129999331", "12"),
        ("88129999331,,12", "+78129999331", "12"),
        ("88129999331,,12#", "+78129999331", "12"),
        ("+1 201 555 0123 extension 77", "+12015550123", "77"),
    ],
)
def test_an_extension_is_kept_beside_the_number(typed, e164, extension):
    phone = parse(typed, "RU")
    assert (phone.e164, phone.extension, phone.typed) == (e164, extension, typed)
    assert phone.display == parse(e164, "RU").display


@pytest.mark.parametrize(
    ("typed", "country", "problem"),
    [
        ("", "RU", Problem.EMPTY),
        ("   ", "RU", Problem.EMPTY),
        (None, "RU", Problem.EMPTY),
        ("8 961 951", "RU", Problem.TOO_SHORT),
        ("112", "RU", Problem.TOO_SHORT),
        ("123-45-67", "RU", Problem.TOO_SHORT),
        ("555-0123", "US", Problem.TOO_SHORT),
        ("8 961 951-00-00-0", "RU", Problem.TOO_LONG),
        ("+7 961 951-00-00-00", "RU", Problem.TOO_LONG),
        ("1" * 40, "RU", Problem.TOO_LONG),
        ("9" * 5000, "RU", Problem.TOO_LONG),
        ("нет телефона", "RU", Problem.NOT_A_NUMBER),
        ("1-800-FLOWERS", "US", Problem.NOT_A_NUMBER),
        ("+49 30 1234 TAXI", "DE", Problem.NOT_A_NUMBER),
        ("8 961 ABC-00-00", "RU", Problem.NOT_A_NUMBER),
        ("ivan@example.com", "RU", Problem.NOT_A_NUMBER),
        ("<script>alert(1)</script>", "RU", Problem.NOT_A_NUMBER),
        ("8 961 951 00 0²", "RU", Problem.NOT_A_NUMBER),
        ("8+961 951 00 00", "RU", Problem.NOT_A_NUMBER),
        ("+", "RU", Problem.NOT_A_NUMBER),
        ("( ) -", "RU", Problem.NOT_A_NUMBER),
        (True, "RU", Problem.NOT_A_NUMBER),
        (["+79619510000"], "RU", Problem.NOT_A_NUMBER),
        ({"VALUE": "+79619510000"}, "RU", Problem.NOT_A_NUMBER),
        (10**40, "RU", Problem.NOT_A_NUMBER),
        ("+7 000 000-00-00", "RU", Problem.INVALID),
        ("+1 201 055 0123", "RU", Problem.INVALID),
        ("8 961 951-00-00", "BY", Problem.INVALID),
        ("8 961 951-00-00", None, Problem.NO_COUNTRY),
        ("9619510000", None, Problem.NO_COUNTRY),
        ("8 961 951-00-00", "XX", Problem.NO_COUNTRY),
        ("8 961 951-00-00", "", Problem.NO_COUNTRY),
        ("+8 961 951-00-00", "RU", Problem.NO_SUCH_COUNTRY),
        ("+8 (495) 123-45-67", "RU", Problem.NO_SUCH_COUNTRY),
        ("+8 862 123 45 67", "KZ", Problem.NO_SUCH_COUNTRY),
        ("+89619510000", "RU", Problem.NO_SUCH_COUNTRY),
        ("+999 961 951 00 00", "RU", Problem.NO_SUCH_COUNTRY),
        ("8 (495) 123-45-67, 68", "RU", Problem.SEVERAL),
        ("030 1234567/89", "DE", Problem.SEVERAL),
    ],
)
def test_what_is_no_number_says_why_and_is_not_altered(typed, country, problem):
    phone = parse(typed, country)
    assert (phone.e164, phone.problem, phone.region_code, phone.kind) == (None, problem, "", LineKind.UNKNOWN)
    if isinstance(typed, str) and len(typed) <= 250:
        assert phone.typed == phone.display == typed


@pytest.mark.parametrize(
    ("typed", "country", "kind"),
    [
        ("+79619510000", "RU", LineKind.MOBILE),
        ("+78129999331", "RU", LineKind.LANDLINE),
        ("+77012345678", "KZ", LineKind.MOBILE),
        ("+12015550123", "US", LineKind.MOBILE_OR_LANDLINE),
        ("+78005553535", "RU", LineKind.OTHER),
        ("+442083661177", "GB", LineKind.LANDLINE),
        ("+80012345678", "", LineKind.OTHER),
    ],
)
def test_country_and_kind_come_from_the_number(typed, country, kind):
    assert (parse(typed, "RU").region_code, parse(typed, "RU").kind) == (country, kind)


def test_a_vietnamese_number_in_one_piece_is_not_taken_for_a_slip():
    assert parse("+84951234567", "RU").e164 == "+84951234567"


def test_display_is_the_international_form():
    assert parse("8 961 951-00-00 доб. 5", "RU").display == "+7 961 951-00-00"


def test_a_range_that_only_the_registry_knows_is_a_number():
    assert parse("+7 000 000-00-00", "RU").problem is Problem.INVALID
    phone = parse("8 982 000-00-00", "RU", known=lambda e164: True)
    assert phone.e164 == "+79820000000"
    new = parse("+7 900 000-00-00".replace("900", "945"), "RU", known=lambda e164: e164 == "+79450000000")
    assert (new.e164, new.region_code, new.kind, new.problem) == ("+79450000000", "RU", LineKind.MOBILE, None)


def test_the_registry_is_never_asked_about_an_impossible_number():
    assert parse("+7 961 951", "RU", known=lambda e164: True).problem is Problem.TOO_SHORT


def test_an_endless_integer_is_no_number():
    assert parse(10**6000, "RU").problem is Problem.NOT_A_NUMBER


def test_half_a_surrogate_pair_cannot_break_the_page():
    phone = parse("8 961 \ud800", "RU")
    assert (phone.typed + phone.display).encode()
    assert phone.problem is Problem.NOT_A_NUMBER


def test_a_huge_field_is_cut_before_it_reaches_the_page():
    assert len(parse("1" * 10_000_000, "RU").typed) < 300


@pytest.mark.parametrize(
    "hostile", ["(" * 250, " m" * 125, "т " * 125, "1 (" * 80, "1;" * 125, "+ " * 125, "1 m   " * 41, "доб" * 83]
)
def test_hostile_text_costs_no_time(hostile):
    start = time.process_time()
    parse_many(hostile, "RU")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("8 912 345-67-89, 8 913 345 67 89", ["+79123456789", "+79133456789"]),
        ("89123456789; 89133456789", ["+79123456789", "+79133456789"]),
        ("89123456789/89133456789", ["+79123456789", "+79133456789"]),
        ("89123456789 | 89133456789", ["+79123456789", "+79133456789"]),
        ("8 912 345 67 89\n8 913 345 67 89", ["+79123456789", "+79133456789"]),
        ("8 912 345 67 89 и 8 913 345 67 89", ["+79123456789", "+79133456789"]),
        ("+7 912 345 67 89 +7 913 345 67 89", ["+79123456789", "+79133456789"]),
        ("89123456789 89133456789", ["+79123456789", "+79133456789"]),
        ("8 912 345 67 89, +44 20 8366 1177, 8 913 345 67 89", ["+79123456789", "+442083661177", "+79133456789"]),
        ("89123456789, +7 912 345-67-89", ["+79123456789"]),
        ("8 912 345 67 89", ["+79123456789"]),
    ],
)
def test_a_field_with_several_whole_numbers_is_several_phones(typed, numbers):
    assert [phone.e164 for phone in parse_many(typed, "RU")] == numbers


@pytest.mark.parametrize("typed", ["8 912 345-67-89, 90", "8 912 345-67-89, потом", "одно и другое", "", "12/34", None])
def test_a_field_that_does_not_part_cleanly_stays_one_phone_as_typed(typed):
    (phone,) = parse_many(typed, "RU")
    assert (phone.e164, phone.typed) == (None, typed or "")


def test_parts_keep_their_extensions():
    first, second = parse_many("8 812 999-93-31 доб. 1; 8 812 999-93-32 доб. 2", "RU")
    assert (first.extension, second.extension) == ("1", "2")


COUNTRIES = st.sampled_from([None, "", "RU", "KZ", "BY", "UA", "UZ", "DE", "GB", "US", "BR", "IN", "ZZ", "мир"])
PHONEISH = st.text(alphabet="0123456789+()-. /;,#xдобext\u00a0８\n", max_size=40)
ANYTHING = st.one_of(PHONEISH, st.text(), st.none(), st.integers(), st.floats(), st.binary(), st.lists(st.text()))


@given(ANYTHING, COUNTRIES)
def test_parse_never_raises_and_says_either_a_number_or_a_problem(typed, country):
    for phone in (parse(typed, country), *parse_many(typed, country)):
        assert (phone.e164 is None) == (phone.problem is not None)
        assert (phone.typed + phone.display).encode() is not None


@given(PHONEISH, COUNTRIES, COUNTRIES)
def test_an_e164_number_is_understood_as_itself_everywhere(typed, country, other):
    e164 = parse(typed, country).e164
    assert e164 is None or parse(e164, other).e164 == e164


@settings(max_examples=examples(60))
@given(st.integers(min_value=9_000_000_000, max_value=9_999_999_999), st.sampled_from(["RU", "KZ"]))
def test_one_russian_number_typed_in_many_ways_is_one_number(national, country):
    a, b, c, d = str(national)[:3], str(national)[3:6], str(national)[6:8], str(national)[8:]
    ways = [f"+7{a}{b}{c}{d}", f"8 ({a}) {b}-{c}-{d}", f"{a}{b}{c}{d}", f"7 {a} {b} {c} {d}", f"8{a}{b}{c}{d} доб. 1"]
    assert len({parse(way, country).e164 for way in ways}) == 1


@pytest.mark.parametrize(
    ("stored", "read"), [("+79638477312", "+7 963 847-73-12"), ("", ""), ("main desk", "main desk"), ("12", "12")]
)
def test_a_lines_own_number_reads_as_people_write_it(stored: str, read: str) -> None:
    assert shown(stored) == read
