"""Since when a client waits for an answer: worked out from who wrote when, so the order of webhooks
does not matter."""

import logging
from collections.abc import Iterable, Sequence

from widget.gateways.base import Message
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.database import NOT_WRITTEN
from widget.storage.waits import MAX_TURNS, By, ChatTurn

log = logging.getLogger(__name__)

# Greetings and absence messages of WhatsApp Business come as the phone's own messages, within a
# second or two of the client's. Hardly a person reads and answers so fast.
AUTOMATIC_SECONDS = 5.0
TRIES = 20  # processes that may be quicker than we are, one after the other


def waiting_since(turns: Iterable[ChatTurn], *, waived_at: float = 0.0) -> tuple[float, float]:
    """When the client wrote the first message that has no answer, 0 where none waits; and when the
    last answer was written (pure).

    A message is answered by one that a rep sends or types on the phone after it, but not by what
    the phone says by itself, which comes right after the client's latest one. That a person may be
    as quick is borne: a wait that is shown in vain costs a press, and one that ended in vain the
    client. What was written until `waived_at` needs no reply.
    """
    since = answered_at = latest = 0.0
    for turn in sorted(turns, key=lambda turn: (turn.at, turn.by is not By.CLIENT)):
        if turn.by is By.CLIENT:
            since, latest = since or (turn.at if turn.at > waived_at else 0.0), turn.at
        elif turn.by is By.REP or turn.at - latest >= AUTOMATIC_SECONDS:
            since, answered_at = 0.0, turn.at
    return since, answered_at


class Waiting:
    def __init__(self, conversations: Conversations) -> None:
        self._waits = conversations.waits
        self._ignores = conversations.ignores

    def recount(self, chat: Chat, shown: Sequence[Message] = ()) -> Chat:
        """Work out anew since when the chat's client waits: from what is stored, and from messages
        that a page of the gateway's history has `shown`. Returns the chat as stored. Three
        statements; more where another process is quicker."""
        for _attempt in range(TRIES):
            counted = self._recounted(chat, shown)
            if counted:
                return counted
            stored = self._waits.get(chat)
            if stored is None:
                return chat
            chat = stored
        return chat

    def notice(self, chat: Chat, shown: Sequence[Message], *, moved: bool = False) -> None:
        """`recount` for a reader of a page, without a failure where the database takes no writes.
        One query where the page tells nothing new. `moved`: a send turned out to be an answer, or
        none. What a page shows makes no client wait who is ignored."""
        newest = max((message.at for message in shown if not message.from_me), default=0)
        ours = max((message.at for message in shown if message.from_me), default=0)
        if not moved and newest <= chat.theirs_at and not (chat.waiting_since and ours >= chat.waiting_since):
            return
        try:
            if self._ignores.ignores(chat.portal_id, chat.line_id, {chat.client, *chat.chat_ids}):
                return
            self.recount(chat, shown)
        except NOT_WRITTEN as error:
            log.error("waiting.not_stored chat=%s error=%s", chat.id, type(error).__name__)

    def _recounted(self, chat: Chat, shown: Sequence[Message]) -> Chat | None:
        """What the chat's row holds is true of messages that are no longer, or never were,
        stored."""
        stored = self._waits.turns(chat)
        before = [ChatTurn(at, By.CLIENT) for at in (chat.waiting_since, chat.theirs_at) if at]
        before += [ChatTurn(chat.answered_at, By.REP)] if chat.answered_at else []
        turns = [*before, *stored, *self._turns_shown(chat, stored, shown)]
        since, answered_at = waiting_since(turns, waived_at=chat.waived_at)
        theirs_at = max((turn.at for turn in turns if turn.by is By.CLIENT), default=0.0)
        # What webhooks tell is stored and may turn out to be automatic when the rest comes; a page
        # has all of its time.
        answered_at = answered_at if shown else chat.answered_at
        return self._waits.recounted(chat, since=since, theirs_at=theirs_at, answered_at=answered_at)

    def _turns_shown(self, chat: Chat, stored: Sequence[ChatTurn], shown: Sequence[Message]) -> list[ChatTurn]:
        known = {turn.message_id for turn in stored}
        strange = [message for message in shown[:MAX_TURNS] if message.id not in known]
        sent = self._waits.sent_ids(chat, [message.id for message in strange if message.from_me])
        return [
            ChatTurn(float(message.at), By.DEVICE if message.from_me else By.CLIENT, message.id)
            for message in strange
            if message.id not in sent
        ]
