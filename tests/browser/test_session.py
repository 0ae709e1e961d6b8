"""A session that ends while the card is open is renewed through the portal, and nobody notices."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Complaints
from tests.browser.pages import IVAN, ORDERS, SENT, Card
from tests.stand import Outside

ENDED = "Failed to load resource.*401"


class Forgotten:
    """Presses whose session no server has signed; ours answers as to one that is over. `times` of
    them, and never what the page asks by itself."""

    def __init__(self, page: Page, path: str, times: int = 1) -> None:
        self.left = times
        page.route(path, self.forget)

    def forget(self, route: Route) -> None:
        forgotten = self.left and route.request.method == "POST"
        self.left -= bool(forgotten)
        route.continue_(headers={**route.request.headers, **({"x-session": "over"} if forgotten else {})})


def test_a_send_after_the_session_ended_goes_out_once_without_a_word(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect(ENDED)
    card.open().reveal().open_chat(ORDERS).write("Час спустя")
    Forgotten(card.page, "**/chats/*/messages")

    card.send_button.click()

    expect(card.bubble("Час спустя").locator(SENT)).to_have_count(1)
    expect(card.composer).to_be_empty()
    expect(card.problem).to_be_hidden()
    expect(card.log.filter(has_text="refreshAuth ← ")).to_have_count(1)
    assert outside.calls()["sendText"] == 1


def test_a_refresh_after_the_session_ended_works_once_there_is_room(card: Card, complaints: Complaints) -> None:
    complaints.expect(f"{ENDED}|503")
    card.open().reveal()
    Forgotten(card.page, "**/card/refresh")
    crowded = {"X-Refusal": "crowded", "Retry-After": "0"}
    card.page.route("**/session", lambda route: route.fulfill(status=503, headers=crowded), times=1)

    card.button("Refresh the widget's data").click()

    expect(card.settle().frame.locator(".footnotes [data-keep]")).to_be_visible()
    expect(card.rows).to_have_count(6)


def test_when_the_portal_gives_no_new_token_the_text_stays_and_the_page_says_why(
    card: Card, outside: Outside, complaints: Complaints
) -> None:
    complaints.expect(ENDED)
    card.open().reveal().open_chat(IVAN).write("Не потеряйся")
    card.page.clock.install()
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"quirks": {"silent_auth": True}}).raise_for_status()
    Forgotten(card.page, "**/chats/*/messages", times=100)

    card.send_button.click()
    expect(card.log.filter(has_text="refreshAuth").first).to_be_attached()
    card.page.clock.fast_forward(11_000)

    expect(card.problem).to_contain_text(card.say("This page has been open too long"))
    expect(card.bubble("Не потеряйся")).to_be_visible()
    assert "sendText" not in outside.calls()
