"""Chats from the card: create, open, and read everything back to the first message."""

import re
import threading
from collections.abc import Callable

import pytest

from sandbox.people import API_KEY, IVAN, OLEG, ORDERS_MOSCOW, RUSTAM
from tests.stand import DEAL, CardPage, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
IVAN_ROW, OLEG_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 924 123-45-67", "+7 926 111-22-33"
COMPANY, LEAD = "/crm/company/details/15/", "/crm/lead/details/501/"


@pytest.fixture
def card(widget: Widget) -> CardPage:
    return widget.open(lang="en").reveal()


def chats_in(widget: Widget, portal: int = 1) -> int:
    numbers = (IVAN.phone, OLEG.phone, ORDERS_MOSCOW.phone, RUSTAM.phone)
    return len(widget.services.storage.chats.of_phones(widget.portals[portal - 1], numbers))


def at_the_gateway(outside: Outside, phone: str, session: str = "sales") -> list[str]:
    """Every message of a chat at the gateway, oldest first, by the part of its id that we show."""
    answer = outside.http.get(
        f"{outside.gateway}/api/{session}/chats/{phone.lstrip('+')}@c.us/messages",
        params={"limit": 10_000, "downloadMedia": "false", "sortOrder": "asc"},
        headers={"X-Api-Key": API_KEY},
    )
    return [message["id"].split("_")[2] for message in answer.raise_for_status().json()]


def whole_history(page: CardPage, chat: int) -> list[str]:
    """As the page does it: each older piece goes on top."""
    found = page.history(chat).bubbles
    while page.cursor:
        found = page.history(chat, page.cursor).bubbles + found
    return found


# Create and open.


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_create_and_open_differ_in_text_and_icon(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal()
    create, open_ = ("Create chat", "Open chat") if lang == "en" else ("Создать чат", "Открыть чат")
    before = page.row_html(ORDERS_ROW)
    assert create in page.row(ORDERS_ROW)
    assert open_ not in page.row(ORDERS_ROW)

    page.open_chat(page.keys[ORDERS_ROW])
    after = page.reveal().row_html(ORDERS_ROW)

    assert open_ in page.row(ORDERS_ROW)
    assert create not in page.row(ORDERS_ROW)
    assert before.split('data-action="open-chat"')[1].split("</svg>")[0].split("<svg")[1] not in after


def test_the_row_of_an_open_chat_offers_it_by_name(widget: Widget) -> None:
    page = widget.open(lang="ru").reveal()
    page.open_chat(page.keys[ORDERS_ROW])

    row = page.reveal().row_html(ORDERS_ROW)

    assert 'title="Открыть чат"' in row
    assert f'aria-label="Открыть чат: {ORDERS_ROW}"' in row


def test_creating_twice_gives_one_chat(card: CardPage, widget: Widget) -> None:
    first = card.open_chat(card.keys[ORDERS_ROW])
    assert first.answer.status_code == 201
    chat = first.chat
    card.reveal()

    again = card.open_chat(card.keys[ORDERS_ROW])

    assert (again.answer.status_code, again.chat) == (200, chat)
    assert chats_in(widget) == 1


def test_the_chat_opens_from_every_card_that_has_the_number(widget: Widget) -> None:
    chats = set()
    for path in (DEAL, COMPANY, "/crm/contact/details/42/", "/crm/deal/details/7049/"):
        for user in ("rep", "admin"):
            page = widget.open(path, user=user).reveal()
            chats.add(page.open_chat(page.keys[ORDERS_ROW]).chat)

    assert len(chats) == 1
    assert chats_in(widget) == 1


def test_twenty_who_create_it_at_once_get_one_chat(make_widget: Callable[..., Widget]) -> None:
    widget = make_widget(portal_requests=20)
    pages = [widget.open(path).reveal() for path in (DEAL, COMPANY) * 10]
    keys = [page.keys[ORDERS_ROW] for page in pages]
    start = threading.Barrier(len(pages))

    def create(page: CardPage, key: str) -> None:
        start.wait()
        page.open_chat(key)

    threads = [threading.Thread(target=create, args=pair) for pair in zip(pages, keys, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {page.answer.status_code for page in pages} <= {200, 201}
    assert [page.answer.status_code for page in pages].count(201) == 1
    assert len({page.chat for page in pages}) == 1
    assert chats_in(widget) == 1


def test_opening_a_chat_asks_the_gateway_nothing(card: CardPage, outside: Outside) -> None:
    card.open_chat(card.keys[ORDERS_ROW])

    assert outside.total("gateway") == 0


def test_the_pane_names_whom_and_from_where(card: CardPage) -> None:
    card.open_chat(card.keys[ORDERS_ROW])

    assert f"To {ORDERS_ROW} from Line sales" in card.words
    assert "Окна Амура" in card.words
    assert "0 / 4096" in card.words


def test_a_number_that_was_not_found_is_warned_about_and_can_be_written_to(card: CardPage) -> None:
    card.check()
    card.open_chat(card.keys["+7 912 345-67-89"])

    assert "WhatsApp was not found for this number at 11:00 AM. The message may not arrive." in card.words
    assert "Send" in card.words


def test_a_phone_that_is_not_on_the_card_is_refused(card: CardPage, widget: Widget) -> None:
    foreign = widget.open(LEAD).reveal().keys["+375 29 123-45-67"]

    for key in (foreign, "0" * 24, IVAN.phone):
        assert card.open_chat(key).answer.status_code == 403
    assert chats_in(widget) == 0


def test_a_chat_of_another_cards_number_is_refused(card: CardPage, widget: Widget, outside: Outside) -> None:
    lead = widget.open(LEAD).reveal()
    theirs = lead.open_chat(lead.keys["+375 29 123-45-67"]).chat
    ours = card.open_chat(card.keys[ORDERS_ROW]).chat

    assert card.history(theirs).answer.status_code == 403
    assert card.send(theirs, "Hello", "key-1").answer.status_code == 403
    assert card.get(f"/chats/{theirs}/media/x").answer.status_code == 403
    assert card.history(theirs + 1000).answer.status_code == 404
    assert outside.total("gateway") == 0
    assert card.history(ours).answer.status_code == 200


@pytest.mark.parametrize("chat", [2**63, 10**30])
def test_a_chat_with_an_absurd_id_is_not_found(card: CardPage, chat: int) -> None:
    assert card.history(chat).answer.status_code == 404
    assert card.send(chat, "Hello", "key-1").answer.status_code == 404


# History.


def test_the_history_goes_to_the_first_message_without_a_gap_or_a_repeat(card: CardPage, outside: Outside) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat

    shown = whole_history(card, chat)

    assert len(shown) == IVAN.chat
    assert len(set(shown)) == len(shown)
    assert sorted(shown) == sorted(at_the_gateway(outside, IVAN.phone))
    assert "sendSeen" not in outside.calls()


def test_bubbles_are_in_the_order_of_their_times(card: CardPage) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    newest = [float(at) for at in re.findall(r'data-at="([\d.]+)"', card.history(chat).text)]
    older = [float(at) for at in re.findall(r'data-at="([\d.]+)"', card.history(chat, card.cursor).text)]

    assert newest == sorted(newest)
    assert older == sorted(older)
    assert older[-1] <= newest[0]


def test_messages_that_arrive_meanwhile_neither_repeat_nor_hide_older_ones(card: CardPage, outside: Outside) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    before = at_the_gateway(outside, IVAN.phone)
    found = card.history(chat).bubbles
    number = 0
    while card.cursor:
        cursor = card.cursor
        for _message in range(3):
            number += 1
            outside.answer_as_client(IVAN.phone, f"Ещё вопрос {number}")
        found = card.history(chat, cursor).bubbles + found

    assert len(found) == len(set(found))
    assert sorted(found) == sorted(before)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_start_of_the_chat_says_that_it_is_the_start(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal()
    chat = page.open_chat(page.keys[IVAN_ROW]).chat
    text = "This is the start of the chat"
    said = text if lang == "en" else in_russian(text)
    assert said not in page.history(chat).words

    whole_history(page, chat)

    assert said in page.words


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_line_that_knows_only_a_part_says_where_the_rest_is(make_widget: MakeWidget, lang: str) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang=lang).reveal()
    chat = page.open_chat(page.keys[OLEG_ROW], line=2).chat

    assert len(whole_history(page, chat)) == OLEG.chat
    text = "Older messages are only on the phone"
    assert (text if lang == "en" else in_russian(text)) in page.words


def test_a_chat_kept_under_a_lid_is_found_by_its_number(widget: Widget) -> None:
    page = widget.open("/crm/type/31/details/88/").reveal()
    key = page.keys["+998 90 123 45 67"]
    page.check()
    assert page.rows["+998 90 123 45 67"] == "yes"

    chat = page.open_chat(key).chat

    assert len(whole_history(page, chat)) == RUSTAM.chat


def test_an_unchanged_history_is_not_sent_again(card: CardPage, outside: Outside) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    first = card.history(chat).answer
    assert 'data-action="media"' in card.text

    again = card.get(f"/chats/{chat}/messages", **{"If-None-Match": first.headers["ETag"]})
    assert (again.answer.status_code, again.text) == (304, "")

    outside.answer_as_client(IVAN.phone, "Это новое сообщение")
    changed = card.get(f"/chats/{chat}/messages", **{"If-None-Match": first.headers["ETag"]})
    assert changed.answer.status_code == 200
    assert "Это новое сообщение" in changed.words


def test_what_one_reader_has_is_not_unchanged_for_another_language(widget: Widget) -> None:
    tags = set()
    for lang in ("en", "ru"):
        page = widget.open(lang=lang).reveal()
        tags.add(page.history(page.open_chat(page.keys[IVAN_ROW]).chat).answer.headers["ETag"])

    assert len(tags) == 2


def test_times_are_in_the_readers_bitrix24_zone(widget: Widget, outside: Outside) -> None:
    page = widget.open(lang="ru").reveal()
    chat = page.open_chat(page.keys[IVAN_ROW]).chat

    first = re.search(r'<time datetime="([^"]+)">(\d\d:\d\d)</time>', page.history(chat).text)

    assert first
    hour, minute = int(first[1][11:13]), first[1][14:16]
    assert first[1].endswith("+00:00")
    assert first[2] == f"{(hour + 3) % 24:02}:{minute}"


def test_every_kind_of_message_is_shown_as_what_it_is(card: CardPage) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat
    card.history(chat)

    for words in ("This message was deleted", "edited", "Photo", "Voice message", "0:14", "not sent", "read", "👍"):
        assert words in card.words
    assert card.text.count('class="quote"') >= 3
    assert "<b>hi</b> <script>alert(1)</script>" in card.words
    assert "<script" not in card.text
    assert '<a href="https://example.com/catalog' in card.text
    assert re.search(r'<a href="https://example.com/[^>]* rel="[^"]*\bnoopener\b', card.text)
    assert 'src="data:image/jpeg;base64,' in card.text


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_gateway_that_fails_leaves_our_own_messages_and_offers_to_try_again(
    widget: Widget, outside: Outside, lang: str
) -> None:
    page = widget.open(lang=lang).reveal()
    chat = page.open_chat(page.keys[ORDERS_ROW]).chat
    page.send(chat, "Мы перезвоним", "key-1")
    outside.break_gateway("html", "messages", times=None)

    page.history(chat)

    assert "Мы перезвоним" in page.words
    assert 'data-action="retry-history"' in page.text
    text = "Loading failed: %(reason)s"
    reason = "the gateway gave an answer that makes no sense"
    said = text % {"reason": reason} if lang == "en" else in_russian(text, reason=in_russian(reason))
    assert said in page.words
    outside.heal()
    assert 'data-action="retry-history"' not in page.history(chat).text
    assert page.words.count("Мы перезвоним") == 1


@pytest.mark.parametrize("fault", ["html", "not_working", "silence", "unauthorized"])
def test_an_older_page_that_fails_can_be_tried_again(widget: Widget, outside: Outside, fault: str) -> None:
    page = widget.open(lang="en").reveal()
    chat = page.open_chat(page.keys[IVAN_ROW]).chat
    cursor = page.history(chat).cursor
    outside.break_gateway(fault, "messages", times=1)

    page.history(chat, cursor)

    assert page.answer.status_code == 502
    assert 'data-action="retry-history"' in page.text
    assert page.history(chat, cursor).answer.status_code == 200
    assert len(page.bubbles) == 30


def test_an_answer_of_the_client_appears_at_the_next_look(card: CardPage, outside: Outside) -> None:
    chat = card.open_chat(card.keys[ORDERS_ROW]).chat
    card.send(chat, "Добрый день! Окна готовы.", "key-1")
    outside.answer_as_client(ORDERS_MOSCOW.phone, "Спасибо, заберу завтра")

    card.history(chat)

    assert [text in card.words for text in ("Окна готовы", "заберу завтра")] == [True, True]
    assert card.reveal().rows[ORDERS_ROW] == "yes"  # who writes has WhatsApp: no check needed
    assert "check-exists" not in outside.calls()
    assert "sendSeen" not in outside.calls()


@pytest.mark.parametrize("before", ["x", "1:2:3", "-1:0", "9" * 40, "1.5:0", "0x10:1"])
def test_a_made_up_place_in_the_history_is_refused_clearly(card: CardPage, outside: Outside, before: str) -> None:
    chat = card.open_chat(card.keys[IVAN_ROW]).chat

    answer = card.history(chat, before).answer

    assert 400 <= answer.status_code < 500
    assert "messages" not in outside.calls()


# Files.


def media_urls(page: CardPage, kind: str) -> list[str]:
    return re.findall(rf'data-src="([^"]+)" data-kind="{kind}"', page.text)


@pytest.mark.parametrize(
    ("kind", "shown_as", "disposition"),
    [
        ("image", "image/", "inline"),
        ("audio", "audio/", "inline"),
        ("document", "application/octet-stream", "attachment"),
    ],
)
def test_files_come_through_us_shown_if_harmless_saved_if_not(
    card: CardPage, outside: Outside, kind: str, shown_as: str, disposition: str
) -> None:
    card.history(card.open_chat(card.keys[IVAN_ROW]).chat)

    answer = card.get(media_urls(card, kind)[0]).answer

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(shown_as)
    assert answer.headers["Content-Disposition"].split(";")[0] == disposition
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]
    assert len(answer.get_data()) > 100
    assert outside.calls()["files"] == 1


def test_no_address_of_the_gateway_is_in_the_page(card: CardPage, outside: Outside) -> None:
    card.history(card.open_chat(card.keys[IVAN_ROW]).chat)

    assert media_urls(card, "image")
    for secret in (outside.gateway, "localhost:3000", "/api/files", "@c.us", API_KEY):
        assert secret not in card.text


def test_a_file_that_is_gone_is_a_clear_refusal(card: CardPage) -> None:
    card.history(card.open_chat(card.keys[IVAN_ROW]).chat)

    lost = card.get(media_urls(card, "video")[0])

    assert lost.answer.status_code in (404, 502)
    assert lost.refusal
    assert "<html" not in lost.text


def test_a_file_is_not_had_without_a_session(card: CardPage) -> None:
    card.history(card.open_chat(card.keys[IVAN_ROW]).chat)

    assert card.client.get(media_urls(card, "image")[0]).status_code == 401


def test_a_file_of_another_chat_and_a_made_up_one_are_refused(card: CardPage, outside: Outside) -> None:
    ivans = card.open_chat(card.keys[IVAN_ROW]).chat
    card.history(ivans)
    ref = media_urls(card, "image")[0].rsplit("/", 1)[1]
    card.reveal()
    other = card.open_chat(card.keys[ORDERS_ROW]).chat
    unsealed = f"false_{IVAN.phone[1:]}@c.us_{at_the_gateway(outside, IVAN.phone)[0]}"
    calls = outside.calls()

    for chat, name in ((other, ref), (ivans, ref[:-2] + "xx"), (ivans, unsealed), (ivans, "x" * 3000), (ivans, "é")):
        assert card.get(f"/chats/{chat}/media/{name}").answer.status_code == 404
    assert outside.calls() == calls
