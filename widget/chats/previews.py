"""The last message of a chat, as its row shows it, and how many of the client's wait for an answer.
From what is stored here: webhooks and sends. No gateway is asked for it."""

from collections.abc import Collection
from dataclasses import dataclass

from widget.chats.cards import is_card, place_in, words_in
from widget.chats.files import is_label, is_voice_label
from widget.chats.message_facts import MessageFacts, merge_facts, read_facts, seen
from widget.gateways.base import Message
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.sends import Send

MAX_MESSAGES = 10  # messages of a chat that are looked through for those without an answer
MAX_LETTERS = 160  # letters
LATE = 1.0  # seconds by which a chat may know of a later message than is stored


@dataclass(frozen=True)
class LastMessage:
    """`text` is "" for a file without words, of this `kind`, and for what was deleted. `waiting`
    counts the client's messages that wait for an answer (waiting.py says since when), MAX_MESSAGES
    at the most."""

    at: float
    from_me: bool
    text: str
    kind: str = ""
    deleted: bool = False
    waiting: int = 0

    def __repr__(self) -> str:
        return f"LastMessage(at={self.at}, waiting={self.waiting})"


class Previews:
    def __init__(self, conversations: Conversations) -> None:
        self._messages = conversations.messages
        self._sends = conversations.sends

    def of(self, portal_id: int, chats: Collection[Chat]) -> dict[int, LastMessage]:
        """By the chat's id. Two queries; none without a chat. A chat whose last message is not
        stored here has none: an older one in its place would be wrong."""
        if not chats:
            return {}
        by_name = {(chat.line_id, chat_id): chat.id for chat in chats for chat_id in chat.chat_ids}
        found: dict[int, dict[str, MessageFacts]] = {chat.id: {} for chat in chats}
        for line_id, chat_id, message_id, body in self._messages.newest(portal_id, by_name, MAX_MESSAGES):
            preview = found[by_name[line_id, chat_id]]
            preview[message_id] = merge_facts(preview.get(message_id, MessageFacts()), read_facts(body))
        sends = self._sends.newest(portal_id, [chat.id for chat in chats])
        last = {
            chat.id: last_of(
                [message for preview in found[chat.id].values() if (message := seen(preview))],
                sends.get(chat.id),
                waiting_since=chat.waiting_since,
            )
            for chat in chats
        }
        return {chat.id: one for chat in chats if (one := last[chat.id]) and one.at >= chat.last_at - LATE}


def last_of(messages: Collection[Message], send: Send | None, *, waiting_since: float = 0.0) -> LastMessage | None:
    """Of a chat's stored messages and its last send from here; its client waits since then (unix
    seconds), 0 where they do not (pure)."""
    ordered = sorted(messages, key=lambda message: message.at, reverse=True)
    theirs = sum(not message.from_me and message.at >= waiting_since for message in ordered)
    waiting = max(1, theirs) if waiting_since > 0 else 0  # it may be older than the messages that were read
    if send and (not ordered or send.created_at >= ordered[0].at) and all(m.id != send.message_id for m in ordered):
        return LastMessage(send.created_at, True, *_words_of(send.text), waiting=waiting)
    if not ordered:
        return None
    newest = ordered[0]
    return LastMessage(
        float(newest.at),
        newest.from_me,
        newest.text[:MAX_LETTERS],
        kind_of(newest),
        newest.deleted,
        waiting,
    )


def _words_of(text: str) -> tuple[str, str]:
    """What a send says, and what it is where that is not a text."""
    if is_card(text):
        return words_in(text)[:MAX_LETTERS], "place" if place_in(text) else "contacts"
    label, _, caption = text.partition("\n") if is_label(text) else ("", "", text)
    return caption[:MAX_LETTERS], "audio" if is_voice_label(label) else "document" if label else ""


def kind_of(message: Message) -> str:
    """What a message without words is."""
    if message.media:
        return message.media.kind
    return "place" if message.place else "contacts" if message.contacts else ""
