"""Who may use a line: Bitrix24 is asked with the card, and the server refuses whatever the page
sends."""

from collections.abc import Callable

import pytest

from tests.stand import CardPage, Clock, Outside, Widget, in_russian
from widget.storage.lines import Grantee

IVAN_ROW = "+7 961 951-00-00"
REP, RESTRICTED = Grantee("U2", "Роман Продажин"), Grantee("U3", "Ольга Новичкова")
MINUTE = 60


@pytest.fixture
def widget(make_widget: Callable[..., Widget]) -> Widget:
    """Two lines; «Line sales» (1) has the long chat with Ivan."""
    return make_widget(lines=("sales", "support"))


def give(widget: Widget, line_id: int, *who: Grantee) -> None:
    widget.services.storage.lines.set_access(widget.portals[0], line_id, who)


def with_ivans_chat(widget: Widget) -> CardPage:
    card = widget.open(user="admin", lang="en").reveal()
    card.open_chat(card.keys[IVAN_ROW], line=1)
    card.history(card.chat)
    return card


def test_without_access_lists_the_portal_is_asked_nothing_more(widget: Widget, outside: Outside) -> None:
    widget.open().reveal()

    assert "user.access" not in commands(outside)


def test_lists_are_asked_in_the_cards_batch_once_for_each_and_remembered_with_it(
    widget: Widget, outside: Outside
) -> None:
    give(widget, 1, REP)
    give(widget, 2, REP)

    card = widget.open().reveal()
    card.reveal()
    card.post("/card/lines", {"line": None})

    assert outside.calls("portal")["batch"] == 1
    assert commands(outside).count("user.access") == 1


def test_a_line_that_is_closed_to_a_user_is_neither_listed_nor_hinted_at(widget: Widget) -> None:
    with_ivans_chat(widget)
    give(widget, 1, RESTRICTED)

    card = widget.open(lang="en").reveal()

    assert "Line sales" not in card.words
    assert "Line support" in card.words
    row = card.row_html(IVAN_ROW)
    assert "Create chat" in row
    assert "open-history" not in row
    assert card.rows[IVAN_ROW] == "yes"  # what a line learned about WhatsApp is the portal's


def test_every_way_to_a_closed_line_is_refused(widget: Widget, outside: Outside) -> None:
    admin = with_ivans_chat(widget)
    chat = admin.open_chat(admin.reveal().keys[IVAN_ROW], line=1).chat
    ref = admin.history(chat).text.split('data-src="')[1].split('"')[0]
    give(widget, 1, RESTRICTED)
    card = widget.open(lang="en").reveal()
    key = card.keys[IVAN_ROW]
    outside.reset()

    for call in (
        lambda: card.open_chat(key, line=1),
        lambda: card.check([key], line=1),
        lambda: card.refresh(line=1),
        lambda: card.post("/card/again", {"version": "x", "line": 1}),
        lambda: card.post("/card/lines", {"line": 1}),
        lambda: card.history(chat),
        lambda: card.get(f"/chats/{chat}/line"),
        lambda: card.history(chat, "1700000000:0"),
        lambda: card.send(chat, "Hello", "key-1", confirmed=True),
        lambda: card.get(ref),
    ):
        call()
        assert (card.answer.status_code, card.refusal) == (403, "not_allowed")
    assert not {"sendText", "messages", "files", "check-exists"} & set(outside.calls())


def test_users_departments_and_everybody_are_bitrix24s_own_words(widget: Widget, clock: Clock) -> None:
    card = widget.open(lang="en").reveal()  # the rep: user 2, in departments 1 and 5

    for code, open_to_rep in (("U2", True), ("D5", True), ("DR1", True), ("AU", True), ("D7", False), ("U9", False)):
        give(widget, 1, Grantee(code, code))
        clock.forward(MINUTE)
        assert ("Line sales" in card.reveal().words) is open_to_rep, code


def test_an_administrator_may_use_every_line(widget: Widget) -> None:
    give(widget, 1, RESTRICTED)

    assert "Line sales" in widget.open(user="admin", lang="en").reveal().words


def test_a_list_that_changes_holds_in_open_cards_within_a_minute(widget: Widget, clock: Clock) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[IVAN_ROW], line=1).chat

    give(widget.twin(), 1, RESTRICTED)  # in another process
    clock.forward(MINUTE)
    assert card.history(chat).answer.status_code == 403
    assert "Line sales" not in card.reveal().words

    give(widget.twin(), 1, RESTRICTED, REP)
    clock.forward(MINUTE)
    assert card.history(chat).answer.status_code == 200


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_who_may_use_no_line_is_told_that_and_not_that_there_is_none(widget: Widget, lang: str) -> None:
    give(widget, 1, RESTRICTED)
    give(widget, 2, RESTRICTED)
    text = "No line is open to you. An administrator decides who may use a line."

    card = widget.open(lang=lang).reveal()

    assert (text if lang == "en" else in_russian(text)) in card.words
    assert "open-chat" not in card.text


def test_a_list_that_bitrix24_does_not_answer_about_is_closed(widget: Widget, outside: Outside) -> None:
    give(widget, 1, REP)
    outside.break_portal("ACCESS_DENIED", "batch:user.access", times=None)

    card = widget.open(lang="en").reveal()

    assert "Line sales" not in card.words
    assert "Line support" in card.words


def test_the_line_of_an_older_chat_is_shown_when_the_newest_is_closed(widget: Widget, outside: Outside) -> None:
    admin = with_ivans_chat(widget)
    admin.reveal()
    older = admin.open_chat(admin.keys[IVAN_ROW], line=2).chat
    give(widget, 1, RESTRICTED)

    card = widget.open(lang="en").reveal()
    assert "Open chat" in card.row(IVAN_ROW)
    assert card.open_chat(card.keys[IVAN_ROW]).chat == older


def commands(outside: Outside) -> list[str]:
    """Every command inside of batches, as often as it was called."""
    found: dict[str, int] = outside.http.get(f"{outside.portal}/_sandbox/commands").json()["commands"]
    return [name for name, count in found.items() for _ in range(count)]
