"""Work on what gateways told: messages, ticks, and what they prove about chats.

Everything here may come in any order and more than once, and be done by two processes at once. So
nothing depends on what was done before: facts are joined (chats/message_facts.py), a chat only ever
grows, and a send only moves forward.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol

from widget.chats.message_facts import MessageFacts, facts_of, merger, read_facts
from widget.chats.states import STATES
from widget.chats.waiting import Waiting
from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent
from widget.gateways.serialization import read_events
from widget.phones.spellings import phone_of_digits, spellings
from widget.storage.chats import LID, Chat, News
from widget.storage.conversations import Conversations
from widget.storage.counted import Went
from widget.storage.inbox import Inbox, Webhook
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState
from widget.storage.secret_box import DecryptionError
from widget.storage.sends import WENT_OUT, Send, SendState
from widget.version import NewerVersion

log = logging.getLogger(__name__)

PHONE_IDS = ("@c.us", "@s.whatsapp.net")  # only before these are digits a phone; those of a LID are anything
MAX_LID = 20  # letters of a LID; those of today have 15 digits
HOW = "webhook"  # an end was found out
ARRIVED = frozenset({Ack.DELIVERED, Ack.READ})
# Sends that may not have gone out.
NOT_COUNTED = frozenset({SendState.SENDING, SendState.UNKNOWN, SendState.MISSING, SendState.FAILED})


class WebhookListener(Protocol):
    """Hears that a client wrote, or that a message of ours arrived or was refused, each once for a
    message and each id of its chat. `phone` is "" for a client who is known by a LID alone; `went`
    is what the event says of a message of ours going out."""

    def __call__(self, line: Line, phone: str, event: GatewayEvent, went: Went) -> object: ...


class IgnoreList(Protocol):
    """Knows which clients are ignored."""

    def ignores(self, portal_id: int, line_id: int, clients: Collection[str]) -> bool: ...

    def extend(self, portal_id: int, line_id: int, clients: Collection[str]) -> object: ...


def ignore_webhook(line: Line, phone: str, event: GatewayEvent, went: Went) -> None:
    """Hears and does nothing."""


class ChatMirror(Protocol):
    """Shows chats elsewhere. `told` is called in the transaction of a webhook's work and makes no
    outside call; it returns the id of the mirror to wake after the transaction, 0 for none."""

    def on_event(
        self, line: Line, chat: Chat, event: GatewayEvent, facts: MessageFacts, sends: Sequence[Send]
    ) -> int: ...

    def wake(self, mirror_id: int) -> object: ...


class Ingest:
    def __init__(
        self,
        inbox: Inbox,
        lines: Lines,
        portals: Portals,
        conversations: Conversations,
        *,
        listener: WebhookListener = ignore_webhook,
        mirror: ChatMirror | None = None,
        ignores: IgnoreList | None = None,
    ) -> None:
        self._inbox = inbox
        self._lines = lines
        self._portals = portals
        self._transaction = conversations.transaction
        self._called = conversations.called
        self._chats = conversations.chats
        self._sends = conversations.sends
        self._messages = conversations.messages
        self._hidden = conversations.hidden
        self._listener = listener
        self._mirror = mirror
        self._waiting = Waiting(conversations)
        self._ignores = ignores

    def work(self, webhook_id: int) -> None:
        """One webhook, if it is due and no other worker has it. No outside call. Never raises: what
        fails is noted and comes up again."""
        webhook = self._inbox.take(webhook_id)
        if webhook is None:
            return
        try:
            self._tell(webhook)
            self._inbox.drop(webhook.id)
        except NewerVersion as newer:
            log.info("webhook.newer line=%s row=%s version=%s", webhook.line_id, webhook.id, newer)
            self._inbox.put_back(webhook)
        except Exception as error:
            log.exception("webhook.broken line=%s row=%s attempt=%s", webhook.line_id, webhook.id, webhook.attempts)
            self._inbox.fail(webhook.id, type(error).__name__)

    def work_on_what_was_left(self) -> int:
        """Everything that is due: lost wake-ups, and what failed before. Returns how many."""
        due = self._inbox.due()
        for webhook_id in due:
            self.work(webhook_id)
        return len(due)

    def _tell(self, webhook: Webhook) -> None:
        if not webhook.events:  # another host seals with a key that this one does not have yet
            raise DecryptionError("webhook")
        portal, events = self._portals.get(webhook.portal_id), read_events(webhook.events)
        # Read anew: what comes in a moment after mirroring was switched on in another process is
        # mirrored too.
        news = any(event.kind is not EventKind.ACK for event in events)
        line = self._lines.get(webhook.portal_id, webhook.line_id, refresh=news)
        if portal is None or portal.state is not PortalState.ACTIVE or line is None:
            return  # closed or removed meanwhile
        for event in events:
            self._learn(line, event)

    def _learn(self, line: Line, event: GatewayEvent) -> None:
        """The message first and the chat after it, in transactions of their own: of two processes
        that do this at once for two ids of one chat, at least one then sees what the other
        wrote."""
        if not event.chat_ids:
            event = replace(event, chat_ids=self._chat_ids_of(line, event.message_id))
        if not event.chat_ids or self._is_ignored(line, {*event.chat_ids, *_phones(event.chat_ids)}):
            return  # also of a message that is not known here
        before, after = self._keep(line, event)
        if after.deleted and not before.deleted:
            self._sends.forget_text(line.portal_id, line.id, event.message_id)
        went, moved = Went(0), False
        with self._transaction():
            chats, sends, learnt = self._prove(line, event)
            if after.from_me and event.kind in (EventKind.MESSAGE, EventKind.ACK):
                went = _went(before, after, sends)
                settled = self._settle(sends, after)
                moved = any(_cache(now) is not _cache(then) for now, then in zip(settled, sends, strict=True))
                sends = settled
            woken = self._mirror.on_event(line, chats[0], event, after, sends) if self._mirror and chats else 0
        if self._mirror and woken:
            self._mirror.wake(woken)
        if moved or learnt or (event.kind is EventKind.MESSAGE and before.message is None):
            for chat in chats:
                self._waiting.recount(chat)
        if before != after:
            for chat in chats:
                self._chats.changed(chat)
        if _is_news(event, before, after) or Went.OUT in went:
            self._listener(line, chats[0].phone if chats else "", replace(event, from_me=_from_me(event)), went)
        if learnt:
            self._unite_elsewhere(line, event)

    def _chat_ids_of(self, line: Line, message_id: str) -> tuple[str, ...]:
        """Some gateways' ticks name no chat: the one whose message or send this is. Two queries at
        most."""
        facts = self._messages.chat_ids_of(line.portal_id, line.id, message_id)
        if facts:
            return facts
        sends = self._sends.by_message(line.portal_id, line.id, message_id)
        chat = self._chats.get(line.portal_id, sends[0].chat_id) if sends else None
        return (chat.chat_ids or (f"{chat.phone.removeprefix('+')}{PHONE_IDS[0]}",)) if chat else ()

    def _prove(self, line: Line, event: GatewayEvent) -> tuple[list[Chat], list[Send], bool]:
        """The chats that this is about, with what it shows of them, the sends from cards that are
        its message, and whether a chat has learnt another id of its own; a client without a chat
        gets one. A client who was known by a LID alone, and whose phone this or a chat on another
        line tells, has one chat from now on."""
        phones = _phones(event.chat_ids)
        known, sends = self._called(line.portal_id, line.id, event.chat_ids, phones, event.message_id)
        if not known and not phones and event.kind is EventKind.MESSAGE:
            lid = _lid(event)
            phone = self._hidden.phone_of(line.portal_id, lid) if lid else ""
            if phone and not self._is_ignored(line, {*event.chat_ids, *spellings(phone)}):
                phones = spellings(phone)
                known, sends = self._called(line.portal_id, line.id, (), phones, event.message_id)
        united = [chat for chat in known if not chat.phone] if phones else []
        for chat in united:
            self._hidden.unite(chat, phones)
        if united:
            known, sends = self._called(line.portal_id, line.id, event.chat_ids, phones, event.message_id)
        client = phones[0] if phones else _lid(event)
        if not known and client and (event.kind is EventKind.MESSAGE or (phones and _proves(event))):
            chat, _new = self._chats.remember(line.portal_id, line.id, client)
            known = [chat]
        enriched = [self._enrich(line, chat, event) for chat in known]
        for chat in enriched if event.name else ():
            if not chat.phone:
                self._hidden.call(chat, event.name)
        learnt = any(len(now.chat_ids) > len(then.chat_ids) for now, then in zip(enriched, known, strict=True))
        return enriched, sends, learnt or bool(united)

    def _unite_elsewhere(self, line: Line, event: GatewayEvent) -> None:
        """The client's chats on other lines, where they were known by a LID alone, are those of the
        phone that this tells. One query where it tells both; on a crash before it the night's round
        does the same (unveiling.py)."""
        if phones := _phones(event.chat_ids):
            for hidden in self._chats.of_phones(line.portal_id, [one for one in event.chat_ids if one.endswith(LID)]):
                self._waiting.recount(self._hidden.unite(hidden, phones))

    def _enrich(self, line: Line, chat: Chat, event: GatewayEvent) -> Chat:
        """A chat that learns another id of its own takes over what was told under that id
        before."""
        last_at = event.at if event.kind is EventKind.MESSAGE else 0.0
        learnt = [chat_id for chat_id in event.chat_ids if chat_id not in chat.chat_ids]
        chat = self._chats.enrich(chat, News(also=event.chat_ids, proved=_proves(event), last_at=last_at))
        if not learnt:
            return chat
        before = self._messages.evidence(line.portal_id, line.id, learnt)
        return self._chats.enrich(chat, News(proved=before.incoming, last_at=before.last_at))

    def _keep(self, line: Line, event: GatewayEvent) -> tuple[MessageFacts, MessageFacts]:
        before, after = self._messages.grow(
            line.portal_id, line.id, event.chat_ids[0], event.message_id, merger(facts_of(event))
        )
        return read_facts(before), read_facts(after)

    def _is_ignored(self, line: Line, clients: Collection[str]) -> bool:
        """Who is ignored by one of these names is so by the others."""
        if self._ignores is None or not self._ignores.ignores(line.portal_id, line.id, clients):
            return False
        self._ignores.extend(line.portal_id, line.id, clients)
        return True

    def _settle(self, sends: Sequence[Send], facts: MessageFacts) -> list[Send]:
        """Move sends from a card forward; as they are then. A message that is seen to exist was
        sent, with any tick."""
        state = STATES.get(facts.ack) or (SendState.SENT if facts.message else None)
        if state is None:
            return list(sends)
        why = GatewayErrorCode.NOT_ON_WHATSAPP if facts.not_on_whatsapp else facts.why
        reason = why.value if why and state is SendState.FAILED else ""
        return [
            self._sends.advance(send, state, reason=reason, how=HOW)
            if send.state is not state or (reason and send.reason != reason)
            else send
            for send in sends
        ]


def _cache(send: Send) -> bool:
    """Whether the client has it as an answer of ours, as far as is known."""
    return send.state in WENT_OUT


def _phones(chat_ids: Sequence[str]) -> tuple[str, ...]:
    """Every spelling of the phone among a chat's ids, the numbering plan's own first."""
    for chat_id in chat_ids:
        digits, _, home = chat_id.partition("@")
        phone = phone_of_digits(digits) if f"@{home}" in PHONE_IDS else None
        if phone:
            return spellings(phone)
    return ()


def _lid(event: GatewayEvent) -> str:
    """The LID of a client whose phone the event does not tell."""
    return next((one for one in event.chat_ids if one.endswith(LID) and len(one) <= MAX_LID), "")


def _from_me(event: GatewayEvent) -> bool:
    return event.message.from_me if event.message else event.from_me


def _proves(event: GatewayEvent) -> bool:
    """Whether it shows that the client has WhatsApp: they wrote, or something of ours arrived."""
    if event.kind is EventKind.MESSAGE:
        return not _from_me(event)
    return event.kind is EventKind.ACK and event.from_me and event.ack in ARRIVED


def _is_news(event: GatewayEvent, before: MessageFacts, after: MessageFacts) -> bool:
    if after.from_me and _refusal(before) != _refusal(after):
        return True
    if event.kind is EventKind.MESSAGE:
        return before.message is None and after.message is not None
    return _proves(event) and before.ack not in ARRIVED


def _refusal(facts: MessageFacts) -> tuple[bool, bool, GatewayErrorCode | None]:
    return facts.ack is Ack.FAILED, facts.not_on_whatsapp, facts.why


def _went(before: MessageFacts, after: MessageFacts, sends: Sequence[Send]) -> Went:
    """What is told of a message of ours going out. The answer to a send may tell the same, or come
    later."""
    went = Went(0)
    if before.message is None and after.message:
        went |= Went.OUT
    if after.ack is Ack.FAILED:
        return went | Went.REFUSED
    if any(send.state in NOT_COUNTED for send in sends):
        went |= Went.OUT
    failed = before.ack is Ack.FAILED or any(send.state is SendState.FAILED for send in sends)
    return went | Went.ARRIVED if failed and after.ack in ARRIVED else went
