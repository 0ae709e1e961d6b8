"""The card as a messenger: numbers at a glance, news without a question to the gateway, a composer
that keeps up."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from benchmarks.browser import Wire
from sandbox.demo import Demo
from tests.browser.conftest import Complaints, in_database, is_said
from tests.browser.pages import IVAN, MARIA, ORDERS, SENT, Card, Settings, lose_answer, serious_in
from tests.stand import CROWDED_DEAL, Outside

MAX_REQUESTS, MAX_BYTES = 6, 26_000  # of a hidden card, in a browser that has nothing yet
HIGHEST_PAGE = 1400
ONE_NUMBER, AZIZ = "/crm/type/31/details/88/", "+998 90 123 45 67"


def test_a_hidden_card_is_light_and_takes_a_press_before_its_script_is_there(card: Card) -> None:
    wire = Wire(card.demo.widget, card.page.context.new_cdp_session(card.page))
    card.open().reveal_button.wait_for()
    card.inside.wait_for_function("() => 'ready' in document.getElementById('card').dataset")
    assert wire.requests <= MAX_REQUESTS
    assert 0 < wire.bytes <= MAX_BYTES

    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    card.page.route("**/entry.js", hold)
    card.page.reload(wait_until="commit")
    card.reveal_button.click()
    held[0].continue_()

    card.settle()


def test_eight_of_ten_numbers_are_seen_in_a_narrow_window_and_the_others_are_found(
    card: Card, outside: Outside
) -> None:
    card.page.set_viewport_size({"width": 1280, "height": 900})
    card.open(CROWDED_DEAL, width=410).reveal()
    bottoms = card.rows.evaluate_all("(rows) => rows.map((row) => row.getBoundingClientRect().bottom)")
    assert sum(bottom <= 720 for bottom in bottoms) >= 8
    checks = outside.calls()["check-exists"]

    card.button("Show all").press("Enter")
    expect(card.rows).to_have_count(25)
    find = card.frame.get_by_label(card.say("Find a number or a name"))
    expect(find).to_be_focused()
    find.fill("тендера 25")
    expect(card.rows.filter(visible=True)).to_have_count(1)
    assert serious_in(card) == []
    card.expect_to_fit()
    card.rows.filter(visible=True).click(position={"x": 120, "y": 8})
    expect(card.composer).to_be_focused()
    assert outside.calls()["check-exists"] == checks


def test_a_card_with_one_number_opens_its_chat_and_one_key_sends(
    card: Card, demo: Demo, complaints: Complaints
) -> None:
    complaints.expect("ERR_")  # the widget is away for a moment, and the page asks for news
    choose(demo, "opens_chat", True)
    card.open(ONE_NUMBER).reveal_button.click()
    expect(card.composer).to_be_focused()
    expect(card.frame.locator(".composer-target")).to_contain_text(AZIZ)
    card.page.keyboard.type("Сразу в чат")
    card.page.keyboard.press("Enter")
    expect(card.bubble("Сразу в чат").locator(SENT)).to_have_count(1)
    card.close_chat()
    expect(card.row(AZIZ).locator(".last")).to_contain_text("Сразу в чат")

    choose(demo, "enter_sends", False)
    card.open(ONE_NUMBER).reveal_button.click()
    card.composer.press_sequentially("раз")
    card.composer.press("Enter")
    expect(card.composer).to_have_value("раз\n")


def choose(demo: Demo, name: str, value: bool) -> None:
    """What the reps chose for themselves."""
    with in_database(demo) as connection:
        connection.execute(f"UPDATE user_settings SET {name} = ?", [value])
    demo.restart_widget()  # a drawn card is remembered with them


@pytest.fixture
def fed(demo: Demo, settings: Settings, outside: Outside) -> None:
    """The webhooks of the first line are set up, and one has come."""
    settings.open(lang="en").set_up_reports()


def test_a_chat_that_is_opened_low_in_a_card_shows_its_head_and_leads_back_to_its_row(card: Card) -> None:
    card.page.set_viewport_size({"width": 410, "height": 480})
    card.open(CROWDED_DEAL).reveal()
    tenth = card.rows.nth(9)
    tenth.locator("[data-action=open-chat]").click()
    expect(card.composer).to_be_visible()
    expect(card.frame.locator(".chat-head")).to_be_in_viewport(ratio=0.9)
    card.close_chat()
    expect(tenth).to_be_in_viewport(ratio=0.9)
    expect(tenth.locator("[data-action=open-chat]")).to_be_focused()


@pytest.mark.usefixtures("fed")
def test_a_client_s_message_stands_in_the_row_and_in_the_open_chat_without_a_question_to_the_gateway(
    card: Card, outside: Outside
) -> None:
    card.page.set_viewport_size({"width": 1280, "height": 900})
    card.open().reveal()
    outside.answer_as_client("+79619510000", "Жду *ответа* с https://example.com/a")
    row = card.row(IVAN)
    expect(row.locator(".last")).to_contain_text("Жду ответа")
    expect(row.locator(".last-count")).to_have_text(re.compile("1$"))
    row.locator("[data-action=more]").press("Enter")

    card.open_chat(IVAN)
    expect(card.frame.locator(".unread-line")).to_be_visible()
    expect(card.frame.locator(".not-fed")).to_have_count(0)
    expect(card.messages.locator(".day").last).to_have_text(card.say("Today"))
    expect(card.messages.locator("b", has_text="ответа")).to_be_visible()
    with card.page.expect_response(lambda answer: answer.request.method == "POST" and "/messages" in answer.url):
        card.send("Уже еду")
    expect(card.bubble("Уже еду").locator(".tick-delivered, .tick-read")).to_have_count(1)
    expect(card.bubble("Уже еду").locator("[data-action=message-menu]")).to_have_count(1)
    expect(card.messages).to_have_attribute("data-rests", "")  # it has looked after what it sent
    before = outside.for_reps()

    outside.answer_as_client("+79619510000", "Отлично")
    expect(card.bubble("Отлично")).to_be_in_viewport()

    assert outside.for_reps() == before
    card.close_chat()
    expect(row.locator(".last")).to_contain_text("Отлично")
    expect(row.locator(".last-count")).to_be_hidden()


def test_messages_are_queued_in_order_and_a_draft_outlives_the_page(card: Card, outside: Outside) -> None:
    outside.break_gateway("delay", match="sendText", seconds=0.5, times=None)
    card.open().reveal().open_chat(ORDERS)
    for text in ("раз", "два", "три"):
        card.composer.press_sequentially(text)
        card.composer.press("Enter")
        expect(card.composer).to_be_empty()
    expect(card.bubbles.locator(SENT)).to_have_count(3)
    assert card.bubbles.locator("> .bubble-text").all_inner_texts() == ["раз", "два", "три"]

    expect(card.bubble("три").locator("[data-can~=edit]")).to_have_count(1)
    card.composer.press("ArrowUp")
    expect(card.composer).to_have_value("три")
    expect(card.button("Save")).to_be_visible()
    card.composer.press("Escape")
    card.write("\n".join("абв")).composer.press_sequentially("г")
    assert card.composer.evaluate("(text) => text.rows") == 3
    card.open().reveal()
    expect(card.row(ORDERS).locator(".draft-mark")).to_be_visible()
    card.open_chat(ORDERS)
    expect(card.composer).to_have_value("а\nб\nвг")


def test_what_could_not_be_sent_is_there_again_in_a_page_loaded_anew(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect("ERR_|Failed to load resource")
    lose_answer(card.page)
    card.open().reveal().open_chat(ORDERS)

    card.send("Дошло")
    expect(card.again).to_have_count(1)
    card.send("Ждёт за ним")
    card.inside.evaluate(DROP, ["#messages", [["смета.pdf", "application/pdf", list(b"%PDF-1.4")]]])
    card.send("Вот смета")
    card.page.goto("about:blank")  # or it would hear of the first message before it is left
    card.page.unroute_all(behavior="wait")

    card.open().reveal()
    expect(card.row(ORDERS).locator(".unsent-mark")).to_be_visible()
    card.open_chat(ORDERS)
    expect(card.bubble("Дошло").locator(SENT)).to_have_count(1)  # the server knows it by its key
    expect(card.problem).to_have_count(2)
    expect(card.bubble("Вот смета")).to_contain_text("смета.pdf")
    expect(card.again).to_have_count(1)  # a file is gone with its page
    card.again.click()
    expect(card.bubble("Ждёт за ним").locator(SENT)).to_have_count(1)
    card.bubble("Вот смета").get_by_role("button", name=card.say("Remove"), exact=True).click()

    assert outside.calls()["sendText"] == 2
    card.close_chat()
    expect(card.row(ORDERS).locator(".unsent-mark")).to_be_hidden()


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
DROP = """([chat, files]) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  for (const event of ['dragover', 'drop'])
    document.querySelector(chat).dispatchEvent(
      new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_several_files_dropped_anywhere_in_the_chat_go_out_each_with_its_caption(
    card: Card, outside: Outside, tmp_path: Path
) -> None:
    card.page.set_viewport_size({"width": 1280, "height": 900})
    card.open(width=280).reveal().open_chat(ORDERS)
    files = [["окно.png", "image/png", list(PNG)], ["смета.pdf", "application/pdf", list(b"%PDF-1.4")]]
    card.inside.evaluate(DROP, ["#messages", files])
    chips = card.frame.locator(".file-chip")
    expect(chips).to_have_count(2)
    expect(chips.first.locator("img")).to_be_visible()
    card.expect_to_fit()
    assert serious_in(card) == []
    chips.last.get_by_label(card.say("Caption")).fill("Итог внутри")
    chips.last.get_by_role("button", name=card.say("Send earlier")).click()  # and back again
    expect(chips.first).to_contain_text("смета.pdf")
    chips.last.get_by_role("button", name=card.say("Send earlier")).click()
    card.send("Так выглядит")

    expect(card.bubbles.locator(SENT)).to_have_count(2)
    expect(card.bubbles.nth(0)).to_contain_text("Так выглядит")
    expect(card.bubbles.nth(1)).to_contain_text("Итог внутри")
    expect(card.frame.locator("#composer-file")).to_be_hidden()


def test_the_page_of_an_administrator_fits_on_a_screen_and_says_on_top_what_is_wrong(settings: Settings) -> None:
    settings.page.set_viewport_size({"width": 1680, "height": 900})
    settings.open(width=1280, lang="en")
    expect(settings.frame.locator("#problems")).to_contain_text("need attention")
    for name in ("write", "lines", "card", "state"):
        settings.tab(name).expect_to_fit()
        assert settings.inside.evaluate("() => document.body.scrollHeight") <= HIGHEST_PAGE, name
        assert serious_in(settings) == []


def test_a_number_is_copied_and_called_from_what_unfolds(card: Card) -> None:
    card.open(width=280).reveal()
    details = card.unfold(MARIA)
    with is_said(card, f"[id='{details.get_attribute('id')}'] [data-action=copy-number]", card.say("Copied")):
        details.get_by_role("button", name=f"{card.say('Copy the number')}: {MARIA}").click()
    details.get_by_role("link", name=f"{card.say('Call')}: {MARIA}").click()
    expect(card.log.filter(has_text="imPhoneTo").first).to_be_visible()
    card.expect_to_fit()
