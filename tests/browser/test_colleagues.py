"""Two reps in two browsers: one of them writes, takes the chat, is asked; and a client who
waits."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Complaints
from tests.browser.market import until
from tests.browser.pages import A_WHILE, IVAN, ORDERS, SENT, Card, Held, Settings
from tests.stand import Outside


def test_two_reps_see_each_other_and_one_is_asked_before_writing_too(
    make_card: Callable[[], Card], complaints: Complaints
) -> None:
    complaints.expect("status of 409")  # the question
    first = make_card().open(user="rep").reveal().open_chat(ORDERS)
    first.send("Здравствуйте")
    expect(first.bubble("Здравствуйте").locator(SENT)).to_have_count(1)
    second = make_card().open(user="admin").reveal().open_chat(ORDERS)
    beside = second.frame.locator("#beside")
    expect(beside).to_contain_text(second.say("Answers:"))
    expect(second.bubble("Здравствуйте").locator(".bubble-author:not(.sr-only)")).to_have_count(1)

    def is_seen_to_write() -> bool:
        first.composer.press("!")  # again: that she writes is true for 8 s, and the other page looks every 5 s
        return beside.locator(".beside-writes").inner_text() != ""

    until(second.page, is_seen_to_write)

    second.send("И я здесь")
    expect(second.dialog).to_be_visible()
    second.button("Do not send").click()
    expect(second.bubble("И я здесь")).to_have_count(0)
    beside.get_by_role("button", name=second.say("Take over"), exact=True).click()
    expect(beside).to_contain_text(second.say("You answer this chat"))

    beside.locator("summary").click()
    beside.locator("select").select_option("2")
    expect(beside).to_contain_text(f"{second.say('Answers:')} Роман Продажин")
    beside.get_by_role("button", name=second.say("Take over"), exact=True).click()
    expect(beside).to_contain_text(second.say("You answer this chat"))

    first.page.bring_to_front()
    told = first.frame.locator("#beside .is-told")
    expect(told).to_be_visible()
    told.get_by_role("button").click()
    expect(told).to_have_count(0)
    first.bubble("Здравствуйте").locator("[data-trail]").click()
    expect(first.bubble("Здравствуйте").locator(".trail")).to_contain_text(
        first.say("accepted and given to the gateway")
    )


def test_a_client_who_waits_is_found_by_a_key_and_answered_from_the_list(
    settings: Settings, card: Card, outside: Outside
) -> None:
    outside.answer_as_client("+79261112233", "Когда привезёте?")
    card.open().reveal().open_chat(ORDERS)
    expect(card.bubble("Когда привезёте?")).to_be_visible()
    expect(card.frame.locator("#beside .waits")).to_be_visible()

    settings.open(user="admin")
    news = settings.frame.locator("#tab-write .tab-news")
    expect(news).to_be_visible()  # the list is behind another tab
    expect(settings.page).to_have_title(re.compile("^●"))
    settings.tab("write")
    expect(news).to_be_hidden()
    expect(settings.page).not_to_have_title(re.compile("^●"))
    item = settings.frame.locator("[data-waiting-chat]")
    expect(item).to_have_count(1)
    item.get_by_role("button").first.press("n")
    expect(item).to_be_focused()
    item.press("?")
    expect(settings.dialog).to_be_visible()
    settings.dialog.get_by_role("button").press("Escape")
    expect(settings.dialog).to_be_hidden()
    item.dispatch_event("keydown", {"key": "е", "code": "KeyT"})  # of a Russian keyboard
    expect(item).to_contain_text(settings.say("you answer"))
    item.press("/")
    composer = settings.frame.get_by_label(settings.say("Message"), exact=True)
    expect(composer).to_be_visible()
    composer.fill("Завтра")
    settings.button("Send").click()
    expect(settings.frame.locator("#messages .bubble").filter(has_text=re.compile("Завтра"))).to_have_count(1)
    expect(item).to_have_count(0)


def test_the_list_of_who_waits_leaves_the_focus_where_it_is(settings: Settings, card: Card, outside: Outside) -> None:
    for number, client in ((ORDERS, "+79261112233"), (IVAN, "+79619510000")):
        outside.answer_as_client(client, "Когда привезёте?")
        card.open().reveal().open_chat(number)
        expect(card.bubble("Когда привезёте?")).to_be_visible()
    settings.page.clock.install()
    settings.open(user="rep")
    items = settings.frame.locator("[data-waiting-chat]")
    expect(items).to_have_count(2)
    last = settings.frame.locator("[data-waiting-chat]").filter(has_text="961")
    held = Held(settings.page, "**/app/waiting")
    settings.page.clock.run_for(20_000)
    until(settings.page, lambda: bool(held.answers))  # as the list was before the press
    last.locator("[id$=-take]").press("Enter")
    expect(last).to_contain_text(settings.say("you answer"))
    held.come()
    settings.inside.evaluate(A_WHILE)
    assert settings.say("you answer") in last.inner_text()
    write = last.locator("[data-waiting-open]")
    write.focus()
    card.open(user="rep").reveal().open_chat(ORDERS)
    card.send("Завтра")

    def look() -> bool:
        settings.page.clock.run_for(20_000)
        return items.count() == 1

    until(settings.page, look)
    expect(write).to_be_focused()
    settings.page.keyboard.press("Enter")
    expect(settings.frame.locator("#text")).to_be_focused()
    settings.page.keyboard.press("Escape")
    expect(write).to_be_focused()
