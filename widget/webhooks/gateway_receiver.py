"""Verifies a gateway's webhook and writes down what is left to do about it. Never makes an outside
call.

A gateway waits seconds at most and some then tell it once more, so a webhook is proved, written
down and answered; `chats/ingest.py` does the rest. What it says about the line itself is not
written down: it is compared with what is known, because a line in trouble tells the same hundreds
of times a minute.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ratelimit import Limiter, Rate
from widget.errors import ErrorCode, Refused
from widget.gateways.base import EventKind, GatewayErrorCode, GatewayEvent, LineState, Webhooks
from widget.gateways.lines import Gateways
from widget.gateways.serialization import events_json
from widget.http import read_json
from widget.places import Crowded
from widget.presence.cooldown_policy import CooldownPolicy
from widget.storage.inbox import Inbox
from widget.storage.line_health import LineHealths
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024  # bytes of one webhook: texts and thumbnails are far smaller
# Some gateways are told to put the file itself into it, in base64; the message is kept and the file
# is fetched when it is looked at. Only for an address of a line: no other makes us read so much.
MAX_BODY_WITH_FILE = 24 * MAX_BODY
MAX_IDS = 4  # of one chat
# Events of one company that one process takes. The worker does some 40 a second on two busy cores,
# and those of a gateway that tells more would keep the others' messages waiting for minutes. What
# is refused comes again: gateways repeat for minutes at least. A line that sends all it may makes
# some 10,000 a day.
MAX_EVENTS = 300
EVENTS = (Rate(every=0.1, burst=MAX_EVENTS),)
_HOOK_KEY = re.compile(r"[\w-]{1,64}", re.ASCII)
_ID = re.compile(r"[!-~]{1,120}")  # as long as storage keeps, and nothing that a log or a header could trip over


class LineNews:
    """Takes what webhooks tell of the lines themselves."""

    def __init__(self, health: LineHealths, gateways: Gateways, cooldown_policy: CooldownPolicy) -> None:
        self._health = health
        self._gateways = gateways
        self._cooldown_policy = cooldown_policy

    def hear(self, line: Line, events: Sequence[GatewayEvent]) -> None:
        """Called for each verified webhook, also for one that tells nothing of the line: it proves
        that webhooks arrive."""
        known = [event for event in events if event.state is not LineState.UNKNOWN]
        last = max(known, key=lambda event: event.at, default=None)
        state, at, until = (last.state.value, last.at, last.until) if last else ("", 0.0, 0.0)
        if any(event.why is GatewayErrorCode.QUOTA for event in events):
            self._cooldown_policy.plan_used_up(line)
        if self._health.record_webhook(line.portal_id, line.id, state=state, at=at, until=until):
            log.info("webhook.line_state line=%s state=%s", line.id, state)
            assert last  # noqa: S101 - what changed is a state that was told
            self._gateways.report_state(line, last.state, last.until)
            if last.state in (LineState.RESTRICTED, LineState.BANNED):
                self._cooldown_policy.restricted(line, last.state, last.until)

    def lose(self, line: Line, length: int) -> None:
        """A report of so many bytes was too large to be read: its line's section says so."""
        self._gateways.states.lose(line.id, length)


class WebhookIntake:
    """Writes down what webhooks tell, each portal within its share, and wakes the worker."""

    def __init__(self, inbox: Inbox, limiter: Limiter, enqueue: Callable[[int], object]) -> None:
        """`limiter` counts the events of a portal."""
        self._inbox = inbox
        self._limiter = limiter
        self._enqueue = enqueue

    def put(self, line: Line, events: Sequence[GatewayEvent]) -> None:
        """Store events of a line, nothing for none. One statement and a wake-up. Raises Crowded:
        nothing is stored."""
        if not events:
            return
        if not self._limiter.acquire(str(line.portal_id), min(len(events), MAX_EVENTS), all_or_nothing=True).granted:
            log.warning("webhook.portal_too_busy line=%s", line.id)
            raise Crowded
        webhook_id = self._inbox.add(line.portal_id, line.id, events_json(events))
        log.info(
            "webhook.stored line=%s row=%s events=%s",
            line.id,
            webhook_id,
            " ".join(event.kind.value for event in events),
        )
        self._enqueue(webhook_id)


class GatewayReceiver:
    def __init__(
        self,
        lines: Lines,
        portals: Portals,
        intake: WebhookIntake,
        news: LineNews,
        webhooks: Mapping[str, Webhooks],
        clock: Callable[[], float],
    ) -> None:
        self._lines = lines
        self._portals = portals
        self._intake = intake
        self._news = news
        self._webhooks = webhooks
        self._clock = clock

    def company(self, hook_key: str) -> int:
        """The portal's id that this address belongs to, 0 for a made-up one. One query at most."""
        line = self._lines.by_hook(hook_key) if _HOOK_KEY.fullmatch(hook_key) else None
        return line.portal_id if line else 0

    def most(self, hook_key: str, length: int | None) -> int:
        """The bytes that a webhook to this address may have, if its header says `length`. No query
        for an ordinary one."""
        if length is None or length <= MAX_BODY:
            return MAX_BODY
        line = self._lines.by_hook(hook_key) if _HOOK_KEY.fullmatch(hook_key) else None
        if line and length > MAX_BODY_WITH_FILE:
            log.warning("webhook.too_large line=%s bytes=%d", line.id, length)
            self._news.lose(line, length)
        return MAX_BODY_WITH_FILE if line else MAX_BODY

    def receive(self, hook_key: str, headers: Mapping[str, str], body: bytes) -> None:
        """Prove a webhook and write down what it tells. Raises Refused, and Crowded where its
        portal tells too much at once, with nothing stored.

        A genuine webhook without use for us is accepted too: a refusal would make the gateway send
        it again and again.
        """
        line = self._lines.by_hook(hook_key) if _HOOK_KEY.fullmatch(hook_key) else None
        webhooks = self._webhooks.get(line.gateway) if line else None
        if line is None or webhooks is None:
            raise Refused(ErrorCode.NOT_FOUND, reason="no such hook")
        if not _proves(webhooks, line, headers, body):
            line = self._lines.by_hook(hook_key, refresh=True) or line  # it may have a new secret since
            if not _proves(webhooks, line, headers, body):
                raise Refused(ErrorCode.NOT_ALLOWED, webhooks.refuse_with, f"webhook of line {line.id} is not proved")
        events = webhooks.events(_json(body))
        portal = self._portals.get(line.portal_id)
        if not line.active or portal is None or portal.state is not PortalState.ACTIVE:
            log.info("webhook.line_off line=%s", line.id)
            return
        now = self._clock()
        dated = [event if event.at else replace(event, at=now) for event in events]
        self._news.hear(line, [event for event in dated if event.kind is EventKind.LINE])
        self._intake.put(line, [event for event in dated if _usable(event)])


def _proves(webhooks: Webhooks, line: Line, headers: Mapping[str, str], body: bytes) -> bool:
    return bool(line.hook_secret) and webhooks.genuine(headers, body, line.hook_secret)


_OF_A_MESSAGE = (EventKind.ACK, EventKind.EDITED, EventKind.DELETED)


def _usable(event: GatewayEvent) -> bool:
    """About a message, with names that can be kept. What is new names its chat; of a known one, and
    of one of ours, the message will do."""
    names = (*event.chat_ids, event.message_id)
    return (
        event.kind is not EventKind.LINE
        and (event.kind in _OF_A_MESSAGE or event.from_me or bool(event.chat_ids))
        and len(event.chat_ids) <= MAX_IDS
        and all(_ID.fullmatch(name) for name in names)
    )


def _json(body: bytes) -> object:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refused(ErrorCode.BAD_FORM, 400, "webhook is not text") from error
    found: object = read_json(body)
    if found is None and body.strip() != b"null":
        raise Refused(ErrorCode.BAD_FORM, 400, "webhook is not JSON")
    return found
