"""What is true of the memory storage alone: it forgets by itself, and threads may share it."""

from concurrent.futures import ThreadPoolExecutor

from ratelimit import Limiter, MemoryStorage, Rate, Window


def test_idle_keys_are_forgotten_while_others_are_used():
    now = [0.0]
    storage = MemoryStorage(clock=lambda: now[0])
    checks = Limiter(storage, [Rate(every=3.0, burst=10), Window(limit=1000, seconds=3600)])
    for line in range(1000):
        checks.acquire(f"line-{line}")
    now[0] += 3600 + 3661
    for _ in range(501):
        checks.acquire("line-0")
        now[0] += 3
    assert storage.size == 1


def test_keys_that_still_count_are_not_forgotten():
    now = [0.0]
    storage = MemoryStorage(clock=lambda: now[0])
    checks = Limiter(storage, [Window(limit=1000, seconds=3600)])
    for line in range(100):
        checks.acquire(f"line-{line}", 1000)
    now[0] += 3599
    for _ in range(1000):
        checks.acquire("busy")
    assert [checks.peek(f"line-{line}").granted for line in range(100)] == [0] * 100


def test_looks_and_refusals_are_not_remembered():
    storage = MemoryStorage()
    checks = Limiter(storage, [Window(limit=1, seconds=3600)])
    checks.peek("line")
    checks.acquire("other", 2, all_or_nothing=True)
    assert storage.size == 0


def test_a_busy_key_keeps_no_more_than_its_limits_need():
    now = [0.0]
    storage = MemoryStorage(clock=lambda: now[0])
    checks = Limiter(storage, [Window(limit=5, seconds=10)])
    for _ in range(1000):
        checks.acquire("line", 5)
        now[0] += 10
    (ledger,) = storage._ledgers.values()
    assert len(ledger.times) == len(ledger.members) == 5


def test_eight_threads_get_exactly_a_thousand_permits():
    checks = Limiter(MemoryStorage(), [Window(limit=1000, seconds=3600)])

    def work(_):
        granted = 0
        while permits := checks.acquire("line", 3).granted:
            granted += permits
        return granted

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(work, range(8))) == 1000


def test_threads_that_give_back_never_create_a_permit():
    checks = Limiter(MemoryStorage(), [Window(limit=1000, seconds=3600)])

    def work(_):
        used = 0
        while (permits := checks.acquire("line", 3)).granted:
            checks.refund("line", permits, 1)
            used += permits.granted - 1
            if permits.granted == 1:
                return used
        return used

    with ThreadPoolExecutor(8) as threads:
        used = sum(threads.map(work, range(8)))
    assert used + checks.peek("line", 1000).granted == 1000
