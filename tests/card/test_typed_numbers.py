"""Numbers that can be read in two ways, in the card: nothing is chosen in silence, and a press
chooses."""

from collections.abc import Callable

import pytest

from sandbox.portal import typed
from tests.stand import DEAL, CardPage, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
CARELESS = "/crm/contact/details/62/"
REMARK, OFFICE, SECOND = "+7 916 765-43-21", "+7 495 123-45-67", "+7 495 123-45-68"
VIETNAM, RYAZAN = "+84 912 345 678", "+7 491 234-56-78"


def offers(page: CardPage) -> dict[str, str]:
    """Key of each suggested number by how it is shown."""
    found = {}
    for row in page.text.split('data-action="use-suggestion"')[1:]:
        button = row.split("</button>")[0]
        found[button.rpartition(">")[2]] = button.split('data-key="')[1].split('"')[0]
    return found


def use(page: CardPage, key: str) -> CardPage:
    return page.post("/card/suggestion", {"key": key, "line": None})


def test_a_field_of_spaces_or_an_empty_mask_is_no_row(widget: Widget) -> None:
    assert list(widget.open(CARELESS).reveal().rows) == [OFFICE, REMARK, typed.TWO_WAYS]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_digits_with_two_readings_are_to_be_checked_and_offer_both(widget: Widget, lang: str) -> None:
    page = widget.open(CARELESS, lang=lang).reveal()

    problem = "it may belong to more than one country"
    assert (problem if lang == "en" else in_russian(problem)) in page.row(typed.TWO_WAYS)
    assert "open-chat" not in page.row_html(typed.TWO_WAYS)
    assert [number for number in offers(page) if number != SECOND] == [VIETNAM, RYAZAN]


def test_a_number_beside_one_of_another_country_is_taken_for_neither(widget: Widget) -> None:
    page = widget.open("/crm/contact/details/63/").reveal()

    assert list(page.rows) == ["+1 212-555-0123", typed.WITHOUT_A_CODE]
    assert list(offers(page)) == ["+1 916-555-0142", "+7 916 555-01-42"]


def test_a_pressed_suggestion_is_the_number_of_the_row_from_then_on(widget: Widget, outside: Outside) -> None:
    page = widget.open(CARELESS).reveal()
    use(page, offers(page)[VIETNAM])

    assert page.answer.status_code == 200
    assert (VIETNAM in page.rows, typed.TWO_WAYS in page.rows) == (True, False)
    assert "Раиса" in page.row(VIETNAM)
    assert (outside.calls("portal")["batch"], outside.total("gateway")) == (1, 0)
    key = page.keys[VIETNAM]
    assert page.open_chat(key).answer.status_code == 201
    assert VIETNAM in page.check([key]).rows
    assert VIETNAM in page.refresh().rows


def test_the_number_that_a_field_hints_at_comes_beside_its_own(widget: Widget) -> None:
    page = widget.open(CARELESS).reveal()
    use(page, offers(page)[SECOND])

    assert {OFFICE, SECOND} <= set(page.rows)
    assert SECOND not in offers(page)


def test_only_a_number_that_this_card_offers_can_be_used(widget: Widget) -> None:
    offered = offers(widget.open(CARELESS).reveal())[VIETNAM]
    other = widget.open(DEAL).reveal()
    before = other.session

    for key in (offered, other.keys[OFFICE], "+84912345678", ""):
        assert use(other, key).answer.status_code in (403, 422)
    assert other.session == before
    assert other.open_chat(offered).answer.status_code == 403
