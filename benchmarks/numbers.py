"""How typed numbers are read: `python -m benchmarks.numbers [--json] [--each 5] [--registry FILE]`.

Random valid mobiles of forty countries, each in twelve spellings, on portals of twelve countries:
how many rows have the right number, how many say "check the number", how many have another number
in silence. Three of the spellings are those of a call inside the country. On a portal of another
country they do not say whose number it is, so they are counted by themselves: alone, and beside a
number of that country on the same card. Then random Russian mobiles: how many have a region, an
operator, one time.
"""

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from benchmarks.tables import notes, table
from widget.phones.facts import facts_of
from widget.phones.hours import clocks_in
from widget.phones.numbering import Numbering, import_registry
from widget.phones.numbers import parse, parse_many

COUNTRIES = re.findall(
    r"\w+",
    "RU KZ BY UA UZ AM AZ GE KG TJ TM MD LT LV EE DE FR GB IT ES PT PL CZ NL SE US BR MX AR CL "
    "IN CN JP KR ID TR IL AE SA EG",
)
PORTALS = re.findall(r"\w+", "RU KZ BY UA UZ DE GB IT US BR MX IN")
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
SAID, ABROAD, BESIDE = "country is said or own", "inside, on a portal abroad", "the same, beside one of its country"
TRIES = 20_000  # random digits until they are a mobile
RUSSIAN = 10_000


def _format(number: PhoneNumber, form: int) -> str:
    return str(phonenumbers.format_number(number, form))


def _inside(number: PhoneNumber) -> str:
    return "".join(filter(str.isdigit, _format(number, PhoneNumberFormat.NATIONAL)))


SPELLINGS: dict[str, Callable[[PhoneNumber], str]] = {
    "+digits": lambda n: _format(n, PhoneNumberFormat.E164),
    "digits": lambda n: _format(n, PhoneNumberFormat.E164)[1:],
    "00digits": lambda n: "00" + _format(n, PhoneNumberFormat.E164)[1:],
    "+in groups": lambda n: _format(n, PhoneNumberFormat.INTERNATIONAL),
    "in groups, no plus": lambda n: _format(n, PhoneNumberFormat.INTERNATIONAL)[1:],
    "with dots": lambda n: _format(n, PhoneNumberFormat.INTERNATIONAL).replace(" ", ".").replace("-", "."),
    "link": lambda n: f"https://wa.me/{_format(n, PhoneNumberFormat.E164)[1:]}",
    "remark": lambda n: f"Иван, {_format(n, PhoneNumberFormat.INTERNATIONAL)} (звонить после 18)",
    "extension": lambda n: f"{_format(n, PhoneNumberFormat.E164)};12",
    "inside: in groups": lambda n: _format(n, PhoneNumberFormat.NATIONAL),
    "inside: digits": _inside,
    "inside: no prefix": lambda n: str(phonenumbers.national_significant_number(n)),
}


def mobiles(country: str, count: int, chance: random.Random) -> Iterator[PhoneNumber]:
    """Random valid mobiles of a country; its own example where chance finds too few."""
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE) or PhoneNumber()
    length = len(str(example.national_number))
    for _ in range(TRIES):
        if count == 0:
            return
        national = chance.randrange(10 ** (length - 1), 10**length)
        number = PhoneNumber(country_code=example.country_code, national_number=national)
        if phonenumbers.number_type(number) in MOBILE and phonenumbers.region_code_for_number(number) == country:
            count -= 1
            yield number
    yield from [example] * count


def spelled(each: int, chance: random.Random) -> dict[str, Counter[str]]:
    """How each kind of spelling came out, over all countries and portals; wrong ones by name."""
    kinds: dict[str, Counter[str]] = {SAID: Counter(), ABROAD: Counter(), BESIDE: Counter()}
    for country in COUNTRIES:
        for number in mobiles(country, each, chance):
            e164 = _format(number, PhoneNumberFormat.E164)
            for name, spell in SPELLINGS.items():
                typed = spell(number)
                for portal in PORTALS:
                    abroad = name.startswith("inside") and portal != country
                    label = f"{country} «{name}» on {portal}"
                    kinds[ABROAD if abroad else SAID][_outcome(typed, portal, e164, label)] += 1
                    if abroad:
                        kinds[BESIDE][_outcome(typed, portal, e164, label, beside=country)] += 1
    return kinds


def _outcome(typed: str, portal: str, e164: str, label: str, beside: str = "") -> str:
    phones = parse_many(typed, portal, beside=frozenset({beside} if beside else ()))
    found = [phone.e164 for phone in phones]
    if found == [e164]:
        return "right"
    if found == [None]:
        return "offered" if e164 in phones[0].suggestions else "check"
    return f"wrong: {label}"


def shares(outcomes: Counter[str]) -> dict[str, Any]:
    total = outcomes.total()
    wrong = {name.removeprefix("wrong: "): count for name, count in outcomes.items() if name.startswith("wrong")}
    return {
        "numbers": total,
        "right": outcomes["right"] / total,
        "check": (outcomes["check"] + outcomes["offered"]) / total,
        "check_offers_it": outcomes["offered"] / total,
        "wrong": sum(wrong.values()) / total,
        "wrong_kinds": dict(Counter(wrong).most_common(20)),
    }


def russian(numbering: Numbering, chance: random.Random) -> dict[str, float]:
    """Shares of random Russian mobiles with facts; `time` is one time for certain."""
    now, found = datetime.now(UTC), Counter[str]()
    for number in mobiles("RU", RUSSIAN, chance):
        facts = facts_of(parse(_format(number, PhoneNumberFormat.E164), "RU"), "ru", numbering, now)
        found["region"] += bool(facts.region)
        found["operator"] += bool(facts.operator)
        found["time"] += len(clocks_in(facts.zones, now)) == 1
        found["time or a range"] += bool(facts.zones)
    return {name: count / RUSSIAN for name, count in found.items()}


def measure(each: int, registry: Path | None, seed: int = 7) -> dict[str, Any]:
    started = time.process_time()
    found = spelled(each, random.Random(seed))
    seconds = time.process_time() - started
    result: dict[str, Any] = {
        "spellings": {name: shares(outcomes) for name, outcomes in found.items()},
        "microseconds": seconds * 1e6 / sum(outcomes.total() for outcomes in found.values()),
        "russian_mobiles": {"as shipped": russian(Numbering(), random.Random(seed))},
    }
    if registry:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "numbering.bin"
            import_registry(registry, target)
            result["russian_mobiles"]["after an import"] = russian(Numbering(target), random.Random(seed))
    return result


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.numbers", description=__doc__)
    options.add_argument("--json", action="store_true", help="print one JSON object")
    options.add_argument("--each", type=int, default=5, help="numbers of each country")
    options.add_argument("--registry", type=Path, help="the ministry's DEF-9xx.csv, to compare after an import")
    chosen = options.parse_args()
    result = measure(chosen.each, chosen.registry)
    print(json.dumps(result, ensure_ascii=False) if chosen.json else show(result))


def show(result: dict[str, Any]) -> str:
    spellings = [
        [name, found["numbers"], *(f"{found[kind]:.2%}" for kind in ("right", "check", "check_offers_it", "wrong"))]
        for name, found in result["spellings"].items()
    ]
    russians = [
        [name, *(f"{share:.1%}" for share in found.values())] for name, found in result["russian_mobiles"].items()
    ]
    return "\n".join(
        [
            table("Typed mobiles", ["", "rows", "right", "check", "offering it", "wrong"], spellings),
            table(f"{RUSSIAN:,} random Russian mobiles", ["", "region", "operator", "time", "or a range"], russians),
            notes("numbers that libphonenumber calls valid; about 7 % of them no operator has"),
            f"  {result['microseconds']:.0f} µs of processor to read one",
        ]
    )


if __name__ == "__main__":
    main()
