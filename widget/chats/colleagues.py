"""Two reps in one chat: which of them types just now, and the question that one is asked before a
message goes out."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from widget.cache import Cache, StoreGone
from widget.storage.chats import Chat
from widget.storage.sends import Send, Sends, SendState
from widget.untrusted import as_dict, as_positive_int

WRITES_SECONDS = 8  # after the last key that was pressed
PLACES = 8  # of a chat in the cache: two who write at once seldom share one
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
        """The user has pressed a key, or left. One round trip; nothing where the cache is out of
        reach."""
        with suppress(StoreGone):
            self._cache.set_many({_place(chat, user_id): {"user": user_id if on else 0}}, WRITES_SECONDS)

    def who_writes(self, chat: Chat, user_id: int) -> int:
        """Another user who writes in the chat just now, 0 where none does. One round trip."""
        try:
            writer_records = self._cache.get_many([_place(chat, place) for place in range(PLACES)])
        except StoreGone:
            return 0
        writers = (as_positive_int(as_dict(each).get("user")) for each in writer_records.values())
        return next((writer for writer in writers if writer not in (0, user_id)), 0)

    def since(self) -> float:
        """From when on (unix seconds) what another employee wrote is worth a question."""
        return self._clock() - JUST_NOW

    def lately(self, chat: Chat) -> Sequence[Send]:
        """What users have just written in the chat. One query."""
        return self._sends.lately(chat.portal_id, chat.id, self.since())

    def doubt(self, lately: Sequence[Send], user_id: int, text: str) -> Doubted | None:
        """The question to ask before this user sends this text where users wrote `lately`, None for
        none. It is asked once: this user's next message ends it; about the same text, the next one
        with that text. No call."""
        now = self._clock()
        alike = [send for send in lately if send.created_at > now - SAME_TEXT and _same(send.text, text)]
        for doubt, sends in ((Doubt.SAME, alike), (Doubt.COLLEAGUE, lately)):
            last = next((send for send in sends if send.user_id == user_id or send.state is not SendState.FAILED), None)
            if last and last.user_id != user_id:
                return Doubted(doubt, last.user_id, int((now - last.created_at) // 60))
        return None


def _place(chat: Chat, user_id: int) -> str:
    return f"writes:{chat.portal_id}:{chat.id}:{user_id % PLACES}"


def _same(stored: str, typed: str) -> bool:
    """The same words, with or without the name that a message begins with."""
    plain = stored.partition(":*\n")[2] if stored.startswith("*") else stored
    return bool(typed.strip()) and plain.strip() == typed.strip()
