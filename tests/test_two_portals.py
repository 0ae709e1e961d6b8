"""Two companies on one service that know the same client: neither learns anything from the
other."""

import pytest

from sandbox.people import IVAN
from tests.stand import DEAL, CardPage, Outside, Widget

IVAN_ROW = "+7 961 951-00-00"


@pytest.fixture
def first(widget: Widget) -> CardPage:
    return widget.open(portal=1).reveal()


@pytest.fixture
def second(widget: Widget) -> CardPage:
    return widget.open(portal=2).reveal()


def test_the_same_card_number_is_another_card_in_each_portal(first: CardPage, second: CardPage) -> None:
    assert len(first.rows) == 6
    assert list(second.rows) == [IVAN_ROW]
    assert "Иван Петров" in first.row(IVAN_ROW)
    assert "Иван Сергеевич" in second.row(IVAN_ROW)
    assert "Петров" not in second.text


def test_each_portal_may_frame_its_own_pages_only(widget: Widget) -> None:
    policies = {widget.open(portal=portal).answer.headers["Content-Security-Policy"] for portal in (1, 2)}

    assert len(policies) == 2


def test_the_key_of_a_number_is_another_one_in_each_portal(first: CardPage, second: CardPage) -> None:
    assert first.keys[IVAN_ROW] != second.keys[IVAN_ROW]
    assert second.check([first.keys[IVAN_ROW]]).answer.status_code == 403
    assert second.open_chat(first.keys[IVAN_ROW]).answer.status_code == 403


def test_what_one_portal_found_out_the_other_does_not_know(first: CardPage, second: CardPage, outside: Outside) -> None:
    first.check()
    assert first.rows[IVAN_ROW] == "yes"
    asked = outside.calls("gateway")

    assert second.reveal().rows[IVAN_ROW] == "checking"
    assert outside.calls("gateway") == asked
    assert second.check().rows[IVAN_ROW] == "yes"


def test_a_refresh_in_one_portal_forgets_nothing_of_the_other(first: CardPage, second: CardPage) -> None:
    first.check()
    second.check()

    second.refresh()

    assert first.reveal().to_ask == []


def test_the_limits_of_ones_line_are_not_spent_by_the_other(first: CardPage, second: CardPage, widget: Widget) -> None:
    lines = [widget.services.storage.lines.of(portal)[0] for portal in widget.portals]
    limiter = widget.services.presence.check_budget._limiter
    limiter.acquire(str(lines[0].id), 10)

    assert first.check().rows["+7 926 111-22-33"] == "limit"
    assert second.check().rows[IVAN_ROW] == "yes"


def test_a_chat_and_its_history_are_the_own_portals(
    first: CardPage, second: CardPage, widget: Widget, outside: Outside
) -> None:
    chat = first.open_chat(first.keys[IVAN_ROW]).chat
    first.send(chat, "Только для первого портала", "key-1")

    assert second.history(chat).answer.status_code == 404
    assert second.send(chat, "Чужой чат", "key-2").answer.status_code == 404
    assert second.reveal().row(IVAN_ROW).count("Create chat") + second.row(IVAN_ROW).count("Создать чат") == 1
    own = second.open_chat(second.keys[IVAN_ROW])
    assert own.answer.status_code == 201
    assert own.chat != chat
    assert [len(widget.services.storage.chats.of_phones(portal, [IVAN.phone])) for portal in widget.portals] == [1, 1]


def test_one_send_key_in_two_portals_is_two_messages(first: CardPage, second: CardPage, outside: Outside) -> None:
    bubbles = []
    for card in (first, second):
        chat = card.open_chat(card.keys[IVAN_ROW]).chat
        bubbles += card.send(chat, "Добрый день", "the same key").bubbles

    assert outside.calls()["sendText"] == 2
    assert len(set(bubbles)) == 2


def test_a_session_of_one_portal_names_no_line_of_the_other(first: CardPage, widget: Widget) -> None:
    theirs = widget.services.storage.lines.of(widget.portals[1])[0].id

    assert first.open_chat(first.keys[IVAN_ROW], line=theirs).answer.status_code == 403
    assert "Line sales" in first.post("/card/lines", {"line": None}).words
    assert f'value="{theirs}"' not in first.text


def test_user_two_of_the_second_portal_is_not_user_two_of_the_first(widget: Widget, outside: Outside) -> None:
    """Both portals number their users from one, and both tokens are stored."""
    for _round in range(2):
        ones, twos = widget.open(DEAL, portal=1).reveal(), widget.open(DEAL, portal=2).reveal()
        assert (len(ones.rows), len(twos.rows)) == (6, 1)
        ones.refresh()
        twos.refresh()
        assert (len(ones.rows), len(twos.rows)) == (6, 1)
