import threading
from concurrent.futures import ThreadPoolExecutor

from tests.stand import PATIENCE
from widget.storage.tokens import Token


def test_the_last_stored_token_is_found(store):
    store.tokens.put(store.one, 2, Token("old", "old-refresh", 1.0))
    store.tokens.put(store.one, 2, Token("new", "new-refresh", 2.0))
    assert store.tokens.find(store.one, 2) == Token("new", "new-refresh", 2.0)


def test_a_user_who_opens_many_cards_at_once_for_the_first_time_gets_one_row(store):
    together = threading.Barrier(8)

    def put(number):
        together.wait(PATIENCE)
        store.tokens.put(store.one, 2, Token(f"a{number}", f"r{number}", 1.0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    stored = store.tokens.find(store.one, 2)
    assert stored.access[1:] == stored.refresh[1:]  # never half of one and half of another


def test_a_printed_token_shows_nothing_of_it():
    token = Token("ACCESS-TOKEN", "REFRESH-TOKEN", 5.0)
    assert "ACCESS-TOKEN" not in repr(token) + f"{token}"
    assert "REFRESH-TOKEN" not in repr(token) + f"{token}"
