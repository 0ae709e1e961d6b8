"""What an open page asks every two seconds: one read of the cache, and an answer only where
something came."""

from collections.abc import Callable

import pytest

from tests.card.test_costs import counted
from tests.stand import CardPage, Clock, Outside, Widget
from widget.chats.message_facts import MessageFacts, merger
from widget.gateways.base import Message

MakeWidget = Callable[..., Widget]
ORDERS, IVAN = "+7 926 111-22-33", "+7 961 951-00-00"


def ask(page: CardPage, marks: str, **more: object) -> CardPage:
    return page.post("/card/news", {"keys": list(KEYS.values()), "marks": marks, **more})


KEYS: dict[str, str] = {}


@pytest.fixture
def page(make_widget: MakeWidget, redis_url: str) -> CardPage:
    page = make_widget(redis_url=redis_url, rest_log_days=0).open(lang="en").reveal()
    KEYS.update(page.keys)
    return page


def marks_of(page: CardPage) -> str:
    return page.text.split('data-marks="')[1].split('"')[0]


def test_a_quiet_page_costs_one_read_of_the_cache_and_nothing_else(
    page: CardPage, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, app = marks_of(page), page.client.application
    widget = Widget(app, outside, Clock())
    calls = outside.total("gateway"), outside.total("portal")
    ask(page, marks)  # the portal is looked up once in a while
    with counted(widget, monkeypatch) as costs:
        assert ask(page, marks).answer.status_code == 204
    assert (costs["sql"], costs["redis"], costs["drawn"]) == (0, 1, 0)
    assert (outside.total("gateway"), outside.total("portal")) == calls


def test_what_a_client_wrote_comes_with_its_row_and_its_bubble_once(page: CardPage, outside: Outside) -> None:
    here = page.client.application.extensions["widget"]
    marks = marks_of(page)
    chat = page.open_chat(KEYS[ORDERS]).chat
    stored = here.storage.chats.get(1, chat)
    calls = outside.total("gateway")
    said = Message("m1", "false_79261112233@c.us_m1", int(here.infra.clock()), False, "*Готово* <b>?")
    here.storage.messages.grow(1, stored.line_id, "79261112233@c.us", "m1", merger(MessageFacts(message=said)))
    here.storage.chats.remember(
        1, stored.line_id, stored.phone, also=["79261112233@c.us"], proved=True, last_at=float(said.at)
    )

    ask(page, marks, chat=chat, since="0")
    assert "Готово &lt;b&gt;?" in page.row_html(ORDERS)
    assert "<b>Готово</b> &lt;b&gt;?" in page.text.split('class="piece"')[1]
    assert IVAN not in page.text
    assert ask(page, marks_of(page)).answer.status_code == 204
    assert outside.total("gateway") == calls


@pytest.mark.parametrize("body", [{}, {"keys": []}, {"keys": ["x"] * 101}, {"keys": ["x"], "marks": 3}])
def test_a_question_that_no_page_asks_is_refused(page: CardPage, body: dict[str, object]) -> None:
    assert page.post("/card/news", body).answer.status_code == 422


def test_a_chat_of_another_card_is_not_told_of(page: CardPage) -> None:
    here = page.client.application.extensions["widget"]
    other, _new = here.storage.chats.remember(1, 1, "+79990000000", proved=True)
    here.storage.chats.changed(
        here.storage.chats.find(1, 1, "+79261112233") or here.storage.chats.remember(1, 1, "+79261112233")[0]
    )

    assert ask(page, "", chat=other.id).answer.status_code == 403
