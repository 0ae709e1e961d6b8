"""Numbers that are still written as a numbering plan had them before it changed.

Brazil put a 9 before its mobiles of eight digits (2012 to 2016). Mexico dropped the 1 that stood
before mobiles called from abroad, and 01, 044 and 045 inside (August 2019). In Argentina people
write the 15 of a call inside the country where a call from abroad has a 9. libphonenumber 9.0 calls
all of these numbers invalid.
"""

import re

BRAZIL, MEXICO, ARGENTINA = 55, 52, 54
_BRAZIL = re.compile(r"([1-9]{2})([6-9]\d{7})")
_MEXICO = re.compile(r"(?:01|044|045|1)(\d{10})")
_ARGENTINA = re.compile(r"9?(11|[23]\d\d|[23]\d\d\d)15(\d{6,8})")
_ARGENTINE = 10  # digits of area code and subscriber


def mended(country_code: int, national: str) -> str | None:
    """The national number as the plan has it now, None where nothing is known to have changed.
    Pure."""
    if country_code == BRAZIL and (found := _BRAZIL.fullmatch(national)):
        return f"{found[1]}9{found[2]}"
    if country_code == MEXICO and (found := _MEXICO.fullmatch(national)):
        return found[1]
    if country_code == ARGENTINA and (found := _ARGENTINA.fullmatch(national)):
        return f"9{found[1]}{found[2]}" if len(found[1] + found[2]) == _ARGENTINE else None
    return None
