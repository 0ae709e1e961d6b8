"""What lines may spend on checks, counted twice: in the limiter, which is atomic, and in SQL, which
is never lost."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import TTLCache
from sqlalchemy.exc import SQLAlchemyError

from ratelimit import Limit, Limiter, Permits, StorageUnavailable, Window
from ratelimit.limits import MAX_COUNT
from widget.presence.budget import DAY, CheckPriority, Remaining, Terms, window
from widget.presence.cooldown_policy import CooldownPolicy
from widget.storage.lines import Line
from widget.storage.usage import HOUR, Usage
from widget.timing import timer_of

SENT_SECONDS = 10  # for how long a count of sent messages is reused: a budget may lag behind by this
EXHAUSTED_SECONDS = 5.0  # for how long a line that had nothing left is not asked for more
LEFT_SECONDS = 60  # for how long what was left is worth telling


@dataclass(frozen=True)
class CheckGrant:
    """Checks that may be made now, and where they were written down."""

    line: Line
    granted: int
    wait: float  # seconds until one more
    permits: Permits | None = field(default=None, repr=False)
    hour: int = 0


class CheckBudget:
    def __init__(
        self, limiter: Limiter, usage: Usage, cooldown_policy: CooldownPolicy, terms: Terms, clock: Callable[[], float]
    ) -> None:
        self._limiter = limiter
        self._usage = usage
        self._cooldown_policy = cooldown_policy
        self._terms = terms
        self._clock = clock
        self._sent: TTLCache[int, int] = TTLCache(2048, SENT_SECONDS, timer=timer_of(clock))
        self._exhausted: TTLCache[tuple[int, CheckPriority], float] = TTLCache(
            2048, EXHAUSTED_SECONDS, timer=timer_of(clock)
        )
        self._left: TTLCache[int, Remaining] = TTLCache(2048, LEFT_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def reserve(self, line: Line, n: int, priority: CheckPriority) -> CheckGrant:
        """Up to `n` checks, within the share of this priority. Raises StorageUnavailable.

        Checks are written down in SQL before the limiter grants them, and those it does not grant
        are taken out again: so a limiter that forgets in between is told of them. It is told before
        anything is written down; else it would count as spent what other requests are only asking
        for. Two round trips; one upsert where some are free, two where other requests were faster.
        """
        now = self._clock()
        with self._lock:
            ready = self._exhausted.get((line.id, priority), 0.0)
        if now < ready:
            return CheckGrant(line, 0, ready - now)
        limits = self._limits(line, priority)
        permits = self._limiter.peek(line.budget_key, n, limits=limits, before=lambda: self._spent(line))
        hour = self._usage.hour()
        if permits.granted:
            permits = self._acquire(line, permits.granted, limits, hour)
            self._note_left(line, permits)
        if not permits.granted:
            with self._lock:
                self._exhausted[line.id, priority] = now + permits.wait
        return CheckGrant(line, permits.granted, permits.wait, permits, hour)

    def count(self, line: Line, n: int = 1) -> None:
        """Count checks that the gateway made by itself, before a send, beyond the budget too. One
        upsert, two round trips. Raises StorageUnavailable; SQL has counted them then."""
        limits = (Window(limit=MAX_COUNT, seconds=DAY),)
        try:
            self._limiter.peek(line.budget_key, limits=limits, before=lambda: self._spent(line))
        finally:
            hour = self._usage.hour()
            self._write_down(line, hour, n)
        self._limiter.acquire(line.budget_key, n, limits=limits, before=lambda: self._spent(line, besides=(hour, n)))

    def refund(self, grant: CheckGrant, n: int) -> None:
        """Give back `n` of these checks, which never left. If the limiter is out of reach they stay
        spent, in SQL too. One round trip, one upsert."""
        if not n or grant.permits is None:
            return
        try:
            self._limiter.refund(grant.line.budget_key, grant.permits, n)
        except StorageUnavailable:
            return
        self._write_down(grant.line, grant.hour, -n)
        with self._lock:
            left = self._left.get(grant.line.id)
            if left:
                self._left[grant.line.id] = Remaining(left.left + n, left.allowed)

    def wait(self, line: Line, priority: CheckPriority = CheckPriority.CLICK) -> float:
        """Seconds until this line may ask about one more number, 0 if it may now. One round trip.
        Raises StorageUnavailable."""
        permits = self._limiter.peek(
            line.budget_key, limits=self._limits(line, priority), before=lambda: self._spent(line)
        )
        return 0.0 if permits.granted else permits.wait  # its own wait is for the permit after that one

    def pause(self, line: Line) -> float:
        """Seconds for which a complaint of WhatsApp still keeps this line from asking, whichever
        process heard it. One query."""
        return max(0.0, self._cooldown_policy.now(line).until - self._clock())

    def remaining(self, line: Line) -> Remaining:
        """What the line may still ask today, its pace left aside. Raises StorageUnavailable. One
        round trip."""
        allowed = self.allowed(line)
        permits = self._peek_day(line, allowed)
        if permits.granted == allowed:  # nothing spent, or a limiter that has forgotten
            self.wait(line)
            permits = self._peek_day(line, allowed)
        left = Remaining(permits.granted, allowed, 0.0 if permits.granted else self._clock() + permits.wait)
        with self._lock:
            self._left[line.id] = left
        return left

    def last_remaining(self, line: Line) -> Remaining | None:
        """What was left when this process last looked, None if that is over a minute ago. No round
        trip."""
        with self._lock:
            return self._left.get(line.id)

    def allowed(self, line: Line, *, sent: int | None = None) -> int:
        """The line's budget for any 24 hours, or for ones in which it had `sent` so many. A query
        for what it sent, at most every few seconds."""
        if sent is None:
            with self._lock:
                sent = self._sent.get(line.id)
        if sent is None:
            # Only whole hours that began within the day: rather one message too few than too many.
            since = -int(-(self._clock() - DAY) // HOUR)
            sent = self._usage.total(line.portal_id, line.id, "sent", since=since)
            with self._lock:
                self._sent[line.id] = sent
        halved = self._cooldown_policy.of(line).halved_until
        return self._terms.allowed(line, sent=sent, now=self._clock(), halved_until=halved)

    def _note_left(self, line: Line, permits: Permits) -> None:
        """A grant says what the day's window holds now; when one comes free is looked up where none
        is left."""
        allowed = self.allowed(line)
        left = Remaining(max(0, allowed - permits.used[0]), allowed)
        with self._lock:
            if left.left:
                self._left[line.id] = left
            else:
                self._left.pop(line.id, None)

    def _limits(self, line: Line, priority: CheckPriority) -> tuple[Limit, ...]:
        return self._terms.pace(line), window(self.allowed(line), priority)

    def _acquire(self, line: Line, n: int, limits: tuple[Limit, ...], hour: int) -> Permits:
        """The permits, written down in this hour as long as it takes to know that they were not
        granted."""
        self._write_down(line, hour, n)
        granted = 0
        try:
            permits = self._limiter.acquire(
                line.budget_key, n, limits=limits, before=lambda: self._spent(line, besides=(hour, n))
            )
            granted = permits.granted
        finally:
            if granted < n:
                self._write_down(line, hour, granted - n)
        return permits

    def _write_down(self, line: Line, hour: int, n: int) -> None:
        """Write checks down in SQL. Raises StorageUnavailable where the database takes no writes:
        no check may go uncounted."""
        try:
            self._usage.add(line.portal_id, line.id, hour=hour, checks=n)
        except SQLAlchemyError as error:
            raise StorageUnavailable from error

    def _peek_day(self, line: Line, allowed: int) -> Permits:
        return self._limiter.peek(line.budget_key, allowed, limits=[window(allowed)])

    def _spent(self, line: Line, besides: tuple[int, int] = (0, 0)) -> list[tuple[float, int]]:
        """What SQL says was spent in the last day, without what is being asked for now.

        Each hour's at its end, the latest it can have been: after a loss it may stay spent up to an
        hour longer.
        """
        since = int((self._clock() - DAY) // HOUR)
        hours = self._usage.hours_of_account(line, since=since)
        asked_hour, asked = besides
        return [
            (float((hour + 1) * HOUR), counts.checks - (asked if (line_id, hour) == (line.id, asked_hour) else 0))
            for (line_id, hour), counts in hours.items()
        ]
