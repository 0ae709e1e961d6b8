import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from tests.stand import PATIENCE
from widget.storage.schema import trail
from widget.storage.sends import LOOKED, TOLD, SendState

FORWARD = [
    SendState.SENDING,
    SendState.UNKNOWN,
    SendState.MISSING,
    SendState.QUEUED,
    SendState.SENT,
    SendState.FAILED,
    SendState.DELIVERED,
    SendState.READ,
]


@pytest.fixture
def chat(store):
    return store.chats.remember(store.one, store.line_one, "+79619510000")[0]


@pytest.fixture
def begin(store, chat):
    def make(key="k1", text="Добрый день!", user_id=2):
        return store.sends.begin(store.one, chat.id, send_key=key, user_id=user_id, text=text, message_id=f"M-{key}")

    return make


def test_a_send_is_written_down_before_anything_else(begin, store):
    send, new = begin()
    assert new
    assert (send.state, send.text, send.reason, send.message_id) == (SendState.SENDING, "Добрый день!", "", "M-k1")
    assert store.sends.by_key(store.one, "k1") == send


def test_a_key_that_was_seen_gives_the_first_send_back(begin):
    first, _new = begin()
    again, new = begin(text="something else", user_id=9)
    assert not new
    assert again == first


@pytest.mark.parametrize("again", range(3))
def test_of_many_sends_with_one_key_at_once_one_is_new(begin, again):
    together = threading.Barrier(8)

    def press(number):
        together.wait(PATIENCE)
        return begin(text=str(number))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(8)))
    assert sum(new for _send, new in answers) == 1
    assert len({send.id for send, _new in answers}) == 1
    assert len({send.text for send, _new in answers}) == 1


def test_a_send_to_a_chat_that_is_not_there_is_an_error_and_no_row(store):
    with pytest.raises((RuntimeError, IntegrityError)):
        store.sends.begin(store.one, 999, send_key="k", user_id=1, text="t", message_id="M")
    assert store.sends.by_key(store.one, "k") is None


def test_every_state_has_its_place_on_the_way():
    assert set(FORWARD) == set(SendState)


@pytest.mark.parametrize("after", FORWARD)
@pytest.mark.parametrize("before", FORWARD)
def test_a_state_never_moves_backwards(begin, store, before, after):
    send, _new = begin()
    store.sends.settle(send, before)
    settled = store.sends.settle(send, after)
    assert settled.state is FORWARD[max(FORWARD.index(before), FORWARD.index(after))]
    assert store.sends.by_key(store.one, "k1") == settled


def test_what_moved_backwards_changes_nothing_else_either(begin, store, clock):
    send, _new = begin()
    read = store.sends.settle(send, SendState.READ, message_id="FROM-GATEWAY")
    clock.forward(60)
    assert store.sends.settle(send, SendState.FAILED, reason="throttled", message_id="OTHER") == read


def test_settling_says_when_why_and_under_which_id(begin, store, clock):
    send, _new = begin()
    clock.forward(5)
    settled = store.sends.settle(send, SendState.UNKNOWN, reason="timed_out", message_id="GIVEN")
    assert (settled.state, settled.reason, settled.message_id) == (SendState.UNKNOWN, "timed_out", "GIVEN")
    assert settled.changed_at == settled.created_at + 5
    assert store.sends.settle(settled, SendState.SENT).message_id == "GIVEN"


def test_a_trail_tells_each_step_with_those_that_an_older_version_wrote(begin, store, clock):
    send, _new = begin()
    now = clock()
    step = {"portal_id": store.one, "send_id": send.id, "at": now + 1, "what": "unknown", "how": "answer"}
    with store.engine.begin() as connection:
        connection.execute(trail.insert().values(**step, detail="timed_out"))
    clock.forward(2)
    assert store.sends.look(store.sends.by_key(store.one, "k1"), pause=60)
    assert not store.sends.look(send, pause=60)  # another one was quicker
    clock.forward(1)
    read = store.sends.settle(send, SendState.READ, how="webhook")
    store.sends.settle(read, SendState.SENT, how="answer")  # late
    store.sends.trail.add(read, TOLD)
    told = [(step.at - now, step.what, step.how, step.detail) for step in store.sends.trail.of(send)]
    assert told == [
        (1, "unknown", "answer", "timed_out"),
        (2, LOOKED, "", ""),
        (3, "read", "webhook", ""),
        (3, TOLD, "", ""),
    ]


def test_a_trail_without_an_end_keeps_its_first_steps(begin, store, clock):
    send, _new = begin()
    for number in range(150):
        store.sends.settle(send, SendState.UNKNOWN, reason=f"{number} {'looked into ' * 10}"[:40])
    steps = store.sends.trail.of(send)
    assert 50 < len(steps) <= 100
    assert [step.detail.split()[0] for step in steps] == [str(number) for number in range(len(steps))]


def test_recent_sends_come_oldest_first_from_a_time_on(begin, store, chat, clock):
    for number in range(4):
        begin(f"k{number}")
        clock.forward(10)
    since = clock() - 30
    assert [send.send_key for send in store.sends.recent(store.one, chat.id, since)] == ["k1", "k2", "k3"]


def test_of_very_many_sends_the_newest_are_recent(begin, store, chat, clock):
    for number in range(205):
        begin(f"k{number}")
        clock.forward(1)
    recent = [send.send_key for send in store.sends.recent(store.one, chat.id, 0.0)]
    assert recent == [f"k{number}" for number in range(5, 205)]


def test_old_texts_are_wiped_and_their_keys_stay_used(begin, store, clock):
    begin("old")
    clock.forward(100)
    begin("new")
    assert store.sends.wipe_texts(clock() - 50) == 1
    assert store.sends.wipe_texts(clock() - 50) == 0
    assert store.sends.by_key(store.one, "old").text == ""
    assert store.sends.by_key(store.one, "new").text == "Добрый день!"
    assert begin("old") == (store.sends.by_key(store.one, "old"), False)


def test_a_printed_send_shows_no_text(begin):
    assert "Добрый" not in repr(begin()[0])
