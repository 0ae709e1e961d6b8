"""Ask one line's gateway: its state, and WhatsApp itself, with every trouble put into words of
ours."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from widget.gateways.base import CheckResult, GatewayError, GatewayErrorCode, LineState
from widget.gateways.lines import Gateways
from widget.gateways.names import canonical_id
from widget.metrics import Metrics
from widget.presence.cooldown_policy import CooldownPolicy
from widget.presence.records import Presence, PresenceAnswer, UnknownReason, unknown
from widget.storage.lines import Line

log = logging.getLogger(__name__)

_WHY = {
    GatewayErrorCode.LINE_DOWN: UnknownReason.LINE_DOWN,
    GatewayErrorCode.THROTTLED: UnknownReason.THROTTLED,
    GatewayErrorCode.RESTRICTED: UnknownReason.RESTRICTED,
    GatewayErrorCode.QUOTA: UnknownReason.QUOTA,
    GatewayErrorCode.BUSY: UnknownReason.BUSY,
    GatewayErrorCode.PLAN_ENDED: UnknownReason.PLAN_ENDED,
    GatewayErrorCode.LEFT_ALONE: UnknownReason.LEFT_ALONE,
    GatewayErrorCode.CREDENTIALS: UnknownReason.CREDENTIALS,
    GatewayErrorCode.UNSUPPORTED: UnknownReason.CANNOT_CHECK,
}
_PAUSED = {GatewayErrorCode.THROTTLED.value: UnknownReason.THROTTLED, GatewayErrorCode.QUOTA.value: UnknownReason.QUOTA}
# After these the question surely never reached WhatsApp, where the error says that it was not sent.
_NEVER_LEFT = (GatewayErrorCode.UNREACHABLE, GatewayErrorCode.LEFT_ALONE, GatewayErrorCode.UNSUPPORTED)


@dataclass(frozen=True)
class ProbeResult:
    """The answers by cache key, and the keys whose question never left."""

    answers: dict[str, Presence]
    never_left: frozenset[str]


class PresenceProbe:
    def __init__(
        self,
        gateways: Gateways,
        cooldown_policy: CooldownPolicy,
        pool: Executor,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._gateways = gateways
        self._cooldown_policy = cooldown_policy
        self._pool = pool
        self._metrics = metrics
        self._clock = clock

    def obstacle(self, line: Line) -> Presence | None:
        """Why this line cannot check any number now, None if it can.

        Read before any check: a line that is down would let each of ten checks hang for seconds. No
        call: a state that is not known yet is asked behind the request.
        """
        paused = self._paused(line)
        if paused:
            return paused
        status = self._gateways.known(line)
        if status is None:
            return unknown(UnknownReason.LINE_UNKNOWN, at=self._clock())
        if isinstance(status, GatewayError):  # a limit there is the gateway's own: a state asks WhatsApp nothing
            return unknown(_WHY.get(status.gateway_code, UnknownReason.FAILED), at=self._clock(), until=status.until)
        if status.state in (LineState.RESTRICTED, LineState.BANNED):
            self._cooldown_policy.restricted(line, status.state, status.until)
            return self._paused(line) or unknown(UnknownReason.RESTRICTED, at=self._clock(), until=status.until)
        return None if status.state is LineState.READY else unknown(UnknownReason.LINE_DOWN, at=self._clock())

    def cannot_check(self, line: Line) -> Presence | None:
        """Why this line's gateway can list chats but not check numbers, None if it can. No call."""
        if self._gateways.of(line).capabilities.checks_at_once:
            return None
        return unknown(UnknownReason.CANNOT_CHECK, at=self._clock())

    def check(self, line: Line, phones: Mapping[str, str]) -> ProbeResult:
        """WhatsApp's answer about every phone (cache key -> number), as many in one call as the
        gateway takes, all calls at once. A number that an answer leaves out is unknown."""
        gateway = self._gateways.of(line)
        flying = [
            (keys, self._pool.submit(gateway.check, [phones[key] for key in keys]))
            for keys in _parts(list(phones), max(1, gateway.capabilities.checks_at_once))
        ]
        answers: dict[str, Presence] = {}
        never_left: set[str] = set()
        for keys, future in flying:
            try:
                checked = future.result()
            except GatewayError as error:
                answers |= dict.fromkeys(keys, self._unknown(line, error))
                if not error.sent and error.gateway_code in _NEVER_LEFT:
                    never_left.update(keys)
            else:
                answers |= {key: self._answer(line, phones[key], checked.get(phones[key])) for key in keys}
        for presence in answers.values():
            self._metrics.checked(presence.answer.value)
        log.info("presence.checked line=%s count=%d", line.id, len(answers))
        return ProbeResult(answers, frozenset(never_left))

    def _answer(self, line: Line, phone: str, checked: CheckResult | None) -> Presence:
        if checked is None:
            return unknown(UnknownReason.FAILED, at=self._clock())
        answer = PresenceAnswer.YES if checked.exists else PresenceAnswer.NO
        return Presence(answer, self._clock(), chat_id=canonical_id(phone, line.gateway, checked.chat_id))

    def _unknown(self, line: Line, error: GatewayError) -> Presence:
        code = error.gateway_code
        self._cooldown_policy.record(line, code, error.until)
        if code is GatewayErrorCode.LINE_DOWN:
            self._gateways.distrust(line)
        paused = self._paused(line) if code in (GatewayErrorCode.THROTTLED, GatewayErrorCode.RESTRICTED) else None
        return paused or unknown(_WHY.get(code, UnknownReason.FAILED), at=self._clock(), until=error.until)

    def _paused(self, line: Line) -> Presence | None:
        cooldown, now = self._cooldown_policy.of(line), self._clock()
        if now >= cooldown.until:
            return None
        why = _PAUSED.get(cooldown.why, UnknownReason.RESTRICTED)
        return unknown(why, at=now, until=cooldown.until)


def _parts(keys: Sequence[str], most: int) -> list[Sequence[str]]:
    return [keys[at : at + most] for at in range(0, len(keys), most)]
