"""The clip's other things in an open chat: a place, a contact card, and what Bitrix24 tells of a colleague."""

from collections.abc import Callable

import pytest

from tests.stand import DEAL, CardPage, Outside, Widget

MARIA = "+7 912 345-67-89"


@pytest.fixture
def card(widget: Widget) -> CardPage:
    return widget.open(DEAL, user="rep", lang="en").reveal()


@pytest.fixture
def chat(card: CardPage) -> int:
    return card.open_chat(card.keys[MARIA]).chat


def test_a_place_goes_out_once_under_its_key(card: CardPage, chat: int, outside: Outside) -> None:
    body = {"place": "https://yandex.ru/maps/?ll=37.6173%2C55.7558", "name": " Our \n office ", "key": "key-1"}
    for _press in range(2):
        assert card.post(f"/chats/{chat}/location", body).answer.status_code == 201
    assert outside.calls()["sendLocation"] == 1
    assert "Our office" in card.words
    assert "55.75580, 37.61730" in card.words
    assert "55.75580, 37.61730" in card.history(chat).words


def test_what_is_no_place_is_said_so_before_anything_is_sent(card: CardPage, chat: int, outside: Outside) -> None:
    card.post(f"/chats/{chat}/location", {"place": "https://maps.app.goo.gl/x", "key": "key-1"})
    assert (card.answer.status_code, card.refusal) == (422, "not_a_place")
    assert "Short links hold no coordinates" in card.words
    assert "sendLocation" not in outside.calls()


@pytest.mark.parametrize(
    ("name", "number", "refusal"),
    [("Anna", "8 900 123-45-68", ""), ("Anna", "12", "not_a_phone"), ("", "+79001234568", "not_a_phone")],
)
def test_a_contact_card_needs_a_name_and_a_phone(
    card: CardPage, chat: int, outside: Outside, name: str, number: str, refusal: str
) -> None:
    card.post(f"/chats/{chat}/contact", {"name": name, "number": number, "key": "key-1"})
    assert card.refusal == refusal
    assert outside.calls().get("sendContactVcard", 0) == (not refusal)
    if not refusal:
        assert "+7 900 123-45-68" in card.words


def test_at_night_it_is_asked_back_as_for_a_text(
    make_widget: Callable[..., Widget], clock: object, outside: Outside
) -> None:
    widget = make_widget(session_minutes=10_000)
    card = widget.open(DEAL, user="rep", lang="en").reveal()
    chat = card.open_chat(card.keys[MARIA]).chat
    widget.clock.forward(10 * 3600)
    card.post(f"/chats/{chat}/location", {"place": "1.5, 2.5", "key": "key-1"})
    assert (card.answer.status_code, card.refusal) == (409, "confirm")
    assert "sendLocation" not in outside.calls()


def test_of_a_colleague_is_told_what_the_scopes_show(widget: Widget, card: CardPage, chat: int) -> None:
    widget.services.storage.staff.seen(widget.portals[0], 1, "Анна Админова")
    opened = card.post(f"/chats/{chat}/colleague", {"user": 1}).text
    assert 'data-name="Анна Админова"' in opened
    assert 'data-phone=""' in opened  # user_brief alone shows none
    assert card.post(f"/chats/{chat}/colleague", {"user": 77}).answer.status_code == 404


def test_the_clip_offers_what_the_lines_gateway_can(card: CardPage, chat: int) -> None:
    for words in ("Location", "Contact of a colleague"):
        assert words in card.words
