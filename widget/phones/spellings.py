"""The ways WhatsApp and a CRM may write one and the same number.

Brazil added a ninth digit to its mobiles, and accounts from before keep an id without it; WhatsApp
knows Mexican mobiles by 521 where the plan has dropped that 1; Argentina puts a 9 before the area
code of mobiles when it is called from abroad, and people leave it out. (Sources: with the checks of
each vendor in gateways/.)
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from .numbers import parse

_BRAZIL = re.compile(r"\+55(\d\d)9?([6-9]\d{7})")
_MEXICO = re.compile(r"\+521?(\d{10})")
_ARGENTINA = re.compile(r"\+549?(\d{10})")


def spellings(e164: str) -> tuple[str, ...]:
    """Every E.164 that may stand for this number, the one of the numbering plan first. Most numbers
    have one."""
    if found := _BRAZIL.fullmatch(e164):
        return f"+55{found[1]}9{found[2]}", f"+55{found[1]}{found[2]}"
    if found := _MEXICO.fullmatch(e164):
        return f"+52{found[1]}", f"+521{found[1]}"
    if found := _ARGENTINA.fullmatch(e164):
        return f"+549{found[1]}", f"+54{found[1]}"
    return (e164,)


@lru_cache(4096)
def spellings_in_crm(e164: str, country: str) -> tuple[str, ...]:
    """The values to search a CRM for. It compares digits (`NormalizePhone` of Bitrix24's main
    module: an 8 in front becomes 7, a 0 goes), so a number that was typed without its country is
    another one there: numbers of the portal's country are looked for as they are typed at home too,
    where a card reads them so."""
    found = dict.fromkeys(spellings(e164))
    for spelling in tuple(found):
        try:
            number = phonenumbers.parse(spelling)
        except NumberParseException:
            continue
        if phonenumbers.region_code_for_number(number) == country:
            at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            found[phonenumbers.national_significant_number(number)] = None
            found[re.sub(r"\D", "", at_home)] = None
    return tuple(found)


def phone_of_digits(digits: str) -> str | None:
    """The E.164 of the digits in a messenger's id, as the numbering plan writes it; None if they
    are not a number.

    A range that is too new for libphonenumber counts: people write from it.
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        return None
    planned = spellings(f"+{digits}")[0]
    return parse(planned, None, known=lambda _possible: True).e164
