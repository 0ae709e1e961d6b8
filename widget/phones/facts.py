"""What a rep is told about a phone: region, operator, country, kind of line, time zones. From data
on disk only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import phonenumbers
from babel import Locale

from . import world
from .hours import Hours, Light, LocalTime, clocks_in, local_time
from .numbering import Numbering, Range
from .numbers import LineKind, Phone
from .operators import operator_named
from .regions import Region, regions_named
from .regions import zones_of as zones_of_regions

__all__ = ["Facts", "Hours", "Light", "LocalTime", "facts_of", "local_time"]

# Zones further apart than this say nothing useful about the client's time ("from 02:14 to 12:14").
# Regions with several zones stay below: Yakutia spans two hours, Greenland three.
WIDEST = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Facts:
    """Texts in the asked language, "" where unknown. The operator is the one of the number's range:
    it may be ported.

    What is not sure is what most numbers beside this one have. `zones` are always certain, as far
    as they go.
    """

    region: str
    operator: str
    country: str
    kind: LineKind
    zones: tuple[str, ...]
    region_sure: bool = True
    operator_sure: bool = True

    @property
    def sure(self) -> str:
        """Region, or country without one, and operator, as far as they are certain."""
        place = self.region or self.country if self.region_sure or not self.region else ""
        return _joined(place, self.operator if self.operator_sure else "")

    @property
    def likely(self) -> str:
        """Region and operator of most numbers beside this one."""
        return _joined("" if self.region_sure else self.region, "" if self.operator_sure else self.operator)


def _joined(*texts: str) -> str:
    return ", ".join(filter(None, texts))


# libphonenumber 9.0.43 has 495 and 496 the wrong way round in Russian. The city has 495 and 499,
# the region around it 496 and 498 (Russian numbering plan, order of the Ministry of Communications
# No. 142 of 17 November 2006).
_MOSCOW_CODES = {"495": "Москва", "499": "Москва", "496": "Московская область", "498": "Московская область"}

_NO_RANGE = Range((), None, ())
NOTHING = Facts(region="", operator="", country="", kind=LineKind.UNKNOWN, zones=())


def facts_of(phone: Phone, language: str, numbering: Numbering, now: datetime | None = None) -> Facts:
    """Region, operator and time of one phone. Reads only disk, and that mostly once.

    Countries are named in `language`, regions and operators in Russian for "ru" and in English for
    all others.

    Zones that show the same time at `now` are one zone. If they lie more than four hours apart
    there are none: no time is better than a wrong one (a Russian mobile of unknown region, an
    American toll-free number).
    """
    if phone.e164 is None:
        return NOTHING
    number = phonenumbers.parse(phone.e164)
    plan = numbering.find(phone.e164) or _NO_RANGE
    region, zones = ", ".join(part.name(language) for part in plan.regions), plan.zones
    if not region and not zones:
        region, zones = _from_the_world(number, phone, language)
    return Facts(
        region=region,
        operator=plan.operator.name(language) if plan.operator else _operator_from_the_world(number, phone, language),
        country=_country(phone.region_code, language),
        kind=phone.kind,
        zones=_apart(zones, now or datetime.now(UTC)),
        region_sure=plan.regions_sure,
        operator_sure=plan.operator_sure or plan.operator is None,
    )


def _from_the_world(number: phonenumbers.PhoneNumber, phone: Phone, language: str) -> tuple[str, tuple[str, ...]]:
    """libphonenumber names the regions of Russian landlines in its own spelling; ours knows both
    languages."""
    if phone.region_code == "RU":
        known = _of_landline(number)
        if known:
            return ", ".join(part.name(language) for part in known), zones_of_regions(known)
    return world.region_of(number, language), world.zones_of(number, phone.region_code)


def _of_landline(number: phonenumbers.PhoneNumber) -> tuple[Region, ...]:
    code = str(number.national_number)[:3]
    return regions_named(_MOSCOW_CODES.get(code) or world.region_of(number, "ru"))


def _operator_from_the_world(number: phonenumbers.PhoneNumber, phone: Phone, language: str) -> str:
    name = world.operator_of(number, language)
    brand = operator_named(name) if name and phone.region_code == "RU" else None
    return brand.name(language) if brand else name


def _apart(zones: tuple[str, ...], now: datetime) -> tuple[str, ...]:
    clocks = clocks_in(zones, now)
    if not clocks or clocks[-1].replace(tzinfo=None) - clocks[0].replace(tzinfo=None) > WIDEST:
        return ()
    return tuple(str(clock.tzinfo) for clock in clocks)


def _country(region_code: str, language: str) -> str:
    return _territories(language).get(region_code, "")


@cache
def _territories(language: str) -> dict[str, str]:
    return dict(Locale(language).territories)
