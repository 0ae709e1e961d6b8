"""Since when a client waits, and who answers: the same whatever order the news come in, and however
often."""

import random

from hypothesis import given
from hypothesis import strategies as st

from widget.chats.waiting import AUTOMATIC_SECONDS, waiting_since
from widget.storage.waits import By, ChatTurn

CLIENT, REP, DEVICE = By.CLIENT, By.REP, By.DEVICE
TURNS = st.lists(st.builds(ChatTurn, st.integers(1, 60).map(float), st.sampled_from(By)), max_size=12)


def since(*turns: tuple[float, By], waived_at: float = 0.0) -> float:
    return waiting_since([ChatTurn(float(at), by) for at, by in turns], waived_at=waived_at)[0]


def test_a_client_waits_since_the_first_message_after_our_last() -> None:
    assert since() == 0
    assert since((10, CLIENT), (20, CLIENT)) == 10
    assert since((10, CLIENT), (30, REP), (40, CLIENT), (50, CLIENT)) == 40
    assert since((10, CLIENT), (30, DEVICE)) == 0
    assert since((10, CLIENT), (10, REP)) == 0


def test_an_automatic_answer_ends_no_wait() -> None:
    assert since((10, CLIENT), (11, DEVICE)) == 10
    assert since((10, CLIENT), (11, DEVICE), (10 + AUTOMATIC_SECONDS, DEVICE)) == 0
    assert since((10, CLIENT), (11, REP)) == 0
    assert since((10, CLIENT), (100, CLIENT), (101, DEVICE)) == 10  # that of the second message
    assert since((10, CLIENT), (100, CLIENT), (101, DEVICE), (110, DEVICE)) == 0


def test_no_reply_needed_ends_the_wait_for_what_was_there() -> None:
    assert since((10, CLIENT), (20, CLIENT), waived_at=20) == 0
    assert since((10, CLIENT), (20, CLIENT), (30, CLIENT), waived_at=20) == 30


@given(TURNS, st.integers(0, 60), st.randoms(use_true_random=False))
def test_the_order_of_news_and_their_repetition_change_nothing(
    turns: list[ChatTurn], waived_at: int, chance: random.Random
) -> None:
    again = [*turns, *(turn for turn in turns if chance.random() < 0.5)]
    chance.shuffle(again)
    assert waiting_since(again, waived_at=waived_at) == waiting_since(turns, waived_at=waived_at)


@given(TURNS)
def test_after_a_rep_writes_no_client_waits_and_after_a_client_writes_one_does(turns: list[ChatTurn]) -> None:
    assert waiting_since([*turns, ChatTurn(61.0, REP)]) == (0, 61)
    waits = waiting_since([*turns, ChatTurn(62.0, CLIENT)])[0]
    assert waits == (waiting_since(turns)[0] or 62)
