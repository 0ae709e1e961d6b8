"""The line that the card shows is the line that every button uses."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand import CardPage, Clock, Outside, Widget, examples
from widget.storage.settings import Defaults

MakeWidget = Callable[..., Widget]
DEAL, WORLD = "/crm/deal/details/7045/", "/crm/type/183/details/12/"
IVAN, OLEG, ORDERS, MARIA = "+7 961 951-00-00", "+7 924 123-45-67", "+7 926 111-22-33", "+7 912 345-67-89"
THREE = ("sales", "support", "branch")


def shown(page: CardPage) -> int:
    """The value of the selector."""
    found = re.search(r'value="(\d+)" selected', page.text)
    assert found
    return int(found[1])


def button_line(page: CardPage, number: str) -> int | None:
    """The line that the row's own button names, None for the shown one."""
    found = re.search(r'data-action="open-chat"[^>]* data-line="(\d+)"', page.row_html(number))
    return int(found[1]) if found else None


def press(page: CardPage, number: str, line: int) -> str:
    """Open the number's chat as the page does; where the message would go out from, by the
    composer's own words."""
    own = button_line(page, number)
    page.post("/chats", {"phone": page.keys[number], "line": own, "shown": line})
    assert page.answer.status_code in (200, 201), page.words
    found = re.search(r'class="composer-target">(.*?)</span>', page.text, re.S)
    assert found and number in found[1]
    return found[1]


def assert_every_button_uses_it(page: CardPage, drawn: Callable[[], CardPage]) -> None:
    """Each number of the card: the shown line, or the one that its row says it has its chat on."""
    line = shown(drawn())
    names = {each.id: each.name for each in page.client.application.extensions["widget"].storage.lines.of(1)}
    for number in [number for number in page.keys if "open-chat" in page.row_html(number)]:
        own = button_line(drawn(), number)
        if own:
            assert f"Last chat: line {names[own]}" in page.row(number)
        assert f"from {names[own or line]}" in press(page, number, line)
        assert f'data-line="{own or line}"' in page.text


@pytest.mark.parametrize(("path", "usual"), [(DEAL, 3), (WORLD, None)])
def test_after_a_reveal_a_check_a_refresh_and_a_change_of_settings(
    make_widget: MakeWidget, path: str, usual: int | None
) -> None:
    widget = make_widget(lines=THREE)
    widget.services.storage.settings.put(widget.portals[0], 2, Defaults(usual))
    page = widget.open(path, lang="en")
    page.reveal().check(line=shown(page.reveal()))

    assert_every_button_uses_it(page, page.reveal)
    for line in (2, 3):
        assert_every_button_uses_it(page, lambda line=line: page.refresh(line=line))
        assert_every_button_uses_it(page, lambda line=line: page.post("/card/again", {"version": "x", "line": line}))
        assert shown(page.refresh(line=line)) == line
        assert shown(page.post("/card/lines", {"line": line})) == line


@settings(max_examples=examples(4))
@given(steps=st.lists(st.tuples(st.sampled_from(["open", "write", "pick", "refresh"]), st.integers(1, 3)), max_size=5))
def test_whatever_was_opened_written_and_picked_before(
    walked: Widget, clock: Clock, steps: list[tuple[str, int]]
) -> None:
    page = walked.open(lang="en").reveal()
    line = shown(page)
    for number, (step, at) in enumerate(steps):
        phone = [ORDERS, MARIA, IVAN][at - 1]
        if step == "pick":
            line = at
        if step in ("open", "write"):
            press(page.refresh(line=line), phone, line)
        if step == "write":
            page.send(page.chat, "Hello", f"key-{clock()}-{number}", confirmed=True)
            clock.forward(1)
        assert shown(page.refresh(line=line)) == line
    assert_every_button_uses_it(page, lambda: page.refresh(line=line))


@pytest.fixture
def walked(make_widget: MakeWidget) -> Widget:
    return make_widget(lines=THREE)


def test_a_chat_that_was_only_opened_keeps_its_number_on_no_line(make_widget: MakeWidget) -> None:
    page = make_widget(lines=THREE).open(lang="en").reveal()

    assert "from Line sales" in press(page, ORDERS, 1)
    assert "from Line support" in press(page.refresh(line=2), ORDERS, 2)  # one saw the wrong line and went back


def test_a_number_with_its_chat_on_another_line_says_so_and_offers_the_shown_one(make_widget: MakeWidget) -> None:
    widget = make_widget(lines=("sales", "support"))
    widget.services.presence.rounds.go()
    page = widget.open(lang="en").reveal().check(line=1)
    assert "Last chat: line Line support" in page.refresh(line=1).row(OLEG)

    assert "from Line support" in press(page, OLEG, 1)
    assert "This chat is on the line Line support. Write from Line sales" in page.words
    assert 'data-action="other-line" data-line="1"' in page.text

    page.open_chat(page.refresh(line=1).keys[OLEG], line=1)  # that button
    assert "from Line sales" in page.words
    assert "This client knows you by the line Line support." in page.words


def test_a_check_is_made_by_the_shown_line_and_says_when_another_one_made_it(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    widget = make_widget(lines=("sales", "support"))
    widget.services.presence.rounds.go()
    page = widget.open(lang="en").reveal().check(line=2)
    assert "18 of 20 checks are left today." in page.post("/card/lines", {"line": 2}).words
    assert "20 of 20 checks are left today." in page.post("/card/lines", {"line": 1}).words

    outside.set_line("support", "STOPPED")
    clock.forward(60)
    page.refresh(line=2)
    page.post("/card/check", {"keys": page.to_ask, "line": 2, "pressed": True, "again": True})

    assert "2 numbers were checked. They were asked about from the line Line sales." in page.words
    assert "18 of 20 checks are left today." in page.words  # of the line that is shown, as it names none
