"""What sends and webhooks teach: proof that saves checks, pauses that save a line, counts that a budget is made of."""

import logging

from ratelimit import StorageUnavailable
from widget.card.reveals import Reveals
from widget.gateways.base import EventKind, SendResult, Sent, Trouble
from widget.gateways.lines import capabilities_of
from widget.presence.cooling import Cooling
from widget.presence.evidence import Evidence
from widget.presence.purse import Purse
from widget.presence.records import How
from widget.storage.lines import Line
from widget.storage.usage import Usage

log = logging.getLogger(__name__)

WENT_OUT = (Sent.SENT, Sent.QUEUED)
# After these the gateway surely did not ask WhatsApp about the number first.
NOT_ASKED = (Trouble.UNREACHABLE, Trouble.LEFT_ALONE, Trouble.UNSUPPORTED, Trouble.CREDENTIALS, Trouble.LINE_DOWN)


class Learning:
    def __init__(self, evidence: Evidence, cooling: Cooling, purse: Purse, reveals: Reveals, usage: Usage) -> None:
        self._evidence = evidence
        self._cooling = cooling
        self._purse = purse
        self._reveals = reveals
        self._usage = usage

    def sent(self, line: Line, phone: str, user_id: int, result: SendResult) -> None:
        """After a send from a card. Never raises: the message is out, and nothing of this is worth its bubble."""
        try:
            self._learn(line, phone, user_id, result)
        except Exception:
            log.exception("send line=%s: nothing was learned from it", line.id)

    def heard(self, line: Line, phone: str, kind: EventKind, from_me: bool, at: float) -> None:
        """A webhook told of a message that no card sent, or that one of ours arrived. `phone` may be ""."""
        if kind is EventKind.MESSAGE:
            self._usage.add(line.portal_id, line.id, **{"sent" if from_me else "received": 1})
        if phone and kind is EventKind.ACK:
            self._evidence.learn(line, phone, How.DELIVERED, at)
        elif phone and not from_me:
            self._evidence.learn(line, phone, How.MESSAGE, at)

    def _learn(self, line: Line, phone: str, user_id: int, result: SendResult) -> None:
        if result.outcome in WENT_OUT:
            self._reveals.went_out(line, phone, user_id)
        if result.trouble is Trouble.NOT_ON_WHATSAPP:
            self._evidence.learn(line, phone, How.SEND)
        self._cooling.told(line, result.trouble)
        if capabilities_of(line.gateway).checks_when_sending and result.trouble not in NOT_ASKED:
            try:
                self._purse.count(line)
            except StorageUnavailable:
                log.warning("send line=%s: the check that came with it is counted in SQL alone", line.id)
