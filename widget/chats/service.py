"""The chat of one line and one phone: open it, read it, write in it, change what was written."""

import logging
from collections.abc import Callable, Sequence

from widget.chats.bubbles import DELETE_SECONDS, EDIT_SECONDS
from widget.chats.history import Histories
from widget.chats.sending import LONGEST_TEXT, Allowance, Sending, SendListener, Unlimited, nobody, typed_text
from widget.chats.told import Named, Told, grown_by
from widget.chats.typed import TypedNumbers
from widget.errors import Refusal, Refused
from widget.gateways.base import NOT_ASKED, File, Gateway, GatewayError, Trouble
from widget.gateways.lines import Gateways, chat_ids_for
from widget.storage.chats import Chat, Chats
from widget.storage.lines import Line
from widget.storage.messages import Messages
from widget.storage.sends import Sends

log = logging.getLogger(__name__)


class ChatService:
    def __init__(
        self,
        gateways: Gateways,
        chats: Chats,
        sends: Sends,
        messages: Messages,
        clock: Callable[[], float],
        sent: SendListener = nobody,
        allowance: Allowance | None = None,
    ) -> None:
        self._gateways = gateways
        self._chats = chats
        self._sends = sends
        self._messages = messages
        self._clock = clock
        self._histories = Histories(gateways, chats, sends, messages, clock)
        self._allowance = allowance or Unlimited()
        self.typed = TypedNumbers(gateways, chats, sends, self._histories, clock)
        sending = Sending(gateways, chats, sends, self._histories, clock, sent, self._allowance)
        # Reading and writing are files of their own; to whoever asks they are verbs of the chat like the others.
        self.newest, self.older, self.whole = self._histories.newest, self._histories.older, self._histories.whole
        self.send, self.send_file = sending.send, sending.send_file

    def open(self, line: Line, phone: str, *, user_id: int, chat_id: str = "") -> tuple[Chat, bool]:
        """The chat of this line and phone, made if there is none; also says if it is new. `chat_id` is what presence
        remembers of it, whichever line was told. No outside call."""
        known = chat_ids_for(line, chat_id)
        return self._chats.remember(line.portal_id, line.id, phone, chat_ids=known, user_id=user_id)

    def media(self, line: Line, chat: Chat, ref: str) -> File:
        """The file of a message, fetched through us. Two outside calls. Raises GatewayError."""
        return self._gateways.of(line).media(self._histories.ids(line, chat)[0], ref)

    def edit(self, line: Line, chat: Chat, message: Named, text: str) -> None:
        """Change a text of ours. One outside call. Raises Refused, GatewayError."""
        typed = typed_text(text)
        if not typed or len(typed) > LONGEST_TEXT:
            raise Refused(Refusal.BAD_FORM, 422, "text length")
        self._require_ours(message, EDIT_SECONDS)
        self._ask(line, chat, lambda gateway, chat_id: gateway.edit(chat_id, message.ref, typed), "edit")
        self._know(chat, line, message, Told(from_me=True, edit=(self._clock(), typed)))

    def delete(self, line: Line, chat: Chat, message: Named) -> None:
        """Take a message of ours back for everybody. One outside call. Raises Refused, GatewayError."""
        self._require_ours(message, DELETE_SECONDS)
        self._ask(line, chat, lambda gateway, chat_id: gateway.delete(chat_id, message.ref), "delete")
        self._know(chat, line, message, Told(from_me=True, deleted=True))
        self._sends.forget_text(line.portal_id, line.id, message.id)

    def react(self, line: Line, chat: Chat, message: Named, emoji: str) -> None:
        """React to a message, or take the reaction back with "". One outside call. Raises Refused, also where the
        gateway would look the number up first and the line may check no more; GatewayError."""

        def verb(gateway: Gateway, chat_id: str) -> None:
            checks = gateway.capabilities.checks_when_sending
            reserved = self._allowance.reserve_check(line) if checks else None
            try:
                gateway.react(chat_id, message.ref, emoji)
            except GatewayError as error:
                if checks and error.trouble in NOT_ASKED:
                    self._allowance.settle(reserved, None)
                raise

        self._ask(line, chat, verb, "react")
        self._know(chat, line, message, Told(from_me=message.from_me, ours=(self._clock(), emoji)))

    def mark_read(self, line: Line, chat: Chat, messages: Sequence[Named]) -> None:
        """Give the client read receipts for their messages. One outside call, none without one of theirs. Raises
        Refused, GatewayError."""
        theirs = [message.ref for message in messages if not message.from_me]
        if theirs:
            self._ask(line, chat, lambda gateway, chat_id: gateway.mark_read(chat_id, theirs), "mark_read")

    def typing(self, line: Line, chat: Chat, *, on: bool) -> None:
        """Show the client that somebody types. One outside call. Refused where it would cost the line a check each
        time. Raises Refused, GatewayError."""
        if self._gateways.of(line).capabilities.checks_when_sending:
            raise Refused(Refusal.UNSUPPORTED, 422, "typing")
        self._ask(line, chat, lambda gateway, chat_id: gateway.typing(chat_id, on=on), "typing")

    def _require_ours(self, message: Named, seconds: float) -> None:
        if not message.from_me:
            raise Refused(Refusal.NOT_ALLOWED, 403, "a message of the client")
        if self._clock() >= message.at + seconds:
            raise Refused(Refusal.TOO_LATE, 409, "message is too old")

    def _ask(self, line: Line, chat: Chat, verb: Callable[[Gateway, str], None], name: str) -> None:
        gateway = self._gateways.of(line)
        if not getattr(gateway.capabilities, name):
            raise Refused(Refusal.UNSUPPORTED, 422, name)
        try:
            verb(gateway, self._histories.ids(line, chat)[0])
        except GatewayError as error:
            log.info("%s line=%s chat=%s: %s", name, line.id, chat.id, error.trouble.value)
            if error.trouble is Trouble.UNSUPPORTED:
                raise Refused(Refusal.UNSUPPORTED, 422, name) from error
            if error.trouble is Trouble.NO_SUCH_THING:
                raise Refused(Refusal.MESSAGE_GONE, 404, name) from error
            raise

    def _know(self, chat: Chat, line: Line, message: Named, news: Told) -> None:
        """What we did ourselves is known at once, and not when the gateway's history shows it."""
        chat_id = self._histories.ids(line, chat)[0]
        self._messages.grow(chat.portal_id, chat.line_id, chat_id, message.id, grown_by(news))
