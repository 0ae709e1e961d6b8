"""One phone as typed into a CRM field: understood as far as it can be, and never altered silently."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from .typed import LONGEST, cut_comments, cut_extension, plain, text_of


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


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` is None when it could not be understood; then `problem` says why and `display` is what was typed."""

    typed: str
    e164: str | None
    extension: str
    display: str
    region_code: str
    kind: LineKind
    problem: Problem | None


_KINDS = {
    PhoneNumberType.MOBILE: LineKind.MOBILE,
    PhoneNumberType.FIXED_LINE: LineKind.LANDLINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineKind.MOBILE_OR_LANDLINE,
    PhoneNumberType.UNKNOWN: LineKind.UNKNOWN,
}
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
_SHARE_SEVEN = frozenset({"RU", "KZ"})  # one numbering plan: +7 from abroad, 8 from inside
_SHAPE = re.compile(r"[\s(\[]*\+?[\d\s().\[\]/-]*\d[\s().\[\]/-]*")
_LONE_EIGHT = re.compile(r"[\s(\[]*\+\s*8[\s().\[\]/-]")
_JOINTS = re.compile(r"[,;/|]")
_SEPARATORS = re.compile(r"[,;/|\n\r，；、／]+|\s(?:и|или|and|or)\s|(?<=[\d)])\s*(?=\(?\+)", re.IGNORECASE)
_NO_REGION = "001"  # libphonenumber's "world"
_WHOLE = 10  # digits of a Russian or American number; shorter ones may be pieces

Known = Callable[[str], bool]


def parse(typed: object, country: str | None, known: Known | None = None) -> Phone:
    """What somebody typed, as one phone. Never raises, whatever it is given; costs no I/O.

    A number with "+" or "00" is international. Without it, it belongs to `country` (the portal's, "RU"); without a
    country it is not guessed. In RU and KZ 8XXXXXXXXXX, 7XXXXXXXXXX and XXXXXXXXXX are +7XXXXXXXXXX. "+8" standing
    alone before a number is a slip for 8 or for +7: no country has that code, so it is a problem and not corrected;
    "+84951234567" in one piece is what it says, a number in Vietnam.

    A number that libphonenumber calls possible but not valid lies in no assigned range: it gets no e164 (gateways are
    never asked about it), unless `known` says otherwise. Hand in `Numbering.knows`: new Russian ranges are in the
    registry before they are in libphonenumber.

    `typed` is kept as it was, except that only the first 250 characters of longer input are kept, and halves of
    broken surrogate pairs are replaced (they could not be written out again).
    """
    text = text_of(typed)
    if text is None:
        return _unread("", Problem.NOT_A_NUMBER)
    if len(text) > LONGEST:
        return _unread(text[:LONGEST] + "…", Problem.TOO_LONG)
    if not text.strip():
        return _unread(text, Problem.EMPTY)
    number, extension = cut_extension(cut_comments(plain(text)))
    understood = _understand(number, country.upper() if isinstance(country, str) else "", known)
    if isinstance(understood, Problem):
        return _unread(text, understood)
    return Phone(
        typed=text,
        e164=phonenumbers.format_number(understood, PhoneNumberFormat.E164),
        extension=extension,
        display=phonenumbers.format_number(understood, PhoneNumberFormat.INTERNATIONAL),
        region_code=_region_of(understood),
        kind=_kind_of(understood),
        problem=None,
    )


def parse_many(typed: object, country: str | None, known: Known | None = None) -> tuple[Phone, ...]:
    """The phones in one field: «8 912 …, 8 913 …» is two, when each part is a number by itself. Else one, as typed.

    Clear separators are a comma, semicolon, slash, bar, new line, «и», "or", and a second "+"; a space only between
    numbers long enough to be whole ("89121234567 89131234567"). A number typed twice comes once.
    """
    whole = parse(typed, country, known)
    text = text_of(typed)
    if whole.e164 or text is None or len(text) > LONGEST:
        return (whole,)
    words = text.split()
    splits = [_SEPARATORS.split(text), words if all(len(word) >= _WHOLE for word in words) else []]
    for parts in splits:
        phones = [parse(part.strip(), country, known) for part in parts if part.strip()]
        if len(phones) > 1 and all(phone.e164 for phone in phones):
            return tuple({(phone.e164, phone.extension): phone for phone in phones}.values())
    return (whole,)


@lru_cache(2048)
def shown(number: str) -> str:
    """A stored number as people write it: +7 963 847-73-12. What is no number stays as it is."""
    return parse(number, None).display


def _understand(number: str, country: str, known: Known | None) -> PhoneNumber | Problem:
    head, *rest = _JOINTS.split(number, maxsplit=1)
    if rest and isinstance(_understand(head, country, known), PhoneNumber):
        return Problem.SEVERAL  # also "030 1234567/89", where a German means a second line and not more digits
    if not _SHAPE.fullmatch(number):
        return Problem.NOT_A_NUMBER
    if _LONE_EIGHT.match(number):
        return Problem.NO_SUCH_COUNTRY
    digits = re.sub(r"\D", "", number)
    international = _international("+" + digits if "+" in number else digits, country)
    if not international.startswith("+") and country not in phonenumbers.SUPPORTED_REGIONS:
        return Problem.NO_COUNTRY
    try:
        parsed = phonenumbers.parse(international, country or None)
    except NumberParseException as error:
        return _REFUSALS.get(error.error_type, Problem.NOT_A_NUMBER)
    return parsed if _is_assigned(parsed, known) else _trouble_with(parsed)


def _international(dialled: str, country: str) -> str:
    """With "+" where that is certain; all other rules of dialling are libphonenumber's."""
    if dialled.startswith("00"):  # the international prefix of most countries; no national number begins so
        return "+" + dialled[2:]
    if country in _SHARE_SEVEN and len(dialled) == 10 and dialled.isdigit():
        return "+7" + dialled
    if country in _SHARE_SEVEN and len(dialled) == 11 and dialled[0] in "78" and dialled[:3] != "810":
        return "+7" + dialled[1:]  # 8~10 is the way abroad
    return dialled


def _is_assigned(parsed: PhoneNumber, known: Known | None) -> bool:
    if phonenumbers.is_valid_number(parsed):
        return True
    possible = phonenumbers.is_possible_number(parsed)
    return possible and known is not None and known(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _trouble_with(parsed: PhoneNumber) -> Problem:
    if parsed.country_code == 7 and len(phonenumbers.national_significant_number(parsed)) > 10:
        return Problem.TOO_LONG  # libphonenumber allows 14 for numbers that no person has
    return _LENGTHS.get(phonenumbers.is_possible_number_with_reason(parsed), Problem.INVALID)


def _region_of(parsed: PhoneNumber) -> str:
    code = phonenumbers.region_code_for_number(parsed)
    if code is None and parsed.country_code == 7:  # only the Russian registry vouches for it
        return "RU"
    return code if code in phonenumbers.SUPPORTED_REGIONS else ""


def _kind_of(parsed: PhoneNumber) -> LineKind:
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN and parsed.country_code == 7:
        return LineKind.MOBILE if str(parsed.national_number).startswith("9") else LineKind.LANDLINE
    if phonenumbers.region_code_for_country_code(parsed.country_code or 0) == _NO_REGION:
        return LineKind.OTHER  # satellite phones and international services, which libphonenumber calls mobile
    return _KINDS.get(kind, LineKind.OTHER)


def _unread(text: str, problem: Problem) -> Phone:
    return Phone(
        typed=text, e164=None, extension="", display=text, region_code="", kind=LineKind.UNKNOWN, problem=problem
    )
