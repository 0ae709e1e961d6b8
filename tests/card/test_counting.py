"""What is counted for the administrator: openings, new numbers, reveals and the messages that
answer them."""

from collections.abc import Callable

import redis

from tests.stand import PATIENCE, CardPage, Clock, Widget
from widget.storage.portals import Visibility
from widget.storage.usage import Counts

MakeWidget = Callable[..., Widget]
ORDERS, IVAN = "+7 926 111-22-33", "+7 961 951-00-00"


def counted(widget: Widget, line_id: int) -> Counts:
    widget.services.storage.usage.flush()
    found = widget.services.storage.usage.hours(widget.portals[0], since=0, line_id=line_id)
    return Counts(*(sum(getattr(counts, name) for counts in found.values()) for name in Counts.__dataclass_fields__))


def write(page: CardPage, number: str, key: str) -> None:
    if not page.rows:
        page.reveal()  # back from a chat
    page.open_chat(page.keys[number])
    assert "is-sent" in page.send(page.chat, "Hello", key, confirmed=True).text


def test_an_opened_card_is_counted_without_a_line_and_a_reveal_by_its_line(widget: Widget) -> None:
    widget.open()
    widget.open().reveal()

    assert counted(widget, 0) == Counts(openings=2)
    assert counted(widget, 1) == Counts(reveals=1, new_numbers=4)


def test_known_numbers_are_not_new_until_they_are_out_of_date(widget: Widget, clock: Clock) -> None:
    widget.open().reveal().check()
    widget.open().reveal()
    assert counted(widget, 1).new_numbers == 4
    clock.forward(301)
    widget.open().reveal()
    assert counted(widget, 1).new_numbers == 4 + 3  # the one with a chat stays known


def test_a_page_that_draws_its_card_again_is_one_reveal(widget: Widget) -> None:
    page = widget.open().reveal().check()
    page.reveal()
    page.refresh()

    assert counted(widget, 1).reveals == 1


def test_what_is_shown_without_a_press_is_no_reveal(widget: Widget) -> None:
    widget.services.storage.portals.set_visibility(widget.portals[0], Visibility.ALWAYS)
    widget.open().reveal(pressed=False)

    assert counted(widget, 1) == Counts(new_numbers=4)


def test_a_reveal_is_answered_by_the_first_message_to_one_of_its_numbers(widget: Widget) -> None:
    page = widget.open().reveal()
    write(page, ORDERS, "key-1")
    write(page, IVAN, "key-2")

    found = counted(widget, 1)
    assert (found.reveals, found.answered_reveals, found.sent) == (1, 1, 2)


def test_the_same_message_sent_again_is_one_message(widget: Widget) -> None:
    page = widget.open().reveal()
    write(page, ORDERS, "key-1")
    write(page, ORDERS, "key-1")

    assert counted(widget, 1).sent == 1


def test_a_message_half_an_hour_later_or_by_another_user_answers_nothing(
    make_widget: MakeWidget, redis_url: str
) -> None:
    widget = make_widget(redis_url=redis_url)
    page = widget.open().reveal()
    with redis.Redis.from_url(redis_url) as client:
        marks = client.keys("*:r:*")
        assert len(marks) == 5
        assert all(1800 - PATIENCE < client.ttl(mark) <= 1800 for mark in marks)
        assert not any(b"9261112233" in mark for mark in marks)
    admin = widget.open(user="admin")
    widget.services.storage.portals.set_visibility(widget.portals[0], Visibility.ALWAYS)
    write(admin.reveal(pressed=False), ORDERS, "key-1")
    assert counted(widget, 1).answered_reveals == 0
    write(page, ORDERS, "key-2")
    assert counted(widget, 1).answered_reveals == 1


def test_messages_raise_the_budget_of_their_line(make_widget: MakeWidget, clock: Clock) -> None:
    widget = make_widget(checks_floor=1)
    page = widget.open().reveal()
    (line,) = widget.services.storage.lines.of(widget.portals[0])
    assert widget.services.presence.check_budget.allowed(line) == 1
    for number in range(3):
        write(page, ORDERS, f"key-{number}")
    clock.forward(10)

    assert widget.services.presence.check_budget.allowed(line) == 3


def test_a_refused_message_raises_nothing(widget: Widget) -> None:
    page = widget.open().reveal()
    page.open_chat(page.keys[ORDERS])
    widget.outside.break_gateway("http_500", "sendText", times=None)
    page.send(page.chat, "Hello", "key-1")

    assert counted(widget, 1).sent == 0
