"""What libphonenumber's data says of a number's region, operator and zones, read in small pieces.

`import phonenumbers.geocoder` takes 100 MB and keeps it, nearly half of it for prefixes in China.
Its data lies in about thirty sorted files of 10,000 prefixes, so a number needs one of them: it is
read, its Russian and English names are kept in a compact form (about 0.3 MB) and the rest is let
go. That this agrees with the real geocoder is tested, because the layout is phonenumbers' own
affair (9.0: geodata/data0.py…, carrierdata/data0.py…).
"""

import re
from bisect import bisect_right
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, timezone

from .prefixes import Prefixes

# Kazakhstan shares +7 with Russia, and libphonenumber gives its mobiles the zones of both. Since 1
# March 2024 the whole country has one time (IANA tzdata 2024a), although zone.tab lists seven zones
# with seven pasts.
_ONE_TIME = {"KZ": ("Asia/Almaty",)}
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PAGER)
_KEY = re.compile(r"^ ?'(\d+)':", re.MULTILINE)
_UNKNOWN_ZONE = "Etc/Unknown"
_ARGENTINA = 54
_TOP = 2000  # characters; the licence and the first line of data
_KEPT = 8  # files kept in compact form, about 0.3 MB each; a portal's clients live in few countries


class Names(NamedTuple):
    en: str
    ru: str


def region_of(number: PhoneNumber, language: str) -> str:
    """The town or region, "" where only the country is known. Russian names exist for few
    countries; else English."""
    kind = phonenumbers.number_type(number)
    if number.country_code is None or not phonenumbers.is_number_type_geographical(kind, number.country_code):
        return ""
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _ARGENTINA:  # the 9 of its mobile numbers stands before the area code
        national = national.removeprefix("9")
    return _name("geodata", number, national, language)


def operator_of(number: PhoneNumber, language: str) -> str:
    """The operator that the range was given to; subscribers may have taken the number to another
    one."""
    if phonenumbers.number_type(number) not in _MOBILE:
        return ""
    return _name("carrierdata", number, phonenumbers.national_significant_number(number), language)


def zones_of(number: PhoneNumber, region_code: str) -> tuple[str, ...]:
    """All IANA zones that the number may be in: many, where its prefix is used in the whole of a
    large country.

    A country with one zone has that one. libphonenumber names another country's zone that had the
    same time for a while: Paris for Algiers, the Canaries for Casablanca.
    """
    zones = _only_zones().get(region_code) or timezone.time_zones_for_number(number)
    return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)


@cache
def _only_zones() -> dict[str, tuple[str, ...]]:
    """Countries with one zone in zone.tab of the IANA time zone database, as the package tzdata
    brings it."""
    zones: dict[str, list[str]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            country, _place, zone = line.split("\t")[:3]
            zones.setdefault(country, []).append(zone)
    return {country: tuple(found) for country, found in zones.items() if len(found) == 1} | _ONE_TIME


def _name(folder: str, number: PhoneNumber, national: str, language: str) -> str:
    """The name of the longest known beginning. Beginnings that sort before a file's first are in an
    earlier file."""
    code = str(number.country_code)
    chunks = _chunks(folder)
    firsts = [first for first, _ in chunks]
    beginning = code + national
    while len(beginning) >= len(code):
        at = bisect_right(firsts, beginning) - 1
        if at < 0:
            break
        first, path = chunks[at]
        names = _names_in(path).find(beginning)
        if names:
            return names.ru if language == "ru" else names.en
        while beginning >= first:
            beginning = beginning[:-1]
    return ""


@cache
def _chunks(folder: str) -> list[tuple[str, Path]]:
    """The data files of a folder by their first prefix; reads the top of each (10 ms for all)."""
    chunks = []
    for path in (Path(phonenumbers.__file__).parent / folder).glob("data*.py"):
        with path.open(encoding="utf-8") as file:
            first = _KEY.search(file.read(_TOP))
        if first:
            chunks.append((first[1], path))
    return sorted(chunks)


@lru_cache(maxsize=_KEPT)
def _names_in(path: Path) -> Prefixes[Names]:
    spec = spec_from_file_location(f"phonenumbers.{path.parent.name}.{path.stem}", path)
    if spec is None or spec.loader is None:
        return Prefixes({})
    module = module_from_spec(spec)
    spec.loader.exec_module(module)  # not through `import`: the package around it would load all of them
    names: dict[Names, Names] = {}
    found = {}
    for prefix, texts in module.data.items():
        english = texts.get("en") or texts.get("ru")
        if english:
            pair = Names(english, texts.get("ru") or english)
            found[prefix] = names.setdefault(pair, pair)
    return Prefixes(found)
