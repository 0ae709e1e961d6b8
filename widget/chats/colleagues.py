"""Two reps in one chat: which of them types just now, and the question that one is asked before a message goes out."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from widget.cache import Cache, StoreGone
from widget.storage.chats import Chat
from widget.storage.sends import Send, Sends
from widget.untrusted import as_dict, as_positive_int

WRITES_SECONDS = 8  # after the last key that was pressed
JUST_NOW = 600.0  # seconds: another employee's message is worth a question
SAME_TEXT = 120.0  # seconds: the same text of two employees is probably one too many


class Doubt(Enum):
    """Why a rep is asked before a message goes out."""

    COLLEAGUE = "colleague"  # another employee has just written
    SAME = "same"  # and exactly this


@dataclass(frozen=True)
class Doubted:
    doubt: Doubt
    user_id: int
    minutes: int  # since the other message, rounded down


class Colleagues:
    def __init__(self, sends: Sends, cache: Cache, clock: Callable[[], float]) -> None:
        self._sends = sends
        self._cache = cache
        self._clock = clock

    def writes(self, chat: Chat, user_id: int, *, on: bool = True) -> None:
        """The user has pressed a key, or left. One round trip; nothing where the cache is out of reach."""
        with suppress(StoreGone):
            self._cache.set_many({_key(chat): {"user": user_id if on else 0}}, WRITES_SECONDS)

    def who_writes(self, chat: Chat, user_id: int) -> int:
        """Another user who writes in the chat just now, 0 where none does. One round trip."""
        try:
            writer_record: Mapping[str, Any] = as_dict(self._cache.get_many([_key(chat)]).get(_key(chat)))
        except StoreGone:
            return 0
        writer = as_positive_int(writer_record.get("user"))
        return 0 if writer == user_id else writer

    def since(self) -> float:
        """From when on (unix seconds) what another employee wrote is worth a question."""
        return self._clock() - JUST_NOW

    def others(self, chat: Chat, user_id: int) -> Sequence[Send]:
        """What others have just written in the chat, after this user's own last message. One query."""
        return self._sends.of_others(chat.portal_id, chat.id, user_id, self.since())

    def doubt(self, others: Sequence[Send], text: str) -> Doubted | None:
        """The question to ask before a user sends this text where `others` wrote just now, None for none. It is asked
        once: this user's next message ends it. No call."""
        now = self._clock()
        if not others:
            return None
        same = next((send for send in others if send.created_at > now - SAME_TEXT and _same(send.text, text)), None)
        which = same or others[0]
        doubt = Doubt.SAME if same else Doubt.COLLEAGUE
        return Doubted(doubt, which.user_id, int((now - which.created_at) // 60))


def _key(chat: Chat) -> str:
    return f"writes:{chat.portal_id}:{chat.id}"


def _same(stored: str, typed: str) -> bool:
    """The same words, with or without the name that a message begins with."""
    plain = stored.partition(":*\n")[2] if stored.startswith("*") else stored
    return bool(typed.strip()) and plain.strip() == typed.strip()
