"""Check numbers of a card, and throw away what is remembered of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ratelimit import StorageUnavailable
from widget.cache import StoreGone
from widget.card.cache import CardCache
from widget.card.loading import CardSnapshot, Loader
from widget.card.rows import KnownPhones
from widget.card.view import CardView, ShownSettings, line_of, view_of, with_left
from widget.context import found
from widget.presence.budget import AskedBy, Remaining
from widget.presence.checker import Checker
from widget.presence.records import PASSING
from widget.session import Session
from widget.storage.lines import Line

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """The card after a check, how many numbers WhatsApp was asked about, and by which line: another
    than the card's where that one may not ask."""

    view: CardView
    checked: int
    line: Line | None


class CardChecks:
    def __init__(self, loader: Loader, memory: CardCache, checker: Checker) -> None:
        self._loader = loader
        self._memory = memory
        self._checker = checker

    def check(
        self,
        seen: CardSnapshot,
        settings: ShownSettings,
        phone_keys: Sequence[str],
        line_id: int | None,
        by: AskedBy = AskedBy.PAGE,
    ) -> Checked:
        """Ask about these phones of the card, and show it with the answers. Raises Refused for a
        key that is not on it.

        Costs what `Checker.check` does, and a round trip where no check was granted.
        """
        context, known = seen.context, self._loader.known(seen)
        phones = [item.phone.e164 for key in phone_keys if (item := found(known.shown, key)).phone.e164]
        line = line_of(context, known, line_id)
        if not line or not phones:
            return Checked(self.view(seen, known, settings, line_id), 0, line)
        outcome = self._checker.check(line, phones, others=context.lines, by=by)
        news = {phone: answer for phone, answer in outcome.answers.items() if answer.why not in PASSING}
        known = self._loader.learned(seen, known, news)
        view = view_of(
            context,
            known,
            settings,
            line_id=line_id,
            old=self._loader.is_old(context),
            answers=outcome.answers,
        )
        same = outcome.granted and view.line == outcome.line
        left = self._checker.last_remaining(view.line) if same and view.line else None
        return Checked(with_left(view, left or self.left(view.line)), outcome.checked, outcome.line)

    def view(
        self,
        seen: CardSnapshot,
        known: KnownPhones,
        settings: ShownSettings,
        line_id: int | None = None,
        gone: Line | None = None,
    ) -> CardView:
        """The card from what is known. `gone` is the line that its page showed until now."""
        view = view_of(seen.context, known, settings, line_id=line_id, old=self._loader.is_old(seen.context))
        left = self._checker.last_remaining(view.line) if view.line else None
        return replace(view, left=left, gone=gone)

    def throw_away(self, session: Session) -> None:
        """Forget the card in all processes. The answers about its numbers stay to be shown until
        the page has asked again. One round trip."""
        try:
            self._memory.throw_away(session)
        except StoreGone:
            log.warning("refresh.cache_gone")

    def left(self, line: Line | None) -> Remaining | None:
        """The checks that the line may still make today, None without a line or if they cannot be
        counted. One round trip."""
        return self._checker.remaining(line) if line else None

    def last_remaining(self, line: Line) -> Remaining | None:
        """`left` as this process saw it within the last minute, None if it did not. No round
        trip."""
        return self._checker.last_remaining(line)

    def next_check(self, line: Line | None) -> float | None:
        """Seconds until the line may ask about one more number, 0 if it may now, None if that
        cannot be told."""
        try:
            return self._checker.wait(line) if line else None
        except StorageUnavailable:
            return None
