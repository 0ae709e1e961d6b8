"""Who answers a chat in its open line is seen in our pane, and can be changed there."""

import pytest

from tests.openlines.conftest import Circle
from tests.stand import CardPage
from widget.storage.lines import Mirroring

ANSWERS, MINE = "В открытой линии отвечает Роман Продажин.", "В открытой линии на этот чат отвечаете вы."


class Pane:
    """An open chat of one user."""

    def __init__(self, circle: Circle, user: str) -> None:
        self.page: CardPage = circle.widget.open(user=user, lang="ru").reveal()
        self.chat = circle.chat.id

    def do(self, what: str, **more: int) -> CardPage:
        return self.page.post(f"/chats/{self.chat}/open-line", {"do": what, **more})

    def take_here(self) -> CardPage:
        """The button of the pane that knows nothing of open lines."""
        return self.page.post(f"/chats/{self.chat}/take", {})


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


def test_who_answers_there_has_the_chat_here_and_the_other_way_round(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("Добрый день")
    circle.operator_writes("Здравствуйте")
    assert circle.chat.owner_id == 2
    admin = Pane(circle, "admin")
    admin.take_here()
    assert (circle.chat.owner_id, circle.mirrored["owner"]) == (1, 1)
    circle.act("take", user="rep")  # in Bitrix24, where no event tells of it
    admin.do("look")
    assert circle.chat.owner_id == 2
    circle.act("take", user="admin")
    circle.later(130)  # and without a look from our pane
    assert circle.chat.owner_id == 1


def test_a_chat_is_handed_over_to_a_colleague_in_both(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.operator_writes("Здравствуйте")
    circle.services.storage.staff.seen(circle.site.portal.id, 4, "Глеб Начальников", admin=False)
    rep = Pane(circle, "rep")
    assert "Глеб Начальников" in rep.do("look").words
    assert "В открытой линии отвечает" in rep.do("give", user=4).words
    assert (circle.chat.owner_id, circle.mirrored["owner"]) == (4, 4)
    assert rep.do("give", user=77).refusal == "bad_form"


def test_a_row_of_a_mirrored_chat_opens_it_in_bitrix24(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    assert f'data-action="open-there" data-chat-id="{circle.chat.id}"' in circle.open_card().text
    circle.mirror(Mirroring.STOPPED)
    assert "open-there" not in circle.open_card().text
