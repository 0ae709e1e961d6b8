"""What a run of digits can mean: each way to read it, and whether one of them is meant for sure.

Digits without "+" can belong to the portal's country or begin with a country code, and often both
give a number that exists: 79123456789 is a Russian mobile and, in Germany, a landline. A wrong
choice writes to a stranger, so a choice is made only where nothing speaks against it; everything
else is offered to the reader.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from .plans import mended


class LineKind(Enum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    MOBILE_OR_LANDLINE = "mobile_or_landline"  # the plan does not tell them apart: USA, Canada
    OTHER = "other"  # toll free, premium, internet, satellite…
    UNKNOWN = "unknown"


class Problem(Enum):
    """Why a phone has no number. The value is what the page's texts are keyed by."""

    EMPTY = "empty"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"  # letters, or signs that no phone has
    INVALID = "invalid"  # looks like a number; no such range exists
    NO_COUNTRY = "no_country"  # no "+", and the portal's country is unknown
    NO_SUCH_COUNTRY = "no_such_country"  # "+8 912 …": no country has that code
    SEVERAL = "several"  # more than one number, and not clear where one ends
    AMBIGUOUS = "ambiguous"  # the digits are a number in two ways, or one that is hardly meant
    LOST_DIGITS = "lost_digits"  # a spreadsheet has rounded it: 7.91612E+10


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that exists. `country` is its ISO code, "" for a number of no country. `rare`: a
    number that people write into a CRM only with its country, such as a premium service's."""

    e164: str
    country: str
    kind: LineKind
    display: str
    rare: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sure` is the number that was meant; without it `problem` says why, and `offers` are what it
    may have been."""

    sure: Reading | None
    problem: Problem | None = None
    offers: tuple[Reading, ...] = ()


Known = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around the digits: the portal's country ("" unknown), who else vouches for a
    range, and the countries of the numbers beside these on the card, the portal's own among
    them."""

    country: str
    known: Known | None = None
    beside: frozenset[str] = frozenset()


SHARE_SEVEN = frozenset({"RU", "KZ"})  # one numbering plan: +7 from abroad, 8 from inside
# Where 8 was dialled before numbers of another town, and is still typed: libphonenumber has only
# today's prefix.
_ONCE_EIGHT = frozenset({"AM", "AZ", "EE", "GE", "KG", "LT", "LV", "MD", "TJ", "TM", "UA", "UZ"})
# The Russian landline 84951234567 is a mobile of Vietnam (+84), too. Moscow's are so many that they
# are meant.
_MOSCOW = frozenset({"495", "499"})
_LONG_AT_HOME = ("AR", "AT", "BR", "CN", "DE", "ID")  # their own mobiles may have as many digits as one from abroad
_LONG = 11  # such digits
_ABROAD = 9  # digits; with fewer the country code is hardly left out
_FAR_ABROAD = 11  # digits; so many are not a number of this country with one digit mistyped
_NO_REGION = "001"  # libphonenumber's "world"
_BRACKETED_ZERO = re.compile(r"\D*(\d{1,3})\s*\(\s*0\s*\)")  # +49 (0)30: the 0 is for calls inside
_GROUP = re.compile(r"\d+")

_KINDS = {
    PhoneNumberType.MOBILE: LineKind.MOBILE,
    PhoneNumberType.FIXED_LINE: LineKind.LANDLINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineKind.MOBILE_OR_LANDLINE,
    PhoneNumberType.UNKNOWN: LineKind.UNKNOWN,
}
_RARE = frozenset(
    {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL}
)
_WEIGHTS = {LineKind.MOBILE: 2, LineKind.MOBILE_OR_LANDLINE: 1}
_LENGTHS = {
    ValidationResult.TOO_LONG: Problem.TOO_LONG,
    ValidationResult.TOO_SHORT: Problem.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Problem.TOO_SHORT,  # a number without its area code
    ValidationResult.INVALID_COUNTRY_CODE: Problem.NO_SUCH_COUNTRY,
}
_REFUSALS = {
    NumberParseException.INVALID_COUNTRY_CODE: Problem.NO_SUCH_COUNTRY,
    NumberParseException.TOO_LONG: Problem.TOO_LONG,
    NumberParseException.TOO_SHORT_AFTER_IDD: Problem.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: Problem.TOO_SHORT,
}


def read(run: str, around: Around) -> Verdict:
    """Read one run of digits with its punctuation ("8 (961) 951-00-00").

    Without "+" a mobile of the portal's own country is taken for meant. Any other reading has to be
    the only one, or the one of the own country that no likelier one abroad stands against. Where a
    number beside this one is of another country, and the digits are a mobile there, too, nothing is
    taken for meant. Never raises; costs no I/O, and 30 to 100 µs; 20 µs more for each country of
    `beside`.
    """
    zero = _BRACKETED_ZERO.match(run)
    if zero and int(zero[1]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        run = f"+{zero[1]}{run[zero.end() :]}"
    groups = _GROUP.findall(run)
    digits = "".join(groups)
    if not digits:
        return Verdict(None, Problem.NOT_A_NUMBER)
    if "+" in run:
        if groups[0] == "8" and len(groups) > 1:  # a slip for 8 or for +7: no country has that code
            return Verdict(None, Problem.NO_SUCH_COUNTRY, _slips(digits, around))
        return _with_plus(digits, around)
    if digits.startswith("00"):  # the international prefix of most countries; no national number begins so
        return _with_plus(digits[2:], around)
    if around.country not in phonenumbers.SUPPORTED_REGIONS:
        return _as_beside(Verdict(None, Problem.NO_COUNTRY), digits, around)
    return _as_beside(_without_plus(digits, groups, around), digits, around)


def _with_plus(digits: str, around: Around) -> Verdict:
    found = _international(digits, around.known)
    if isinstance(found, Reading):
        return Verdict(found)
    return Verdict(None, found, _slips(digits, around))


def _slips(digits: str, around: Around) -> tuple[Reading, ...]:
    """What a number with a wrong plus may have been without it."""
    country, known = around.country, around.known
    home = _national(digits, country, known) if country in phonenumbers.SUPPORTED_REGIONS else None
    return _offered([home, *_with_an_eight(digits, known)])


def _without_plus(digits: str, groups: list[str], around: Around) -> Verdict:
    country, known = around.country, around.known
    home = _national(digits, country, known)
    abroad = _international(digits, known) if _may_begin_with_a_code(digits, groups) else None
    eights = [] if country in SHARE_SEVEN and isinstance(home, Reading) else _with_an_eight(digits, known)
    readings = _different([home, abroad, *eights])
    own = [reading for reading in readings if _is_own_mobile(reading, country)]
    doubted = home in own and _may_be_abroad(home, abroad, digits, groups)
    if len(own) == 1 and not doubted:
        return Verdict(own[0])
    problem = home if isinstance(home, Problem) else Problem.AMBIGUOUS
    if not readings:
        return Verdict(None, problem)
    first, *others = readings
    meant = first is home and not doubted and not _is_hardly_meant(first, digits)
    if meant and (_is_moscow(digits, country) or all(_is_unlikelier(other, first) for other in others)):
        return Verdict(first)
    if first is abroad and not others and _is_surely_abroad(first, digits, home):
        at_home = _long_at_home(digits, known) if groups == [digits] else []
        return Verdict(None, Problem.AMBIGUOUS, _offered([first, *at_home])) if at_home else Verdict(first)
    return Verdict(None, problem if first in eights else Problem.AMBIGUOUS, _offered(readings))


def _as_beside(verdict: Verdict, digits: str, around: Around) -> Verdict:
    """The verdict, with what the digits are in the countries of the numbers beside these: a mobile
    there stands against any reading, a landline against one that is not a mobile. Where there is no
    reading it is offered and comes first."""
    countries = sorted(around.beside.intersection(phonenumbers.SUPPORTED_REGIONS) - {around.country})
    theirs = _different(_national(digits, country, around.known) for country in countries)
    sure = verdict.sure
    if sure is None:
        mobiles = [reading for reading in theirs if _weight(reading)]
        return Verdict(None, verdict.problem, tuple(_different([*mobiles, *verdict.offers])))
    against = [each for each in theirs if each.e164 != sure.e164 and (_weight(each) or not _weight(sure))]
    return Verdict(None, Problem.AMBIGUOUS, (*against, sure)) if against else verdict


def _is_hardly_meant(home: Reading, digits: str) -> bool:
    """A landline without the 0 that is written before it inside its country is as likely a mobile
    of another."""
    lacks_zero = digits == _inside(home) and _weight(home) == 0 and _begins_with_zero(home.country)
    return home.rare or lacks_zero


def _inside(reading: Reading) -> str:
    return reading.e164.removeprefix(f"+{phonenumbers.country_code_for_region(reading.country)}")


def _is_moscow(digits: str, country: str) -> bool:
    """8 and ten digits are how Russia and Kazakhstan dial, and Moscow is where they mostly dial
    to."""
    return country in SHARE_SEVEN and len(digits) == _LONG and digits[0] == "8" and digits[1:4] in _MOSCOW


def _long_at_home(digits: str, known: Known | None) -> list[Reading]:
    """Mobiles that are written with so many digits inside their own country: 13852948149 is
    American, or Chinese."""
    if len(digits) != _LONG:
        return []
    found = _different(_national(digits, country, known) for country in _LONG_AT_HOME)
    return [reading for reading in found if reading.kind is LineKind.MOBILE and _inside(reading) == digits]


def _may_be_abroad(home: Reading | Problem, abroad: Reading | Problem | None, digits: str, groups: list[str]) -> bool:
    """A mobile abroad stands against one of the own country that lacks its usual 0, has more than
    that before it, or is grouped as it would be abroad."""
    if isinstance(home, Problem) or not isinstance(abroad, Reading):
        return False
    if abroad.e164 == home.e164 or _weight(abroad) == 0:
        return False
    prefix = digits.removesuffix(_inside(home))
    if len(prefix) > 1 or (not prefix and _begins_with_zero(home.country)):
        return True
    return groups == _GROUP.findall(abroad.display) and groups != _GROUP.findall(home.display)[1:]


@cache
def _begins_with_zero(country: str) -> bool:
    """Mobiles are written with a 0 inside this country: in Germany and India, but not in Brazil,
    which has one too."""
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    written = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL) if example else ""
    return written.startswith(("0", "(0"))


def _is_own_mobile(reading: Reading | Problem | None, country: str) -> bool:
    return isinstance(reading, Reading) and reading.kind is LineKind.MOBILE and reading.country == country


def _is_surely_abroad(abroad: Reading, digits: str, home: Reading | Problem) -> bool:
    """A number that could be one of this country with a digit too few or too many may not become a
    stranger's."""
    return len(digits) >= _FAR_ABROAD and (home is Problem.TOO_LONG or _weight(abroad) > 0)


def _may_begin_with_a_code(digits: str, groups: list[str]) -> bool:
    """Where digits are typed in groups the country code ends with one: "8 (491) …" does not begin
    with Vietnam's 84."""
    if len(digits) < _ABROAD:
        return False
    code = next((size for size in (1, 2, 3) if int(digits[:size]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 0)
    if not code:
        return False
    ends, reached = set(), 0
    for group in groups:
        ends.add(reached := reached + len(group))
    return len(groups) == 1 or code in ends


def _national(digits: str, country: str, known: Known | None) -> Reading | Problem:
    """As dialled inside the country; all rules of dialling but those of +7 are libphonenumber's."""
    if country in SHARE_SEVEN:
        if len(digits) == 10:
            return _read("+7" + digits, None, known)
        if len(digits) == 11 and digits[0] in "78" and not digits.startswith("810"):  # 8~10 is the way abroad
            return _read("+7" + digits[1:], None, known)
    found = _read(digits, country, known)
    if isinstance(found, Problem) and country in _ONCE_EIGHT and digits.startswith("8"):
        without = _read(digits[1:], country, known)
        return without if isinstance(without, Reading) else found
    return found


def _international(digits: str, known: Known | None) -> Reading | Problem:
    return _read("+" + digits, None, known)


def _with_an_eight(digits: str, known: Known | None) -> list[Reading]:
    """Mobiles typed as inside Russia, Kazakhstan ("8 916 …"), Belarus or Ukraine ("8 029 …"), on a
    portal of another country or behind a plus."""
    if len(digits) != 11 or digits[0] != "8":
        return []
    codes = ("+375", "+380") if digits[1] == "0" else ("+7",)
    found = [_read(code + digits[1:].lstrip("0"), None, known) for code in codes]
    return [each for each in found if isinstance(each, Reading) and each.kind is LineKind.MOBILE]


def _read(dialled: str, country: str | None, known: Known | None) -> Reading | Problem:
    try:
        parsed = phonenumbers.parse(dialled, country)
    except NumberParseException as error:
        return _REFUSALS.get(error.error_type, Problem.NOT_A_NUMBER)
    kind = phonenumbers.number_type(parsed)  # unknown: in no range, and therefore not valid
    if kind != PhoneNumberType.UNKNOWN:
        return _reading(parsed, kind)
    code, national = parsed.country_code or 0, phonenumbers.national_significant_number(parsed)
    planned = mended(code, national)
    if planned:
        return _read(f"+{code}{planned}", None, known)
    if known and phonenumbers.is_possible_number(parsed) and known(f"+{code}{national}"):
        return _reading(parsed, kind)
    if code == 7 and len(national) > 10:
        return Problem.TOO_LONG  # libphonenumber allows 14 for numbers that no person has
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(parsed), Problem.INVALID)


def _reading(parsed: PhoneNumber, kind: int) -> Reading:
    return Reading(
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        country=_country_of(parsed),
        kind=_kind_of(parsed, kind),
        display=phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL),
        rare=kind in _RARE,
    )


def _country_of(parsed: PhoneNumber) -> str:
    code = phonenumbers.region_code_for_number(parsed)
    if code is None and parsed.country_code == 7:  # only the Russian registry vouches for it
        return "RU"
    return code if code in phonenumbers.SUPPORTED_REGIONS else ""


def _kind_of(parsed: PhoneNumber, kind: int) -> LineKind:
    if kind == PhoneNumberType.UNKNOWN and parsed.country_code == 7:
        return LineKind.MOBILE if str(parsed.national_number).startswith("9") else LineKind.LANDLINE
    if phonenumbers.region_code_for_country_code(parsed.country_code or 0) == _NO_REGION:
        return LineKind.OTHER  # satellite phones and international services, which libphonenumber calls mobile
    return _KINDS.get(kind, LineKind.OTHER)


def _is_unlikelier(other: Reading, home: Reading) -> bool:
    """A landline abroad is hardly what a card without a plus means; one of the own country is as
    likely as another."""
    return _weight(other) < _weight(home) or (_weight(other) == 0 and other.country != home.country)


def _weight(reading: Reading) -> int:
    return _WEIGHTS.get(reading.kind, 0)


def _different(found: Iterable[Reading | Problem | None]) -> list[Reading]:
    different: dict[str, Reading] = {}
    for reading in found:
        if isinstance(reading, Reading):
            different.setdefault(reading.e164, reading)
    return list(different.values())


def _offered(found: Iterable[Reading | Problem | None]) -> tuple[Reading, ...]:
    """Mobiles first: they are what can have WhatsApp."""
    return tuple(sorted(_different(found), key=_weight, reverse=True))
