"""Places and contact cards that a rep sends: how a place is typed, and the words that stand for
either (pure)."""

import re
from urllib.parse import unquote_plus

from widget.gateways.base import ContactCard, Location
from widget.gateways.content import place_of
from widget.phones.numbers import shown

MAX_NAME = 100
# Behind the sign stands one that no hand types (U+2063), so that a text which only begins with the
# sign is a text.
PLACE, PERSON = "📍\u2063 ", "👤\u2063 "
_NUMBER = r"(-?\d{1,3}\.\d{1,20})"
_TYPED = (
    re.compile(r"\(?(-?\d{1,3}(?:\.\d{1,20})?)°?\s*[,;\s]\s*(-?\d{1,3}(?:\.\d{1,20})?)°?\)?"),
    re.compile(r"\(?(-?\d{1,3},\d{1,20})°?\s*[;\s]\s*(-?\d{1,3},\d{1,20})°?\)?"),
)
# In links of Google, OpenStreetMap, Apple, and geo: latitude first; in those of Yandex and 2GIS
# longitude first.
_IN_LINKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"!3d{_NUMBER}!4d{_NUMBER}",
        rf"[?&]mlat={_NUMBER}&mlon={_NUMBER}",
        rf"[?&](?:q|query|ll|pt|m|daddr|destination|center|whatshere\[point\])=(?:loc:)?{_NUMBER},\s?{_NUMBER}",
        rf"#map=[\d.]{{1,8}}/{_NUMBER}/{_NUMBER}",
        rf"[@/]{_NUMBER},{_NUMBER}",
        rf"^geo:{_NUMBER},{_NUMBER}",
    )
)
_LONGITUDE_FIRST = re.compile(r"^https?://[^/]*\b(?:yandex|2gis)\.")
_LINK = re.compile(r"^(?:https?://|geo:)")


def point_in(typed: str) -> tuple[float, float] | None:
    """Latitude and longitude of what was typed: two numbers, or a link to a map that holds them.
    None for anything else, a short link too: what is behind it is not fetched."""
    text = typed.strip()
    if not _LINK.match(text):
        found = next((match for pattern in _TYPED if (match := pattern.fullmatch(text))), None)
        return place_of(*(number.replace(",", ".") for number in found.groups())) if found else None
    text = unquote_plus(text)
    found = next((match for pattern in _IN_LINKS if (match := pattern.search(text))), None)
    if found is None:
        return None
    first, second = found.groups()
    return place_of(second, first) if _LONGITUDE_FIRST.match(text) else place_of(first, second)


def label_of_location(location: Location) -> str:
    """The text of a send that is a place: what it is called, and where it is."""
    return PLACE + "\n".join(line for line in (location.name, _degrees(location.latitude, location.longitude)) if line)


def label_of_card(card: ContactCard) -> str:
    """The text of a send that is a contact card."""
    return PERSON + "\n".join(line for line in (card.name, card.company, shown(card.phone)) if line)


def is_card(text: str) -> bool:
    """Whether the text of a send stands for a place or a contact card."""
    return text.startswith((PLACE, PERSON))


def place_in(text: str) -> tuple[float, float] | None:
    """Where the place of a send is; None where it is none."""
    return point_in(text.rpartition("\n")[2].removeprefix(PLACE)) if text.startswith(PLACE) else None


def person_in(text: str) -> ContactCard | None:
    """The contact card of a send; None where it is none. Its phone is as it is shown."""
    if not text.startswith(PERSON):
        return None
    name, *others = text.removeprefix(PERSON).split("\n")
    return ContactCard(name, tuple(others[-1:]), "".join(others[:-1]))


def words_beside(text: str) -> str:
    """What stands beside the place or the contact card of a send, or all of another text."""
    return "" if text.startswith(PERSON) else words_in(text) if is_card(text) else text


def words_in(text: str) -> str:
    """What the label of a place or a contact card says beside its coordinates."""
    name, _, _where = text.removeprefix(PLACE).rpartition("\n")
    return name if text.startswith(PLACE) else text.removeprefix(PERSON)


def says(text: str, place: tuple[float, float] | None, *, with_contacts: bool) -> bool:
    """Whether the text of a send stands for a message with this place, or with contact cards."""
    if place is not None:
        return text.startswith(PLACE) and text.endswith(_degrees(*place))
    return with_contacts and text.startswith(PERSON)


def _degrees(latitude: float, longitude: float) -> str:
    """To a metre."""
    return f"{latitude:.5f}, {longitude:.5f}"
