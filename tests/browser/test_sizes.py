"""From 280 px to 1,100 px: the frame is as high as its content, and nothing is cut off or scrolls
but the messages."""

from playwright.sync_api import Browser, expect

from sandbox.demo import Demo
from tests.browser.pages import IVAN, Card
from tests.stand import CROWDED_DEAL, Outside

WIDTHS = (280, 320, 640, 1100)
MARKUP_DEAL = "/crm/deal/details/7049/"


def test_the_card_and_its_chat_fit(card: Card) -> None:
    """In Russian, whose texts are longer; test_accessibility.py looks at the usual width in both
    languages."""
    card.page.set_viewport_size({"width": 1680, "height": 900})
    hidden = heights(card.open(width=WIDTHS[-1]))
    revealed = heights(card.reveal())
    chat = heights(card.open_chat(IVAN))
    closed = heights(card.close_chat())

    for width in WIDTHS:
        assert revealed[width] > hidden[width]
        assert 400 < chat[width] < 800
        assert abs(closed[width] - revealed[width]) < 60  # the row may have got its other buttons


def heights(card: Card) -> dict[int, int]:
    """By width of the column; at each of them it fits."""
    return {width: fitting(card, width) for width in WIDTHS}


def fitting(card: Card, width: int) -> int:
    card.resize(width).expect_to_fit()
    return card.height


def test_long_names_and_numbers_that_are_none_fit(card: Card) -> None:
    card.page.set_viewport_size({"width": 1680, "height": 900})
    heights(card.open(MARKUP_DEAL, width=640).reveal())

    heights(card.open_chat("+7 926 111-22-33"))
    heights(card.write("Слово" * 60))


def test_the_longest_card_needs_no_scroll_bar_in_the_narrowest_column(card: Card) -> None:
    card.open(CROWDED_DEAL, embed="field", width=280).reveal().expect_to_fit()

    assert card.height > 600


# What a finger presses, and what it types into: the height of the one, the letters of the other.
TARGETS = """() => [...document.querySelectorAll(".phone-open, .button-icon, .button-send, .select, .textarea")]
  .filter((one) => one.checkVisibility())
  .map((one) => one.matches("button") ? one.offsetHeight / 44 : parseFloat(getComputedStyle(one).fontSize) / 16)"""
EDGES = """() => ["is-theirs", "is-mine"].map((side) =>
  getComputedStyle(document.querySelector(`.bubble.${side}`)).borderBlockEndStyle)"""


def test_at_twice_the_size_by_touch_in_forced_colours_and_on_paper_everything_still_fits(
    browser: Browser, demo: Demo, outside: Outside
) -> None:
    """A browser's zoom of 200 % halves the pixels that a page has: a window of 1,280 is 640
    wide."""
    with browser.new_context(viewport={"width": 640, "height": 450}, device_scale_factor=2, has_touch=True) as zoomed:
        card = Card(zoomed.new_page(), demo).open().reveal()
        card.expect_to_fit()
        assert min(card.inside.evaluate(TARGETS)) >= 1

        card.open_chat(IVAN).expect_to_fit()
        assert min(card.inside.evaluate(TARGETS)) >= 1
        zoomed.pages[0].emulate_media(forced_colors="active")
        assert card.inside.evaluate(EDGES) == ["solid", "dashed"]
        zoomed.pages[0].emulate_media(forced_colors="none", media="print")
        expect(card.composer).to_be_hidden()
        zoomed.pages[0].emulate_media(media="screen")
        card.send_button.scroll_into_view_if_needed()
        expect(card.send_button).to_be_in_viewport()
