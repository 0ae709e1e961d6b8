"""A place is read from what people paste, and the words that stand for one lead back to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.chats.cards import (
    is_card,
    label_of_card,
    label_of_location,
    person_in,
    place_in,
    point_in,
    says,
    words_beside,
    words_in,
)
from widget.gateways.base import ContactCard, Location

LATITUDE = st.floats(-90, 90).map(lambda degrees: round(degrees, 5))
LONGITUDE = st.floats(-180, 180).map(lambda degrees: round(degrees, 5))
MOSCOW = (55.7558, 37.6173)


@pytest.mark.parametrize(
    "typed",
    [
        "55.7558, 37.6173",
        " 55.7558 37.6173\n",
        "55,7558 37,6173",
        "55,7558; 37,6173",
        "(55.7558,37.6173)",
        "55.7558° 37.6173°",
        "geo:55.7558,37.6173?z=16",
        "https://www.google.com/maps/@55.7558,37.6173,17z",
        "https://www.google.com/maps/place/X/@55.70,37.60,17z/data=!3m1!4b1!4m6!3m5!8m2!3d55.7558!4d37.6173",
        "https://maps.google.com/?q=55.7558,37.6173",
        "https://maps.google.com/?q=loc:55.7558,37.6173",
        "https://yandex.ru/maps/213/moscow/?ll=37.6173%2C55.7558&z=16",
        "https://yandex.com/maps/?pt=37.6173,55.7558&z=18&l=map",
        "https://maps.yandex.ru/?whatshere[point]=37.6173,55.7558",
        "https://2gis.ru/moscow/geo/70030076/37.6173,55.7558",
        "https://2gis.ru/moscow?m=37.6173%2C55.7558%2F17",
        "https://www.openstreetmap.org/?mlat=55.7558&mlon=37.6173#map=16/55.7/37.6",
        "https://www.openstreetmap.org/#map=16/55.7558/37.6173",
        "https://maps.apple.com/?ll=55.7558,37.6173",
    ],
)
def test_a_place_is_found_in_numbers_and_in_links_of_maps(typed: str) -> None:
    assert point_in(typed) == MOSCOW


@pytest.mark.parametrize(
    "typed",
    ["", "офис", "55.7558", "91.0, 10.0", "10.0, 181.0", "1, 2, 3", "https://maps.app.goo.gl/AbC", "https://x.ru/1,2"],
)
def test_what_holds_no_place_is_none(typed: str) -> None:
    assert point_in(typed) is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(typed: str) -> None:
    point = point_in(typed)
    assert point is None or (abs(point[0]) <= 90 and abs(point[1]) <= 180)


@given(LATITUDE, LONGITUDE, st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20))
def test_a_label_leads_back_to_its_place(latitude: float, longitude: float, name: str) -> None:
    text = label_of_location(Location(latitude, longitude, name))
    found = place_in(text)
    assert found
    assert found == pytest.approx((latitude, longitude), abs=0.00001)
    assert words_in(text) == name
    assert says(text, (latitude, longitude), with_contacts=False)
    assert not says(text, None, with_contacts=True)


def test_a_label_of_a_card_says_who_it_is_and_is_no_place() -> None:
    text = label_of_card(ContactCard("Анна", ("+79001234568",), "Окна"))
    assert words_in(text) == "Анна\nОкна\n+7 900 123-45-68"
    assert place_in(text) is None
    assert says(text, None, with_contacts=True)
    assert (person_in(text), words_beside(text)) == (ContactCard("Анна", ("+7 900 123-45-68",), "Окна"), "")


@pytest.mark.parametrize("text", ["📍 Тверская, 1", "👤 Анна", "Жду: 55.7, 37.6"])
def test_a_text_that_looks_like_one_is_a_text(text: str) -> None:
    assert not is_card(text)
    assert place_in(text) is None
