"""Which of the company's accounts one writes from, and what state each is in."""

import re
from collections.abc import Callable

import pytest

from tests.stand import CardPage, Outside, Widget, in_russian
from widget.storage.settings import Defaults

MakeWidget = Callable[..., Widget]
IVAN, OLEG, ORDERS = "+7 961 951-00-00", "+7 924 123-45-67", "+7 926 111-22-33"


def options(page: CardPage) -> list[str]:
    return [" ".join(text.split()) for text in re.findall(r"<option[^>]*>(.*?)</option>", page.text, re.S)]


def selected(page: CardPage) -> str:
    found = re.search(r"<option[^>]* selected>(.*?)</option>", page.text, re.S)
    return " ".join(found[1].split()) if found else ""


def states(page: CardPage, line: int | None = None) -> CardPage:
    return page.post("/card/lines", {"line": line})


def test_without_a_line_the_card_says_who_adds_one(make_widget: MakeWidget, outside: Outside) -> None:
    page = make_widget(lines=()).open(lang="en").reveal()

    assert "No line is connected." in page.words
    assert "<select" not in page.text
    assert "Create chat" not in page.words
    states(page)
    assert page.answer.status_code == 200
    assert outside.total("gateway") == 0


def test_one_line_is_named_and_chosen(widget: Widget) -> None:
    page = widget.open().reveal()

    assert options(page) == ["Line sales"]
    assert selected(page) == "Line sales"


def test_several_lines_are_offered_the_first_is_chosen_until_one_has_talked(make_widget: MakeWidget) -> None:
    page = make_widget(lines=("sales", "support", "archive")).open().reveal()

    assert options(page) == ["Line sales", "Line support", "Line archive"]
    assert selected(page) == "Line sales"


def test_the_line_that_last_talked_to_the_number_is_chosen_and_said(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang="en").reveal()
    page.check([page.keys[OLEG]], line=2)  # his chat is with the second line

    page.reveal()

    assert selected(page) == "Line support"
    assert "Last chat: line Line support" in page.row(OLEG)
    assert 'data-line="2"' in page.row_html(OLEG)
    opened = page.open_chat(page.keys[OLEG])
    assert "from Line support" in opened.words


def test_a_new_usual_line_is_chosen_at_once_and_the_chat_opens_from_the_same(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    assert selected(widget.open().reveal()) == "Line sales"

    widget.services.storage.settings.put(widget.portals[0], 2, Defaults(line_id=2))

    page = widget.open(lang="ru").reveal()  # within the minute for which a drawn card is kept
    assert selected(page) == "Line support"
    assert "Line support" in page.open_chat(page.keys[ORDERS]).words


def test_of_two_lines_that_talked_to_a_number_the_last_one_wins(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang="en").reveal()
    key = page.keys[ORDERS]
    for number, line in enumerate((1, 2)):
        chat = page.open_chat(key, line=line).chat
        assert (
            f"is-{('sent', 'queued')[number]}" in page.send(chat, "Hello", f"key-{number}").text
        )  # NOWEB says pending
        widget.clock.forward(60)

    assert 'data-line="2"' in page.reveal().row_html(ORDERS)
    assert "from Line support" in page.open_chat(key).words


def test_writing_from_another_line_than_the_client_knows_is_warned_about(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    page = widget.open(lang="en").reveal()
    key = page.keys[ORDERS]
    warning = "This client knows you by the line Line sales. From here the message comes from another number."
    page.open_chat(key, line=1)
    assert warning not in page.open_chat(key, line=2).words  # nobody has written yet

    page.open_chat(key, line=1).send(page.chat, "Hello", "key-1")
    assert warning in page.open_chat(key, line=2).words
    assert warning not in page.open_chat(key, line=1).words


@pytest.mark.parametrize("line", [3, 999_999])
def test_a_line_of_another_portal_is_refused_wherever_it_is_named(
    make_widget: MakeWidget, outside: Outside, line: int
) -> None:
    widget = make_widget(lines=("sales", "support"))
    assert [each.id for each in widget.services.storage.lines.of(widget.portals[1])] == [3]
    page = widget.open().reveal()
    key = page.keys[ORDERS]

    refused = [page.check([key], line=line).answer, page.refresh(line=line).answer]
    refused += [page.open_chat(key, line=line).answer, states(page, line=line).answer]
    refused += [page.post("/card/again", {"version": "x", "line": line}).answer]
    refused += [page.post("/chats", {"phone": key, "shown": line}).answer]

    assert [answer.status_code for answer in refused] == [403] * 6
    assert {answer.headers["X-Refusal"] for answer in refused} == {"not_allowed"}
    assert outside.total("gateway") == 0


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("WORKING", "connected"),
        ("STARTING", "connecting"),
        ("SCAN_QR_CODE", "scan the QR code"),
        ("STOPPED", "offline"),
        ("FAILED", "offline"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_state_of_each_line_is_shown(widget: Widget, outside: Outside, status: str, text: str, lang: str) -> None:
    outside.set_line("sales", status)
    page = states(widget.open(lang=lang).reveal())

    said = text if lang == "en" else in_russian(text)
    assert said in page.words
    assert (f"({said})" in options(page)[0]) is (status != "WORKING")


def test_the_line_that_waits_for_its_qr_is_told_apart_from_the_connected_ones(
    make_widget: MakeWidget, outside: Outside
) -> None:
    page = make_widget(lines=("sales", "support", "archive")).open(lang="en").reveal()

    assert options(states(page)) == ["Line sales", "Line support", "Line archive (scan the QR code)"]
    assert outside.calls("gateway") == {"session": 3}


def test_a_gateway_that_does_not_say_is_state_unknown(widget: Widget, outside: Outside) -> None:
    outside.break_gateway("silence", "session", times=None)

    page = states(widget.open(lang="en").reveal())

    assert options(page) == ["Line sales (state unknown)"]


def test_the_shown_line_stays_shown_when_the_states_arrive(make_widget: MakeWidget) -> None:
    page = make_widget(lines=("sales", "support")).open().reveal()

    assert selected(states(page, line=2)).startswith("Line support")
