"""The history of a chat: all of it, without a jump, with what is in it, and quiet when nobody
looks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, SENT, Card, serious_in
from tests.stand import Outside

# The message at the top edge of what is being read, and how far it is from there.
BEING_READ = """(box) => {
  const edge = box.getBoundingClientRect().top;
  const bubble = [...box.querySelectorAll(".bubble")].find((one) => one.getBoundingClientRect().bottom > edge + 40);
  return [bubble.id, bubble.getBoundingClientRect().top - edge];
}"""


@pytest.fixture
def polls(card: Card) -> list[Request]:
    """Requests for messages of a chat, as they are made."""
    asked: list[Request] = []
    card.page.on("request", lambda request: asked.append(request) if "/messages" in request.url else None)
    return asked


def test_every_message_is_there_once_down_to_the_start(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)
    end = card.messages.locator("[data-end]")

    for _ in range(40):
        if end.count():
            break
        shown = card.bubbles.count()
        card.messages.evaluate("(box) => box.scrollTo(0, 0)")
        expect(end.or_(card.bubbles.nth(shown)).first).to_be_attached()

    expect(end).to_have_text(card.say("This is the start of the chat"))
    names = card.bubbles.evaluate_all("(bubbles) => bubbles.map((bubble) => bubble.id)")
    assert len(names) == len(set(names)) == 340
    times = card.bubbles.evaluate_all("(bubbles) => bubbles.map((bubble) => Number(bubble.dataset.at))")
    assert times == sorted(times)
    days = card.messages.locator(".day").all_inner_texts()
    assert len(days) == len(set(days))


def test_a_search_says_how_far_it_looked_and_goes_back_as_far_as_it_is_told(card: Card) -> None:
    card.page.set_viewport_size({"width": 1280, "height": 900})
    card.open(width=280).reveal().open_chat(IVAN)
    card.button("Search in the chat").press("Enter")
    card.page.keyboard.type("такого здесь не писали")
    said = card.frame.locator("#search-said")
    expect(said).to_contain_text(f"{card.say('Nothing found')}. {card.say('Looked back to:')}")
    assert serious_in(card) == []
    card.expect_to_fit()
    further = card.button("Look further back")
    while further.is_visible():
        shown = card.bubbles.count()
        further.click()
        expect(card.bubbles.nth(shown)).to_be_attached()
        expect(card.frame.locator("[data-action=search-further]:disabled")).to_have_count(0)

    expect(said).to_contain_text(card.say("Looked at all messages there are here."))
    first = card.bubbles.first.locator(".bubble-text").inner_text()
    field = card.frame.locator("#search input")
    field.fill(first)
    expect(said).to_contain_text("1 / ")
    card.messages.evaluate("(box) => box.scrollTo(0, box.scrollHeight)")
    field.press("Enter")
    expect(card.frame.locator(".bubble.is-found")).to_be_in_viewport()
    field.press("Escape")
    card.close_chat()
    expect(card.chat_button(IVAN)).to_be_focused()
    expect(card.row(IVAN)).to_be_in_viewport()


def test_the_message_being_read_stays_where_it_is_when_older_ones_come_above(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)

    for _ in range(4):
        shown = card.bubbles.count()
        # The scroll event comes with the next frame, so this is what the reader sees before
        # anything is loaded.
        before, at = card.messages.evaluate(f"(box) => {{ box.scrollTop = 60; return ({BEING_READ})(box); }}")
        expect(card.bubbles.nth(shown)).to_be_attached()

        now = card.messages.evaluate(
            "(box, id) => document.getElementById(id).getBoundingClientRect().top - box.getBoundingClientRect().top",
            before,
        )
        assert abs(now - at) <= 2


def test_opening_shows_the_newest_sends_no_read_receipt_and_tells_all_in_words(card: Card, outside: Outside) -> None:
    card.open(lang="en").reveal().open_chat(IVAN)

    expect(card.bubble("А подоконники можно шире, 350 мм?")).to_be_in_viewport()
    assert "sendSeen" not in outside.calls()
    expect(card.bubble("Монтаж в четверг, 15-го")).to_contain_text("edited")
    expect(card.messages.get_by_text("This message was deleted")).to_have_count(2)
    expect(card.bubble("Четверг подходит 🎉").get_by_label("Reactions")).to_have_text("❤️ 😂")
    expect(card.bubble("Извините, не поняла сообщение 🙂").locator("blockquote")).to_contain_text("<b>hi</b>")
    failed = card.bubble("Ничего страшного! Адрес доставки прежний?")
    expect(failed.locator(".tick-failed .tick-text")).to_contain_text("not sent")
    expect_an_honest_link(card)


def expect_an_honest_link(card: Card) -> None:
    """It leads where it says and takes nothing along."""
    link = card.messages.get_by_role("link").first
    expect(link).to_have_attribute("target", "_blank")
    assert {"noopener", "noreferrer"} <= set((link.get_attribute("rel") or "").split())
    assert link.get_attribute("href") == link.inner_text()
    assert "window-1400x1600?colour=white&glass=energy&handle=silver&utm" in link.inner_text()


def test_a_photo_is_sharp_by_itself_and_large_at_a_press_and_a_document_is_saved(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)

    expect(card.messages.locator("img.media-shown").last).to_be_visible()

    card.messages.get_by_role("button", name=card.say("Photo")).last.click()

    photo = card.frame.get_by_role("dialog").locator("img")
    expect(photo).to_be_visible()
    expect(card.frame.get_by_role("link", name=card.say("Save"))).to_be_visible()
    assert photo.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 100
    card.page.keyboard.press("Escape")
    expect(photo).to_be_hidden()

    with card.page.expect_download() as download:
        card.messages.get_by_role("button", name=".pdf").last.click()

    assert download.value.suggested_filename.endswith(".pdf")
    assert download.value.suggested_filename in card.messages.inner_text()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_what_cannot_be_shown_is_offered_as_a_file_under_its_name(card: Card) -> None:
    heic = b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64
    card.page.route("**/media/*", lambda route: route.fulfill(body=heic, content_type="application/octet-stream"))
    card.open().reveal().open_chat(IVAN)
    photo = card.messages.locator("a.media-image.media-saved").last  # nobody had to press
    expect(photo).to_contain_text(card.say("cannot be shown here, press to save it"))
    button = card.messages.get_by_role("button", name=card.say("Voice message")).last
    button.evaluate("(button) => { button.dataset.name = 'IMG_0001.HEIC'; }")

    button.press("Enter")

    link = card.messages.locator("a.media-audio.media-saved")
    expect(link).to_be_focused()
    expect(link).to_contain_text(card.say("cannot be shown here, press to save it"))
    card.expect_to_fit()
    with card.page.expect_download() as download:
        card.page.keyboard.press("Enter")
    assert download.value.suggested_filename == "IMG_0001.HEIC"
    assert download.value.path().read_bytes() == heic


def test_a_voice_message_can_be_played(card: Card) -> None:
    card.open().reveal().open_chat(IVAN)

    card.messages.get_by_role("button", name=card.say("Voice message")).last.press("Enter")

    player = card.messages.locator("audio.media-shown")
    expect(player).to_be_focused()
    player.evaluate("(audio) => audio.readyState >= 1 || new Promise((ready) => { audio.onloadedmetadata = ready; })")
    assert player.evaluate("(audio) => audio.error") is None
    speed = card.messages.locator("[data-action=speed]")
    speed.click()
    expect(speed).to_have_text("1,5×")
    assert player.evaluate("(audio) => audio.playbackRate") == 1.5


def test_a_file_that_is_gone_says_so_and_the_chat_goes_on(card: Card, complaints: Complaints) -> None:
    complaints.expect("Failed to load resource")
    card.open(lang="en").reveal().open_chat(IVAN)
    video = card.messages.get_by_role("button", name="Video")

    video.click()

    expect(video).to_contain_text("could not be loaded")
    expect(card.messages.locator("video")).to_have_count(0)


def test_an_answer_appears_by_itself(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(IVAN)

    outside.answer_as_client("+79619510000", "Я передумал")

    expect(card.bubble("Я передумал")).to_be_in_viewport()


def test_who_reads_old_messages_is_not_torn_away_by_a_new_one(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(IVAN)
    card.messages.evaluate("(box) => { box.scrollTop = 400; }")
    reading = card.messages.evaluate("(box) => box.scrollTop")

    outside.answer_as_client("+79619510000", "Вы тут?")

    expect(card.bubble("Вы тут?")).to_be_attached()
    assert card.messages.evaluate("(box) => box.scrollTop") == reading
    down = card.frame.locator("#to-end")
    expect(down).to_contain_text(f"1 {card.say('new')}")
    down.click()
    expect(card.bubble("Вы тут?")).to_be_in_viewport()
    expect(down).to_be_hidden()


def test_a_quiet_chat_is_asked_about_less_and_less(card: Card, polls: list[Request]) -> None:
    news: list[Request] = []
    card.page.on("request", lambda request: news.append(request) if request.url.endswith("/card/news") else None)
    card.page.clock.install()
    card.open().reveal().open_chat(IVAN)
    first = len(polls)

    minutes(card, 1, news)
    in_use = len(news)
    minutes(card, 4, polls)
    # 2.5 s that grow to 30 s: about 14 in five minutes, where every 2.5 s would be 120.
    assert 5 <= len(polls) - first <= 18

    minutes(card, 1, news)  # the page has not been used for five minutes: every 10 s now
    before = len(news)
    minutes(card, 1, news)
    assert in_use >= 10
    assert 4 <= len(news) - before <= 7


def test_a_hidden_tab_asks_nothing_and_catches_up_when_it_is_seen_again(
    card: Card, outside: Outside, polls: list[Request]
) -> None:
    card.page.clock.install()
    card.open().reveal().open_chat(ORDERS)
    card.inside.evaluate(SEEN, False)
    outside.answer_as_client("+79261112233", "Пока вас не было")
    before = len(polls)

    minutes(card, 5, polls)
    assert len(polls) == before

    card.inside.evaluate(SEEN, True)
    card.page.clock.run_for(3_000)
    expect(card.bubble("Пока вас не было")).to_be_visible()


def test_more_than_a_page_of_answers_while_nobody_looked_leaves_no_gap(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(IVAN)
    card.inside.evaluate(SEEN, False)
    for number in range(35):
        outside.answer_as_client("+79619510000", f"Ответ {number}")

    card.inside.evaluate(SEEN, True)

    expect(card.bubble("Ответ 34")).to_be_in_viewport()
    for _ in range(2):
        shown = card.bubbles.count()
        card.messages.evaluate("(box) => box.scrollTo(0, 0)")
        expect(card.bubbles.nth(shown)).to_be_attached()
    texts = card.messages.locator(".bubble > .bubble-text").all_inner_texts()
    assert [text for text in texts if text.startswith("Ответ")] == [f"Ответ {number}" for number in range(35)]
    times = card.bubbles.evaluate_all("(bubbles) => bubbles.map((bubble) => Number(bubble.dataset.at))")
    assert times == sorted(times)


def test_what_is_being_sent_survives_a_gap(card: Card, outside: Outside) -> None:
    card.open().reveal().open_chat(IVAN)
    card.inside.evaluate(SEEN, False)
    for number in range(35):
        outside.answer_as_client("+79619510000", f"Ответ {number}")
    outside.break_gateway("delay", match="sendText", seconds=4)

    card.send("Уже еду").inside.evaluate(SEEN, True)

    expect(card.bubble("Ответ 34")).to_be_attached()
    expect(card.bubble("Уже еду")).to_have_count(1)
    expect(card.bubble("Уже еду").locator(SENT)).to_have_count(1)
    card.messages.evaluate("(box) => box.scrollTo(0, 0)")
    expect(card.bubble("Ответ 0")).to_be_attached()


def test_a_closed_chat_asks_nothing(card: Card, polls: list[Request]) -> None:
    card.page.clock.install()
    card.open().reveal().open_chat(IVAN).close_chat()
    before = len(polls)

    minutes(card, 5, polls)

    assert len(polls) == before


SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !seen });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def minutes(card: Card, count: int, polls: list[Request]) -> None:
    """Let the page's clock run on; every request that it makes meanwhile is answered before it goes
    on."""
    for _ in range(count * 12):
        before = len(polls)
        card.page.clock.run_for(5_000)
        for request in polls[before:]:
            request.response()


MakeCard = Callable[[], Card]


def test_the_same_chat_in_two_tabs_shows_the_same(card: Card, make_card: MakeCard) -> None:
    card.open().reveal().open_chat(ORDERS)
    colleague = make_card().open(user="admin").reveal().open_chat(ORDERS)

    card.send("Пишу я")

    expect(colleague.bubble("Пишу я")).to_be_visible()
    expect(colleague.bubbles).to_have_count(1)
