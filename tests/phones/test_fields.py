"""Fields as people and spreadsheets fill them: what stands around the digits, and digits with more
than one meaning."""

import pytest

from widget.phones.numbers import Problem, parse, parse_many


def read(typed: str, country: str) -> str:
    """The rows of a field in one line: numbers, `;` and extension, or `!` and the problem."""
    rows = []
    for phone in parse_many(typed, country):
        number = phone.e164 or f"!{phone.problem.value if phone.problem else ''}"
        rows.append(f"{number};{phone.extension}" if phone.extension else number)
    return " ".join(rows)


@pytest.mark.parametrize(
    ("typed", "country", "rows"),
    [
        # without "+": a mobile of the portal's country is meant
        ("4915112345678", "DE", "+4915112345678"),
        ("49 151 12345678", "DE", "+4915112345678"),
        ("49(0)345279580", "DE", "+49345279580"),
        ("+49 (0) 151 12345678", "DE", "+4915112345678"),
        ("15112345678", "DE", "+4915112345678"),
        ("4951234567", "RU", "+74951234567"),
        ("84951234567", "RU", "+74951234567"),
        ("84991234567", "KZ", "+74991234567"),
        # … or the only number that it can be
        ("375291234567", "RU", "+375291234567"),
        ("998901234567", "RU", "+998901234567"),
        ("442083661177", "RU", "+442083661177"),
        ("12125550123", "RU", "+12125550123"),
        ("1 385 294 8149", "RU", "+13852948149"),
        # 8 as once dialled before numbers of other towns
        ("8 067 123-45-67", "UA", "+380671234567"),
        ("8 90 123 45 67", "UZ", "+998901234567"),
        # plans that have changed
        ("(31) 8888-7777", "BR", "+5531988887777"),
        ("+55 31 8888-7777", "RU", "+5531988887777"),
        ("553188887777", "BR", "+5531988887777"),
        ("+5215512345678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+54 9 11 15 2345 6789", "AR", "+5491123456789"),
        ("+54 9 351 15 234 5678", "RU", "+5493512345678"),
        # remarks, names, signs
        ("89161234567,", "RU", "+79161234567"),
        ("89161234567;", "RU", "+79161234567"),
        ("89161234567, нет", "RU", "+79161234567"),
        ("8 916 123 45 67 Иван", "RU", "+79161234567"),
        ("Иван 8 916 123 45 67", "RU", "+79161234567"),
        ("Иван89161234567", "RU", "+79161234567"),
        ("8 916 123 45 67 (звонить после 18)", "RU", "+79161234567"),
        ("89161234567 с 9:00 до 18:00", "RU", "+79161234567"),
        ("89161234567 12.05.2024", "RU", "+79161234567"),
        ("8 916 123 45 67 д.5 кв.12", "RU", "+79161234567"),
        ("06 12 34 56 78 (portable)", "FR", "+33612345678"),
        ("612 345 678 Juan", "ES", "+34612345678"),
        ("№ 8 916 123-45-67", "RU", "+79161234567"),
        ("📞 +7 916 123-45-67", "RU", "+79161234567"),
        ("8 916 123 45 67 вотсапп", "RU", "+79161234567"),
        ("+7·916·123·45·67", "RU", "+79161234567"),
        ("89161234567 ИНН 7707083893", "RU", "+79161234567"),
        # links and ids
        ("https://wa.me/79161234567", "DE", "+79161234567"),
        ("https://api.whatsapp.com/send?phone=79161234567&text=hi", "DE", "+79161234567"),
        ("whatsapp://send?phone=79161234567", "DE", "+79161234567"),
        ("viber://chat?number=%2B79161234567", "DE", "+79161234567"),
        ("79161234567@c.us", "DE", "+79161234567"),
        ("79161234567:12@s.whatsapp.net", "DE", "+79161234567"),
        # spreadsheets and lists
        ("79161234567.0", "RU", "+79161234567"),
        ("4915112345678,00", "DE", "+4915112345678"),
        ("'+79161234567", "RU", "+79161234567"),
        ('="+79161234567"', "RU", "+79161234567"),
        ("7.9161234567E+10", "RU", "+79161234567"),
        ("1. +7 916 123 45 67", "RU", "+79161234567"),
        ("1) 89161234567 2) 89261234567", "RU", "+79161234567 +79261234567"),
        # extensions
        ("+79241234567;12", "RU", "+79241234567;12"),
        ("8 (924) 123-45-67,12", "RU", "+79241234567;12"),
        ("8 (924) 123-45-67 ; 12", "RU", "+79241234567;12"),
        ("8 (495) 123-45-67, 68", "RU", "+74951234567;68"),
        ("8 (495) 123-45-67 (12)", "RU", "+74951234567;12"),
        ("8 (495) 123-45-67 добав. 12", "RU", "+74951234567;12"),
        ("067 123 45 67 дод. 5", "UA", "+380671234567;5"),
        ("030 1234567 Durchwahl 12", "DE", "+49301234567;12"),
        ("912 345 678 anexo 5", "ES", "+34912345678;5"),
        ("+55 11 3333-4444 ramal 12", "BR", "+551133334444;12"),
        ("+39 06 12345678 int. 12", "RU", "+390612345678;12"),
        ("01 23 45 67 89 poste 12", "FR", "+33123456789;12"),
        ("8 (495) 123-45-67 доб. 12, 8 916 123 45 67 Иван", "RU", "+74951234567;12 +79161234567"),
        # several
        ("8 916 123 45 67 8 926 123 45 67", "RU", "+79161234567 +79261234567"),
        ("89161234567-89261234567", "RU", "+79161234567 +79261234567"),
        ("+79161234567 ::: +79261234567", "RU", "+79161234567 +79261234567"),
        ("8(916)123-45-67(Анна)8(926)123-45-67(Пётр)", "RU", "+79161234567 +79261234567"),
        ("89161234567, 8926123456", "RU", "+79161234567 !invalid"),
    ],
)
def test_a_number_is_found_behind_what_stands_around_it(typed: str, country: str, rows: str) -> None:
    assert read(typed, country) == rows


@pytest.mark.parametrize(
    ("typed", "country", "problem", "suggestions"),
    [
        ("79123456789", "DE", Problem.AMBIGUOUS, ["+79123456789", "+4979123456789"]),
        ("380501234567", "IT", Problem.AMBIGUOUS, ["+380501234567", "+39380501234567"]),
        ("84912345678", "RU", Problem.AMBIGUOUS, ["+84912345678", "+74912345678"]),
        ("15162345678", "DE", Problem.AMBIGUOUS, ["+4915162345678", "+15162345678"]),
        ("7 991 234-56-78", "BR", Problem.AMBIGUOUS, ["+5579912345678", "+79912345678"]),
        ("8 916 123 45 67", "DE", Problem.AMBIGUOUS, ["+79161234567", "+4989161234567"]),
        ("84822345678", "RU", Problem.AMBIGUOUS, ["+84822345678", "+74822345678"]),
        ("13852948149", "RU", Problem.AMBIGUOUS, ["+8613852948149", "+13852948149"]),
        ("3012345678", "DE", Problem.AMBIGUOUS, ["+493012345678"]),
        ("0903 119 5069", "GB", Problem.AMBIGUOUS, ["+449031195069"]),
        ("8 029 123-45-67", "RU", Problem.INVALID, ["+375291234567"]),
        ("+89161234567", "RU", Problem.NO_SUCH_COUNTRY, ["+79161234567"]),
        ("+8 (495) 123-45-67", "RU", Problem.NO_SUCH_COUNTRY, ["+74951234567"]),
        ("+9161234567", "RU", Problem.INVALID, ["+79161234567"]),
        ("89161234567 8926", "RU", Problem.SEVERAL, ["+79161234567"]),
        ("7.91612E+10", "RU", Problem.LOST_DIGITS, []),
        ("8+961 951 00 00", "RU", Problem.NOT_A_NUMBER, []),
        ("1234567/+", "RU", Problem.TOO_SHORT, []),
        ("+7 (916) 12_-__-__", "RU", Problem.TOO_SHORT, []),
    ],
)
def test_what_can_be_read_in_two_ways_is_offered_and_not_chosen(
    typed: str, country: str, problem: Problem, suggestions: list[str]
) -> None:
    (phone,) = parse_many(typed, country)
    assert (phone.e164, phone.problem, list(phone.suggestions)) == (None, problem, suggestions)
    assert phone.typed == phone.display == typed


@pytest.mark.parametrize(
    ("typed", "country", "beside", "e164", "suggestions"),
    [
        ("050 816 1147", "DE", "UA", None, ["+380508161147", "+49508161147"]),
        ("93 123 45 67", "UA", "UZ", None, ["+998931234567", "+380931234567"]),
        ("79912345678", "BR", "RU", None, ["+79912345678", "+5579912345678"]),
        ("84951234567", "RU", "VN", None, ["+84951234567", "+74951234567"]),
        ("020 7946 0958", "IT", "GB", None, ["+442079460958", "+3902079460958"]),
        ("0171 1234567", "RU", "DE", None, ["+491711234567"]),  # no number here: offered, and its problem stays
        ("0171 1234567", "", "DE", None, ["+491711234567"]),
        ("8 916 123-45-67", "RU", "DE", "+79161234567", []),  # only a landline there
        ("8 701 234 56 78", "RU", "KZ", "+77012345678", []),  # the same number there
        ("+7 916 123-45-67", "RU", "US", "+79161234567", []),
        ("8 (495) 123-45-67", "RU", "??", "+74951234567", []),
    ],
)
def test_a_number_without_a_code_is_held_against_the_countries_beside_it(
    typed: str, country: str, beside: str, e164: str | None, suggestions: list[str]
) -> None:
    (phone,) = parse_many(typed, country, beside=frozenset({beside, country}))
    assert (phone.e164, list(phone.suggestions)) == (e164, suggestions)


@pytest.mark.parametrize("typed", ["8 (495) 123-45-67/68", "8 (495) 123-45-67 / 68"])
def test_the_end_of_a_second_number_is_a_hint(typed: str) -> None:
    (phone,) = parse_many(typed, "RU")
    assert (phone.e164, phone.suggestions) == ("+74951234567", ("+74951234568",))


@pytest.mark.parametrize(
    "typed",
    [
        *("09:00-18:00", "ИНН 7707083893", "AB1234567890", "https://vk.com/id79161234567", "89161234567@mail.ru"),
        *("123456789012345@lid", "79161234567-1612345678@g.us"),
    ],
)
def test_digits_that_are_something_else_do_not_become_a_phone(typed: str) -> None:
    assert read(typed, "RU") == "!not_a_number"


@pytest.mark.parametrize("typed", ["", "   ", "\n", "+7 (___) ___-__-__", "8(___)", None])
def test_a_field_without_digits_of_its_own_is_empty(typed: str | None) -> None:
    assert [phone.problem for phone in parse_many(typed, "RU")] == [Problem.EMPTY]


def test_a_field_with_several_numbers_is_not_one() -> None:
    phone = parse("89161234567, 89261234567", "RU")
    assert (phone.e164, phone.problem) == (None, Problem.SEVERAL)
    assert phone.suggestions == ("+79161234567", "+79261234567")
