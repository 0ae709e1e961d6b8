"""Who answers a chat in its open line is seen in our pane, and can be changed there."""

import pytest

from tests.openlines.conftest import Circle
from tests.stand import CardPage

ANSWERS, MINE = "В открытой линии отвечает Роман Продажин.", "В открытой линии на этот чат отвечаете вы."


class Pane:
    """An open chat of one user."""

    def __init__(self, circle: Circle, user: str) -> None:
        self.page: CardPage = circle.widget.open(user=user, lang="ru").reveal()
        self.chat = circle.chat.id

    def do(self, what: str) -> CardPage:
        return self.page.post(f"/chats/{self.chat}/open-line", {"do": what})


def test_a_rep_sees_who_answers_takes_over_and_finishes(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.operator_writes("Здравствуйте")
    assert MINE in Pane(circle, "rep").do("look").words
    admin = Pane(circle, "admin")
    assert ANSWERS in admin.do("look").words
    assert MINE in admin.do("take").words
    assert circle.mirrored["owner"] == 1
    assert "нет оператора" in admin.do("finish").words
    assert not circle.mirrored["open"]


def test_before_the_messenger_opens_the_chat_its_reader_joins_it(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    page = Pane(circle, "admin").do("join")
    chat = circle.mirrored
    assert 1 in chat["members"]
    assert f'data-dialog="chat{chat["id"]}"' in page.text
    assert f"/online/?IM_LINES=chat{chat['id']}" in page.text


def test_a_takeover_that_did_not_happen_is_no_takeover(circle: Circle) -> None:
    """Bitrix24 says yes to an intercept that does nothing: the owner is read again."""
    circle.client_writes("Добрый день")
    circle.act("close")
    admin = Pane(circle, "admin")
    assert admin.do("take").refusal == "not_allowed"


@pytest.mark.parametrize("what", ["look", "take"])
def test_a_chat_that_nothing_was_mirrored_of_has_no_strip(circle: Circle, what: str) -> None:
    circle.services.storage.chats.remember(circle.site.portal.id, circle.line_id, "+79619510000")
    page = Pane(circle, "rep").do(what)
    assert (page.words, page.refusal) == (("", "") if what == "look" else (page.words, "not_allowed"))
