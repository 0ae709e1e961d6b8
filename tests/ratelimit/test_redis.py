"""What is true of Redis alone: one trip, expiry, the server's clock, and what happens when it is
gone."""

import contextlib
import os
import signal

import pytest
import redis
from redis.crc import key_slot

from ratelimit import Limiter, Rate, RedisStorage, StorageUnavailable, Window
from tests.stand import PATIENCE, until

DAY = 86_400
EVERY = 3600.0  # the server's clock is the real one: none comes back while a test runs
LIMITS = (Rate(every=EVERY, burst=10), Window(limit=100, seconds=DAY))


@pytest.fixture
def checks(client: redis.Redis) -> Limiter:
    client.flushdb()
    return Limiter(RedisStorage(client), LIMITS, prefix="checks")


def test_the_servers_own_clock_is_used(checks):
    permits = checks.acquire("line", 50)
    assert permits.granted == 10
    assert permits.wait == EVERY
    assert 0 < checks.peek("line").wait < EVERY


def test_each_call_is_one_round_trip(checks, client, monkeypatch):
    checks.refund("line", checks.acquire("line"), 1)  # the scripts are known from here on
    sent = []
    monkeypatch.setattr(client, "execute_command", lambda *args, **_: sent.append(args[0]) or (10, 0))
    permits = checks.acquire("line", 10)
    checks.peek("line")
    checks.refund("line", permits, 5)
    checks.reset("line")
    assert sent == ["EVALSHA", "EVALSHA", "EVALSHA", "DEL"]


def test_giving_nothing_back_costs_nothing(checks, client, monkeypatch):
    permits = checks.acquire("line")
    monkeypatch.setattr(client, "execute_command", None)
    checks.refund("line", permits, 0)


def test_a_server_that_forgot_the_scripts_is_taught_them_again(checks, client):
    client.script_flush()
    permits = checks.acquire("line", 10)
    client.script_flush()
    checks.refund("line", permits, 4)
    assert checks.peek("line", 10).granted == 4


def test_nothing_stays_for_ever(checks, client):
    checks.acquire("line", 10)
    lives = [client.pttl(key) / 1000 for key in client.scan_iter()]
    assert len(lives) == 2
    assert all(DAY + 3600 < life <= DAY + 3660 for life in lives)


def test_a_look_and_a_refusal_write_nothing(checks, client):
    checks.peek("line", 10)
    checks.acquire("line", 11, all_or_nothing=True)
    assert client.keys() == []


def test_old_permits_leave_the_log(client):
    checks = Limiter(RedisStorage(client, clock=iter(range(0, 10_000, 100)).__next__), [Window(2, 60)], prefix="old")
    for _ in range(20):
        checks.acquire("line", 2)
    assert client.zcard("{old:line}:log") == 2


@pytest.mark.parametrize("key", ["line", "line {7}", "}", "{}", "строка"])
def test_all_keys_of_a_call_live_on_one_node_of_a_cluster(checks, client, key):
    assert checks.acquire(key, 10).granted == 10
    names = client.keys()
    assert len(names) == 2
    assert len({key_slot(name) for name in names}) == 1


def test_many_permits_in_one_call_are_counted_like_few(client):
    checks = Limiter(RedisStorage(client), [Window(limit=10_000, seconds=60)], prefix="many")
    assert checks.acquire("line", 9_999).granted == 9_999
    assert checks.acquire("line", 10_000).granted == 1


def test_a_client_that_repeats_a_call_whose_reply_was_lost_spends_once(client, monkeypatch):
    monkeypatch.setattr(os, "urandom", lambda _: b"sameid")
    checks = Limiter(RedisStorage(client), LIMITS, prefix="repeated")
    assert [checks.acquire("line", 4).granted for _ in range(3)] == [4, 4, 4]
    assert checks.peek("line", 10).granted == 6


def test_a_client_that_decodes_replies_will_do(valkey):
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        checks = Limiter(RedisStorage(client), LIMITS, prefix="decoded")
        assert checks.acquire("line", 50).granted == 10


def answers(client: redis.Redis) -> bool:
    with contextlib.suppress(redis.TimeoutError):
        return bool(client.ping())
    return False


def test_a_server_that_is_gone_grants_nothing_and_says_so(own_valkey, short_tempered):
    with redis.Redis.from_url(own_valkey.url, socket_timeout=PATIENCE) as patient:
        permits = Limiter(RedisStorage(patient), LIMITS).acquire("line", 1)
    checks = Limiter(RedisStorage(short_tempered), LIMITS)
    until(lambda: answers(short_tempered))  # and there is a connection, which dies with it
    own_valkey.kill()
    for call in (
        lambda: checks.acquire("line"),
        lambda: checks.peek("line"),
        lambda: checks.refund("line", permits, 1),
        lambda: checks.reset("line"),
    ):
        with pytest.raises(StorageUnavailable) as caught:
            call()
        assert isinstance(caught.value.__cause__, redis.RedisError)


def test_permits_whose_answer_was_lost_stay_spent(own_valkey, short_tempered):
    with redis.Redis.from_url(own_valkey.url, socket_timeout=PATIENCE) as patient:
        Limiter(RedisStorage(patient), LIMITS).acquire("line", 1)  # and the server knows the scripts
    checks = Limiter(RedisStorage(short_tempered), LIMITS)
    until(lambda: answers(short_tempered))  # and there is a connection
    os.kill(own_valkey.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StorageUnavailable):
            checks.acquire("line", 4)
    finally:
        os.kill(own_valkey.pid, signal.SIGCONT)
    with redis.Redis.from_url(own_valkey.url, socket_timeout=PATIENCE) as patient:
        assert Limiter(RedisStorage(patient), LIMITS).peek("line", 10).granted == 5


def test_a_server_without_room_grants_nothing(own_valkey):
    with redis.Redis.from_url(own_valkey.url, socket_timeout=PATIENCE) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(StorageUnavailable):
            Limiter(RedisStorage(client), LIMITS).acquire("line")


def test_a_key_that_holds_something_else_grants_nothing(checks, client):
    client.set("{checks:line}:log", "not ours")
    with pytest.raises(StorageUnavailable):
        checks.acquire("line")


def test_a_server_that_keeps_nothing_on_disk_has_forgotten_after_a_restart(own_valkey):
    with redis.Redis.from_url(own_valkey.url) as client:
        checks = Limiter(RedisStorage(client), LIMITS)
        assert checks.acquire("line", 10).granted == 10
        own_valkey.restart(persist=False)
        assert checks.acquire("line", 10).granted == 10


def test_a_server_that_keeps_its_data_still_knows_after_a_restart(own_valkey):
    with redis.Redis.from_url(own_valkey.url) as client:
        checks = Limiter(RedisStorage(client), LIMITS)
        assert checks.acquire("line", 10).granted == 10
        own_valkey.restart(persist=True)
        assert checks.acquire("line").granted == 0
        assert checks.peek("line", 100, limits=LIMITS[1:]).granted == 90
