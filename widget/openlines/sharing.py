"""Shares the worker's few threads among companies: the work of one company is done by one thread,
and rests while its portal does not answer. Else a portal that hangs would hold all threads, for one
chat after the other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from widget.timing import doubled, timer_of

FIRST_REST, MAX_REST = 5.0, 120.0  # seconds; each twice the one before


@dataclass
class _PortalShare:
    busy: bool = False
    waiting: dict[int, None] = field(default_factory=dict)  # in the order they came, each once
    failures: int = 0
    rests_until: float = 0.0


class Sharing:
    """The shares of one process. Pieces of work are known by a number; the work itself stands in
    SQL."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = timer_of(clock)
        self._companies: dict[int, _PortalShare] = {}
        self._lock = threading.Lock()

    def run(self, portal_id: int, number: int, work: Callable[[int], bool]) -> None:
        """Do a piece of work of a company, and what comes meanwhile. If another thread works for
        the company, that thread does it; while the company rests nothing is done. `work` returns
        False if the portal did not answer."""
        with self._lock:
            company = self._companies.setdefault(portal_id, _PortalShare())
            if self._clock() < company.rests_until:
                return
            company.waiting[number] = None
            if company.busy:
                return
            company.busy = True
        try:
            while (following := self._next(portal_id, company)) is not None:
                self._note(company, answered=work(following))
        except BaseException:
            with self._lock:
                company.busy = False
            raise

    def _next(self, portal_id: int, company: _PortalShare) -> int | None:
        with self._lock:
            if not company.waiting:
                company.busy = False
                if not company.failures:
                    self._companies.pop(portal_id, None)
                return None
            number = next(iter(company.waiting))
            del company.waiting[number]
            return number

    def _note(self, company: _PortalShare, *, answered: bool) -> None:
        with self._lock:
            if answered:
                company.failures, company.rests_until = 0, 0.0
                return
            rest = doubled(FIRST_REST, company.failures, MAX_REST)
            company.failures, company.rests_until = company.failures + 1, self._clock() + rest
            company.waiting.clear()  # the clock finds them
