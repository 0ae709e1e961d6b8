"""axe finds nothing serious in any state, in both languages. It is run inside the frame: from
outside it sees none."""

from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, Card, Held, Settings, serious_in
from tests.stand import Outside

LANGUAGES = pytest.mark.parametrize("lang", ["ru", "en"])
SHAPES = pytest.mark.parametrize(("lang", "width"), [("ru", 320), ("en", 1100)])  # Russian is the longer one


@LANGUAGES
def test_the_hidden_the_revealed_and_the_refreshed_card_and_an_open_chat_with_every_kind_of_message(
    card: Card, lang: str
) -> None:
    card.open(lang=lang).reveal_button.wait_for()
    assert serious_in(card) == []

    card.reveal().expect_to_fit()
    assert serious_in(card) == []

    card.button("Refresh the widget's data").click()
    expect(card.frame.locator(".footnotes [data-keep]")).to_be_visible()
    card.settle()
    assert serious_in(card) == []

    card.open_chat(IVAN).expect_to_fit()
    assert serious_in(card) == []


# What a screen reader reads out: whatever is put into the log, except where a part of it is
# switched off.
READ_OUT = """(box) => {
  window.readOut = [];
  const heard = (node) => node.nodeType === 1 && node.closest("[aria-live]")?.ariaLive === "polite";
  new MutationObserver((changes) => {
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
    window.readOut.push(...added.filter(heard).map(({ className }) => className));
  }).observe(box, { childList: true, subtree: true });
}"""


def test_only_what_is_new_is_read_out(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(IVAN)
    card.messages.evaluate(READ_OUT)
    for _ in range(2):
        shown = card.bubbles.count()
        card.messages.evaluate("(box) => box.scrollTo(0, 0)")
        expect(card.bubbles.nth(shown)).to_be_attached()
    days = card.messages.locator(".day").all_inner_texts()
    assert len(days) == len(set(days)) > 2
    assert card.inside.evaluate("window.readOut") == []

    outside.answer_as_client("+79619510000", "Слышно?")
    expect(card.bubble("Слышно?")).to_be_attached()
    outside.answer_as_client("+79619510000", "Раз, два")
    expect(card.bubble("Раз, два")).to_be_attached()

    read = card.inside.evaluate("window.readOut")
    assert [name.removesuffix(" is-next") for name in read if name != "day"] == ["bubble is-theirs"] * 2
    assert read.count("day") <= 1  # today's, if nobody has written today


def test_messages_that_did_not_go_out_or_perhaps_did(card: Card, outside: Outside, complaints: Complaints) -> None:
    complaints.expect("502")  # the page may look before anything is sent
    card.open().reveal().open_chat(ORDERS)
    for fault, state in (("http_500", "unknown"), ("refuse", "failed")):
        outside.break_gateway(fault, match="sendText", times=None)
        outside.break_gateway("http_500", match="messages", times=None)  # so that nothing settles it
        card.send(f"{state}?")
        expect(card.bubble(f"{state}?").locator(f".tick-{state}")).to_be_visible()
        card.expect_to_fit()
        assert serious_in(card) == []
        outside.heal()


@SHAPES
def test_a_line_s_parts_its_figures_and_the_form_of_a_new_one(settings: Settings, lang: str, width: int) -> None:
    settings.open(lang=lang, width=width)
    for section in ("#lines-section .line-item:first-child", "#checks .line-item:first-child", "#line-add"):
        settings.tab("state" if "checks" in section else "lines")
        for part in settings.frame.locator(f"{section} details, details{section}").all():
            if part.get_attribute("open") is None:
                part.locator("summary").press("Enter")
        settings.expect_to_fit()
        assert serious_in(settings) == []


@SHAPES
def test_a_rep_finds_their_own_lines_and_no_settings(settings: Settings, lang: str, width: int) -> None:
    settings.open(user="rep", lang=lang, width=width)
    expect(settings.frame.get_by_role("heading", name=settings.say("Write to a new number"))).to_be_visible()
    expect(settings.frame.get_by_role("radio")).to_have_count(0)
    settings.expect_to_fit()
    assert serious_in(settings) == []


def test_the_settings_and_the_question_before_always(settings: Settings, complaints: Complaints) -> None:
    complaints.expect("409")  # the question
    settings.open(lang="en").choose("always")
    assert serious_in(settings) == []

    settings.visibility.get_by_role("button", name=settings.say("Save"), exact=True).click()
    expect(settings.dialog).to_be_visible()
    assert serious_in(settings) == []


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_asks_for_less_motion_gets_none_and_others_see_that_something_is_going_on(
    card: Card, motion: Literal["reduce", "no-preference"]
) -> None:
    card.page.emulate_media(reduced_motion=motion)
    held = Held(card.page, "**/card/check")
    card.open().reveal_button.click()
    expect(card.presence(ORDERS)).to_have_attribute("data-presence", "checking")

    moving = card.inside.evaluate("() => document.getAnimations().length")

    assert (moving > 0) is (motion == "no-preference")
    held.come()
    card.settle()
