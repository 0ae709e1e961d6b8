"""One number in the spellings of WhatsApp and of a CRM."""

import pytest

from widget.phones.spellings import phone_of_digits, spellings, spellings_in_crm


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5531988887777", "+553188887777"),
        ("+525512345678", "+5215512345678"),
        ("+5491123456789", "+541123456789"),
    ],
)
def test_both_spellings_are_one_number_and_the_plans_own_comes_first(one, other):
    assert spellings(one) == spellings(other) == (one, other)


@pytest.mark.parametrize("phone", ["+79619510000", "+5531", "+552133334444", "+12125550123", "+4915112345678"])
def test_any_other_number_has_one_spelling(phone):
    """A Brazilian landline begins with 2 to 5 and never had a ninth digit."""
    assert spellings(phone) == (phone,)


@pytest.mark.parametrize(
    ("digits", "phone"),
    [
        ("79619510000", "+79619510000"),
        ("553188887777", "+5531988887777"),
        ("5215512345678", "+525512345678"),
        ("5491123456789", "+5491123456789"),
        ("77012345678", "+77012345678"),
    ],
)
def test_the_digits_of_an_id_are_the_number_of_the_plan(digits, phone):
    assert phone_of_digits(digits) == phone


@pytest.mark.parametrize("digits", ["", "0", "7", "999999999999999", "7961951000a", "٧٩٦١٩٥١٠٠٠٠", "7" * 30])
def test_digits_that_are_no_number_are_none(digits):
    assert phone_of_digits(digits) is None


@pytest.mark.parametrize(
    ("phone", "country", "typed"),
    [
        ("+79261112233", "RU", {"+79261112233", "9261112233", "89261112233"}),
        ("+491712345678", "DE", {"+491712345678", "1712345678", "01712345678"}),
        ("+491712345678", "RU", {"+491712345678"}),  # a card of this portal would read «0171…» otherwise
        ("+77011234567", "RU", {"+77011234567"}),
        ("+5531988887777", "BR", {"+5531988887777", "+553188887777", "31988887777", "3188887777"}),
        ("+1", "US", {"+1"}),
    ],
)
def test_a_crm_is_searched_for_a_number_as_it_is_typed_at_home(phone, country, typed):
    assert set(spellings_in_crm(phone, country)) == typed
