import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stand import PATIENCE
from widget.storage.line_health import LineHealths
from widget.storage.messages import Body, Messages

CHAT, LID = "79619510000@c.us", "1234@lid"


@pytest.fixture
def kept(store):
    return Messages(store.engine, store.secret_box, store.clock)


def added(word, at=0.0, from_me=False):
    """A body that is a set of words: it only grows."""
    return lambda body: Body(" ".join(sorted({*body.split(), word})), at, from_me)


def bodies(kept, store, *, portal=None, line=None, ids=(CHAT,), **more):
    return kept.of_chat(portal or store.one, line or store.line_one, list(ids), **more)


def test_a_message_grows_and_a_fact_that_is_known_writes_nothing(kept, store):
    grow = lambda word: kept.grow(store.one, store.line_one, CHAT, "M", added(word, at=5.0))  # noqa: E731
    assert grow("a") == ("", "a")
    store.clock.forward(100)
    assert grow("b") == ("a", "a b")
    changed = store.clock()
    store.clock.forward(100)
    assert grow("a") == ("a b", "a b")
    assert bodies(kept, store) == [("M", "a b")]
    assert kept.wipe(changed) == 1  # written at 5, so it is old whatever was heard of it since


@pytest.mark.parametrize("again", range(3))
def test_of_many_who_add_to_one_message_at_once_none_is_lost(kept, store, again):
    together = threading.Barrier(8)

    def add(number):
        together.wait(PATIENCE)
        return kept.grow(store.one, store.line_one, CHAT, "M", added(f"w{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    ((_name, body),) = bodies(kept, store, named=["M"])
    assert body.split() == [f"w{number}" for number in range(8)]


def test_a_time_of_a_chat_is_read_with_all_that_is_known_of_its_messages(kept, store):
    for at in (10.0, 20.0, 30.0):
        kept.grow(store.one, store.line_one, CHAT, f"M{at:.0f}", added("text", at=at))
    kept.grow(store.one, store.line_one, LID, "M20", added("tick"))
    kept.grow(store.one, store.line_one, CHAT, "early", added("tick"))
    found = bodies(kept, store, ids=(CHAT, LID), since=15.0, before=30.0)
    assert sorted(found) == [("M20", "text"), ("M20", "tick")]
    assert ("early", "tick") in bodies(kept, store, since=99.0, named=["early"])
    assert bodies(kept, store, ids=(CHAT,), since=30.0) == [("M30", "text")]


def test_messages_are_their_own_portals_and_their_own_lines(kept, store):
    other = store.add_line(store.one, session="other")
    kept.grow(store.one, store.line_one, CHAT, "M", added("ours", at=5.0))
    assert bodies(kept, store, portal=store.two, line=store.line_two) == []
    assert bodies(kept, store, portal=store.two, named=["M"]) == []
    assert bodies(kept, store, line=other, named=["M"]) == []
    assert kept.evidence(store.two, store.line_one, [CHAT]).last_at == 0.0
    kept.grow(store.two, store.line_two, CHAT, "M", added("theirs", at=5.0))
    assert bodies(kept, store) == [("M", "ours")]


def test_the_messages_of_an_id_say_when_somebody_wrote_and_whether_it_was_the_client(kept, store):
    kept.grow(store.one, store.line_one, LID, "tick", added("x"))
    assert kept.evidence(store.one, store.line_one, [LID]).incoming is False
    kept.grow(store.one, store.line_one, LID, "ours", added("x", at=9.0, from_me=True))
    found = kept.evidence(store.one, store.line_one, [LID])
    assert (found.last_at, found.incoming) == (9.0, False)
    kept.grow(store.one, store.line_one, LID, "theirs", added("x", at=7.0))
    found = kept.evidence(store.one, store.line_one, [LID, CHAT])
    assert (found.last_at, found.incoming) == (9.0, True)


def test_a_body_is_sealed_and_one_that_no_key_opens_starts_anew(kept, store):
    from cryptography.fernet import Fernet

    from widget.storage.secret_box import SecretBox

    kept.grow(store.one, store.line_one, CHAT, "M", added("secret", at=5.0))
    with store.engine.connect() as connection:
        assert "secret" not in connection.exec_driver_sql("SELECT body FROM messages").scalar_one()
    blind = Messages(store.engine, SecretBox([Fernet.generate_key().decode()]), store.clock)
    assert blind.of_chat(store.one, store.line_one, [CHAT]) == [("M", "")]
    assert blind.grow(store.one, store.line_one, CHAT, "M", added("new", at=5.0)) == ("", "new")


def test_what_is_old_is_wiped_and_what_is_new_stays(kept, store):
    now = store.clock()
    kept.grow(store.one, store.line_one, CHAT, "old", added("x", at=now - 100))
    kept.grow(store.one, store.line_one, CHAT, "new", added("x", at=now))
    kept.grow(store.one, store.line_one, CHAT, "partial", added("x"))
    assert kept.wipe(now - 50) == 1
    store.clock.forward(100)
    assert kept.wipe(now + 50) == 2


# Chats that are found by an id, and grow by two at once.


def test_a_chat_is_found_by_any_of_its_ids_and_by_its_number_where_no_id_is_known(store):
    chat, _new = store.chats.remember(store.one, store.line_one, "+5531988887777", chat_ids=["553188887777@c.us"])
    bare, _new = store.chats.remember(store.one, store.line_one, "+79619510000")
    find = lambda *ids, phones=(), portal=store.one, line=store.line_one: store.conversations.called(  # noqa: E731
        portal, line, ids, phones, "M"
    )[0]
    assert find("553188887777@c.us", LID) == [chat]
    assert find("53188887777@c.us") == find("553188887777") == find("%") == find("_") == []
    assert find(CHAT, phones=["+79619510000"]) == [bare]
    assert find("553188887777@c.us", phones=["+79619510000"]) == [chat]
    assert find(CHAT, phones=["+79619510000"], portal=store.two, line=store.line_two) == []
    assert find(CHAT, phones=["+79619510000"], portal=store.two) == []


@pytest.mark.parametrize("again", range(3))
def test_ids_that_are_learnt_at_once_are_all_kept(store, again):
    together = threading.Barrier(6)
    chat, _new = store.chats.remember(store.one, store.line_one, "+79619510000", chat_ids=[CHAT])

    def learn(number):
        together.wait(PATIENCE)
        store.chats.remember(
            store.one, store.line_one, "+79619510000", also=[f"{number}@lid"], last_at=float(number), proved=number == 3
        )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(learn, range(6)))
    found = store.chats.get(store.one, chat.id)
    assert found.chat_ids[0] == CHAT
    assert set(found.chat_ids) == {CHAT, *(f"{number}@lid" for number in range(6))}
    assert (found.last_at, found.proved) == (5.0, True)


def test_a_send_is_found_by_its_message_on_its_own_line(store):
    other = store.add_line(store.one, session="other")
    chats = {line: store.chats.remember(store.one, line, "+79619510000")[0] for line in (store.line_one, other)}
    for line, chat in chats.items():
        store.chats.remember(store.one, line, chat.phone, chat_ids=[f"{line}@lid"])
        store.sends.begin(store.one, chat.id, send_key=f"k{line}", user_id=1, text="x", message_id="M")
    find = lambda portal, line, *ids: [s.send_key for s in store.conversations.called(portal, line, ids, (), "M")[1]]  # noqa: E731
    assert find(store.one, store.line_one) == [f"k{store.line_one}"]
    assert find(store.one, store.line_one, f"{store.line_one}@lid") == [f"k{store.line_one}"]
    assert find(store.two, store.line_one) == find(store.two, store.line_two) == []
    assert find(store.two, store.line_one, f"{store.line_one}@lid") == []


# What lines went through.


def test_a_lines_health_is_its_own_portals(store):
    health = LineHealths(store.engine, store.clock)
    assert health.record_webhook(store.one, store.line_one, state="offline", at=5.0)
    assert not health.record_webhook(store.one, store.line_one, state="offline", at=6.0)
    assert health.record_webhook(store.one, store.line_one, state="ready", at=7.0)
    assert health.of(store.one, store.line_one).state == "ready"
    assert health.of(store.two, store.line_one) == health.of(store.two, store.line_two)
    assert health.of(store.two, store.line_two).state == ""


def test_of_many_who_hear_of_a_line_first_all_are_answered(store):
    health, together = LineHealths(store.engine, store.clock), threading.Barrier(6)

    def hear(_):
        together.wait(PATIENCE)
        health.record_webhook(store.one, store.line_one, state="offline", at=5.0)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(hear, range(6)))
    assert health.of(store.one, store.line_one).state == "offline"
