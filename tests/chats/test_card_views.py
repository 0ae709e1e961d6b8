"""The clip's other things in an open chat: a place, a contact card, and what Bitrix24 tells of a
colleague."""

from collections.abc import Callable

import pytest

from tests.stand import DEAL, CardPage, Outside, Widget
from widget.bitrix24.drive import DriveItem

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


# Bitrix24 Drive.


@pytest.fixture
def drive(widget: Widget, outside: Outside) -> CardPage:
    """A card whose portal has granted the permission."""
    scopes = "crm,disk,placement,user_brief"
    outside.http.post(f"{outside.portal}/_sandbox/portals/1", json={"scopes": scopes}).raise_for_status()
    widget.services.storage.portals.set_scopes(widget.portals[0], frozenset(scopes.split(",")))
    return widget.open(DEAL, user="rep", lang="en").reveal()


def test_a_file_of_the_drive_is_found_and_fetched_for_the_composer(drive: CardPage) -> None:
    chat = drive.open_chat(drive.keys[MARIA]).chat
    assert "File from Bitrix24 Drive" in drive.words
    look = f"/chats/{chat}/drive"
    assert "Общий диск" in drive.post(look, {}).words
    drive.post(look, {"folder": 12})
    assert "Прайсы" in drive.words
    assert "директора" not in drive.words  # Bitrix24 shows it to another employee alone
    assert 'data-name="прайс 2027.pdf" data-type="application/pdf"' in drive.post(look, {"folder": 21}).text
    file = drive.post(f"{look}/22", {}).answer
    assert (file.data, file.headers["Content-Type"]) == (b"%PDF-1.4 prices", "application/octet-stream")
    assert "More" in drive.post(look, {"folder": 11}).words
    assert "More" not in drive.post(look, {"folder": 11, "start": 50}).words


@pytest.mark.parametrize("file", [21, 23, 99])
def test_a_folder_another_employees_file_and_none_are_not_fetched(drive: CardPage, file: int) -> None:
    chat = drive.open_chat(drive.keys[MARIA]).chat
    assert drive.post(f"/chats/{chat}/drive/{file}", {}).answer.status_code in (403, 404, 502)


def test_an_address_on_another_host_is_not_called(drive: CardPage, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = drive.open_chat(drive.keys[MARIA]).chat
    elsewhere = DriveItem(22, "a.pdf", folder=False), "https://elsewhere.example/disk/downloadFile/22/?auth=x"
    monkeypatch.setattr("widget.chats.drive_views.read_file_address", lambda *_asked: elsewhere)
    assert drive.post(f"/chats/{chat}/drive/22", {}).refusal == "file_elsewhere"


def test_a_file_that_is_too_large_is_not_fetched(drive: CardPage, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = drive.open_chat(drive.keys[MARIA]).chat
    monkeypatch.setattr("widget.chats.drive_views.MAX_FILE_SIZE", 3)
    assert drive.post(f"/chats/{chat}/drive/22", {}).refusal == "too_large"


def test_without_the_permission_the_drive_is_not_offered(card: CardPage, chat: int, outside: Outside) -> None:
    assert "Bitrix24 Drive" not in card.words
    assert card.post(f"/chats/{chat}/drive", {}).refusal == "portal_scope"
    assert "disk.storage.getlist" not in outside.calls("portal")
