"""How much a line may send, and to how many strangers: nothing gets an account banned as surely as
writing first to many people.

The figures are rules of thumb, WhatsApp publishes none: at most 20 new recipients a day for the
first ten days and calmer after a month (OLChat's help, github.com/EAIvanov/olchat_whatsapp_doc,
blokirovka-nomera); bans after 15 to 20 cold messages a day were reported of accounts that write
nothing else (WhiskeySockets/Baileys#1983).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from ratelimit import Limiter, Permits, Rate, StorageUnavailable, Window
from widget.errors import ErrorCode, Refused
from widget.gateways.base import SendResult, Sent
from widget.gateways.kinds import capabilities_of
from widget.presence.budget import DAY, CheckPriority, Remaining
from widget.presence.check_budget import CheckBudget, CheckGrant
from widget.presence.cooldown_policy import CooldownPolicy
from widget.storage.lines import Line
from widget.storage.usage import HOUR, Usage

log = logging.getLogger(__name__)

GROWS_DAYS = 20  # from a young line's first messages a day to those of a grown one
BURST, EVERY = 40, 2.0  # sends of one line at once, then one every so many seconds: more is not a conversation


@dataclass(frozen=True)
class OutgoingTerms:
    """The service's limits for any 24 hours; a line may have its own. `firsts` are messages to
    numbers that the line has no chat with."""

    firsts_per_day: int
    young_firsts_per_day: int
    sends_per_day: int
    young_days: float

    def firsts(self, line: Line, now: float, *, halved: bool = False) -> int:
        """A young line's few; after that more each day, until it has those of a grown one."""
        most = line.limits.firsts_per_day or self.firsts_per_day
        few = min(most, line.limits.young_firsts_per_day or self.young_firsts_per_day)
        grown = (now - line.created_at) / DAY - self.young_days
        allowed = few + int((most - few) * min(1.0, max(0.0, grown / GROWS_DAYS)))
        return max(1, allowed // 2) if halved else allowed

    def sends(self, line: Line) -> int:
        return line.limits.sends_per_day or self.sends_per_day


@dataclass(frozen=True)
class Reservation:
    """One message that may go out now, and what was set aside for it."""

    line: Line
    first: Permits | None = field(default=None, repr=False)
    send: Permits | None = field(default=None, repr=False)
    check: CheckGrant | None = field(default=None, repr=False)
    hour: int = 0


class Outgoing:
    def __init__(
        self,
        firsts: Limiter,
        sends: Limiter,
        usage: Usage,
        check_budget: CheckBudget,
        cooldown_policy: CooldownPolicy,
        terms: OutgoingTerms,
        clock: Callable[[], float],
    ) -> None:
        self._firsts = firsts
        self._sends = sends
        self._usage = usage
        self._check_budget = check_budget
        self._cooldown_policy = cooldown_policy
        self._terms = terms
        self._clock = clock

    def reserve(self, line: Line, *, first: bool) -> Reservation:
        """Set aside what a message needs; a `first` one is to a number that the line has no chat
        with, and where the gateway looks a number up before it sends, a check is set aside too. One
        to three round trips.

        Raises Refused. Without the limiter's store SQL counts first messages, by the hour, and
        checks cannot be set aside; conversations go on.
        """
        until = self._cooldown_policy.restricted_until(line) if first else 0.0
        if until:  # its state may say nothing of it: sends were refused (463) while it said ready
            raise Refused(ErrorCode.LINE_RESTRICTED, reason="restricted", until=until)
        try:
            return self._reserve(line, first=first)
        except StorageUnavailable:
            log.warning("send.counted_in_sql_alone line=%s", line.id)
            return self._reserve_in_sql(line) if first else Reservation(line)

    def reserve_check(self, line: Line) -> Reservation:
        """Reserve the check that a gateway makes by itself before something that is not a message,
        such as a reaction. It stays spent unless it is settled as not tried. Two round trips, an
        upsert. Raises Refused."""
        try:
            check = self._check_budget.reserve(line, 1, CheckPriority.CLICK)
        except StorageUnavailable as error:
            raise Refused(ErrorCode.CANNOT_COUNT, reason="check before a reaction") from error
        reserved = Reservation(line, check=check)
        if not check.granted:
            raise self._refused(reserved, ErrorCode.CHECKS_SPENT, check.wait)
        return reserved

    def settle(self, reservation: Reservation, result: SendResult | None) -> None:
        """Give back what was set aside for what surely did not go out (None: it was not even
        tried). The check is given back in any case: a look-up that happened is counted as such
        (`PresenceFeedback.on_send`). Never raises."""
        line = reservation.line
        try:
            if reservation.check:
                self._check_budget.refund(reservation.check, 1)
            if result is not None and result.outcome is not Sent.REFUSED:
                return
            if reservation.send:
                self._sends.refund(line.budget_key, reservation.send, 1)
            if reservation.first:
                self._firsts.refund(line.budget_key, reservation.first, 1)
                self._usage.add(line.portal_id, line.id, hour=reservation.hour, firsts=-1)
        except (StorageUnavailable, SQLAlchemyError) as error:
            log.warning("send.allowance_not_refunded line=%s error=%s", line.id, type(error).__name__)  # it stays spent

    def remaining(self, line: Line) -> Remaining | None:
        """How many new numbers may still be written to today, by the limit of messages and, where
        each costs a check, by that of checks. None if they cannot be counted. Two round trips at
        most."""
        allowed = self._allowed(line)
        window = Window(limit=allowed, seconds=DAY)
        try:
            permits = self._firsts.peek(
                line.budget_key, allowed, limits=[window], before=lambda: self._spent(line, "firsts")
            )
            checks = self._check_budget.remaining(line) if capabilities_of(line.gateway).checks_when_sending else None
        except StorageUnavailable:
            return None
        left = Remaining(permits.granted, allowed, 0.0 if permits.granted else self._clock() + permits.wait)
        return checks if checks and checks.left < left.left else left

    def _reserve(self, line: Line, *, first: bool) -> Reservation:
        limits = (Rate(every=EVERY, burst=BURST), Window(limit=self._terms.sends(line), seconds=DAY))
        send = self._sends.acquire(line.budget_key, limits=limits, before=lambda: self._spent(line, "sent"))
        reserved = Reservation(line, send=send if send.granted else None, hour=self._usage.hour())
        if not send.granted:
            raise self._refused(reserved, ErrorCode.SENDS_SPENT, send.wait)
        if not first:
            return reserved
        window = Window(limit=self._allowed(line), seconds=DAY)
        begun = self._firsts.acquire(line.budget_key, limits=[window], before=lambda: self._spent(line, "firsts"))
        if not begun.granted:
            raise self._refused(reserved, ErrorCode.FIRSTS_SPENT, begun.wait)
        self._usage.add(line.portal_id, line.id, hour=reserved.hour, firsts=1)
        reserved = Reservation(line, begun, send, hour=reserved.hour)
        if not capabilities_of(line.gateway).checks_when_sending:
            return reserved
        check = self._check_budget.reserve(line, 1, CheckPriority.CLICK)
        if not check.granted:
            raise self._refused(reserved, ErrorCode.CHECKS_SPENT, check.wait)
        return Reservation(line, begun, send, check, reserved.hour)

    def _reserve_in_sql(self, line: Line) -> Reservation:
        """Reserve a first message without the limiter. Of two requests at once both may get the
        last place."""
        if capabilities_of(line.gateway).checks_when_sending:
            raise Refused(ErrorCode.CANNOT_COUNT, reason="first message")
        hour = self._usage.hour()
        begun = (self._usage.total(line.portal_id, each, "firsts", since=hour - 24) for each in line.one_account)
        if sum(begun) >= self._allowed(line):
            raise Refused(ErrorCode.FIRSTS_SPENT, reason="line's limits", until=self._clock() + HOUR)
        self._usage.add(line.portal_id, line.id, hour=hour, firsts=1)
        return Reservation(line, hour=hour)

    def _refused(self, reserved: Reservation, code: ErrorCode, wait: float) -> Refused:
        self.settle(reserved, None)
        return Refused(code, reason="line's limits", until=self._clock() + wait)

    def _allowed(self, line: Line) -> int:
        now = self._clock()
        return self._terms.firsts(line, now, halved=now < self._cooldown_policy.of(line).halved_until)

    def _spent(self, line: Line, name: str) -> list[tuple[float, int]]:
        """What SQL says of the last day, for a limiter that has forgotten; each hour's at its
        end."""
        since = int((self._clock() - DAY) // HOUR)
        hours = self._usage.hours_of_account(line, since=since)
        return [(float((hour + 1) * HOUR), getattr(counts, name)) for (_line, hour), counts in hours.items()]
