"""Any number of workers, and what is done by the clock is done once. SQL says whose turn it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.stand import Clock, make_tables
from widget.jobs.queue import EVERY_MINUTE, EVERY_NIGHT, Jobs, Times, open_queue
from widget.storage.database import open_database
from widget.storage.turns import LEASE_SECONDS, Turns

NIGHT = datetime(2027, 1, 16, 3, 41, tzinfo=UTC).timestamp()


class Hosts:
    """Two workers of one service. Their schedulers strike at other seconds and put into one
    queue."""

    def __init__(self, folder: Path, clock: Clock, versions: tuple[int, int] = (1, 1)) -> None:
        self.clock = clock
        self.done: list[int] = []
        self.during: Callable[[], None] = lambda: None
        address = f"sqlite:///{folder / 'widget.sqlite3'}"
        make_tables(address)
        self.turns = [Turns(open_database(address), clock, version) for version in versions]
        self.workers = [
            Jobs(lambda: open_queue(redis_url="", file=str(folder / "jobs"), secret="s" * 40), clock, turns)
            for turns in self.turns
        ]

    def do(self, times: Times) -> None:
        for number, worker in enumerate(self.workers):
            worker.schedule(times, "work", lambda number=number: self.work(number))

    def work(self, number: int) -> None:
        self.done.append(number)
        self.during()

    def strike(self) -> None:
        """One minute on both hosts, half a minute apart, and a worker takes what each put into the
        queue."""
        for worker in self.workers:
            for task in worker.queue.read_periodic(datetime.fromtimestamp(self.clock.now, UTC)):
                worker.queue.enqueue(task)
            while task := worker.queue.dequeue():
                worker.queue.execute(task)
            self.clock.forward(30)


@pytest.fixture
def hosts(tmp_path: Path, clock: Clock) -> Hosts:
    return Hosts(tmp_path, clock)


def test_two_workers_do_what_is_due_each_minute_once_a_minute(hosts: Hosts) -> None:
    hosts.do(EVERY_MINUTE)
    for _ in range(5):
        hosts.strike()
    assert len(hosts.done) == 5


def test_what_an_older_worker_has_done_a_newer_one_beside_it_does_too(tmp_path: Path, clock: Clock) -> None:
    for versions in ((1, 2), (2, 1)):
        folder = tmp_path / str(versions)
        folder.mkdir()
        hosts = Hosts(folder, clock, versions)
        hosts.do(EVERY_MINUTE)
        for _ in range(5):
            hosts.strike()
        assert hosts.done.count(versions.index(2)) == 5


def test_work_that_fails_is_due_again_with_the_next_minute(hosts: Hosts) -> None:
    hosts.do(EVERY_MINUTE)

    def fail() -> None:
        raise RuntimeError

    hosts.during = fail
    for _ in range(3):
        hosts.strike()
    assert len(hosts.done) == 3


def test_what_a_night_has_done_rests_until_the_next(hosts: Hosts) -> None:
    hosts.do(EVERY_NIGHT)
    for at in (NIGHT, NIGHT + 3600, NIGHT + 7200, NIGHT + 86_400):
        hosts.clock.now = at
        hosts.strike()
    assert len(hosts.done) == 2


def test_the_work_of_a_killed_worker_is_another_ones_when_its_lease_ends(hosts: Hosts) -> None:
    first, second = hosts.turns
    assert first._take("work", hosts.clock.now)  # and it is killed: it never says that it ended

    with second.turn("work", EVERY_NIGHT.rest) as mine:
        assert not mine
    hosts.clock.forward(LEASE_SECONDS)
    with second.turn("work", EVERY_NIGHT.rest) as mine:
        assert mine


def test_work_that_takes_long_stays_with_the_worker_that_is_alive(hosts: Hosts) -> None:
    first, second = hosts.turns
    with first.turn("work", rest=50) as mine:
        assert mine
        for _ in range(10):
            hosts.clock.forward(LEASE_SECONDS - 1)
            first.keep()
            with second.turn("work", rest=50) as theirs:
                assert not theirs
    with second.turn("work", rest=50) as theirs:
        assert theirs
    (told,) = second.all()
    assert told.ended_at == told.began_at == hosts.clock.now
