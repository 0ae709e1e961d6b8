"""How many checks a line may make (pure): what WhatsApp's owner asks for, and what experience with
bans adds.

Meta's rule for its own (retired) endpoint: the number of check calls must not exceed the number of
messages the number SENDS, else warning, seven days, closed for good
(developers.facebook.com/docs/whatsapp/api/contacts). Messages that come in therefore raise nothing
here; they save checks, because they prove presence. The cap of 100 a day and the calm first days
are the advice of OLChat's help (github.com/EAIvanov/olchat_whatsapp_doc, blokirovka-nomera).
"""

from dataclasses import dataclass
from enum import Enum

from ratelimit import Rate, Window
from widget.storage.lines import Line

DAY = 86_400


class AskedBy(Enum):
    """What made a check necessary."""

    PAGE = "page"  # the page by itself: each number only within the share of its priority
    PRESS = "press"  # a user's press: the whole budget may be spent; fresh answers are reused
    REFRESH = "refresh"  # a user's press on «refresh»: fresh answers are asked again, proofs are reused


class CheckPriority(Enum):
    """How urgent a check is, the most urgent first."""

    CLICK = "click"  # a user pressed a button
    NEW = "new"  # the page itself, about a number of which nothing is known
    STALE_NO = "stale_no"  # the page itself, about an answer that is out of date
    STALE_YES = "stale_yes"

    @property
    def share(self) -> float:
        """The part of the budget (0 to 1) up to which a check of this priority is granted; the rest
        is for more urgent ones."""
        return _SHARES[self]


# With the share of unknown numbers a stale «no» took half of their checks: it is out of date every
# five minutes, they are new once. What that does to a company's days is measured by
# `python -m benchmarks.workday`.
_SHARES = {CheckPriority.CLICK: 1.0, CheckPriority.NEW: 0.8, CheckPriority.STALE_NO: 0.65, CheckPriority.STALE_YES: 0.5}


@dataclass(frozen=True)
class Terms:
    """The service's limits; a line may have its own. `burst` at once, then one every `every`
    seconds; never more than `per_day` in 24 hours, nor more than the line sends, but `floor` at
    least; and `young_per_day` at most while the line is younger than `young_days`."""

    burst: int
    every: float
    per_day: int
    floor: int
    young_per_day: int
    young_days: float

    def pace(self, line: Line) -> Rate:
        return Rate(every=line.limits.every or self.every, burst=line.limits.burst or self.burst)

    def allowed(self, line: Line, *, sent: int, now: float, halved_until: float = 0.0) -> int:
        """Checks in any 24 hours, for a line that sent so many messages in the last 24."""
        own = line.limits
        cap = own.per_day or self.per_day
        if now < line.created_at + self.young_days * DAY:
            cap = min(cap, own.young_per_day or self.young_per_day)
        allowed = min(cap, max(own.floor or self.floor, sent))
        return max(1, allowed // 2) if now < halved_until else allowed


def window(allowed: int, priority: CheckPriority = CheckPriority.CLICK) -> Window:
    """The day's window up to which a check of this priority is granted. At least one: a budget of
    one is not for clicks alone."""
    return Window(limit=max(1, int(allowed * priority.share)), seconds=DAY)


@dataclass(frozen=True)
class Remaining:
    """What a line may still ask today. `returns_at` is when the next check comes free, 0 while
    there are some."""

    left: int
    allowed: int
    returns_at: float = 0.0

    @property
    def short(self) -> bool:
        """Whether so little is left that the user is told before they spend it."""
        return self.left <= self.allowed * SHORT


SHORT = 0.2
