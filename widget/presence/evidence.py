"""Presence that costs no check: somebody wrote, a tick came, a chat is listed, a send was refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from widget.presence.memory import Memory
from widget.presence.records import Answer, How, Presence
from widget.storage.chats import Chats
from widget.storage.lines import Line

# News of the same kind within this time change nothing that anybody sees, and there are many of them.
SAME_NEWS = 3600.0


class Evidence:
    def __init__(self, memory: Memory, chats: Chats, clock: Callable[[], float]) -> None:
        self._memory = memory
        self._chats = chats
        self._clock = clock

    def learn(self, line: Line, phone: str, how: How, at: float = 0.0, *, chat_ids: Sequence[str] = ()) -> None:
        """Something that happened `at` (unix seconds, 0 is now) on this line says whether the number has WhatsApp.

        SEND says no, everything else yes; a message, a tick or a listed chat also make the line's chat known. To be
        called after whatever else writes the chat's last time. No outside call; one round trip and, where it is news,
        two writes. Never raises for a cache that is gone.
        """
        now = self._clock()
        (key,) = self._memory.keys(line.portal_id, [phone])
        at = min(at, now) if at else now
        news = Presence(Answer.NO if how is How.SEND else Answer.YES, at, how)
        known = self._memory.one(line.portal_id, phone)
        if outweighs(news, known):
            self._memory.put(line.portal_id, {key: replace(news, chat_id=known.chat_id if known else "")})
        elif how is not How.MESSAGE:
            return
        if how in (How.MESSAGE, How.DELIVERED, How.CHAT):
            self._chats.remember(line.portal_id, line.id, phone, chat_ids=chat_ids, proved=True, last_at=at)


def outweighs(news: Presence, known: Presence | None) -> bool:
    """Whether news change what is known: the later of a yes and a no holds, and a proof is worth more than a check."""
    if known is None or known.answer is Answer.UNKNOWN:
        return True
    if news.answer is Answer.NO or known.answer is Answer.NO:
        return news.at >= known.at
    return not known.proved or news.at >= known.at + SAME_NEWS
