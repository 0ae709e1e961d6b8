"""Single flight within the process."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stand import PATIENCE
from widget.singleflight.local import SingleFlight


def test_all_who_want_the_same_at_once_get_what_one_of_them_fetched():
    once: SingleFlight[str, object] = SingleFlight()
    begun, go_on = threading.Event(), threading.Event()
    fetched = []

    def fetch() -> object:
        begun.set()
        go_on.wait(PATIENCE)
        fetched.append(object())
        return fetched[-1]

    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(once.get, "card", fetch)
        assert begun.wait(PATIENCE)
        others = [pool.submit(once.get, "card", fetch) for _ in range(19)]
        go_on.set()
        assert {id(answer.result(PATIENCE)) for answer in (first, *others)} <= {id(one) for one in fetched}
    assert len(fetched) < 20


def test_who_comes_later_fetches_anew():
    once: SingleFlight[str, int] = SingleFlight()
    numbers = iter((1, 2))
    assert [once.get("card", lambda: next(numbers)) for _ in range(2)] == [1, 2]


def test_a_failure_reaches_the_one_who_asked_and_is_not_remembered():
    once: SingleFlight[str, int] = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        once.get("card", lambda: 1 // 0)
    assert once.get("card", lambda: 7) == 7
