"""A way to know who has WhatsApp, and the two that products of the field have: small models, honest
to both."""

from typing import Protocol

from benchmarks.days.tally import PaintedAnswer, Tally
from benchmarks.days.trace import Opening, TracedMessage

CACHE_SECONDS = 300.0


class WorkingWay(Protocol):
    """Lives through a trace in the order of its events."""

    def opened(self, opening: Opening) -> None:
        """A card is painted, with all that follows from it."""

    def told(self, message: TracedMessage) -> None:
        """A message went out or came in."""


class EachOpening:
    """Every number of every card that is opened is asked about. The first paint knows nothing: the
    rep waits."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def opened(self, opening: Opening) -> None:
        self._tally.painted(opening, [None for _ in opening.card.numbers])
        for _number in opening.card.numbers:
            self._tally.checked(opening.line, opening.at)

    def told(self, message: TracedMessage) -> None:
        """Nothing is learned from messages."""


class FiveMinutes:
    """The same with a cache of five minutes that all reps share, and nothing else."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._cache: dict[str, PaintedAnswer] = {}

    def opened(self, opening: Opening) -> None:
        known = [self._cache.get(number.phone) for number in opening.card.numbers]
        fresh = [seen if seen and opening.at < seen.at + CACHE_SECONDS else None for seen in known]
        self._tally.painted(opening, fresh)
        for number, seen in zip(opening.card.numbers, fresh, strict=True):
            if seen is None:
                self._tally.checked(opening.line, opening.at)
                self._cache[number.phone] = PaintedAnswer(number.on_whatsapp(opening.at), opening.at)

    def told(self, message: TracedMessage) -> None:
        """Nothing is learned from messages."""
