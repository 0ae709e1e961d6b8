"""Answers that are lost, portals that are down, workers that die, events in any order: two equal
chats all the same."""

import pytest

from tests.openlines.conftest import Circle, MakeCircle
from tests.webhooks.gateways import written
from widget.errors import ErrorCode, Refused
from widget.presence.outgoing import BURST
from widget.storage.lines import LineLimits
from widget.storage.mirrors import PieceKind, State

POST, SAY = "imconnector.send.messages", "im.message.add"
MESSAGE_ADD = "ONIMCONNECTORMESSAGEADD"


def test_a_lost_answer_is_looked_for_by_id_and_nothing_is_told_twice(circle: Circle) -> None:
    for text in ("раз", "два"):  # the first one makes the chat: its answer alone would name it
        circle.site.outside.break_portal("cut", POST)
        circle.client_writes(text)
        circle.later()
    circle.client_writes("три")
    assert [text for _author, text in circle.said] == ["раз", "два", "три"]


@pytest.mark.parametrize("fault", ["silence", "http_500", "html", "QUERY_LIMIT_EXCEEDED", "OVERLOAD_LIMIT"])
def test_a_portal_that_is_down_delays_and_loses_nothing(circle: Circle, fault: str) -> None:
    circle.client_writes("раз")
    circle.site.outside.break_portal(fault, "*", times=None)
    circle.client_writes("два")
    circle.client_writes("три")
    circle.later()
    circle.site.outside.heal()
    circle.later(7200)
    assert [text.rpartition("\n")[2] for _author, text in circle.said] == ["раз", "два", "три"]


def test_a_rep_message_whose_answer_is_lost_is_one_and_has_no_echo(circle: Circle) -> None:
    circle.open_card()
    circle.client_writes("Добрый день")
    circle.site.outside.break_portal("cut", SAY)
    circle.rep_writes("Здравствуйте", "k1")
    circle.site.deliver()  # the event comes before the message is known
    circle.later()
    assert [text for author, text in circle.said if author == 2] == ["Здравствуйте"]
    assert circle.sent == ["Здравствуйте"]


def test_events_that_come_before_the_answer_of_the_call_that_caused_them_are_no_replies(circle: Circle) -> None:
    circle.site.change(quirks={"events_first": True})
    circle.open_card()
    circle.client_writes("Добрый день")
    mirrors, chat = circle.services.storage.mirrors, circle.chat
    mirror = mirrors.take(mirrors.of_chat(chat.portal_id, chat.id).id)  # another worker is at it
    circle.rep_writes("Здравствуйте", "k1")
    calls = circle.services.open_lines.work._calls
    calls.say(circle.site.portal, 2, mirror.portal_chat, "Здравствуйте", key="card:k1")
    circle.site.deliver()
    mirrors.release(mirror)
    circle.later()
    assert [text for author, text in circle.said if author == 2] == ["Здравствуйте"]
    assert circle.sent == ["Здравствуйте"]


def test_a_worker_that_died_after_its_call_leaves_a_question_and_no_second_message(circle: Circle) -> None:
    circle.client_writes("раз")
    mirrors, chat = circle.services.storage.mirrors, circle.chat
    mirror = mirrors.take(mirrors.of_chat(chat.portal_id, chat.id).id)
    circle.client_writes("два")
    mirrors.ask(mirrors.next(mirror))
    place = {"user": {"id": f"{chat.line_id}-{chat.id}"}, "chat": {"id": f"{chat.line_id}-{chat.id}"}}
    told = {**place, "message": {"id": "C2", "text": "два"}}
    connector = circle.services.open_lines.work._calls.connector
    wanted = {"CONNECTOR": connector, "LINE": 1, "MESSAGES": [told]}
    circle.services.bitrix24.rest.call(circle.site.portal, 1, POST, wanted)
    assert len(circle.said) == 2
    circle.later(400)
    assert [text for _author, text in circle.said] == ["раз", "два"]
    assert mirrors.queues(chat.portal_id)[circle.line_id].waiting == 0


def test_a_message_that_is_refused_alone_is_tried_again_and_then_left_out(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.site.change(refuse_messages=2)
    circle.client_writes("два")
    for _ in range(3):
        circle.later()
    assert [text.rpartition("\n")[2] for _author, text in circle.said] == ["раз", "два"]
    circle.site.change(refuse_messages=99)
    circle.client_writes("три")
    for _ in range(7):
        circle.later(2000)
    circle.site.change(refuse_messages=0)
    circle.client_writes("четыре")
    assert [text.rpartition("\n")[2] for _author, text in circle.said] == ["раз", "два", "четыре"]
    assert circle.services.storage.mirrors.queues(circle.site.portal.id)[circle.line_id].failed == 1


def test_an_outage_does_not_count_against_a_message_that_is_refused_once(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.site.outside.break_portal("http_500", "*", times=None)
    circle.client_writes("два")
    for _ in range(7):
        circle.later(2000)
    circle.site.outside.heal()
    circle.site.change(refuse_messages=1)
    for _ in range(2):
        circle.later(2000)
    assert [text.rpartition("\n")[2] for _author, text in circle.said] == ["раз", "два"]


def test_an_event_that_comes_twice_is_one_message(circle: Circle) -> None:
    circle.site.change(events={MESSAGE_ADD: "twice"})
    circle.client_writes("Добрый день")
    circle.operator_writes("Здравствуйте")
    assert circle.sent == ["Здравствуйте"]


def test_a_gateway_without_a_clear_answer_says_so_there_when_it_is_known(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    circle.site.outside.break_gateway("http_500", "*", times=1)
    circle.operator_writes("Здравствуйте")
    (send,) = circle.services.storage.conversations.sends.recent(circle.site.portal.id, circle.chat.id, 0.0)
    assert circle.mirrored["messages"][-1]["sending"]
    circle.hear(written(send.message_id, "Здравствуйте", at=circle.widget.clock.now, from_me=True))
    circle.later()
    assert not circle.mirrored["messages"][-1]["sending"]
    assert len(circle.said) == 2


def test_calls_for_one_chat_never_meet(circle: Circle) -> None:
    for number in range(5):
        circle.client_writes(str(number + 5))
    assert circle.centre["collisions"] == 0


def test_what_waits_for_a_line_that_is_switched_off_goes_nowhere(circle: Circle) -> None:
    circle.site.outside.break_portal("http_500", "*", times=None)
    circle.client_writes("раз")
    circle.site.outside.heal()
    circle.services.open_lines.setup.switch_off(circle.site.portal, 1, circle.line)
    circle.later(3600)
    assert circle.centre["chats"] == []
    piece = circle.services.storage.mirrors.ended_as(circle.site.portal.id, 0, [PieceKind.CLIENT])
    assert piece.state is State.DROPPED


def test_an_answer_that_names_no_session_is_an_answer(circle: Circle) -> None:
    circle.site.change(bare_answers=2)
    circle.client_writes("раз")
    circle.client_writes("два")
    circle.later()
    assert [text for _author, text in circle.said] == ["раз", "два"]


def test_a_lost_answer_is_looked_for_in_the_session_that_it_went_into(circle: Circle) -> None:
    circle.client_writes("раз")
    circle.site.outside.break_portal("cut", POST)
    circle.client_writes("два")
    circle.press("close")
    circle.press("say", text="Кстати")  # begins another session
    circle.later()
    assert [text for _author, text in circle.said] == ["раз", "два", "Кстати"]


def test_more_replies_at_once_than_a_line_may_send_go_out_one_by_one(circle: Circle) -> None:
    """What operators wrote while a gateway was away comes all at once; a day that is spent is told
    at once."""
    circle.client_writes("Добрый день")
    for _ in range(BURST):
        circle.services.presence.outgoing.reserve(circle.line, first=False)
    circle.operator_writes("раз")
    circle.operator_writes("два")
    assert (circle.sent, len(circle.said)) == ([], 3)
    circle.client_writes("Вы здесь?")  # and waits for no reply
    circle.operator_writes("три")
    assert (circle.sent, len(circle.said)) == ([], 5)
    for _ in range(9):
        circle.services.open_lines.work.work_on_what_was_left()  # a try that waits for the pace makes no longer pause
    circle.later(30)
    assert (circle.sent, len(circle.said)) == (["раз", "два", "три"], 5)
    circle.services.storage.lines.set_limits(circle.site.portal.id, circle.line_id, LineLimits(sends_per_day=1))
    circle.operator_writes("четыре")
    assert circle.said[-1][1] == "Не доставлено в WhatsApp: линия исчерпала лимит сообщений."


def test_a_gateway_that_is_started_anew_delays_a_reply_and_loses_none(circle: Circle) -> None:
    circle.client_writes("Добрый день")
    lines, here = circle.services.storage.lines, (circle.site.portal.id, circle.line_id)
    address = circle.line.address
    lines._change(*here, address="http://127.0.0.1:1")  # where nothing listens
    circle.operator_writes("Здравствуйте")
    circle.operator_writes("Какие окна?")
    circle.later(30)
    assert circle.site.outside.heard().get("send", 0) == 0
    lines._change(*here, address=address)
    for _ in range(3):
        circle.later(60)
    assert circle.at_client == ["Здравствуйте", "Какие окна?"]


def test_a_store_of_limits_that_is_started_anew_delays_a_reply_and_loses_none(
    circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    circle.client_writes("Добрый день")

    def cannot_count(*_given: object) -> None:
        raise Refused(ErrorCode.CANNOT_COUNT, 503, "first message")

    with monkeypatch.context() as gone:
        gone.setattr(circle.services.open_lines.work._replies._chats, "send", cannot_count)
        circle.operator_writes("Здравствуйте")
    assert circle.sent_texts == []
    circle.later(60)
    assert circle.at_client == ["Здравствуйте"]
    assert len(circle.said) == 2


def test_what_comes_in_the_moment_another_process_switches_mirroring_on_is_mirrored(make_circle: MakeCircle) -> None:
    circle = make_circle(mirrored=False)
    lines = circle.services.storage.lines
    before = dict(lines._remembered) or (lines.kept(circle.site.portal.id) and dict(lines._remembered))
    circle.mirror()
    lines._remembered.update(before)  # this process does not know it yet
    circle.client_writes("Добрый день")
    assert circle.said == [("client", "Добрый день")]
