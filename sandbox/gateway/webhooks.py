"""Deliver webhooks as gateways do: later, over a real socket, again and again while there is no
answer.

A protocol says what is posted where (`WebhookReport`) and how patient it is (`Retries`); one thread
posts them in turn, so that order is kept unless a retry changes it, as with real gateways.
"""

import heapq
import itertools
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT = 10.0  # seconds for one answer


@dataclass(frozen=True)
class Retries:
    """Seconds before each further try; a status in `final` ends it at once."""

    after: tuple[float, ...] = ()
    final: frozenset[int] = frozenset()


@dataclass(frozen=True)
class WebhookReport:
    url: str
    body: bytes
    headers: Mapping[str, str]
    retries: Retries = Retries()
    delay: float = 0.0  # seconds before the first try: acks come a moment after their message


class Postman:
    """Posts reports until `forget`. Its thread ends with the program."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, WebhookReport, int]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def post(self, report: WebhookReport) -> None:
        with self._changed:
            self._put(report, 0, report.delay)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """Throw away what was not delivered."""
        with self._changed:
            self._waiting.clear()

    def _put(self, report: WebhookReport, tries: int, delay: float) -> None:
        heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._number), report, tries))
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            report, tries = self._next()
            status = _post(report)
            delivered = 200 <= status < 300
            if not delivered and status not in report.retries.final and tries < len(report.retries.after):
                with self._changed:
                    self._put(report, tries + 1, report.retries.after[tries])

    def _next(self) -> tuple[WebhookReport, int]:
        with self._changed:
            while True:
                if not self._waiting:
                    self._changed.wait()
                    continue
                left = self._waiting[0][0] - time.monotonic()
                if left <= 0:
                    _due, _number, report, tries = heapq.heappop(self._waiting)
                    return report, tries
                self._changed.wait(left)


def _post(report: WebhookReport) -> int:
    """The status of the answer, 0 without one."""
    headers = {"Content-Type": "application/json", **report.headers}
    request = urllib.request.Request(report.url, data=report.body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0
