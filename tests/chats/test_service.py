"""The chat service over the simulated gateway; what the sandbox cannot do is said by a gateway of
the test's own."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sandbox import people
from tests.chats.conftest import EVERYTHING, FakeGateway, FakeGateways
from tests.stand import PATIENCE, gateway_time, until
from widget.chats.history import MESSAGES, End
from widget.chats.likeness import SAME_SEND
from widget.chats.sending import MAX_TEXT, message_id_of
from widget.chats.service import ChatService
from widget.errors import ErrorCode, Refused
from widget.gateways.base import (
    Ack,
    Depth,
    File,
    GatewayError,
    GatewayErrorCode,
    Media,
    Message,
    Page,
    Sent,
)
from widget.storage.sends import DECIDED_WITHIN, GIVEN_UP, SendState

IVAN, ORDERS, ANNA = people.IVAN.phone, people.ORDERS_MOSCOW.phone, people.ANNA.phone
REP = 2


class ServiceFixture:
    """One rep at one line of one portal."""

    def __init__(self, widget, *, gateway=None):
        services = widget.services
        self.widget, self.sends, self.chats = widget, services.storage.sends, services.storage.chats
        self.line = services.storage.lines.of(widget.portals[0])[0]
        gateways = FakeGateways(gateway) if gateway else services.gateways
        self.service = ChatService(gateways, services.storage.conversations, widget.clock)

    def open(self, phone=ORDERS, **more):
        return self.service.open(self.line, phone, user_id=REP, **more)[0]

    def send(self, chat, text="Добрый день!", key="k1", user=REP):
        return self.service.send(self.service.draft(self.line, chat, send_key=key, user_id=user), text)

    def newest(self, chat):
        return self.service.newest(self.line, chat)

    def states(self, chat):
        return [bubble.state for bubble in self.newest(chat).bubbles]

    def left_by_a_dead_process(self, chat, key="dead", text="Добрый день!"):
        """A row that was written, and a process that died before it heard from the gateway."""
        row, _new = self.sends.begin(
            chat.portal_id, chat.id, send_key=key, user_id=REP, text=text, message_id=message_id_of(chat.portal_id, key)
        )
        return row


@pytest.fixture
def desk(widget):
    return ServiceFixture(widget)


def refused(call):
    with pytest.raises(Refused) as error:
        call()
    assert error.value.code is ErrorCode.BAD_FORM
    return error.value.status


def sent_to(outside):
    return outside.calls().get("sendText", 0)


# Open.


def test_opening_a_chat_asks_nobody_and_twice_is_once(desk, outside):
    chat, new = desk.service.open(desk.line, ORDERS, user_id=REP)
    again, new_again = desk.service.open(desk.line, ORDERS, user_id=3)
    assert (new, new_again, again) == (True, False, chat)
    assert outside.total("gateway") == 0


def test_the_gateways_own_id_of_a_chat_is_used_for_all_that_follows(desk, outside):
    """The Brazilian client cannot be reached under the number that the CRM has."""
    assert desk.send(desk.open(people.JOAO.phone), key="wrong").state is not SendState.SENT
    chat = desk.open(people.JOAO.phone, chat_id=people.JOAO.canonical)
    assert desk.send(chat, "Olá").state is SendState.SENT
    assert "Olá" in [bubble.text for bubble in desk.newest(chat).bubbles]


# Send.


def test_a_sent_message_is_in_the_chat_once_with_its_tick(desk, outside):
    chat = desk.open()
    send = desk.send(chat, "  Добрый день!\r\nЭто Роман  ")
    assert send.state is SendState.SENT
    (bubble,) = desk.newest(chat).bubbles
    assert (bubble.id, bubble.text, bubble.from_me) == (send.message_id, "Добрый день!\nЭто Роман", True)
    assert bubble.state in (SendState.SENT, SendState.DELIVERED)
    assert sent_to(outside) == 1


def test_a_second_send_with_the_same_key_sends_nothing_and_is_the_first(desk, outside):
    chat = desk.open()
    first = desk.send(chat)
    assert desk.send(chat) == first
    assert desk.send(chat, " Добрый день!\n") == first
    assert sent_to(outside) == 1


def test_ten_presses_at_once_are_one_message(desk, outside):
    chat = desk.open()
    together = threading.Barrier(10)

    def press(_):
        together.wait(PATIENCE)
        return desk.send(chat)

    with ThreadPoolExecutor(10) as pool:
        sends = list(pool.map(press, range(10)))
    assert len({send.id for send in sends}) == 1
    assert sent_to(outside) == 1
    assert len(desk.newest(chat).bubbles) == 1


@pytest.mark.parametrize("fault", ["unauthorized", "rate_overlimit", "error_463", "http_500", "lost_answer", "html"])
def test_a_key_whose_send_went_wrong_never_sends_again(desk, outside, fault):
    chat = desk.open()
    outside.break_gateway(fault, "sendText")
    first = desk.send(chat)
    assert first.state in (SendState.FAILED, SendState.UNKNOWN)
    assert desk.send(chat) == first
    assert sent_to(outside) == 1


def test_two_keys_are_two_messages_though_the_text_is_the_same(desk, outside):
    chat = desk.open()
    desk.send(chat, key="k1")
    desk.send(chat, key="k2")
    assert len(desk.newest(chat).bubbles) == 2
    assert sent_to(outside) == 2


def test_a_key_that_was_used_for_something_else_is_refused(desk, outside):
    chat, other = desk.open(), desk.open(IVAN)
    desk.send(chat)
    assert refused(lambda: desk.send(chat, "Другой текст")) == 409
    assert refused(lambda: desk.send(other)) == 409
    assert refused(lambda: desk.send(chat, user=3)) == 409
    assert sent_to(outside) == 1


def test_a_key_stays_used_after_its_text_was_wiped(desk, outside, clock):
    chat = desk.open()
    first = desk.send(chat)
    desk.sends.wipe_texts(clock() + 1)
    assert desk.send(chat).id == first.id
    assert sent_to(outside) == 1


@pytest.mark.parametrize("text", ["", "   ", "\r\n\t", "я" * (MAX_TEXT + 1)])
def test_an_empty_or_endless_text_is_refused_and_uses_no_key(desk, outside, text):
    chat = desk.open()
    assert refused(lambda: desk.send(chat, text)) == 422
    assert sent_to(outside) == 0
    assert desk.send(chat, "я" * MAX_TEXT).state is SendState.SENT


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("unauthorized", SendState.FAILED, "credentials"),
        ("stopped", SendState.FAILED, "line_down"),
        ("not_working", SendState.FAILED, "line_down"),
        ("error_463", SendState.FAILED, "restricted"),
        ("rate_overlimit", SendState.FAILED, "throttled"),
        ("refuse", SendState.FAILED, "malformed"),
        ("http_500", SendState.UNKNOWN, "broken_answer"),
        ("lost_answer", SendState.UNKNOWN, "broken_answer"),
    ],
)
def test_how_a_send_ended_is_written_down_with_its_reason(desk, outside, fault, state, reason):
    chat = desk.open()
    outside.break_gateway(fault, "sendText")
    send = desk.send(chat)
    assert (send.state, send.reason) == (state, reason)
    assert desk.sends.by_key(chat.portal_id, "k1") == send


def test_a_message_id_follows_from_the_key_and_differs_between_portals():
    ids = {message_id_of(portal, key) for portal in (1, 2, 11) for key in ("k1", "k2", "1:k1")}
    assert len(ids) == 9
    assert message_id_of(1, "k1") in ids
    assert all(re.fullmatch("3EB0[0-9A-F]{18}", made) for made in ids)


# What became of it.


def test_a_message_whose_answer_was_lost_is_found_at_the_next_look(desk, outside):
    chat = desk.open()
    outside.break_gateway("lost_answer", "sendText")
    assert desk.send(chat).state is SendState.UNKNOWN
    (bubble,) = desk.newest(chat).bubbles
    assert bubble.state in (SendState.SENT, SendState.DELIVERED)
    assert desk.sends.by_key(chat.portal_id, "k1").state is bubble.state


@pytest.mark.parametrize("session", ["sales", "support", "branch", "1101000001"])
def test_a_message_whose_answer_names_no_id_is_one_bubble_that_went_out(make_widget, outside, clock, session):
    clock.now = gateway_time()  # as the gateway dates it
    desk = ServiceFixture(make_widget(lines=(session,)))
    chat = desk.open()
    outside.break_gateway("no_id")
    assert desk.send(chat, "Добрый день!").state in (SendState.UNKNOWN, SendState.SENT, SendState.QUEUED)

    def settled():
        (bubble,) = desk.newest(chat).bubbles
        return bubble.state in (SendState.SENT, SendState.QUEUED, SendState.DELIVERED)

    until(settled)


def test_an_unclear_message_below_the_first_page_is_found_by_its_id(desk, outside):
    chat = desk.open()
    outside.break_gateway("lost_answer", "sendText")
    desk.send(chat)
    for number in range(MESSAGES):
        outside.answer_as_client(ORDERS, f"ответ {number}")
    desk.newest(chat)
    assert outside.calls()["message"] == 1
    assert desk.sends.by_key(chat.portal_id, "k1").state in (SendState.SENT, SendState.DELIVERED)


def test_an_unclear_message_that_was_never_sent_stays_unclear_and_is_not_sent_again(desk, outside):
    chat = desk.open()
    outside.break_gateway("http_500", "sendText")
    desk.send(chat)
    for _ in range(3):
        assert desk.states(chat) == [SendState.UNKNOWN]
    assert sent_to(outside) == 1


def test_a_send_left_by_a_dead_process_is_looked_up_and_not_sent_again(desk, outside, clock):
    chat = desk.open()
    desk.left_by_a_dead_process(chat)
    assert desk.states(chat) == [SendState.SENDING]  # it may still be on its way
    assert "message" not in outside.calls()
    clock.forward(GIVEN_UP + 1)
    assert desk.states(chat) == [SendState.UNKNOWN]
    assert desk.send(chat, key="dead").state is SendState.UNKNOWN
    assert sent_to(outside) == 0


def test_a_send_that_a_dead_process_did_get_out_is_found(desk, outside, clock):
    chat = desk.open()
    row = desk.left_by_a_dead_process(chat)
    gateway = desk.widget.services.gateways.of(desk.line)
    gateway.send_text(gateway.chat_id_of(ORDERS), "Добрый день!", message_id=row.message_id)
    clock.forward(GIVEN_UP + 1)
    assert desk.states(chat)[0] in (SendState.SENT, SendState.DELIVERED)


def test_a_gateway_that_cannot_look_leaves_the_send_unclear(desk, outside):
    chat = desk.open()
    outside.break_gateway("http_500", "sendText")
    desk.send(chat)
    outside.break_gateway("rate_overlimit", "message")
    assert desk.states(chat) == [SendState.UNKNOWN]
    assert desk.sends.by_key(chat.portal_id, "k1").reason == "broken_answer"  # the send's own, not the look's


def test_unclear_sends_are_looked_up_in_turn_and_none_is_forgotten(widget, clock):
    gateway = FakeGateway()
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    sends = []
    for number in range(5):
        sends.append(desk.send(chat, key=f"k{number}"))
        clock.forward(1)
    desk.newest(chat)
    assert len(gateway.looked_up) == 3
    clock.forward(1)
    desk.newest(chat)
    assert set(gateway.looked_up) == {send.message_id for send in sends}


def test_ticks_of_the_gateway_settle_our_rows_and_never_move_them_back(widget, clock):
    gateway = FakeGateway(result=Sent.SENT)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    send = desk.send(chat)
    for ack, state in (
        (Ack.PENDING, SendState.SENT),
        (Ack.DELIVERED, SendState.DELIVERED),
        (Ack.SENT, SendState.DELIVERED),
        (Ack.READ, SendState.READ),
        (Ack.DELIVERED, SendState.READ),
        (Ack.FAILED, SendState.READ),
    ):
        gateway.messages = [Message(send.message_id, "x", int(clock()), True, send.text, ack=ack)]
        assert desk.states(chat) == [state]
        assert desk.sends.by_key(chat.portal_id, "k1").state is state


# Engines that give messages an id of their own.


def foreign(send, *, id="STRANGER", after=0.0, text=None):
    return Message(id, id, int(send.created_at + after), True, send.text if text is None else text, ack=Ack.DELIVERED)


def test_an_unclear_send_is_recognised_by_its_text_and_time(widget):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    send = desk.send(chat)
    gateway.messages = [foreign(send, after=5)]
    (bubble,) = desk.newest(chat).bubbles
    assert (bubble.id, bubble.state) == ("STRANGER", SendState.DELIVERED)
    assert desk.sends.by_key(chat.portal_id, "k1").message_id == "STRANGER"
    assert gateway.looked_up == []


@pytest.mark.parametrize("changes", [{"after": SAME_SEND + 5}, {"after": -SAME_SEND - 5}, {"text": "другой текст"}])
def test_another_text_or_another_time_is_another_message(widget, changes):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    gateway.messages = [foreign(desk.send(chat), **changes)]
    assert sorted(desk.states(chat), key=str) == [SendState.DELIVERED, SendState.UNKNOWN]


def test_one_message_is_not_taken_for_two_sends_with_the_same_text(widget, clock):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    first = desk.send(chat, key="k1")
    clock.forward(5)
    desk.send(chat, key="k2")
    gateway.messages = [foreign(first)]
    assert sorted(desk.states(chat), key=str) == [SendState.DELIVERED, SendState.UNKNOWN]


def test_a_send_whose_text_was_wiped_is_not_recognised_in_a_photo_without_a_caption(widget, clock):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    send = desk.send(chat)
    desk.sends.wipe_texts(clock() + 1)
    gateway.messages = [foreign(send, text="")]
    assert SendState.UNKNOWN in desk.states(chat)


@pytest.mark.parametrize("own_ids", [True, False])
def test_an_unclear_send_below_the_first_page_is_looked_for_around_its_own_time(widget, clock, own_ids):
    gateway = FakeGateway(own_ids=own_ids)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    send = lost_file(desk, chat, caption="") if own_ids else desk.send(chat)
    clock.forward(3600)
    gateway.messages, gateway.cursor = [Message("new", "new", int(clock()), False, "после")], "more"
    desk.newest(chat)
    desk.newest(chat)
    assert len(gateway.cursors) == 1  # an open chat is read every few seconds
    assert float(gateway.cursors[0].split()[1]) >= send.created_at

    found = picture(send, caption="") if own_ids else foreign(send, after=5)
    gateway.around = [Message("theirs", "theirs", found.at, False, send.text), found]
    clock.forward(61)
    assert desk.newest(chat).bubbles[0].id == "STRANGER"
    assert desk.sends.by_key(chat.portal_id, send.send_key).message_id == "STRANGER"


def test_a_message_that_is_another_send_is_not_taken_for_an_older_unclear_one(widget, clock):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    desk.send(chat, key="unclear")
    gateway.result = Sent.SENT
    sent = desk.send(chat, key="clear")
    clock.forward(3600)
    gateway.messages, gateway.cursor = [Message("new", "new", int(clock()), False, "после")], "more"
    gateway.around = [foreign(sent, id=sent.message_id)]
    desk.newest(chat)
    assert desk.sends.by_key(chat.portal_id, "unclear").state is SendState.UNKNOWN


def test_sends_beyond_the_newest_two_hundred_are_settled_too(widget, clock):
    gateway = FakeGateway(own_ids=False)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    lost = desk.send(chat, key="lost")
    gateway.result = Sent.SENT
    ticked = desk.send(chat, "Второе", key="ticked")
    for number in range(200):
        desk.left_by_a_dead_process(chat, key=f"later {number}", text=f"later {number}")
    gateway.messages = [foreign(ticked, id=ticked.message_id), foreign(lost)]
    desk.newest(chat)
    assert desk.sends.by_key(chat.portal_id, "lost").state is SendState.DELIVERED
    assert desk.sends.by_key(chat.portal_id, "ticked").state is SendState.DELIVERED


def test_what_a_queue_has_kept_too_long_has_failed_unless_it_is_there(widget, clock):
    queue = replace(EVERYTHING, queues_sends=True, queue_seconds=86_400.0)
    gateway = FakeGateway(own_ids=False, result=Sent.QUEUED, capabilities=queue)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    dropped, waiting = desk.send(chat, key="k1"), desk.send(chat, "Второе", key="k2")
    clock.forward(86_400)
    assert desk.states(chat) == [SendState.QUEUED, SendState.QUEUED]
    clock.forward(3600)
    gateway.messages = [foreign(waiting, id=waiting.message_id)]
    desk.newest(chat)
    assert (desk.sends.by_key(chat.portal_id, "k1").state, dropped.message_id in gateway.looked_up) == (
        SendState.FAILED,
        True,
    )
    assert desk.sends.by_key(chat.portal_id, "k1").reason == "queue_dropped"
    assert desk.sends.by_key(chat.portal_id, "k2").state is SendState.DELIVERED


def test_whom_a_queue_did_not_write_to_waits_on_and_who_is_found_to_have_an_answer_does_not(widget, clock):
    queue = replace(EVERYTHING, queues_sends=True, queue_seconds=86_400.0)
    gateway = FakeGateway(own_ids=False, result=Sent.QUEUED, capabilities=queue)
    desk = ServiceFixture(widget, gateway=gateway)
    waits, begun = widget.services.storage.conversations.waits, clock()
    chat = waits.recounted(desk.open(), since=begun, theirs_at=begun, answered_at=0.0)
    clock.forward(60)
    desk.send(chat)
    assert waits.get(chat).waiting_since == 0
    clock.forward(90_000)
    desk.newest(waits.get(chat))
    assert waits.get(chat).waiting_since == begun

    gateway.result = Sent.UNKNOWN
    lost = desk.send(waits.get(chat), "Второе", key="k2")
    clock.forward(600)
    again = int(clock())
    waits.recounted(waits.get(chat), since=begun, theirs_at=again, answered_at=0.0)
    gateway.messages, gateway.cursor = [replace(foreign(lost, id="C2"), at=again, from_me=False)], "older"
    gateway.around = [foreign(lost)]
    desk.newest(waits.get(chat))
    assert desk.sends.by_key(chat.portal_id, "k2").state is SendState.DELIVERED
    assert waits.get(chat).waiting_since == again


# Files, for which a gateway takes no id of ours though it takes one for texts.


def lost_file(desk, chat, *, caption="Смета", name="price.png"):
    file = File("image/png", name, b"\x89PNG")
    draft = desk.service.draft(desk.line, chat, send_key="f1", user_id=REP)
    return desk.service.send_file(draft, file, caption=caption)


def picture(send, *, after=1.0, name="", caption="Смета", kind="image"):
    at = int(send.created_at + after)
    return Message("STRANGER", "STRANGER", at, True, caption, ack=Ack.SENT, media=Media(kind, "image/png", name))


@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("name", ["price.png", ""])
@pytest.mark.parametrize("caption", ["Смета", ""])
def test_a_file_whose_answer_was_lost_is_recognised(widget, own_ids, name, caption):
    gateway = FakeGateway(own_ids=own_ids)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    gateway.messages = [picture(lost_file(desk, chat, caption=caption), name=name, caption=caption)]
    (bubble,) = desk.newest(chat).bubbles
    assert (bubble.id, bubble.state) == ("STRANGER", SendState.SENT)
    assert desk.sends.by_key(chat.portal_id, "f1").message_id == "STRANGER"


@pytest.mark.parametrize(
    "changes", [{"name": "other.png"}, {"caption": "другое"}, {"after": SAME_SEND + 5}, {"kind": "video"}]
)
def test_a_file_that_is_not_recognised_stays_unclear_and_nobody_says_that_it_did_not_go_out(widget, changes):
    gateway = FakeGateway()
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    gateway.messages = [picture(lost_file(desk, chat), **changes)]
    assert SendState.UNKNOWN in desk.states(chat)
    assert desk.sends.by_key(chat.portal_id, "f1").reason != GatewayErrorCode.NO_SUCH_THING.value


# History.


def test_a_send_without_a_clear_end_stays_in_sight_below_the_first_page_for_a_week(widget, clock):
    gateway = FakeGateway()
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    lost = desk.send(chat, "не потерять")
    left = desk.left_by_a_dead_process(chat)
    clock.forward(3600)
    gateway.messages, gateway.cursor = [Message("new", "new", int(clock()), False, "после")], "more"
    assert [bubble.id for bubble in desk.newest(chat).bubbles] == [lost.message_id, left.message_id, "new"]
    assert set(gateway.looked_up) == {lost.message_id, left.message_id}
    clock.forward(DECIDED_WITHIN)
    assert [bubble.id for bubble in desk.newest(chat).bubbles] == ["new"]


def test_a_history_is_read_to_its_start_with_every_message_once(desk):
    chat = desk.open(IVAN)
    history = desk.newest(chat)
    seen = [bubble.id for bubble in history.bubbles]
    while history.cursor:
        assert history.end is None
        history = desk.service.older(desk.line, chat, history.cursor)
        seen = [bubble.id for bubble in history.bubbles] + seen
    assert history.end is End.START
    assert len(seen) == len(set(seen)) == people.IVAN.chat


def test_reading_sends_no_receipt(desk, outside):
    desk.newest(desk.open(IVAN))
    assert set(outside.calls()) == {"messages"}


@pytest.mark.parametrize(
    ("depth", "end"), [(Depth.FULL, End.START), (Depth.PARTIAL, End.ON_PHONE), (Depth.NONE, End.NOT_KEPT)]
)
def test_the_end_of_a_history_says_which_end_it_is(widget, depth, end):
    desk = ServiceFixture(widget, gateway=FakeGateway(depth=depth))
    assert desk.newest(desk.open()).end is end


def test_a_gateway_in_trouble_leaves_our_own_sends_and_says_so(desk, outside):
    chat = desk.open()
    desk.send(chat)
    outside.break_gateway("stopped", "messages")
    history = desk.newest(chat)
    assert [bubble.text for bubble in history.bubbles] == ["Добрый день!"]
    assert (history.error, history.cursor, history.end) == (GatewayErrorCode.LINE_DOWN, None, None)


def test_an_older_page_in_trouble_raises_for_the_page_to_offer_a_retry(desk, outside):
    chat = desk.open(IVAN)
    cursor = desk.newest(chat).cursor
    outside.break_gateway("http_500", "messages")
    with pytest.raises(GatewayError):
        desk.service.older(desk.line, chat, cursor)
    assert desk.service.older(desk.line, chat, cursor).bubbles


def test_a_failed_send_stands_between_the_messages_of_its_time(widget, clock):
    gateway = FakeGateway(result=Sent.REFUSED)
    desk = ServiceFixture(widget, gateway=gateway)
    chat = desk.open()
    desk.send(chat, "не ушло")
    now = int(clock())
    gateway.messages = [Message("new", "new", now + 60, False, "после"), Message("old", "old", now - 60, False, "до")]
    assert [bubble.text for bubble in desk.newest(chat).bubbles] == ["до", "не ушло", "после"]
    assert [bubble.text for bubble in desk.service.older(desk.line, chat, "1:0").bubbles] == ["до", "не ушло", "после"]


def test_an_answer_of_the_client_proves_the_chat_and_moves_it_to_the_front(desk, outside):
    chat = desk.open()
    desk.newest(chat)
    assert not desk.chats.get(chat.portal_id, chat.id).proved
    outside.answer_as_client(ORDERS, "Да, слушаю")
    desk.newest(chat)
    stored = desk.chats.get(chat.portal_id, chat.id)
    assert stored.proved
    assert stored.last_at > chat.last_at


def test_a_message_of_the_line_alone_proves_nothing(desk):
    chat = desk.open()
    desk.send(chat)
    desk.newest(chat)
    assert not desk.chats.get(chat.portal_id, chat.id).proved


# Files.


def test_a_file_is_fetched_with_two_calls(desk, outside):
    chat = desk.open(IVAN)
    photo = next(b for b in desk.newest(chat).bubbles if b.media and b.media.kind == "image")
    outside.reset()
    assert desk.service.media(desk.line, chat, photo.ref).body
    assert outside.calls() == {"message": 1, "files": 1}


def test_no_text_and_no_number_reach_a_log(desk, caplog):
    with caplog.at_level("DEBUG", logger="widget"):
        desk.send(desk.open(), "Секретный текст")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("widget"))
    assert "send.done line=" in ours
    assert "Секретный" not in ours
    assert "9261112233" not in ours


class Paged(FakeGateway):
    """A history of some pages without messages, as reactions make them (Evolution: 31 in a row),
    then one message."""

    def __init__(self, empty: int, at: int) -> None:
        super().__init__()
        self.empty, self.old, self.asked_ids = empty, Message("OLD", "ref", at, False, "Старое"), []

    def history(self, chat_ids, cursor, limit):
        self.asked_ids.append(tuple(chat_ids))
        page = int(cursor or 0)
        return Page((), str(page + 1)) if page < self.empty else Page((self.old,), None)


@pytest.mark.parametrize("empty", [1, 3, 6])
def test_a_page_without_messages_is_not_the_end_of_the_chat(widget, empty):
    desk = ServiceFixture(widget, gateway=Paged(empty, int(widget.clock()) - 999))
    chat = desk.open()
    page = desk.newest(chat)
    while not page.bubbles:
        assert page.end is None
        page = desk.service.older(desk.line, chat, page.cursor)
    assert [bubble.text for bubble in page.bubbles] == ["Старое"]
    assert page.cursor is None


def test_a_chat_known_by_its_lid_is_read_under_its_phone_too(widget):
    gateway = Paged(0, int(widget.clock()))
    desk = ServiceFixture(widget, gateway=gateway)
    chat, _new = desk.chats.remember(desk.line.portal_id, desk.line.id, ORDERS, chat_ids=["222222222222@lid"])
    desk.newest(chat)
    assert gateway.asked_ids == [("222222222222@lid", gateway.chat_id_of(ORDERS))]
