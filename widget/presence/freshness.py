"""Fresh, stale, gone (pure): how long an answer is believed, shown, and remembered."""

from dataclasses import dataclass, replace

from widget.presence.budget import CheckPriority
from widget.presence.records import Presence, PresenceAnswer, Source

DAY = 86_400.0
MAX_CONFIRMED = 10  # more changes nothing


@dataclass(frozen=True)
class FreshnessPolicy:
    """In seconds. While it is `fresh` it is not asked again; then it is stale: shown with its age,
    and asked again behind the page if the budget has room; at its end it is forgotten. An unknown
    only bridges the moment.

    People leave WhatsApp seldom and join it any day: a yes lasts, a no does not. An answer that
    came out the same again rests longer each time before the page asks by itself; a user's press
    asks at once.
    """

    fresh: float = 300.0
    yes: float = 30 * DAY
    no: float = DAY
    unknown: float = 15.0

    def end(self, presence: Presence) -> float:
        """When the answer is forgotten (unix seconds)."""
        lasts = {PresenceAnswer.YES: self.yes, PresenceAnswer.NO: self.no, PresenceAnswer.UNKNOWN: self.unknown}
        return presence.at + lasts[presence.answer]

    def expires_at(self, presence: Presence) -> float:
        """Until when it is stored: a «no» is forgotten in a day, how often it came out the same is
        not."""
        return presence.at + max(self.yes, self.no)

    def is_gone(self, presence: Presence, now: float) -> bool:
        return now >= self.end(presence)

    def retry_after(self, presence: Presence) -> float:
        """For how long after its check the page does not ask again: four times as long with each
        time that it was confirmed, at most a day, and never so long that it would be forgotten
        before it is asked about."""
        longest = min(DAY, (self.end(presence) - presence.at) / 2)
        longer = self.fresh * float(4 ** min(presence.confirmed, MAX_CONFIRMED))
        return max(self.fresh, min(longer, longest))

    def confirmed(self, before: Presence, news: Presence) -> Presence:
        """What WhatsApp says now, with how often it has said the same. Confirming a fresh answer
        does not count: two presses in a minute do not make it rest longer."""
        if news.how is not Source.CHECK or news.answer is not before.answer or before.proved:
            return news
        was_stale = news.at >= before.at + self.fresh
        return replace(news, confirmed=min(before.confirmed + was_stale, MAX_CONFIRMED))

    def due(self, presence: Presence | None, now: float) -> CheckPriority | None:
        """The priority of a check that the page makes by itself; None if there is nothing to ask
        now: the answer is fresh or rests, is proved, or was asked for in vain a moment ago."""
        if presence is None or self.is_gone(presence, now):
            return CheckPriority.NEW
        if presence.proved or now < presence.at + self.retry_after(presence) or now < presence.tried + self.unknown:
            return None
        if presence.answer is PresenceAnswer.UNKNOWN:
            return None
        return CheckPriority.STALE_YES if presence.answer is PresenceAnswer.YES else CheckPriority.STALE_NO
