"""The country of a portal, for numbers without «+», told by its licence. An administrator may
correct it.

LICENSE begins with the language zone: bitrix24/b24restdocs,
api-reference/common/system/app-info.md.
"""

from babel.core import get_global

from widget.i18n import language_of
from widget.storage.portals import Portal

UNKNOWN = "ZZ"  # the code for «no country»: such numbers are then shown as lacking theirs, not guessed
# Zones that are a country. The others (en, eu, la, ar…) are many countries, and no reason to guess
# one.
COUNTRIES = {
    **{"ru": "RU", "kz": "KZ", "by": "BY", "ua": "UA", "uz": "UZ", "am": "AM", "az": "AZ", "ge": "GE", "kg": "KG"},
    **{"de": "DE", "pl": "PL", "fr": "FR", "it": "IT", "uk": "GB", "br": "BR", "mx": "MX", "co": "CO", "tr": "TR"},
    **{"in": "IN", "cn": "CN", "sc": "CN", "tc": "TW", "jp": "JP", "vn": "VN", "id": "ID", "ms": "MY", "th": "TH"},
}


def country_of(licence: str) -> str:
    """RU for ru_pro100, KZ for kz_selfhosted; UNKNOWN for zones of many countries. Never a
    guess."""
    return COUNTRIES.get(licence.partition("_")[0].lower(), UNKNOWN)


def language_in(portal: Portal) -> str:
    """The language of what we write into a portal: the one that its administrator chose, else the
    one that most people of its country read (by CLDR) if there is a catalogue for it."""
    likely = get_global("likely_subtags").get(f"und_{portal.country}", "")
    return portal.language or language_of(str(likely)[:2])
