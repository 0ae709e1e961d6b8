"""When WhatsApp complains, a line's checks pause by themselves: how long, and what is left of its
budget afterwards."""

import logging
from collections.abc import Callable
from dataclasses import replace

from widget.gateways.base import GatewayErrorCode, LineState
from widget.storage.line_health import Cooldown, LineHealths
from widget.storage.lines import Line
from widget.timing import doubled

log = logging.getLogger(__name__)

DAY = 86_400.0
FIRST_PAUSE = 15 * 60.0  # after «too many requests»; doubles each time it comes again
MAX_PAUSE = DAY
QUIET = DAY  # after this long without a complaint the next one is a first one
HALVED = 7 * DAY  # half the budget for this long after a restriction
TRIES = 3  # to store a cooldown, when other processes store one at the same time


class CooldownPolicy:
    """Pauses of lines, set by what checks, sends and webhooks report."""

    def __init__(self, healths: LineHealths, clock: Callable[[], float]) -> None:
        self._healths = healths
        self._clock = clock

    def of(self, line: Line) -> Cooldown:
        """The line's cooldown, at most some seconds old. One query at most every few seconds, and
        no outside call."""
        return self._healths.cooldown_of(line.portal_id, line.id)

    def now(self, line: Line) -> Cooldown:
        """The line's cooldown as it is stored now, whichever process was told. One query."""
        return self._healths.cooldown_now(line.portal_id, line.id)

    def restricted_until(self, line: Line) -> float:
        """Until when (unix seconds) WhatsApp has restricted or closed the account, as far as it is
        told; 0 if it has not."""
        known = self.of(line)
        serious = known.why in (LineState.RESTRICTED.value, LineState.BANNED.value)
        return known.until if serious and self._clock() < known.until else 0.0

    def throttled(self, line: Line) -> None:
        """Pause the line's checks: WhatsApp said «too many requests». Ten such answers at once are
        one."""
        self._begin(line, lambda known: after_throttle(known, self._clock()))

    def restricted(self, line: Line, state: LineState = LineState.RESTRICTED, until: float = 0.0) -> None:
        """Pause the line's checks: WhatsApp has restricted or closed the account, `until` then
        (unix seconds) if known."""
        self._begin(line, lambda known: after_restriction(known, self._clock(), state, until))

    def plan_used_up(self, line: Line) -> None:
        """Pause the line's checks: the gateway's plan lets it write to no new number, so there is
        none to ask about."""
        self._begin(line, lambda known: after_used_up_plan(known, self._clock()))

    def record(self, line: Line, code: GatewayErrorCode | None, until: float = 0.0) -> None:
        """Pause the line's checks if the code that a call ended in is of a kind that must."""
        if code is GatewayErrorCode.THROTTLED:
            self.throttled(line)
        elif code is GatewayErrorCode.RESTRICTED:
            self.restricted(line, until=until)

    def _begin(self, line: Line, after: Callable[[Cooldown], Cooldown]) -> None:
        for _attempt in range(TRIES):
            known = self._healths.cooldown_now(line.portal_id, line.id)
            wanted = after(known)
            if wanted == known:
                return
            if self._healths.replace_cooldown(line.portal_id, line.id, known, wanted):
                minutes = (wanted.until - self._clock()) / 60
                log.warning("presence.paused line=%s minutes=%.0f reason=%s", line.id, minutes, wanted.why)
                return


def after_throttle(known: Cooldown, now: float) -> Cooldown:
    """15 minutes, and twice as long as before if the line was not quiet for a day since; a running
    pause stays."""
    if now < known.until:
        return known
    step = known.step + 1 if now < known.until + QUIET else 1
    pause = doubled(FIRST_PAUSE, step - 1, MAX_PAUSE)
    return replace(known, until=now + pause, why=GatewayErrorCode.THROTTLED.value, step=step)


def after_used_up_plan(known: Cooldown, now: float) -> Cooldown:
    """For a day, after which the gateway tells it again; a running pause stays."""
    return known if now < known.until else replace(known, until=now + DAY, why=GatewayErrorCode.QUOTA.value)


def after_restriction(known: Cooldown, now: float, state: LineState, until: float) -> Cooldown:
    """Until its end, or a day where none is told; and half the budget for a week after that. Told
    again, only an end that is named moves it."""
    running = now < known.until and known.why == state.value
    if running and until <= now:
        return known
    end = until if until > now else max(now + DAY, known.until)
    return replace(known, until=end, why=state.value, halved_until=max(known.halved_until, end + HALVED))
