"""The chat of one line and one phone: open it, read it, write in it, change what was written."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from widget.chats.bubbles import DELETE_SECONDS, EDIT_SECONDS, asked_of
from widget.chats.history import Histories
from widget.chats.lookups import LookUps
from widget.chats.message_facts import MessageFacts, Named, merger
from widget.chats.sending import (
    MAX_TEXT,
    Allowance,
    Alone,
    Deaf,
    Draft,
    Feedback,
    Onlooker,
    Sending,
    Unlimited,
    refuse_unfilled,
    typed_text,
)
from widget.chats.typed import TypedNumbers
from widget.chats.waiting import Waiting
from widget.errors import ErrorCode, Refused
from widget.gateways.base import NOT_ASKED, File, Gateway, GatewayError, GatewayErrorCode
from widget.gateways.lines import Gateways, chat_ids_for
from widget.phones.spellings import spellings
from widget.storage.chats import LID, Chat
from widget.storage.conversations import Conversations
from widget.storage.counted import Went
from widget.storage.lines import Line
from widget.storage.sends import SENT_AGAIN, Send, SendState

log = logging.getLogger(__name__)

SEEN = "seen"  # the reason of a send that a rep marked as sent


def key_again(missing: Send) -> str:
    """The key under which the text of a missing send goes out anew."""
    return hashlib.sha256(f"again:{missing.send_key}".encode()).hexdigest()[:32]


class ChatService:
    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        clock: Callable[[], float],
        feedback: Feedback | None = None,
        allowance: Allowance | None = None,
        onlooker: Onlooker | None = None,
    ) -> None:
        """`feedback` learns from sends and from checks that a gateway makes by itself, `onlooker`
        from what is sent; nothing does by default."""
        self._gateways = gateways
        self._conversations = conversations
        self._chats = conversations.chats
        self._sends = conversations.sends
        self._messages = conversations.messages
        self._clock = clock
        self._feedback = feedback or Deaf()
        self._allowance = allowance or Unlimited()
        self._onlooker = onlooker or Alone()
        self._look_ups = LookUps(gateways, conversations, clock)
        histories = Histories(gateways, conversations, self._look_ups, clock)
        self.typed = TypedNumbers(gateways, conversations, histories, self._look_ups, clock)
        sending = Sending(
            *(gateways, conversations, self._look_ups, clock),
            self._feedback,
            self._allowance,
            self._onlooker,
        )
        # Reading and writing are files of their own; to a caller they are verbs of the chat like
        # the others.
        self.newest, self.older, self.whole = histories.newest, histories.older, histories.whole
        self.heard = histories.heard
        self.send, self.send_file, self.send_voice = sending.send, sending.send_file, sending.send_voice
        self.send_location, self.send_contact = sending.send_location, sending.send_contact
        self.look_for = self._look_ups.look_for

    def draft(self, line: Line, chat: Chat, *, send_key: str, user_id: int, name: str = "") -> Draft:
        """A message to be sent under this key, with what the key has sent already. One query."""
        return Draft(line, chat, send_key, user_id, name, known=self._sends.by_key(chat.portal_id, send_key))

    def open(self, line: Line, phone: str, *, user_id: int, chat_id: str = "") -> tuple[Chat, bool]:
        """The chat of this line and phone, made if there is none; also says if it is new. `chat_id`
        is what presence remembers of it, whichever line was told; the chats of a client who was
        known by that id alone, on any line, are those of the phone from now on. No outside call."""
        known = chat_ids_for(line, chat_id)
        for hidden in self._chats.of_phones(line.portal_id, [one for one in known if one.endswith(LID)]):
            Waiting(self._conversations).recount(self._conversations.hidden.unite(hidden, spellings(phone)))
        return self._chats.remember(line.portal_id, line.id, phone, chat_ids=known, user_id=user_id)

    def missing(self, chat: Chat, message_id: str) -> Send:
        """The chat's send of this id that is missing and of which no rep said what is true. One
        query. Refused for any other."""
        found = next(iter(self._sends.named(chat.portal_id, chat.id, [message_id])), None)
        if found is None or not asked_of(found):
            raise Refused(ErrorCode.MESSAGE_GONE, 409, "not missing")
        return found

    def send_again(self, draft: Draft, missing: Send) -> Send:
        """Send the text of a missing send anew, under the key that follows from its own: pressed
        twice, it is still one message. By the rules of `send`. Raises Refused: UNSUPPORTED for a
        file, which is not kept."""
        if "again" not in asked_of(missing):
            raise Refused(ErrorCode.UNSUPPORTED, reason="a file is not kept")
        sent = self.send(replace(draft, name=""), missing.text)  # it holds the name already
        self._sends.settle(missing, SendState.MISSING, reason=SENT_AGAIN)
        return sent

    def mark_seen(self, line: Line, missing: Send, *, user_id: int = 0) -> Send:
        """A rep has seen a missing send in the chat or on the phone: it went out."""
        with self._conversations.transaction():
            send = self._sends.advance(missing, SendState.SENT, reason=SEEN, how="rep", by=user_id)
            noted = self._conversations.counted.note
            noted(line.portal_id, line.id, send.message_id, Went.OUT, at=send.created_at)
        if chat := self._chats.get(send.portal_id, send.chat_id):
            Waiting(self._conversations).recount(chat)
        return send

    def media(self, line: Line, chat: Chat, ref: str) -> File:
        """The file of a message, fetched through us. Two outside calls. Raises GatewayError."""
        return self._gateways.of(line).media(self._look_ups.ids(line, chat)[0], ref)

    def edit(self, line: Line, chat: Chat, message: Named, text: str) -> None:
        """Change a text of ours. One outside call. Raises Refused, GatewayError."""
        typed = typed_text(text)
        if not typed or len(typed) > MAX_TEXT:
            raise Refused(ErrorCode.BAD_FORM, reason="text length")
        refuse_unfilled(typed)
        self._require_ours(message, EDIT_SECONDS)
        self._ask(line, chat, lambda gateway, chat_id: gateway.edit(chat_id, message.ref, typed), "edit")
        with self._conversations.transaction():
            self._know(chat, line, message, MessageFacts(from_me=True, edit=(self._clock(), typed)))
            self._onlooker.changed(line, chat, message.id)

    def delete(self, line: Line, chat: Chat, message: Named) -> None:
        """Take a message of ours back, for the client too. One outside call. Raises Refused,
        GatewayError."""
        self._require_ours(message, DELETE_SECONDS)
        self._ask(line, chat, lambda gateway, chat_id: gateway.delete(chat_id, message.ref), "delete")
        with self._conversations.transaction():
            self._know(chat, line, message, MessageFacts(from_me=True, deleted=True))
            self._sends.forget_text(line.portal_id, line.id, message.id)
            self._onlooker.changed(line, chat, message.id)

    def react(self, line: Line, chat: Chat, message: Named, emoji: str) -> None:
        """React to a message, or take the reaction back with "". One outside call. Raises Refused,
        also where the gateway would look the number up first and the line may check no more;
        GatewayError."""

        def verb(gateway: Gateway, chat_id: str) -> None:
            checks = gateway.capabilities.checks_when_sending
            reserved = self._allowance.reserve_check(line) if checks else None
            try:
                gateway.react(chat_id, message.ref, emoji)
            except GatewayError as error:
                if checks and error.gateway_code in NOT_ASKED:
                    self._allowance.settle(reserved, None)
                raise

        self._ask(line, chat, verb, "react")
        self._know(chat, line, message, MessageFacts(from_me=message.from_me, ours=(self._clock(), emoji)))

    def mark_read(self, line: Line, chat: Chat, messages: Sequence[Named]) -> None:
        """Give the client read receipts for their messages. One outside call, none without one of
        theirs. Raises Refused, GatewayError."""
        theirs = [message.ref for message in messages if not message.from_me]
        if theirs:
            self._ask(line, chat, lambda gateway, chat_id: gateway.mark_read(chat_id, theirs), "mark_read")

    def typing(self, line: Line, chat: Chat, *, on: bool) -> None:
        """Show the client «typing…». One outside call. Refused where it would cost the line a check
        each time. Raises Refused, GatewayError."""
        if self._gateways.of(line).capabilities.checks_when_sending:
            raise Refused(ErrorCode.UNSUPPORTED, reason="typing")
        self._ask(line, chat, lambda gateway, chat_id: gateway.typing(chat_id, on=on), "typing")

    def _require_ours(self, message: Named, seconds: float) -> None:
        if not message.from_me:
            raise Refused(ErrorCode.NOT_ALLOWED, reason="a message of the client")
        if self._clock() >= message.at + seconds:
            raise Refused(ErrorCode.TOO_LATE, reason="message is too old")

    def _ask(self, line: Line, chat: Chat, verb: Callable[[Gateway, str], None], name: str) -> None:
        gateway = self._gateways.of(line)
        if not getattr(gateway.capabilities, name):
            raise Refused(ErrorCode.UNSUPPORTED, reason=name)
        try:
            verb(gateway, self._look_ups.ids(line, chat)[0])
        except GatewayError as error:
            code = error.gateway_code
            log.info("chat.verb_failed verb=%s line=%s chat=%s error=%s", name, line.id, chat.id, code.value)
            if code is GatewayErrorCode.UNSUPPORTED:
                raise Refused(ErrorCode.UNSUPPORTED, reason=name) from error
            if code is GatewayErrorCode.NO_SUCH_THING:
                raise Refused(ErrorCode.MESSAGE_GONE, reason=name) from error
            raise

    def _know(self, chat: Chat, line: Line, message: Named, news: MessageFacts) -> None:
        """What we did ourselves is known at once, and not when the gateway's history shows it."""
        chat_id = self._look_ups.ids(line, chat)[0]
        self._messages.grow(chat.portal_id, chat.line_id, chat_id, message.id, merger(news))
        self._chats.changed(chat)
