"""Chats of lines that were switched off or removed stay readable, and nothing is sent from them."""

from collections.abc import Callable

import pytest

from tests.stand import CardPage, Clock, Outside, Widget, in_russian
from widget.storage.lines import Grantee

MakeWidget = Callable[..., Widget]
IVAN, ORDERS = "+7 961 951-00-00", "+7 926 111-22-33"
both_languages = pytest.mark.parametrize("lang", ["en", "ru"])


@pytest.fixture
def widget(make_widget: MakeWidget) -> Widget:
    return make_widget(lines=("sales", "support"))


def said(lang: str, text: str, **values: object) -> str:
    return in_russian(text, **values) if lang == "ru" else text % values if values else text


def written_from(widget: Widget, line: int, lang: str = "en") -> tuple[CardPage, int]:
    """A card with a chat of a client who got a message from this line."""
    page = widget.open(lang=lang).reveal()
    chat = page.open_chat(page.keys[ORDERS], line=line).chat
    page.send(chat, "Hello from here", "key-1", confirmed=True)
    return page, chat


def to_the_top(page: CardPage, chat: int) -> CardPage:
    """The last piece of the history, where it says what its end is."""
    page.history(chat)
    while page.cursor:
        page.history(chat, page.cursor)
    return page


def switch_off(widget: Widget, line: int) -> None:
    widget.services.storage.lines.set_active(widget.portals[0], line, active=False)


def remove(widget: Widget, line: int) -> None:
    widget.services.storage.lines.remove(widget.portals[0], line)


@both_languages
@pytest.mark.parametrize(
    ("go", "where", "why"),
    [
        (
            switch_off,
            "Earlier chat: line %(line)s, which is switched off",
            "The line %(line)s is switched off. Its chat can be read; nothing can be sent from it.",
        ),
        (
            remove,
            "Earlier chat: line %(line)s, which was removed",
            "The line %(line)s was removed. Its chat can be read; nothing can be sent from it.",
        ),
    ],
)
def test_a_chat_of_a_line_that_is_gone_is_read_and_not_written_in(
    widget: Widget, outside: Outside, go: Callable[[Widget, int], None], where: str, why: str, lang: str
) -> None:
    page, chat = written_from(widget, 2, lang)
    go(widget, 2)
    outside.reset()

    row = page.refresh(line=1).row(ORDERS)
    assert said(lang, where, line="Line support") in row
    assert said(lang, "Create chat") in row

    page.open_chat(page.keys[ORDERS], line=2)
    assert page.chat == chat
    assert said(lang, why, line="Line support") in page.words
    assert said(lang, "Write from another line") in page.words
    assert '<option value="1">' in page.text
    assert 'id="composer"' not in page.text
    assert said(lang, why, line="Line support") in page.get(f"/chats/{chat}/line").words
    assert "Hello from here" in page.history(chat).words
    assert "data-can" not in page.text

    page.send(chat, "More", "key-2", confirmed=True)
    assert (page.answer.status_code, page.refusal) == (409, "line_off")
    assert "sendText" not in outside.calls()


@pytest.mark.parametrize("go", [switch_off, remove])
def test_a_press_that_is_repeated_after_the_line_went_is_not_told_that_nothing_was_sent(
    widget: Widget, outside: Outside, go: Callable[[Widget, int], None]
) -> None:
    page, chat = written_from(widget, 2)
    go(widget, 2)

    page.send(chat, "Hello from here", "key-1", confirmed=True)

    assert page.answer.status_code == 201
    assert "Hello from here" in page.words
    assert page.send(chat, "Another one", "key-2", confirmed=True).refusal == "line_off"
    assert outside.calls()["sendText"] == 1


def test_a_removed_line_is_asked_nothing_and_its_chat_says_what_is_shown(widget: Widget, outside: Outside) -> None:
    page, chat = written_from(widget, 2)
    remove(widget, 2)
    outside.reset()

    page.history(chat)

    assert "Only messages sent from cards are shown." in page.words
    assert outside.total("gateway") == 0


def test_who_could_not_use_a_line_cannot_read_its_chats_when_it_is_gone(widget: Widget, clock: Clock) -> None:
    _page, chat = written_from(widget, 2)
    widget.services.storage.lines.set_access(widget.portals[0], 2, [Grantee("U3", "Olga")])
    remove(widget, 2)
    clock.forward(60)

    page = widget.open(lang="en").reveal()
    assert "Line support" not in page.words
    assert page.history(chat).refusal == "not_allowed"
    assert page.open_chat(page.reveal().keys[ORDERS], line=2).refusal == "not_allowed"
    assert "Hello from here" in widget.open(user="admin", lang="en").reveal().history(chat).words


@both_languages
@pytest.mark.parametrize("go", [switch_off, remove])
def test_an_open_card_that_shows_it_is_told_and_has_a_button(
    widget: Widget, go: Callable[[Widget, int], None], lang: str
) -> None:
    page = widget.open(lang=lang).reveal()
    key = page.keys[ORDERS]
    go(widget, 2)

    for ask in (
        lambda: page.post("/chats", {"phone": key, "line": None, "shown": 2}),
        lambda: page.check([key], line=2),
    ):
        ask()
        assert (page.answer.status_code, page.refusal) == (409, "line_off")
        assert said(lang, "This line is switched off") in page.words
        assert said(lang, "Refresh the card") in page.words
        assert 'data-action="refresh"' in page.text

    for draw in (lambda: page.refresh(line=2), lambda: page.post("/card/lines", {"line": 2})):
        draw()
        assert page.answer.status_code == 200
        was = "The line %(line)s was removed." if go is remove else "The line %(line)s was switched off."
        assert said(lang, was, line="Line support") in page.words
        assert said(lang, "You now write from the line %(line)s.", line="Line sales") in page.words


@pytest.mark.parametrize(
    ("status", "words", "blocked"),
    [
        ("WORKING", "", False),
        ("SCAN_QR_CODE", "The line %(line)s is not connected to WhatsApp: it waits for its QR code.", True),
        ("STOPPED", "The line %(line)s is offline. The message may not go out.", False),
    ],
)
@both_languages
def test_a_chat_says_that_its_line_is_not_connected_and_offers_the_others(
    widget: Widget, outside: Outside, status: str, words: str, blocked: bool, lang: str
) -> None:
    outside.set_line("support", status)
    page = widget.open(lang=lang).reveal()
    chat = page.open_chat(page.keys[ORDERS], line=2).chat

    page.get(f"/chats/{chat}/line")

    assert (said(lang, words, line="Line support") in page.words) if words else not page.words
    assert ("data-blocked" in page.text) is blocked
    assert ('<option value="1">' in page.text) is bool(words)
    page.send(chat, "Hello", "key-1", confirmed=True)
    assert (page.refusal == "line_down") is blocked
    assert ("sendText" in outside.calls()) is not blocked
    page.open_chat(page.reveal().keys[ORDERS], line=2)  # now that it is known, it is said at once
    assert ("data-blocked" in page.text) is blocked


@both_languages
def test_a_new_chat_on_another_line_is_not_the_start_of_the_conversation(widget: Widget, lang: str) -> None:
    page, first = written_from(widget, 1, lang)
    start = said(lang, "This is the start of the chat")
    assert start in to_the_top(page, first).words

    second = page.open_chat(page.reveal().keys[ORDERS], line=2).chat
    to_the_top(page, second)
    assert start not in page.words
    assert said(lang, "No messages on this line yet") in page.words
    assert said(lang, "The client also has a chat on:") in page.words
    assert 'data-action="other-line" data-line="1"' in page.text

    page.send(second, "Hello again", "key-2", confirmed=True)
    assert start not in to_the_top(page, second).words
