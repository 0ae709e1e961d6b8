"""The queue wakes and nothing more: what there is to do stands in SQL."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import redis
from huey import Huey, MemoryHuey
from huey.consumer import Worker
from huey.serializer import Serializer

from tests.stand import Clock, Widget, until
from widget.jobs.queue import EVERY_HOUR, EVERY_MINUTE, EVERY_NIGHT, WAITS_SECONDS, Jobs, open_queue

SECRET = "s" * 40


def jobs_in(folder: Path, clock: Clock, secret: str = SECRET) -> Jobs:
    return Jobs(lambda: open_queue(redis_url="", file=str(folder / "jobs.sqlite3"), secret=secret), clock)


def work_off(jobs: Jobs) -> None:
    """Everything that waits, as a worker does it."""
    while task := jobs.queue.dequeue():
        jobs.queue.execute(task)


def test_work_asked_for_in_one_process_is_done_in_another(tmp_path: Path, clock: Clock) -> None:
    web, worker, done = jobs_in(tmp_path, clock), jobs_in(tmp_path, clock), list[int]()
    web.register("event", lambda number: None)
    worker.register("event", done.append)

    assert web.enqueue("event", 7)
    work_off(worker)

    assert done == [7]


def test_redis_works_the_same(redis_url: str, clock: Clock) -> None:
    jobs, done = Jobs(lambda: open_queue(redis_url=redis_url, file="", secret=SECRET), clock), list[int]()
    jobs.register("event", done.append)

    jobs.enqueue("event", 7)
    assert jobs.queue.pending_count() == 1
    work_off(jobs)

    assert done == [7]
    jobs.heartbeat()
    assert jobs.last_heartbeat() == clock.now


def test_what_others_put_into_the_queue_is_not_run(tmp_path: Path, clock: Clock) -> None:
    web, worker, done = jobs_in(tmp_path, clock, "x" * 40), jobs_in(tmp_path, clock), list[int]()
    web.register("event", done.append)
    worker.register("event", done.append)
    web.enqueue("event", 7)
    assert type(worker.queue.serializer) is not Serializer

    with pytest.raises(ValueError, match="mismatch"):
        work_off(worker)

    assert done == []


def test_a_queue_that_is_out_of_reach_fails_nobody(tmp_path: Path, clock: Clock) -> None:
    jobs = Jobs(lambda: open_queue(redis_url="", file=str(tmp_path / "no" / "such" / "file"), secret=SECRET), clock)
    jobs.register("event", lambda number: None)

    assert not jobs.enqueue("event", 7)
    assert jobs.last_heartbeat() is None


def test_a_worker_waits_for_a_queue_that_is_not_there_when_it_starts(clock: Clock) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise InterruptedError

    def out_of_reach() -> Huey:
        raise ConnectionError

    with pytest.raises(InterruptedError):
        Jobs(out_of_reach, clock).run(nullcontext, sleep)
    assert pauses == [WAITS_SECONDS] * 3


def test_nothing_is_opened_before_it_is_needed(make_widget: Callable[..., Widget], tmp_path: Path) -> None:
    make_widget(jobs_file=str(tmp_path / "jobs.sqlite3"))
    assert not (tmp_path / "jobs.sqlite3").exists()


def test_the_heartbeat_of_a_worker_is_seen_by_the_web_process(tmp_path: Path, clock: Clock) -> None:
    web, worker = jobs_in(tmp_path, clock), jobs_in(tmp_path, clock)
    assert web.last_heartbeat() is None

    worker.heartbeat()
    clock.forward(60)

    assert web.last_heartbeat() == clock.now - 60


def test_the_clock_knows_when_each_thing_is_done(widget: Widget) -> None:
    queue = widget.services.jobs.queue
    names = {type(task).__name__ for task in queue._registry.periodic_tasks}
    assert names == {
        "heartbeat",
        "events-left",
        "webhooks-left",
        "unclear-sends",
        "lines",
        "mirrors-left",
        "mirrors-read",
        "timelines",
        "badges",
        "card-fields",
        "later",
        "unveiling",
        "notices",
        "update-portals",
        "who-left",
        "subscriptions",
        "forget-events",
        "forget-changes",
        "forget-webhooks",
        "forget-unproved",
        "forget-messages",
        "wipe-texts",
        "forget-rest-log",
        "update-numbering",  # does nothing unless it is switched on
        "forget-usage",
        "forget-marks",
        "timelines-behind",
        "card-fields-behind",
        "forget-counted",
        "forget-mirrored",
        "forget-presences",
    }
    assert EVERY_MINUTE.crontab["minute"] == "*"
    assert EVERY_HOUR.crontab["minute"].isdecimal()
    assert EVERY_NIGHT.crontab["hour"] == "3,4,5"  # and rests for half a day once it has ended


def test_everything_by_the_clock_runs_on_an_empty_service(widget: Widget, caplog: pytest.LogCaptureFixture) -> None:
    queue = widget.services.jobs.queue
    assert isinstance(queue, MemoryHuey)
    for task in queue._registry.periodic_tasks:
        queue.execute(task)
    assert widget.services.jobs.last_heartbeat() == widget.clock.now
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.fixture
def signals() -> Iterator[None]:
    """A worker takes these over; they are given back to pytest."""
    taken = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for name, handler in taken.items():
        signal.signal(name, handler)


@pytest.mark.usefixtures("signals")
def test_a_worker_runs_until_it_is_told_to_stop(tmp_path: Path, clock: Clock) -> None:
    jobs, done, inside = jobs_in(tmp_path, clock), list[bool](), threading.local()

    @contextmanager
    def context():
        inside.here = True
        yield
        inside.here = False

    def work(number: int) -> None:
        done.append(inside.here)
        if number == 1:
            # Huey listens a moment after it begins to work.
            until(lambda: signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)

    jobs.register("event", work)
    jobs.enqueue("event", 2)
    jobs.enqueue("event", 1)

    jobs.run(context)

    assert done == [True, True]
    assert jobs.last_heartbeat() == clock.now


def test_no_secret_of_the_queue_is_in_redis(redis_url: str, clock: Clock) -> None:
    jobs = Jobs(lambda: open_queue(redis_url=redis_url, file="", secret=SECRET), clock)
    jobs.register("event", lambda number: None)
    jobs.enqueue("event", 7)
    with redis.Redis.from_url(redis_url) as client:
        stored = b"".join(client.lrange("huey.redis.widget", 0, -1))
    assert stored
    assert SECRET.encode() not in stored


def test_a_wake_up_for_work_that_only_a_newer_version_knows_stops_nothing(tmp_path: Path, clock: Clock) -> None:
    web, worker, done = jobs_in(tmp_path, clock), jobs_in(tmp_path, clock), list[int]()
    for name in ("newer", "event"):
        web.register(name, lambda number: None)
    worker.register("event", done.append)
    web.enqueue("newer", 6)
    web.enqueue("event", 7)

    takes = Worker(worker.queue, threading.Event(), default_delay=0.001, max_delay=0.001, backoff=1)
    takes.loop()
    takes.loop()

    assert done == [7]
