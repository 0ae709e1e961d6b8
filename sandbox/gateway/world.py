"""The state behind the protocol: lines and chats, what is sent, what clients answer. In memory, one lock."""

import secrets
import threading
from collections.abc import Callable

from sandbox.gateway import seed
from sandbox.gateway.directory import client_of, home_id, spellings
from sandbox.gateway.lines import STATUSES, fresh_lines
from sandbox.gateway.model import Ack, Chat, Line, Message
from sandbox.people import Client


class NotOnWhatsApp(Exception):
    """The id belongs to nobody."""


class World:
    """Hold `changed` while reading what more than one call returns; every method takes it by itself too."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.changed = threading.Condition()  # its lock is reentrant
        self.lines: dict[str, Line] = {}
        self.reset()

    def reset(self) -> None:
        """Put the seed back, with times counted from now."""
        now = self.clock()
        with self.changed:
            self.lines = {line.name: line for line in fresh_lines(now)}
            for line in self.lines.values():
                line.chats = seed.chats_of(line.name, now)
            self.changed.notify_all()

    def switch(self, name: str, status: str) -> None:
        """Set the state of a line. Raises KeyError for an unknown line, ValueError for an unknown state."""
        if status not in STATUSES:
            raise ValueError(status)
        with self.changed:
            self.lines[name].status = status
            self.changed.notify_all()

    def wait_for(self, name: str, status: str, patience: float) -> Line | None:
        """The line once it has the status; what it is instead when patience ends. None if it is not running."""
        with self.changed:
            self.changed.wait_for(lambda: self._ends_waiting(name, status), timeout=patience)
            line = self.lines.get(name)
            return None if line is None or line.status == "STOPPED" else line

    def _ends_waiting(self, name: str, status: str) -> bool:
        line = self.lines.get(name)
        return line is None or line.status in (status, "STOPPED")

    def chats(self, line: Line, chat_id: str, *, merge: bool = True) -> list[Chat]:
        """The chats with this id: with merge also the one that the client has under the other kind of id."""
        with self.changed:
            wanted = spellings(chat_id) if merge else [chat_id]
            return [line.chats[one] for one in wanted if one in line.chats]

    def send(
        self, line: Line, chat_id: str, text: str, *, own_id: str = "", reply_to: str = "", stuck: Ack | None = None
    ) -> Message:
        """Write to the client. The same id once more is the same message: WhatsApp ids are unique in a chat."""
        client = client_of(chat_id)
        with self.changed:
            chat = line.chats.get(chat_id) if client is None else self._chat_with(line, client)
            if chat is None:
                raise NotOnWhatsApp(chat_id)
            known = _find(chat, own_id) if own_id else None
            if known is not None:
                return known
            message = self._message(chat, text, from_me=True, own_id=own_id, quoted=_find(chat, reply_to))
            message.by_api, message.stuck = True, stuck
            return self._append(line, chat, message)

    def answer(self, line: Line, client: Client, text: str) -> Message:
        """The client writes from the phone; whether the line is connected does not matter to the client."""
        if not client.on_whatsapp:
            raise NotOnWhatsApp(client.phone)
        with self.changed:
            chat = self._chat_with(line, client)
            return self._append(line, chat, self._message(chat, text, from_me=False))

    def read_by_client(self, line: Line, client: Client) -> None:
        """The client opens the chat: what the line sent and WhatsApp took is read now."""
        self._mark_seen(line, home_id(client), from_me=True)

    def read_by_line(self, line: Line, chat_id: str) -> None:
        self._mark_seen(line, chat_id, from_me=False)

    def _mark_seen(self, line: Line, chat_id: str, *, from_me: bool) -> None:
        with self.changed:
            for chat in self.chats(line, chat_id):
                for message in chat.messages:
                    message.seen = message.seen or message.from_me == from_me

    def _chat_with(self, line: Line, client: Client) -> Chat:
        chat_id = home_id(client)
        return line.chats.get(chat_id) or line.chats.setdefault(chat_id, Chat(chat_id, client.name))

    def _message(
        self, chat: Chat, text: str, *, from_me: bool, own_id: str = "", quoted: Message | None = None
    ) -> Message:
        made_up = ("3EB0" if from_me else "3A") + secrets.token_hex(9).upper()
        return Message(own_id or made_up, chat.id, self.clock(), from_me, text, quoted=quoted)

    def _append(self, line: Line, chat: Chat, message: Message) -> Message:
        chat.messages.append(message)
        line.activity = message.at
        return message


def _find(chat: Chat, name: str) -> Message | None:
    return next((message for message in chat.messages if name and message.is_called(name)), None)
