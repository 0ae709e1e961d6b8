"""What was typed into the settings, as values of ours, or what is wrong with it, field by field
(pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import phonenumbers

from widget.addresses import AddressRefused, AddressRules, plain_address, require_public
from widget.errors import ErrorCode, Refused
from widget.gateways.kinds import KINDS
from widget.i18n import languages
from widget.phones.numbers import parse
from widget.storage.lines import Grantee, LineLimits

MAX_ADDRESS = 300
MAX_TYPED = 2000  # longer than any value typed into our fields
MAX_GRANTEES = 100
BURST, EVERY, PER_DAY = (1, 20), (1, 3600), (1, 1000)  # a line's own limits may lie between these
FLOOR = YOUNG_PER_DAY = (1, 1000)
FIRSTS, SENDS = (1, 500), (1, 5000)
ADVISED_PER_DAY = 100  # more is allowed and warned about
_CODE = re.compile(r"[A-Z]{1,6}\d{0,12}(_[A-Z0-9]{1,6})?")


class FieldFault(Enum):
    """What is wrong with a field. The value is what the page's texts are keyed by."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NOT_AN_ADDRESS = "not_an_address"
    NOT_HTTPS = "not_https"
    PRIVATE = "private"
    USER_INFO = "user_info"  # a name and a password in the address
    NOT_A_PHONE = "not_a_phone"
    NOT_DIGITS = "not_digits"
    NOT_WHOLE = "not_whole"
    OUT_OF_RANGE = "out_of_range"
    BACKWARDS = "backwards"
    ABOVE_PER_DAY = "above_per_day"
    UNKNOWN_CHOICE = "unknown_choice"
    TAKEN = "taken"
    TOO_MANY = "too_many"
    HAS_CHAT = "has_chat"
    CANNOT_TELL = "cannot_tell"
    TOO_MANY_UNWRITTEN = "too_many_unwritten"


@dataclass(frozen=True)
class Wrong:
    """One fault; `low` and `high` where it is about a range, `more` where it names something."""

    fault: FieldFault
    low: int = 0
    high: int = 0
    more: str = ""


@dataclass(frozen=True)
class Typed:
    """A form as it was typed, with what is wrong with it: to be drawn again as the person left
    it."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Wrong] = field(default_factory=dict)


_ADDRESS_FAULTS = {"not_https": FieldFault.NOT_HTTPS, "private": FieldFault.PRIVATE, "user_info": FieldFault.USER_INFO}


class Invalid(Exception):
    """Some fields cannot be used, and nothing was stored."""

    def __init__(self, faults: Mapping[str, Wrong]) -> None:
        super().__init__(", ".join(faults))
        self.faults = dict(faults)


@dataclass(frozen=True)
class NewLine:
    name: str
    gateway: str
    address: str
    session: str
    key: str
    number: str

    def __repr__(self) -> str:
        return f"NewLine(gateway={self.gateway!r})"


def typed(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    """These fields as texts, trimmed. Raises Refused for what no form of ours sends."""
    values = {name: body.get(name, "") for name in names}
    for name, value in values.items():
        if not isinstance(value, str) or len(value) > MAX_TYPED or "\x00" in value:
            raise Refused(ErrorCode.BAD_FORM, reason=name)
    return {name: value.strip() for name, value in values.items()}


def line_of(values: Mapping[str, str], country: str, rules: AddressRules) -> NewLine:
    """A new line. Raises Invalid that names every fault."""
    faults = {
        **_texts(values, {"name": 100, "session": 100, "key": 500}),
        **_address_fault(values["address"], rules),
    }
    kind = KINDS.get(values["gateway"])
    if kind is None:
        faults["gateway"] = Wrong(FieldFault.UNKNOWN_CHOICE)
    elif kind.session_is_number and "session" not in faults and not _digits(values["session"]):
        faults["session"] = Wrong(FieldFault.NOT_DIGITS)
    number = _own_number(values["number"], country, faults)
    if faults:
        raise Invalid(faults)
    return NewLine(
        name=values["name"],
        gateway=values["gateway"],
        address=plain_address(values["address"]),
        session=values["session"],
        key=values["key"],
        number=number,
    )


def naming_of(values: Mapping[str, str], country: str) -> tuple[str, str, str]:
    """A line's name, number and new key ("" keeps the stored one). Raises Invalid."""
    faults = _texts(values, {"name": 100})
    if len(values["key"]) > 500:
        faults["key"] = Wrong(FieldFault.TOO_LONG, high=500)
    number = _own_number(values["number"], country, faults)
    if faults:
        raise Invalid(faults)
    return values["name"], number, values["key"]


def limits_of(values: Mapping[str, str], *, usual_per_day: int) -> LineLimits:
    """A line's own limits; an empty field is the service's. Raises Invalid, also for a floor above
    what is never exceeded."""
    faults: dict[str, Wrong] = {}
    burst = _whole(values, "burst", BURST, faults)
    every = _whole(values, "every", EVERY, faults)
    per_day = _whole(values, "per_day", PER_DAY, faults)
    floor = _whole(values, "floor", FLOOR, faults)
    young_per_day = _whole(values, "young_per_day", YOUNG_PER_DAY, faults)
    firsts_per_day = _whole(values, "firsts_per_day", FIRSTS, faults)
    young_firsts_per_day = _whole(values, "young_firsts_per_day", FIRSTS, faults)
    sends_per_day = _whole(values, "sends_per_day", SENDS, faults)
    if floor and not faults and floor > (per_day or usual_per_day):
        faults["floor"] = Wrong(FieldFault.ABOVE_PER_DAY, high=per_day or usual_per_day)
    if faults:
        raise Invalid(faults)
    return LineLimits(
        burst=burst,
        every=every,
        per_day=per_day,
        floor=floor,
        young_per_day=young_per_day,
        firsts_per_day=firsts_per_day,
        young_firsts_per_day=young_firsts_per_day,
        sends_per_day=sends_per_day,
    )


def hours_of(values: Mapping[str, str]) -> tuple[int, ...]:
    """The four hours of the traffic light, or () for the service's when all are empty. Raises
    Invalid."""
    names = ("red_until", "amber_until", "green_until", "amber_late_until")
    if not any(values[name] for name in names):
        return ()
    faults: dict[str, Wrong] = {name: Wrong(FieldFault.EMPTY) for name in names if not values[name]}
    hours = [_whole(values, name, (0, 24), faults) for name in names]
    numbers = [hour for hour in hours if hour is not None]
    if not faults:
        late = next((name for name, a, b in zip(names[1:], numbers, numbers[1:], strict=False) if b < a), "")
        if late:
            faults[late] = Wrong(FieldFault.BACKWARDS)
    if faults:
        raise Invalid(faults)
    return tuple(numbers)


def region_of(values: Mapping[str, str]) -> tuple[str, str]:
    """The portal's country and language. Raises Invalid."""
    faults = {}
    if values["country"] not in phonenumbers.SUPPORTED_REGIONS:
        faults["country"] = Wrong(FieldFault.UNKNOWN_CHOICE)
    if values["language"] not in ("", *languages()):
        faults["language"] = Wrong(FieldFault.UNKNOWN_CHOICE)
    if faults:
        raise Invalid(faults)
    return values["country"], values["language"]


def grantees_of(value: Any) -> list[Grantee]:
    """Who may use a line, as the portal's dialog gave them. Raises Refused, and Invalid for too
    many."""
    if not isinstance(value, list) or len(value) > 10 * MAX_GRANTEES:
        raise Refused(ErrorCode.BAD_FORM, reason="access")
    found: dict[str, Grantee] = {}
    for one in value:
        code, name = (one.get("id"), one.get("name")) if isinstance(one, dict) else (None, None)
        if not isinstance(code, str) or not _CODE.fullmatch(code) or not isinstance(name, str) or "\x00" in name:
            raise Refused(ErrorCode.BAD_FORM, reason="access")
        found[code] = Grantee(code, " ".join(name.split())[:200] or code)
    if len(found) > MAX_GRANTEES:
        raise Invalid({"access": Wrong(FieldFault.TOO_MANY, high=MAX_GRANTEES)})
    return list(found.values())


def _texts(values: Mapping[str, str], longest: Mapping[str, int]) -> dict[str, Wrong]:
    empty = {name: Wrong(FieldFault.EMPTY) for name in longest if not values[name]}
    long = {name: Wrong(FieldFault.TOO_LONG, high=most) for name, most in longest.items() if len(values[name]) > most}
    return {**empty, **long}


def _address_fault(address: str, rules: AddressRules) -> dict[str, Wrong]:
    """What is wrong with the form of an address; where its name leads is checked when it is
    called."""
    if not address:
        return {"address": Wrong(FieldFault.EMPTY)}
    if len(address) > MAX_ADDRESS:
        return {"address": Wrong(FieldFault.TOO_LONG, high=MAX_ADDRESS)}
    try:
        require_public(address, rules)
    except AddressRefused as refused:
        return {"address": Wrong(_ADDRESS_FAULTS.get(refused.code, FieldFault.NOT_AN_ADDRESS))}
    return {}


def _own_number(text: str, country: str, faults: dict[str, Wrong]) -> str:
    if not text:
        return ""
    phone = parse(text, country)
    if phone.e164 is None:
        faults["number"] = Wrong(FieldFault.NOT_A_PHONE)
    return phone.e164 or ""


def _whole(values: Mapping[str, str], name: str, limits: tuple[int, int], faults: dict[str, Wrong]) -> int | None:
    text, (low, high) = values[name], limits
    if not text:
        return None
    if not _digits(text):
        faults[name] = Wrong(FieldFault.NOT_WHOLE, low, high)
        return None
    if len(text) > 6 or not low <= int(text) <= high:
        faults[name] = Wrong(FieldFault.OUT_OF_RANGE, low, high)
        return None
    return int(text)


def is_within(text: str, limits: tuple[int, int]) -> bool:
    """Whether this is a whole number between the two, typed in no more digits than the larger one
    has (pure)."""
    low, high = limits
    return _digits(text) and len(text) <= len(str(high)) and low <= int(text) <= high


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
