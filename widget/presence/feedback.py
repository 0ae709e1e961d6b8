"""Feedback from sends and webhooks: it updates presence, the pauses of lines, and the hourly counts
of budgets."""

import logging

from ratelimit import StorageUnavailable
from widget.gateways.base import NOT_ASKED, Ack, EventKind, GatewayErrorCode, GatewayEvent, SendResult, Sent
from widget.gateways.kinds import capabilities_of
from widget.presence.check_budget import CheckBudget
from widget.presence.cooldown_policy import CooldownPolicy
from widget.presence.evidence import Evidence
from widget.presence.records import Source
from widget.presence.reveal_stats import RevealStats
from widget.storage.counted import Counted, Went
from widget.storage.lines import Line
from widget.storage.usage import Usage

log = logging.getLogger(__name__)

WENT_OUT = (Sent.SENT, Sent.QUEUED)


class PresenceFeedback:
    def __init__(
        self,
        evidence: Evidence,
        cooldown_policy: CooldownPolicy,
        check_budget: CheckBudget,
        reveal_stats: RevealStats,
        usage: Usage,
        counted: Counted,
    ) -> None:
        self._evidence = evidence
        self._cooldown_policy = cooldown_policy
        self._check_budget = check_budget
        self._reveal_stats = reveal_stats
        self._usage = usage
        self._counted = counted

    def on_send(self, line: Line, phone: str, user_id: int, result: SendResult) -> None:
        """Learn from a send of a card. Never raises: the message is out, and its bubble must not
        fail with this."""
        try:
            self._learn(line, phone, user_id, result)
        except Exception:
            log.exception("send.feedback_failed line=%s", line.id)

    def _checked(self, line: Line) -> None:
        """Count the check that the gateway made by itself, before a send."""
        try:
            self._check_budget.count(line)
        except StorageUnavailable:
            log.warning("presence.check_counted_in_sql_alone line=%s", line.id)

    def on_webhook(self, line: Line, phone: str, event: GatewayEvent, went: Went) -> None:
        """Learn from a webhook with news: that a client wrote, or that a message of ours arrived or
        was refused. `phone` may be ""."""
        if went:
            self._counted.note(line.portal_id, line.id, event.message_id, went, at=event.at)
        self._cooldown_policy.record(line, event.why)
        incoming = event.kind is EventKind.MESSAGE and not event.from_me
        if incoming:
            self._usage.add(line.portal_id, line.id, received=1)
        how = Source.MESSAGE if incoming else _shown_by(event, went)
        if phone and how:
            self._evidence.learn(line, phone, how, event.at)

    def _learn(self, line: Line, phone: str, user_id: int, result: SendResult) -> None:
        if result.outcome in WENT_OUT:
            self._reveal_stats.went_out(line, phone, user_id)
        if result.error is GatewayErrorCode.NOT_ON_WHATSAPP:
            self._evidence.learn(line, phone, Source.SEND)
        self._cooldown_policy.record(line, result.error)
        if capabilities_of(line.gateway).checks_when_sending and result.error not in NOT_ASKED:
            self._checked(line)


def _shown_by(event: GatewayEvent, went: Went) -> Source | None:
    """What a tick of ours shows of the number."""
    if event.kind is EventKind.ACK and event.ack in (Ack.DELIVERED, Ack.READ):
        return Source.DELIVERED
    return Source.SEND if event.not_on_whatsapp and Went.REFUSED in went else None
