import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stand import PATIENCE
from widget.storage.chats import MAX_IDS

PHONE, OTHER = "+79619510000", "+79261112233"


def test_opening_twice_gives_one_chat(store):
    first, new = store.chats.remember(store.one, store.line_one, PHONE, user_id=2)
    again, new_again = store.chats.remember(store.one, store.line_one, PHONE, user_id=3)
    assert (new, new_again) == (True, False)
    assert again == first


def test_two_lines_have_two_chats_with_one_phone(store):
    support = store.add_line(store.one, "support")
    store.chats.remember(store.one, store.line_one, PHONE, last_at=10)
    store.chats.remember(store.one, support, PHONE, last_at=20)
    store.chats.remember(store.one, support, OTHER, last_at=30)
    assert [chat.line_id for chat in store.chats.of_phones(store.one, [PHONE])] == [support, store.line_one]
    assert len(store.chats.of_phones(store.one, [PHONE, OTHER])) == 3
    assert store.chats.of_phones(store.one, []) == []


def test_what_is_learned_of_a_chat_is_added_and_nothing_is_lost(store):
    store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["79619510000@c.us"], last_at=50)
    store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["1@lid"], proved=True, last_at=10)
    chat, _new = store.chats.remember(store.one, store.line_one, PHONE)
    assert chat.chat_ids == ("1@lid", "79619510000@c.us")  # what was learned last comes first
    assert chat.proved
    assert chat.last_at == 50
    assert store.chats.get(store.one, chat.id) == chat


def test_a_chat_is_found_by_all_that_its_gateway_calls_it_and_by_nothing_that_it_did(store):
    def found(*names):
        return [chat.id for chat in store.conversations.called(store.one, store.line_one, names, [], "M")[0]]

    chat, _new = store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["a@c.us"])
    hidden, _new = store.chats.remember(store.one, store.line_one, "7@lid", chat_ids=["7@lid"])
    store.chats.remember(store.one, store.line_one, PHONE, also=["b@lid"])
    assert [found("a@c.us"), found("b@lid"), found("7@lid")] == [[chat.id], [chat.id], [hidden.id]]
    assert store.conversations.called(store.one, store.line_one + 1, ["a@c.us"], [], "M")[0] == []
    assert found("a@c.u", "a@c_us", "%") == []

    united = store.conversations.hidden.unite(hidden, [PHONE])
    assert found("7@lid") == found("a@c.us") == [united.id] == [chat.id]


def test_of_very_many_ids_the_best_are_kept(store):
    made, _new = store.chats.remember(store.one, store.line_one, OTHER, also=[f"{number}@lid" for number in range(20)])
    assert made.chat_ids == tuple(f"{number}@lid" for number in range(MAX_IDS))
    store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["79619510000@c.us"])
    for number in range(20):
        store.chats.remember(store.one, store.line_one, PHONE, also=[f"{number}@lid"])
    store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["99@lid"])
    chat, _new = store.chats.remember(store.one, store.line_one, PHONE)
    assert chat.chat_ids == ("99@lid", "79619510000@c.us", *(f"{number}@lid" for number in range(6)))


@pytest.mark.parametrize("again", range(3))
def test_two_cards_that_create_one_chat_at_once_get_one_row(store, again):
    together = threading.Barrier(8)

    def create(number):
        together.wait(PATIENCE)
        return store.chats.remember(store.one, store.line_one, PHONE, user_id=number)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(8)))
    assert len({chat.id for chat, _new in made}) == 1
    assert sum(new for _chat, new in made) == 1
    assert len(store.chats.of_phones(store.one, [PHONE])) == 1


def test_a_printed_chat_shows_no_number(store):
    chat, _new = store.chats.remember(store.one, store.line_one, PHONE, chat_ids=["79619510000@c.us"])
    assert "9619510000" not in repr(chat)
