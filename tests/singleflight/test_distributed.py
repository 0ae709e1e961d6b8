import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.presence.conftest import FlakyCache
from tests.stand import PATIENCE
from widget.cache import Cache, StoreGone
from widget.singleflight.distributed import POLL_SECONDS, DistributedSingleFlight

LATE = "late"


class Asked:
    """What is asked and published, and how often."""

    def __init__(self, answers):
        self.answers = answers
        self.calls: list[list[str]] = []
        self.started = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self._lock = threading.Lock()

    def known(self, keys, records):
        return {key: records[key] for key in keys if key in records}

    def ask(self, keys, leases=None):
        with self._lock:
            self.calls.append(list(keys))
        self.started.set()
        self.go.wait(PATIENCE)
        found = {key: f"answer {key}" for key in keys}
        self.answers.set_many(found, 60)
        return found

    @property
    def keys(self) -> list[str]:
        return sorted(key for call in self.calls for key in call)


@pytest.fixture(params=["in the process", "in Redis"])
def answers(request):
    url = request.getfixturevalue("redis_url") if request.param == "in Redis" else ""
    return Cache(Flask("flights"), url)


@pytest.fixture
def asked(answers):
    return Asked(answers)


@pytest.fixture
def single_flight(answers):
    return DistributedSingleFlight(answers, lease_seconds=PATIENCE)


def run(single_flight, asked, *keys, late=LATE):
    return single_flight.run(keys, asked.known, asked.ask, late)


def test_every_key_gets_its_answer_with_one_question(single_flight, asked):
    assert run(single_flight, asked, "a", "b", "a") == {"a": "answer a", "b": "answer b"}
    assert asked.calls == [["a", "b"]]


def test_no_keys_are_no_question(single_flight, asked):
    assert run(single_flight, asked) == {}
    assert asked.calls == []


def test_what_is_known_by_now_is_not_asked(single_flight, asked, answers):
    answers.set_many({"a": "known"}, 60)
    assert run(single_flight, asked, "a", "b") == {"a": "known", "b": "answer b"}
    assert asked.calls == [["b"]]


def test_of_twenty_askers_at_once_one_asks_and_all_are_answered(single_flight, asked):
    asked.go.clear()
    with ThreadPoolExecutor(20) as pool:
        leader = pool.submit(run, single_flight, asked, "a", "b")
        asked.started.wait(PATIENCE)
        others = [pool.submit(run, single_flight, asked, "b", "a") for _ in range(19)]
        asked.go.set()
        for flight in (leader, *others):
            assert flight.result(PATIENCE) == {"a": "answer a", "b": "answer b"}
    assert asked.keys == ["a", "b"]


def test_who_wants_more_than_is_in_the_air_asks_for_the_rest_only(single_flight, asked):
    asked.go.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run, single_flight, asked, "a")
        asked.started.wait(PATIENCE)
        second = pool.submit(run, single_flight, asked, "a", "b")
        asked.go.set()
        assert first.result(PATIENCE) == {"a": "answer a"}
        assert second.result(PATIENCE) == {"a": "answer a", "b": "answer b"}
    assert asked.keys == ["a", "b"]


def test_when_the_asker_fails_the_others_are_told_late_and_the_next_one_asks_anew(single_flight, asked):
    holding, entered = threading.Event(), threading.Event()

    def fail(keys, leases):
        entered.set()
        holding.wait(PATIENCE)
        raise RuntimeError("the gateway's adapter broke")

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(single_flight.run, ["a"], asked.known, fail, LATE)
        entered.wait(PATIENCE)
        follower = pool.submit(run, single_flight, asked, "a")
        holding.set()
        with pytest.raises(RuntimeError):
            leader.result(PATIENCE)
        # Late if it waited for the one who failed; it may also have come a moment after and asked
        # for itself.
        assert follower.result(PATIENCE) in ({"a": LATE}, {"a": "answer a"})
    assert run(single_flight, asked, "a") == {"a": "answer a"}


def test_whoever_waits_in_vain_is_told_late(answers, asked):
    single_flight = DistributedSingleFlight(answers, lease_seconds=0.2)
    asked.go.clear()
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(run, single_flight, asked, "a")
        asked.started.wait(PATIENCE)
        assert run(single_flight, asked, "a") == {"a": LATE}
        asked.go.set()
        assert leader.result(PATIENCE) == {"a": "answer a"}
    assert asked.calls == [["a"]]


def test_a_key_that_the_asker_left_out_is_late_for_the_others_and_missing_for_the_asker(single_flight, asked):
    assert single_flight.run(["a", "b"], asked.known, lambda keys, leases: {"a": 1}, LATE) == {"a": 1}


# Across processes: two DistributedSingleFlight over one Redis have nothing else in common.


@pytest.fixture
def process(redis_url):
    """process(): another process, its own DistributedSingleFlight over the same Redis."""

    def make(lease_seconds=PATIENCE, **parts):
        answers = Cache(Flask("process"), redis_url)
        return DistributedSingleFlight(answers, lease_seconds=lease_seconds, **parts), Asked(answers)

    return make


def test_of_two_processes_one_asks_and_the_other_reads_its_answer(process):
    (first, asked), (second, asked_there) = process(), process()
    asked.go.clear()
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(run, first, asked, "a", "b")
        asked.started.wait(PATIENCE)
        follower = pool.submit(run, second, asked_there, "a", "b")
        asked.go.set()
        assert leader.result(PATIENCE) == follower.result(PATIENCE) == {"a": "answer a", "b": "answer b"}
    assert (asked.calls, asked_there.calls) == ([["a", "b"]], [])


def test_a_process_asks_for_what_the_other_one_does_not_ask_about(process):
    (first, asked), (second, asked_there) = process(), process()
    asked.go.clear()
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(run, first, asked, "a")
        asked.started.wait(PATIENCE)
        follower = pool.submit(run, second, asked_there, "b", "a")
        asked_there.started.wait(PATIENCE)
        asked.go.set()
        assert leader.result(PATIENCE) == {"a": "answer a"}
        assert follower.result(PATIENCE) == {"b": "answer b", "a": "answer a"}
    assert asked_there.calls == [["b"]]


def test_the_lease_of_a_killed_process_ends_and_another_one_asks(process, redis_url):
    (killed, _), (survivor, asked) = process(), process()
    # taken by a process that died before it could ask or give it back
    assert killed._cache.add_many(["lease:a"], 1, 1)
    assert run(survivor, asked, "a") == {"a": "answer a"}
    assert asked.calls == [["a"]]


def test_a_process_that_asks_too_long_leaves_the_other_one_late_and_not_waiting(process):
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    (first, _), (second, asked) = process(), process(lease_seconds=5.0, now=lambda: now[0], sleep=sleep)
    assert first._cache.add_many(["lease:a"], 1, 60)
    assert run(second, asked, "a", "b") == {"a": LATE, "b": "answer b"}
    assert 5.0 <= now[0] <= 5.0 + 2 * POLL_SECONDS


def test_a_process_that_fails_gives_its_lease_back_at_once(process):
    (first, asked), (second, asked_there) = process(lease_seconds=60), process(lease_seconds=60)

    def fail(keys, leases):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        first.run(["a"], asked.known, fail, LATE)
    assert run(second, asked_there, "a") == {"a": "answer a"}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_store_that_goes_away_after_the_question_does_not_take_the_answer_with_it(redis_url, elsewhere):
    answers = FlakyCache(Flask("shaky"), redis_url)
    if elsewhere:  # another process asks about the other one
        answers.add_many(["lease:b"], 1, 60)

    def ask(keys, leases):
        answers.gone = True
        return dict.fromkeys(keys, "answer")

    found = DistributedSingleFlight(answers, lease_seconds=PATIENCE).run(
        ["a", "b"], lambda keys, records: records, ask, LATE
    )
    assert found == {"a": "answer", "b": LATE if elsewhere else "answer"}


def test_without_the_store_nothing_is_asked(asked):
    single_flight = DistributedSingleFlight(Cache(Flask("gone"), "redis://127.0.0.1:1/0"), lease_seconds=PATIENCE)
    with pytest.raises(StoreGone):
        run(single_flight, asked, "a")
    assert asked.calls == []
    with pytest.raises(StoreGone):  # and nobody waits for a flight that never started
        run(single_flight, asked, "a")
