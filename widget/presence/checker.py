"""Presence of many phones: what is known in one read, and the rest asked once, within a line's
budget.

The limits protect the customer's WhatsApp account, so they fail closed: when they cannot be counted
nothing is asked. A gateway that fails or hangs makes an «unknown» that lives for seconds; it is
never a «no», and never takes an answer away that was there before.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ratelimit import StorageUnavailable
from widget.cache import StoreGone
from widget.gateways.base import GatewayError
from widget.presence.budget import AskedBy, CheckPriority, Remaining
from widget.presence.chat_index import ChatIndex
from widget.presence.check_budget import CheckBudget, CheckGrant
from widget.presence.choosing import in_order
from widget.presence.freshness import FreshnessPolicy
from widget.presence.probe import PresenceProbe
from widget.presence.records import PASSING, Presence, PresenceAnswer, UnknownReason, unknown
from widget.presence.store import PresenceStore
from widget.singleflight.distributed import DistributedSingleFlight, Leases
from widget.storage.lines import Line

log = logging.getLogger(__name__)

MAX_TRIED = 3  # lines that one request tries for its checks


@dataclass(frozen=True)
class Outcome:
    """An answer for every phone; how many checks that cost, and the line that made them (the card's
    where none was).

    An answer that is out of date and was not renewed is there with its `tried`. `granted`: the line
    was granted checks, so what it has left is known without a look.
    """

    answers: dict[str, Presence]
    checked: int
    line: Line
    granted: bool = False


class Checker:
    def __init__(
        self,
        memory: PresenceStore,
        single_flight: DistributedSingleFlight,
        check_budget: CheckBudget,
        probe: PresenceProbe,
        chat_index: ChatIndex,
        *,
        freshness: FreshnessPolicy,
        clock: Callable[[], float],
    ) -> None:
        self._memory = memory
        self._single_flight = single_flight
        self._check_budget = check_budget
        self._probe = probe
        self._chat_index = chat_index
        self._freshness = freshness
        self._clock = clock

    def check(
        self,
        line: Line,
        phones: Sequence[str],
        *,
        others: Sequence[Line] = (),
        by: AskedBy = AskedBy.PRESS,
    ) -> Outcome:
        """Whether these phones have WhatsApp, from `line` or, if it may not ask now, from one of
        the `others`.

        Costs, for what is not known: the line's state, a look for a chat with each number where the
        line's list of chats is not fresh, and a check for each that has none. Never raises for a
        gateway or a store in trouble: that is an «unknown» with a reason.
        """
        inquiry = _Inquiry(self, line, others, by)
        keys = self._memory.keys(line.portal_id, phones)
        try:
            found = self._single_flight.run(
                list(keys),
                known=inquiry.known,
                ask=lambda wanted, leases: inquiry.ask({key: keys[key] for key in wanted}, leases),
                fallback=unknown(UnknownReason.FAILED, at=inquiry.begun),
                beside=[self._chat_index.key(line)],
            )
        except (StoreGone, StorageUnavailable):
            log.warning("presence.limiter_gone line=%s", line.id)
            return Outcome(dict.fromkeys(phones, unknown(UnknownReason.CANNOT_COUNT, at=self._clock())), 0, line)
        answers = {keys[key]: presence for key, presence in found.items()}
        return Outcome(answers, inquiry.checked, inquiry.asked_by, inquiry.granted)

    def wait(self, line: Line) -> float:
        """Seconds until this line may ask about one more number on a click: its budget, and its
        pause if there is one. Raises StorageUnavailable."""
        return max(self._check_budget.wait(line), self._check_budget.pause(line))

    def remaining(self, line: Line) -> Remaining | None:
        """The checks that the line may still make today, None if they cannot be counted. One round
        trip."""
        try:
            return self._check_budget.remaining(line)
        except StorageUnavailable:
            return None

    def last_remaining(self, line: Line) -> Remaining | None:
        """`remaining` as this process saw it within the last minute, None if it did not. No round
        trip."""
        return self._check_budget.last_remaining(line)


class _Inquiry:
    """One call of `check`: why it is made, what was known before, what it has cost."""

    def __init__(self, desk: Checker, line: Line, others: Sequence[Line], by: AskedBy) -> None:
        self._memory, self._check_budget = desk._memory, desk._check_budget
        self._probe, self._chat_index = desk._probe, desk._chat_index
        self._freshness, self._clock = desk._freshness, desk._clock
        self._line = line
        self._others = others
        self._pressed = by is not AskedBy.PAGE
        self._force = by is AskedBy.REFRESH
        self._before: dict[str, Presence] = {}
        self._forgotten: dict[str, Presence] = {}
        self._read: dict[str, Any] = {}
        self._listing: Any = None
        self.begun = self._clock()
        self.checked = 0
        self.asked_by = line
        self.granted = False

    def known(self, keys: Collection[str], records: Mapping[str, Any]) -> dict[str, Presence]:
        """The answers that need no check. Others are noted, to stand if their check gives nothing
        better."""
        looked = self._memory.look(self._line.portal_id, keys, records)
        self._before |= looked.known
        self._forgotten |= looked.forgotten
        self._read |= looked.records
        self._listing = records.get(self._chat_index.key(self._line))
        return {key: p for key in keys if (p := self._before.get(key)) and self._good_enough(p)}

    def ask(self, phones: Mapping[str, str], leases: Leases) -> dict[str, Presence]:
        """Ask about phones that are ours alone to ask about (cache key -> number), and remember
        what was learned.

        What came out meanwhile, by a webhook or another line's chats, is not overwritten.
        """
        found = {key: self._merged(key, presence) for key, presence in self._listen(phones).items()}
        newer = self._memory.publish(
            self._line.portal_id,
            found,
            read=self._read,
            leases=leases,
            lasts=lambda presence: presence.why not in PASSING,
            outweighs=self._is_newer,
        )
        return found | newer

    def _good_enough(self, presence: Presence) -> bool:
        """An UNKNOWN is never reused, but for one of this inquiry. A refresh reuses a checked
        answer only if it was stored after the inquiry began. Proofs are always reused."""
        if max(presence.at, presence.tried) >= self.begun:
            return True
        if presence.answer is PresenceAnswer.UNKNOWN or (self._force and not presence.proved):
            return False
        rests = self._freshness.fresh if self._pressed else self._freshness.retry_after(presence)
        return presence.proved or self._clock() < presence.at + rests

    def _is_newer(self, presence: Presence) -> bool:
        """Whether it was learned since this inquiry began: a proof, whenever it happened (the
        inquiry asks about no number with an older one), or an answer, such as the «no» of a send
        that was refused."""
        return presence.proved or (presence.answer is not PresenceAnswer.UNKNOWN and presence.at >= self.begun)

    def _merged(self, key: str, news: Presence) -> Presence:
        if news.answer is PresenceAnswer.UNKNOWN:
            return self._before[key].not_renewed(news) if key in self._before else news
        before = self._before.get(key) or (self._forgotten.get(key) if news.answer is PresenceAnswer.NO else None)
        return self._freshness.confirmed(before, news) if before else news

    def _listen(self, phones: Mapping[str, str]) -> dict[str, Presence]:
        obstacle = self._probe.obstacle(self._line)
        found = {} if obstacle else self._with_chats(phones)
        silent = {key: phone for key, phone in phones.items() if key not in found}
        return found | (self._check(silent, obstacle) if silent else {})

    def _with_chats(self, phones: Mapping[str, str]) -> dict[str, Presence]:
        return self._chat_index.find(self._line, phones, record=self._listing, known=self._before, force=self._force)

    def _check(self, phones: Mapping[str, str], obstacle: Presence | None) -> dict[str, Presence]:
        """Check by the first line that may ask about any of the phones; if none may, say why the
        card's own may not. If that line's state is only not known yet, no other line asks in its
        place."""
        if obstacle and obstacle.why is UnknownReason.LINE_UNKNOWN:
            return dict.fromkeys(phones, obstacle)
        tried = 0
        for line in in_order(self._line, self._others):
            own = line is self._line
            if tried == MAX_TRIED or (not own and self._surely_refuses(line, phones)):
                continue
            tried += 1
            why = obstacle if own else self._probe.obstacle(line)
            why = why or self._cannot_check(line) or self._paused(line)
            grants = {} if why else self._spend(line, list(phones))
            if grants:
                return self._check_by(line, phones, grants)
            obstacle = obstacle or why or self._refusal(line)
        assert obstacle  # noqa: S101 - the first line at least said why
        return dict.fromkeys(phones, obstacle)

    def _surely_refuses(self, line: Line, keys: Collection[str]) -> bool:
        """True if the line's checks pause, or its budget has nothing for any of the keys. No call
        to its gateway."""
        most_urgent = min((self._kind(key) for key in keys), key=list(CheckPriority).index)
        return self._check_budget.pause(line) > 0 or self._check_budget.wait(line, most_urgent) > 0

    def _cannot_check(self, line: Line) -> Presence | None:
        try:
            return self._probe.cannot_check(line)
        except GatewayError:  # an address that may not be called
            return unknown(UnknownReason.FAILED, at=self._clock())

    def _paused(self, line: Line) -> Presence | None:
        """Why the line pauses, None if it does not; read anew, since another process may have been
        told to pause."""
        return self._probe.obstacle(line) if self._check_budget.pause(line) else None

    def _spend(self, line: Line, keys: Sequence[str]) -> dict[str, CheckGrant]:
        """Permits for as many as the line may ask about, the most urgent first. One round trip for
        each kind."""
        kinds: dict[CheckPriority, list[str]] = {}
        for key in keys:
            kinds.setdefault(self._kind(key), []).append(key)
        grants: dict[str, CheckGrant] = {}
        for kind in CheckPriority:
            wanted = kinds.get(kind, [])
            if not wanted:
                continue
            grant = self._check_budget.reserve(line, len(wanted), kind)
            grants |= dict.fromkeys(wanted[: grant.granted], grant)
            if grant.granted < len(wanted):
                break  # what is less urgent would be refused too
        return grants

    def _kind(self, key: str) -> CheckPriority:
        if self._pressed:
            return CheckPriority.CLICK
        return self._freshness.due(self._before.get(key), self._clock()) or CheckPriority.NEW

    def _check_by(self, line: Line, phones: Mapping[str, str], grants: Mapping[str, CheckGrant]) -> dict[str, Presence]:
        self.asked_by = line
        self.granted = True
        refused = [key for key in phones if key not in grants]
        # Told before they are asked: a limiter that goes away meanwhile must not take the answers
        # with it.
        refusal = dict.fromkeys(refused, self._refusal(line)) if refused else {}
        heard = self._probe.check(line, {key: phones[key] for key in grants})
        back = [grants[key] for key in heard.never_left]
        for grant in dict.fromkeys(back):
            self._check_budget.refund(grant, back.count(grant))
        self.checked += len(grants) - len(back)
        return heard.answers | refusal

    def _refusal(self, line: Line) -> Presence:
        """Why the line may not ask about one more number: what is left is kept for clicks, or there
        is nothing left."""
        now, wait = self._clock(), self._check_budget.wait(line)
        if not wait and not self._pressed:
            return unknown(UnknownReason.SAVED, at=now)
        return unknown(UnknownReason.LIMIT, at=now, until=now + wait)
