"""The state behind the protocol: lines and chats, what is sent, what clients answer. In memory, one
lock."""

import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.gateway import seed
from sandbox.gateway.directory import client_of, home_id, spellings
from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.lines import STATUSES, fresh_lines
from sandbox.gateway.model import (
    DELIVERED_AFTER,
    NO_CARD,
    SandboxAck,
    SandboxCard,
    SandboxChat,
    SandboxLine,
    SandboxMedia,
    SandboxMessage,
    SandboxReaction,
)
from sandbox.people import KnownNumber


class NotOnWhatsApp(Exception):
    """No client has this id."""


class GatewayState:
    """Hold `changed` while reading what more than one call returns; every method takes it by itself
    too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.changed = threading.Condition()  # its lock is reentrant
        self._lines: dict[str, SandboxLine] | None = None
        self.heard: Callable[[str, int], None] = lambda what, times: None  # counts what WhatsApp hears
        self.listeners: list[Callable[[Happening], None]] = []  # called under the lock: they must not wait
        self.reset()

    @property
    def lines(self) -> dict[str, SandboxLine]:
        """By name; seeded when they are first looked at after a reset."""
        with self.changed:
            if self._lines is None:
                self._lines = {line.name: line for line in fresh_lines(self._reset_at)}
                for line in self._lines.values():
                    line.chats = seed.chats_of(line.name, self._reset_at)
            return self._lines

    def reset(self) -> None:
        """Put the seed back, with times counted from now."""
        with self.changed:
            self._lines, self._reset_at = None, self.clock()
            self.changed.notify_all()

    def switch(self, name: str, status: str) -> None:
        """Set the state of a line. Raises KeyError for an unknown line, ValueError for an unknown
        state."""
        if status not in STATUSES:
            raise ValueError(status)
        with self.changed:
            self.lines[name].status = status
            self.changed.notify_all()
            self._tell(GatewayEventKind.STATUS, self.lines[name])

    def restrict(self, name: str, *, until: float = 0.0, capped: bool = False, yellow: bool = False) -> None:
        """Make WhatsApp let the line start no new chats (`until` unix seconds, or while `capped`),
        or show it a yellow card. Without arguments all of it is over. Raises KeyError."""
        with self.changed:
            line = self.lines[name]
            line.restricted_until, line.capped, line.yellow = until, capped, yellow
            self._tell(GatewayEventKind.STATUS, line)

    def restricted(self, line: SandboxLine) -> bool:
        """Whether WhatsApp lets the line start no new chats now."""
        return line.capped or line.restricted_until > self.clock()

    def restart(self, name: str, config: dict[str, Any]) -> None:
        """Give a session another configuration; one that runs is stopped and started with it."""
        with self.changed:
            line = self.lines[name]
            line.config, before = config, line.status
            line.pictured.clear()
            if before != "STOPPED":
                self.switch(name, "STARTING")
                self.switch(name, before)

    def wait_for(self, name: str, status: str, patience: float) -> SandboxLine | None:
        """The line once it has the status; what it is instead when patience ends. None if it is not
        running."""
        with self.changed:
            self.changed.wait_for(lambda: self._ends_waiting(name, status), timeout=patience)
            return self.lines.get(name)

    def _ends_waiting(self, name: str, status: str) -> bool:
        line = self.lines.get(name)
        return line is None or line.status == status

    def chats(self, line: SandboxLine, chat_id: str, *, merge: bool = True) -> list[SandboxChat]:
        """The chats with this id: with merge also the one that the client has under the other kind
        of id."""
        with self.changed:
            wanted = spellings(chat_id) if merge else [chat_id]
            return [line.chats[one] for one in wanted if one in line.chats]

    def send(
        self,
        line: SandboxLine,
        chat_id: str,
        text: str,
        *,
        own_id: str = "",
        reply_to: str = "",
        stuck: SandboxAck | None = None,
        media: SandboxMedia | None = None,
        card: SandboxCard = NO_CARD,
        by_api: bool = True,
    ) -> SandboxMessage:
        """Write to the client. The same id once more is the same message: WhatsApp ids are unique
        in a chat."""
        client = client_of(chat_id)
        with self.changed:
            chat = line.chats.get(chat_id) if client is None else self._chat_with(line, client)
            if chat is None:
                raise NotOnWhatsApp(chat_id)
            known = _find(chat, own_id) if own_id else None
            if known is not None:
                return known
            message = self._message(chat, text, from_me=True, own_id=own_id, quoted=_find(chat, reply_to))
            message.by_api, message.stuck, message.media = by_api, stuck, media
            message.place, message.contacts = card.place, card.contacts
            if by_api:
                self.heard("send", 1)
            self._append(line, chat, message)
            if stuck is None:
                self._tell(GatewayEventKind.ACK, line, message, ack=SandboxAck.SERVER)
                self._tell(
                    GatewayEventKind.ACK, line, message, ack=SandboxAck.DEVICE, at=self.clock() + DELIVERED_AFTER
                )
            elif stuck is SandboxAck.ERROR:
                self._tell(GatewayEventKind.ACK, line, message, ack=SandboxAck.ERROR)
            return message

    def edit(self, line: SandboxLine, message: SandboxMessage, text: str) -> None:
        with self.changed:
            message.text, message.edited = text, True
            self._tell(GatewayEventKind.EDITED, line, message)

    def revoke(self, line: SandboxLine, message: SandboxMessage) -> None:
        with self.changed:
            message.revoked, message.text, message.media = True, "", None
            message.place, message.contacts = None, ()
            self._tell(GatewayEventKind.REVOKED, line, message)

    def react(self, line: SandboxLine, message: SandboxMessage, reaction: SandboxReaction) -> None:
        """React to the message: the last reaction of each side counts, and an empty text takes it
        back."""
        with self.changed:
            others = [known for known in message.reactions if known.from_me != reaction.from_me]
            message.reactions = [*others, reaction] if reaction.text else others
            self._tell(GatewayEventKind.REACTION, line, message, reaction=reaction)

    def find(self, line: SandboxLine, name: str, chat_id: str = "") -> SandboxMessage | None:
        """The message called so, in this chat or in any."""
        with self.changed:
            chats = self.chats(line, chat_id) if chat_id else list(line.chats.values())
            return next((found for chat in chats if (found := _find(chat, name))), None)

    def answer(
        self, line: SandboxLine, client: KnownNumber, text: str, contacts: Sequence[tuple[str, str]] = ()
    ) -> SandboxMessage:
        """The client writes from the phone, or shares contacts; whether the line is connected does
        not matter."""
        if not client.on_whatsapp:
            raise NotOnWhatsApp(client.phone)
        with self.changed:
            chat = self._chat_with(line, client)
            message = self._message(chat, text, from_me=False)
            message.contacts = tuple(contacts)
            return self._append(line, chat, message)

    def read_by_client(self, line: SandboxLine, client: KnownNumber) -> None:
        """The client opens the chat: what the line sent and WhatsApp took is read now."""
        self._mark_seen(line, home_id(client), from_me=True)

    def read_by_line(self, line: SandboxLine, chat_id: str, names: Sequence[str] = ()) -> None:
        """The messages that are called so, or all of the chat."""
        self._mark_seen(line, chat_id, names, from_me=False)

    def _mark_seen(self, line: SandboxLine, chat_id: str, names: Sequence[str] = (), *, from_me: bool) -> None:
        with self.changed:
            for chat in self.chats(line, chat_id):
                for message in chat.messages:
                    if message.seen or message.from_me != from_me:
                        continue
                    if names and not any(message.is_called(name) for name in names):
                        continue
                    message.seen = True
                    if from_me and message.stuck is None:
                        self._tell(GatewayEventKind.ACK, line, message, ack=SandboxAck.READ)

    def _chat_with(self, line: SandboxLine, client: KnownNumber) -> SandboxChat:
        chat_id = home_id(client)
        return line.chats.get(chat_id) or line.chats.setdefault(chat_id, SandboxChat(chat_id, client.name))

    def _message(
        self, chat: SandboxChat, text: str, *, from_me: bool, own_id: str = "", quoted: SandboxMessage | None = None
    ) -> SandboxMessage:
        made_up = ("3EB0" if from_me else "3A") + secrets.token_hex(9).upper()
        return SandboxMessage(own_id or made_up, chat.id, self.clock(), from_me, text, quoted=quoted)

    def _append(self, line: SandboxLine, chat: SandboxChat, message: SandboxMessage) -> SandboxMessage:
        chat.messages.append(message)
        line.activity = message.at
        self._tell(GatewayEventKind.MESSAGE, line, message)
        return message

    def _tell(
        self,
        what: GatewayEventKind,
        line: SandboxLine,
        message: SandboxMessage | None = None,
        *,
        ack: SandboxAck | None = None,
        reaction: SandboxReaction | None = None,
        at: float | None = None,
    ) -> None:
        """Tell the listeners. `at` (unix seconds) later than now is for what is still to happen:
        they report it then."""
        happening = Happening(what, line, self.clock() if at is None else at, message, ack, reaction)
        for listener in self.listeners:
            listener(happening)


def _find(chat: SandboxChat, name: str) -> SandboxMessage | None:
    return next((message for message in chat.messages if name and message.is_called(name)), None)
