"""The whole circle as people see it: client, open line, card."""

from typing import Any

from playwright.sync_api import BrowserContext, expect

from sandbox.demo import Demo
from tests.browser.pages import IVAN, Card, ClientPhone, Settings
from tests.chromium import new_page
from tests.stand import Outside, until

SCOPES = "crm,im,imconnector,imopenlines,placement,user_brief,userfieldconfig"


def test_client_operator_and_rep_talk_in_one_conversation(
    settings: Settings, card: Card, phone: ClientPhone, context: BrowserContext, demo: Demo, outside: Outside
) -> None:
    def chat() -> dict[str, Any]:
        chats = outside.http.get(f"{outside.portal}/_sandbox/portals/1").json()["centre"]["chats"]
        return dict(chats[0]) if chats else {"messages": []}

    def said() -> list[str]:
        return [one["text"] for one in chat()["messages"]]

    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"scopes": SCOPES}).raise_for_status()
    line = settings.open().frame.locator(".line-item").first
    settings.set_up_reports()
    mirror = line.locator("[data-part=mirror]")
    mirror.locator("summary").click()
    mirror.get_by_role("button", name=settings.say("Set up")).click()
    mirror.get_by_role("button", name=settings.say("I have allowed them")).click()
    mirror.get_by_label(settings.say("What stands there")).select_option("on")
    mirror.get_by_role("button", name=settings.say("Save")).click()
    expect(mirror.locator("summary .badge")).to_have_text(settings.say("on"))
    try:
        phone.answer(IVAN, "Добрый день, это про окна")
        until(lambda: "Добрый день, это про окна" in said())
        operator = new_page(context)
        operator.goto(f"{demo.portal}/openlines/?chat={chat()['id']}")
        operator.get_by_label("Ответ").fill("Здравствуйте! Какие окна?")
        operator.locator("button.is-primary").click()
        card.open().reveal().open_chat(IVAN)
        expect(card.bubble("Здравствуйте! Какие окна?")).to_be_visible()

        card.send("Замер завтра в десять")
        until(lambda: "Замер завтра в десять" in said())
        bound = chat()["bindings"]
        expect(card.frame.locator("#open-line")).to_contain_text(card.say("You answer this chat in the open line."))
        card.frame.get_by_role("link", name=card.say("Open in Bitrix24")).click()
        expect(card.page.locator("#panel-text")).to_have_text(f"chat{chat()['id']}")

        operator.reload()
        expect(operator.locator("#said")).to_contain_text("Роман Продажин: Замер завтра в десять")
        operator.get_by_role("button", name="Завершить диалог").click()
        phone.answer(IVAN, "И ещё вопрос")
        until(lambda: "И ещё вопрос" in said())
        assert (chat()["sessions"], chat()["bindings"], len(said())) == (2, bound, 4)
    finally:
        mirror.get_by_label(settings.say("What stands there")).select_option("off")
        mirror.get_by_role("button", name=settings.say("Save")).click()
        expect(mirror.locator("summary .badge")).to_have_text(settings.say("off"))
