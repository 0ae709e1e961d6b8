"""The queue: Huey over an SQLite file, or over Redis where one is configured. `flask worker` works
it off.

A task carries ids and nothing else: what it is about is read from SQL when its time comes, so a
wake-up that is lost or comes twice changes nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from huey import Huey, SqliteHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from huey.storage import RedisStorage

from widget import logs
from widget.redis_clients import open_redis
from widget.storage.turns import KEEP_ALIVE_SECONDS, Turns

log = logging.getLogger(__name__)

NAME = "widget"
HEARTBEAT = "heartbeat"
TO_END = 80  # seconds for what is being done, as in gunicorn.conf.py
SLOWEST_LOOK = 1.0  # seconds between two looks into an idle queue: how late an event may be worked on
THREADS = 4
WAITS_SECONDS = 5.0  # between two looks for a queue that is not there when the worker starts


@dataclass(frozen=True)
class Times:
    """When something is done: a crontab of Huey's, in UTC. It rests for `rest` seconds after it
    began, so that of all workers, whose clocks strike at other seconds of a minute, one does it."""

    crontab: Mapping[str, str]
    rest: float


EVERY_MINUTE = Times({"minute": "*"}, rest=50.0)
EVERY_HOUR = Times({"minute": "17"}, rest=3000.0)
# What a night's worker could not end, or what found no worker at all, is tried again in the next
# hours.
EVERY_NIGHT = Times({"minute": "41", "hour": "3,4,5"}, rest=43_200.0)


class Jobs:
    """The registry of background tasks. Opens the queue only when a task is put in or taken out."""

    def __init__(self, open_queue: Callable[[], Huey], clock: Callable[[], float], turns: Turns | None = None) -> None:
        """Without `turns` this is the only worker there is."""
        self._open_queue = open_queue
        self._clock = clock
        self.turns = turns
        self._queue: Huey | None = None
        self._lock = threading.Lock()
        self._work: dict[str, Callable[..., None]] = {}
        self._timed: list[tuple[str, Times, Callable[[], object]]] = []
        self._tasks: dict[str, Any] = {}
        # Outside of a worker (a queue that works at once, in tests) the caller's context is already
        # there.
        self._context: Callable[[], AbstractContextManager[Any]] = nullcontext

    def register(self, name: str, work: Callable[[int], None]) -> None:
        """Register the function that does this kind of work; to be called before the queue is
        used."""
        self._work[name] = work

    def schedule(self, times: Times, name: str, work: Callable[[], object]) -> None:
        """Register what one of all workers does at these times; to be called before the queue is
        used."""
        self._timed.append((name, times, work))

    def enqueue(self, name: str, number: int) -> bool:
        """Ask for a piece of work soon. One small write. Returns False if the queue cannot be
        reached: the row stays, and the clock finds it within a minute."""
        try:
            self.queue  # noqa: B018 - opens it, and with it the tasks
            self._tasks[name](number)
        except Exception:  # of any queue, a file or a server: the caller must not fail with it
            log.warning("jobs.queue_gone task=%s row=%s", name, number, exc_info=True)
            return False
        return True

    def heartbeat(self) -> None:
        """Note that the worker is alive; `last_heartbeat` reads it. One small write."""
        self.queue.put(HEARTBEAT, self._clock())

    def last_heartbeat(self) -> float | None:
        """When a worker last said that it runs (unix seconds), None if never or if the queue is out
        of reach.

        One small query. A worker that runs says so every minute.
        """
        try:
            at = self.queue.get(HEARTBEAT, peek=True)
        except Exception:
            log.warning("jobs.queue_gone", exc_info=True)
            return None
        return float(at) if isinstance(at, (int, float)) else None

    def length(self) -> int:
        """How many tasks wait. One small query. Raises what the queue's store raises."""
        return int(self.queue.pending_count())

    def reachable(self) -> bool:
        """Whether the queue can be reached. One small query."""
        try:
            self.queue.get(HEARTBEAT, peek=True)
        except Exception:
            log.warning("jobs.queue_gone", exc_info=True)
            return False
        return True

    def run(
        self, context: Callable[[], AbstractContextManager[Any]], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Work until a signal comes: SIGTERM ends what is being done, SIGINT leaves it. For the
        main thread.

        Waits for a queue that cannot be reached yet, however long that takes.
        """
        self._context = context
        self._first_beat(sleep)
        ended = threading.Event()
        if self.turns:
            threading.Thread(target=_keep, args=(self.turns, ended), name="turns", daemon=True).start()
        consumer = Consumer(
            self.queue,
            workers=THREADS,
            worker_type="thread",
            max_delay=SLOWEST_LOOK,
            graceful_signal="TERM",
            shutdown_timeout=TO_END,
        )
        try:
            consumer.run()
        finally:
            ended.set()

    def _first_beat(self, sleep: Callable[[float], None]) -> None:
        """Beat before the first full minute, which a health check would have to wait for."""
        while True:
            try:
                self.heartbeat()
                return
            except Exception as error:
                log.warning("jobs.no_queue_yet error=%s seconds=%.0f", type(error).__name__, WAITS_SECONDS)
                sleep(WAITS_SECONDS)

    @property
    def queue(self) -> Huey:
        """The Huey behind it, with every task known to it."""
        with self._lock:
            if self._queue is None:
                self._queue = self._open_queue()
                self._register(self._queue)
            return self._queue

    def _register(self, queue: Huey) -> None:
        for name, work in self._work.items():
            self._tasks[name] = queue.task(name=name)(self._numbered(work))
        queue.periodic_task(crontab(minute="*"), name=HEARTBEAT)(self._by_each(self.heartbeat))
        for name, times, timed in self._timed:
            queue.periodic_task(crontab(**times.crontab), name=name)(self._by_one(name, times.rest, timed))

    def _numbered(self, work: Callable[[int], None]) -> Callable[[int], None]:
        def run(number: int) -> None:
            with self._context(), logs.work("job"):
                work(number)

        return run

    def _by_each(self, work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with self._context(), logs.work("job"):
                work()

        return run

    def _by_one(self, name: str, rest: float, work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            turn = self.turns.turn(name, rest) if self.turns else nullcontext(True)
            with self._context(), logs.work("job"), turn as mine:
                if mine:
                    work()

        return run


def _keep(turns: Turns, ended: threading.Event) -> None:
    while not ended.wait(KEEP_ALIVE_SECONDS):
        try:
            turns.keep()
        except Exception as error:  # the database is away: the next time it may be back
            log.warning("jobs.turns_not_kept error=%s", type(error).__name__)


class _OverClient(RedisStorage):  # type: ignore[misc]  # huey has no types
    """Huey's queue over a client of ours. Huey makes its own from a pool of connections to one
    server: no cluster."""

    def redis_client(self, connection_pool: Any) -> Any:
        return connection_pool


def open_queue(*, redis_url: str, file: str, secret: str) -> Huey:
    """Huey on Redis, or on a file that all processes of this machine share.

    Huey stores pickles; they are signed, so that write access to the queue does not run code here.
    """
    common: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=secret, salt="jobs-1")}
    if redis_url:
        # A request waits for the queue as little as a card does for its cache; the worker's read
        # blocks for a second.
        client = open_redis(redis_url, socket_timeout=3.0)
        return Huey(NAME, storage_class=_OverClient, connection_pool=client, **common)
    return SqliteHuey(NAME, filename=file, **common)
