"""A number that a rep typed: no card says that this rep may read its chat, so what the chat holds
has to say it.

It is theirs while all in it is what they wrote from here, and what the client answered to that.
This is read from the gateway at every use, the whole chat at once, and nothing else is shown than
what was read for it: there are no further pages. A chat that is too long for that, and a gateway
that keeps no messages or does not answer, close it. Lists of chats are not asked: they are made to
prove presence, and leave chats out. Administrators may read every chat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from widget.chats.history import Histories
from widget.chats.likeness import is_the_send
from widget.chats.lookups import LookUps
from widget.errors import ErrorCode, Refused
from widget.gateways.base import Ack, Depth, GatewayError, GatewayErrorCode, Message, Page
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line
from widget.storage.sends import Send, SendState

# Empty chats that one user may make in a day. A person does not type so many numbers and write to
# none of them: it keeps a script from filling the table.
MAX_UNWRITTEN = 50
DAY = 86_400
MAX_MESSAGES = 100  # a chat that is longer is a client's, and a client has a card
MAX_PAGES = 4  # of one reading: a gateway may say only on an empty page that there are no more
LEFT = frozenset({Ack.SENT, Ack.DELIVERED, Ack.READ, Ack.NONE})  # what a client can have an answer to


class ChatOwner(Enum):
    """The employees who talked in a chat, as seen by one user."""

    MINE = "own"  # this user is the only one of ours who has written in it
    NONE = "nobodys"
    OTHERS = "others"  # another user wrote in it, or it has messages and none is from here


class NotTheirs(Exception):
    """The chat holds messages that are not for this user, or too many to know. Its text is for logs
    only."""


@dataclass(frozen=True)
class WholeChat:
    """All messages of a chat that is this user's, newest first, as they may be shown. `sent` are
    the ids of what they wrote from here, which the gateway may not have: a send without a clear end
    is theirs to send again."""

    user_id: int
    messages: tuple[Message, ...]
    sent: frozenset[str] = frozenset()

    def has(self, message_id: str) -> bool:
        return message_id in self.sent or any(message.id == message_id for message in self.messages)


class TypedNumbers:
    def __init__(
        self,
        gateways: Gateways,
        conversations: Conversations,
        histories: Histories,
        look_ups: LookUps,
        clock: Callable[[], float],
    ) -> None:
        self._gateways = gateways
        self._chats = conversations.chats
        self._sends = conversations.sends
        self._histories = histories
        self._ids = look_ups.ids
        self._clock = clock

    def owner(self, portal_id: int, line_id: int, phone: str, user_id: int) -> ChatOwner:
        """Who talked in the chat by what is stored here, which may be less than the gateway has. At
        most two queries."""
        chat = self._chats.find(portal_id, line_id, phone)
        if chat is None:
            return ChatOwner.NONE
        writers = self._chats.writers(chat)
        if writers:
            return ChatOwner.MINE if writers == {user_id} else ChatOwner.OTHERS
        return ChatOwner.OTHERS if chat.proved or chat.last_at else ChatOwner.NONE

    def may_begin(self, portal_id: int, line_id: int, phone: str, user_id: int) -> bool:
        """Whether this user may open the chat of a typed number: one that is there, or not too many
        empty ones of theirs in 24 hours. At most two queries."""
        if self._chats.find(portal_id, line_id, phone):
            return True
        return self._chats.unwritten(portal_id, user_id, self._clock() - DAY) < MAX_UNWRITTEN

    def read(self, line: Line, phone: str, user_id: int) -> WholeChat:
        """The chat, if it is this user's: four queries, one outside call an id of the chat, another
        one at a gateway that says only on an empty page that there are no more. Raises NotTheirs,
        GatewayError."""
        if self.owner(line.portal_id, line.id, phone, user_id) is ChatOwner.OTHERS:
            raise NotTheirs("others talked, as stored")
        self._refuse_unkept(line)
        chat = self._chats.find(line.portal_id, line.id, phone) or Chat(0, line.portal_id, line.id, phone, (), False, 0)
        messages = self._histories.with_facts(line, chat, self._whole(line, chat))
        if len(messages) > MAX_MESSAGES:
            raise NotTheirs("too long")
        written = self._sends.written_by(line.portal_id, chat.id, user_id)
        if not is_theirs(messages, written):
            raise NotTheirs("others talked, as the gateway has it")
        sent = frozenset(send.message_id for send in written)
        return WholeChat(user_id, tuple(_without_foreign_quotes(messages)), sent)

    def require(self, line: Line, phone: str, user_id: int) -> WholeChat:
        """As `read`, with Refused(NOT_ALLOWED) for a chat that is not this user's alone. Raises
        GatewayError too."""
        try:
            return self.read(line, phone, user_id)
        except NotTheirs as error:
            raise Refused(ErrorCode.NOT_ALLOWED, reason=f"typed number: {error}") from error

    def _refuse_unkept(self, line: Line) -> None:
        """Raises GatewayError unless the gateway is known to keep messages: without them it cannot
        tell who talked."""
        status = self._gateways.known(line)
        if isinstance(status, GatewayError):
            raise GatewayError(status.gateway_code, until=status.until)
        if status is None:
            raise GatewayError(GatewayErrorCode.STATE_UNKNOWN)
        if status.depth is Depth.NONE:
            raise GatewayError(GatewayErrorCode.UNSUPPORTED)

    def _whole(self, line: Line, chat: Chat) -> Page:
        gateway, ids = self._gateways.of(line), self._ids(line, chat)
        found: list[Message] = []
        cursor: str | None = None
        for _page in range(MAX_PAGES):
            page = gateway.history(ids, cursor, MAX_MESSAGES)
            found += page.messages
            cursor = page.cursor
            if cursor is None:
                return Page(tuple(found), None)
            if len(found) > MAX_MESSAGES:
                break
        raise NotTheirs("too long")


def is_theirs(messages: Sequence[Message], written: Sequence[Send]) -> bool:
    """Whether all of a whole chat, newest first, was written in these sends of one user or answers
    them (pure)."""
    ids = {message.id for message in messages}
    theirs = {send.message_id for send in written}
    # Those whose answer was lost, or is on its way; what failed is surely none of the messages.
    unnamed = [send for send in written if send.message_id not in ids and send.state is not SendState.FAILED]
    begun = False
    for message in sorted(messages, key=lambda message: (message.at, not message.from_me)):
        if not message.from_me:
            if not begun:
                return False
            continue
        if message.id not in theirs:
            send = next((send for send in unnamed if is_the_send(send, message)), None)
            if send is None:
                return False
            unnamed.remove(send)
        begun = begun or message.ack in LEFT
    return True


def _without_foreign_quotes(messages: Sequence[Message]) -> list[Message]:
    """A client may answer what was written elsewhere, by a colleague on the phone and since
    forgotten: its words come along in the answer."""
    texts = {message.text for message in messages}
    return [replace(one, quote=None) if one.quote and one.quote.text not in texts else one for one in messages]
