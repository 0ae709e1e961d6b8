"""widget/cache.py, which presence stands on: the same promises in the process and in Redis."""

import pickle

import pytest
import redis
from flask import Flask

from sandbox.valkey import Valkey
from tests.stand import PATIENCE
from widget.cache import Cache, StoreGone

RECORD = ["yes", 1800000000.0, "check", "not_asked", 0.0, ""]


@pytest.fixture(params=["in the process", "in Redis"])
def answers(request):
    url = request.getfixturevalue("redis_url") if request.param == "in Redis" else ""
    return Cache(Flask("cache"), url)


def test_what_was_put_in_comes_back_and_nothing_else(answers):
    answers.set_many({"a": RECORD, "b": {"x": [1, None, "é"]}}, 60)
    assert answers.get_many(["a", "b", "c"]) == {"a": RECORD, "b": {"x": [1, None, "é"]}}
    assert answers.get_many([]) == {}
    answers.set_many({}, 60)
    answers.delete_many([])


def test_what_was_deleted_is_gone(answers):
    answers.set_many({"a": 1, "b": 2}, 60)
    answers.delete_many(["a", "c"])
    assert answers.get_many(["a", "b"]) == {"b": 2}


def test_a_record_is_published_where_nothing_changed_and_the_leases_are_given_back(answers):
    answers.set_many({"changed": 2, "kept": 1}, 60)
    assert answers.add_many(["lease"], 1, 60)

    told = {"new": (None, 1, 60.0), "kept": (1, 3, 60.0), "changed": (1, 3, 60.0), "looked at": (None, 1, 0.0)}
    assert answers.publish(told, leases=["lease"]) == {"changed": 2}

    assert answers.get_many(["new", "kept", "changed", "looked at", "lease"]) == {"new": 1, "kept": 3, "changed": 2}


def test_only_the_first_of_two_adds_succeeds(answers):
    assert answers.add_many(["a"], 1, 60)
    assert not answers.add_many(["a"], 2, 60)
    assert answers.get_many(["a"]) == {"a": 1}
    answers.delete_many(["a"])
    assert answers.add_many(["a"], 3, 60)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1])
def test_a_short_time_is_a_second_and_not_for_ever(redis_url, seconds):
    """What the server is asked is looked at, not what it keeps: that may be gone before anything
    can look."""
    answers = Cache(Flask("cache"), redis_url)
    with redis.Redis.from_url(redis_url, socket_timeout=PATIENCE) as client, client.monitor() as heard:
        answers.set_many({"a": 1}, seconds)
        answers.add_many(["b"], 1, seconds)
        writes = (asked["command"] for asked in heard.listen() if asked["command"].startswith("SET "))
        assert [next(writes), next(writes)] == ["SET widget:1:a 1 EX 1", "SET widget:1:b 1 NX EX 1"]


def test_records_lie_in_redis_as_plain_json(redis_url):
    Cache(Flask("cache"), redis_url).set_many({"a": RECORD}, 60)
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("widget:1:a") == b'["yes",1800000000.0,"check","not_asked",0.0,""]'


class Bomb:
    exploded = False

    def __reduce__(self):
        return (setattr, (Bomb, "exploded", True))


def test_a_pickle_that_somebody_put_there_is_never_run(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        for prefix in (b"", b"!"):
            client.set("widget:1:a", prefix + pickle.dumps(Bomb()))
            assert Cache(Flask("cache"), redis_url).get_many(["a"]) == {}
    assert not Bomb.exploded


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"!\x80"])
def test_a_record_that_is_no_json_is_not_there(redis_url, raw):
    with redis.Redis.from_url(redis_url) as client:
        client.set("widget:1:a", raw)
    assert Cache(Flask("cache"), redis_url).get_many(["a"]) == {}


def test_many_records_are_one_round_trip(redis_url):
    answers = Cache(Flask("cache"), redis_url)
    keys = [f"k{n}" for n in range(10)]
    answers.get_many(keys)  # connects
    with redis.Redis.from_url(redis_url) as client:
        before = _commands(client)
        answers.get_many(keys)
        assert _commands(client) - before == {"mget": 1}
        before = _commands(client)
        answers.delete_many(keys)
        assert _commands(client) - before == {"del": 1}


class _Counts(dict):
    def __sub__(self, other):
        return {name: count - other.get(name, 0) for name, count in self.items() if count != other.get(name, 0)}


def _commands(client):
    told = client.info("commandstats")
    return _Counts({name[8:]: stats["calls"] for name, stats in told.items() if name != "cmdstat_info"})


def test_a_store_that_went_away_says_so_at_once_and_works_again_when_it_is_back():
    with Valkey() as server:
        answers = Cache(Flask("cache"), server.url)
        answers.set_many({"a": 1}, 60)
        server.kill()
        for call in (
            lambda: answers.get_many(["a"]),
            lambda: answers.set_many({"a": 1}, 60),
            lambda: answers.add_many(["b"], 1, 60),
            lambda: answers.delete_many(["a"]),
        ):
            with pytest.raises(StoreGone):
                call()
        server.start()
        answers.set_many({"a": 2}, 60)
        assert answers.get_many(["a"]) == {"a": 2}
