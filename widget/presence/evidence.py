"""Presence that costs no check: a client wrote, a tick came, a chat is listed, a send was
refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason, unknown
from widget.presence.store import PresenceStore
from widget.storage.chats import Chats
from widget.storage.lines import Line

THEIRS = frozenset({Source.MESSAGE, Source.DELIVERED})  # signs of the client's own phone
# News of the same kind within this time change nothing that a page shows, and there are many of
# them.
SAME_NEWS = 3600.0
# For so long after a client wrote or was reached, a refused message is rather a fault of the
# gateway's own look-up than a client who has left WhatsApp.
SURELY_THERE = 3 * 86_400.0


class Evidence:
    def __init__(self, memory: PresenceStore, chats: Chats, clock: Callable[[], float]) -> None:
        self._memory = memory
        self._chats = chats
        self._clock = clock

    def learn(self, line: Line, phone: str, how: Source, at: float = 0.0, *, chat_ids: Sequence[str] = ()) -> None:
        """Something that happened `at` (unix seconds, 0 is now) on this line says whether the
        number has WhatsApp.

        SEND says no, or unknown where the client wrote or was reached in the last days; all else
        says yes. A message, a tick or a listed chat also make the line's chat known. To be called
        after all else that writes the chat's last time. No outside call; one round trip and, where
        it is news, two writes. Never raises for a cache that is gone.
        """
        now = self._clock()
        (key,) = self._memory.keys(line.portal_id, [phone])
        at = min(at, now) if at else now
        news = Presence(PresenceAnswer.NO if how is Source.SEND else PresenceAnswer.YES, at, how)
        known = self._memory.one(line.portal_id, phone)
        if how is Source.SEND and known and contradicts(news, known):
            self._memory.put(line.portal_id, {key: unknown(UnknownReason.REFUSED, at=now)})
        elif outweighs(news, known):
            self._memory.put(line.portal_id, {key: replace(news, chat_id=known.chat_id if known else "")})
        elif how is not Source.MESSAGE:
            return
        if how in (Source.MESSAGE, Source.DELIVERED, Source.CHAT):
            self._chats.remember(line.portal_id, line.id, phone, chat_ids=chat_ids, proved=True, last_at=at)


def contradicts(refusal: Presence, known: Presence) -> bool:
    """Whether a refused message says what is hard to believe."""
    if known.answer is PresenceAnswer.UNKNOWN:
        return known.why is UnknownReason.REFUSED
    by_them = known.answer is PresenceAnswer.YES and known.how in THEIRS
    return by_them and 0 <= refusal.at - known.at < SURELY_THERE


def outweighs(news: Presence, known: Presence | None) -> bool:
    """Whether news change what is known: the later of a yes and a no holds, and a proof is worth
    more than a check."""
    if known is None or known.answer is PresenceAnswer.UNKNOWN:
        return True
    if news.answer is PresenceAnswer.NO or known.answer is PresenceAnswer.NO:
        return news.at >= known.at
    tells_more = news.how in THEIRS and known.how not in THEIRS
    return not known.proved or tells_more or news.at >= known.at + SAME_NEWS
