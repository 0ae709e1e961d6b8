"""From 280 px to 1,100 px: the frame is as high as its content, and nothing is cut off or scrolls but the messages."""

import pytest
from playwright.sync_api import Browser, expect

from sandbox.demo import Demo
from tests.browser.pages import IVAN, Card, Settings
from tests.stand import CROWDED_DEAL, Outside

WIDTHS = pytest.mark.parametrize("width", [280, 320, 640, 1100])
MARKUP_DEAL = "/crm/deal/details/7049/"


@WIDTHS
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_the_card_and_its_chat_fit(card: Card, width: int, lang: str) -> None:
    card.page.set_viewport_size({"width": 1680, "height": 900})
    card.open(width=width, lang=lang).expect_to_fit()
    hidden = card.height

    card.reveal().expect_to_fit()
    revealed = card.height
    assert revealed > hidden
    assert card.inside.evaluate("() => innerWidth") == width

    card.open_chat(IVAN).expect_to_fit()
    assert 400 < card.height < 800

    card.close_chat().expect_to_fit()
    assert abs(card.height - revealed) < 60  # the row may have got its other buttons


@pytest.mark.parametrize("width", [280, 640])
def test_long_names_and_numbers_that_are_none_fit(card: Card, width: int) -> None:
    card.page.set_viewport_size({"width": 1680, "height": 900})
    card.open(MARKUP_DEAL, width=width).reveal().expect_to_fit()

    card.open_chat("+7 926 111-22-33").expect_to_fit()
    card.write("Слово" * 60).expect_to_fit()


@pytest.mark.parametrize("width", [280, 640])
def test_other_pages_fit(card: Card, settings: Settings, width: int) -> None:
    for page in (card.page, settings.page):
        page.set_viewport_size({"width": 1680, "height": 900})
    card.open("/crm/deal/details/0/", width=width).expect_to_fit()
    card.open("/crm/deal/details/7047/", width=width).reveal().expect_to_fit()
    settings.open(width=width).choose("always")
    settings.expect_to_fit()


def test_the_longest_card_needs_no_scroll_bar_in_the_narrowest_column(card: Card) -> None:
    card.open(CROWDED_DEAL, embed="field", width=280).reveal().expect_to_fit()

    assert card.height > 600


def test_at_twice_the_size_everything_still_fits(browser: Browser, demo: Demo, outside: Outside) -> None:
    """A browser's zoom of 200 % halves the pixels that a page has: a window of 1,280 is 640 wide."""
    with browser.new_context(viewport={"width": 640, "height": 450}, device_scale_factor=2) as zoomed:
        card = Card(zoomed.new_page(), demo).open().reveal()
        card.expect_to_fit()

        card.open_chat(IVAN).expect_to_fit()
        card.send_button.scroll_into_view_if_needed()
        expect(card.send_button).to_be_in_viewport()
