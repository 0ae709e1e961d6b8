"""A card that nobody asked about costs nobody anything."""

import re
from urllib.parse import urlsplit

import pytest

from tests.stand import CROWDED_DEAL, DEAL, Clock, Outside, Widget, in_russian


def test_any_number_of_openings_calls_neither_the_portal_nor_a_gateway(widget: Widget, outside: Outside) -> None:
    for user in ("rep", "admin", "restricted"):
        for path in (DEAL, CROWDED_DEAL, "/crm/contact/details/42/"):
            assert widget.open(path, user=user).answer.status_code == 200

    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


def test_the_hidden_page_is_one_button_and_holds_no_client_data(widget: Widget) -> None:
    page = widget.open()

    shown = re.sub(r"<(template|dialog|noscript)\b.*?</\1>", "", page.text, flags=re.S)
    assert shown.count("<button") == 1
    assert "<button" in shown.split('data-action="reveal"')[0]
    assert "+7" not in page.text
    assert "Петров" not in page.text


@pytest.mark.parametrize(("lang", "said"), [("en", "Write in WhatsApp"), ("tc", "Write in WhatsApp"), ("ru", "")])
def test_the_button_speaks_the_readers_language_and_english_to_everybody_else(
    widget: Widget, outside: Outside, lang: str, said: str
) -> None:
    opening = outside.opening(lang="en")
    opening["action"] = opening["action"].replace("LANG=en", f"LANG={lang}")

    page = widget.post_opening(opening)

    assert (said or in_russian("Write in WhatsApp")) in page.words
    assert f'<html lang="{"ru" if lang == "ru" else "en"}">' in page.text


def test_the_opening_in_the_page_hides_the_token_it_carries(widget: Widget, outside: Outside) -> None:
    opening = outside.opening()

    page = widget.post_opening(opening)

    assert opening["fields"]["AUTH_ID"] not in page.text
    assert opening["fields"]["REFRESH_ID"] not in page.text
    assert opening["fields"]["AUTH_ID"].encode().hex() not in page.text


def test_only_the_stored_portal_may_frame_the_page(widget: Widget, outside: Outside) -> None:
    policy = widget.open().answer.headers["Content-Security-Policy"]

    split = urlsplit(outside.portal)
    assert f"frame-ancestors {split.scheme}://{split.netloc}" in policy.split("; ")
    assert "unsafe" not in policy


def test_a_card_that_was_never_saved_says_so_and_calls_nobody(widget: Widget, outside: Outside) -> None:
    for lang in ("en", "ru"):
        page = widget.open("/crm/deal/details/0/", lang=lang)

        text = "Save the card first"
        assert (text if lang == "en" else in_russian(text)) in page.words
        assert "<button" not in page.text
    assert (outside.total("portal"), outside.total("gateway")) == (0, 0)


def test_the_address_opened_by_hand_explains_itself(widget: Widget) -> None:
    answer = widget.app.test_client().get("/placement")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.get_data(as_text=True)


def test_a_page_that_waited_for_a_working_day_is_not_believed_any_more(widget: Widget, clock: Clock) -> None:
    page = widget.open()
    session_tokens = widget.services.entrance.session_tokens
    opening = session_tokens.read_launch(page.opening_ticket)
    fernet = widget.services.storage.secret_box.fernet
    sealed = fernet.decrypt(page.opening_ticket.encode())
    created = fernet.extract_timestamp(page.opening_ticket.encode())
    old = fernet.encrypt_at_time(sealed, created - 12 * 3600 - 60).decode()
    young = fernet.encrypt_at_time(sealed, created - 12 * 3600 + 600).decode()

    assert session_tokens.read_launch(young) == opening
    answer = page.client.post("/card", json={"pressed": True}, headers={"X-Opening": old})
    assert (answer.status_code, answer.headers["X-Refusal"]) == (401, "session_over")
