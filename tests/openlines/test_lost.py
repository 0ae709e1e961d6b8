"""Bitrix24 sends an event once. What none told of is read where it stands; what is not for clients
never goes out."""

import pytest

from tests.openlines.conftest import Circle

ADD, UPDATE, DELETE = (f"ONIMCONNECTORMESSAGE{what}" for what in ("ADD", "UPDATE", "DELETE"))


@pytest.fixture
def deaf(circle: Circle) -> Circle:
    """A client has written, and from now on no event of a message arrives."""
    circle.client_writes("Добрый день")
    circle.site.change(events=dict.fromkeys((ADD, UPDATE, DELETE), "lost"))
    return circle


def test_a_reply_that_no_event_told_of_goes_out_once(deaf: Circle) -> None:
    deaf.operator_writes("Здравствуйте", file="план.txt")
    assert deaf.sent_texts == []
    for _ in range(3):
        deaf.later(130)
    assert deaf.sent_texts == ["Здравствуйте", "📎 план.txt"]
    assert not deaf.mirrored["messages"][-1]["sending"]


def test_an_event_that_comes_after_all_is_no_second_reply(deaf: Circle) -> None:
    deaf.site.change(events={ADD: "held"})
    deaf.operator_writes("Здравствуйте")
    deaf.later(130)
    deaf.site.change(events={})
    deaf.later()
    assert deaf.sent_texts == ["Здравствуйте"]


def test_what_was_changed_or_taken_back_unheard_is_so_at_the_client_too(deaf: Circle) -> None:
    deaf.site.change(events={UPDATE: "lost", DELETE: "lost"})
    for text in ("Замер в среду", "Ошибка"):
        deaf.operator_writes(text)
    first, second = deaf.mirrored["messages"][-2:]
    deaf.act("edit", message=first["id"], text="Замер в пятницу")
    deaf.act("delete", message=second["id"])
    for _ in range(3):
        deaf.later(130)
    assert deaf.at_client == ["Замер в пятницу"]
    calls = deaf.site.outside.calls("gateway")
    assert (calls["edit"], calls["delete"]) == (1, 1)


def test_changes_in_any_order_end_in_what_stands_there(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.operator_writes("раз")
    said = circle.mirrored["messages"][-1]
    for text in ("два", "раз", "три", "раз"):
        circle.press("edit", message=said["id"], text=text)
    for letter in reversed(circle.site.letters() * 2):
        circle.site.post(letter)
    assert circle.at_client == ["раз"]


def test_a_note_among_colleagues_is_no_lost_reply(deaf: Circle) -> None:
    deaf.open_card()
    line = {"DIALOG_ID": f"chat{deaf.mirrored['id']}", "MESSAGE": "осторожно, должник", "SKIP_CONNECTOR": "Y"}
    deaf.services.bitrix24.rest.call(deaf.site.portal, 2, "imopenlines.session.join", {"CHAT_ID": deaf.mirrored["id"]})
    deaf.services.bitrix24.rest.call(deaf.site.portal, 2, "im.message.add", line)
    deaf.later(130)
    assert deaf.sent_texts == []


def test_a_reply_that_was_lost_for_a_day_is_not_sent_but_its_writer_is_told(deaf: Circle) -> None:
    deaf.operator_writes("Жду вас сегодня в три")
    deaf.widget.clock.forward(2 * 86_400 - 7200)
    deaf.later()
    assert deaf.sent_texts == []
    assert deaf.said[-1] == (
        0,
        "Не доставлено в WhatsApp: сообщение слишком долго не доходило, напишите его ещё раз, если оно ещё нужно.",
    )


def test_chats_are_read_ever_more_rarely_and_all_of_a_portal_at_once(deaf: Circle) -> None:
    circle = deaf
    before = circle.site.outside.calls("portal").get("batch", 0)
    for _ in range(20):
        circle.later(86_400)
    read = circle.site.outside.calls("portal")["batch"] - before
    assert read == 18
