"""What the database has about the clients of a card, remembered for as long as the cache's marks
say that it is so."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache

from widget.chats.previews import LastMessage, Previews
from widget.context import CardContext, CardPhone
from widget.session import Session
from widget.storage.building import Repositories
from widget.storage.chats import Chat
from widget.storage.ignores import Ignored
from widget.storage.settings import Defaults
from widget.storage.transaction import transaction
from widget.timing import timer_of

MAX_REMEMBERED = 4000  # cards, about 2 kB each
REMEMBERED_SECONDS = 60  # for how long a change may be missed that the cache could not be told of


@dataclass(frozen=True)
class StoredFacts:
    """What SQL has for one card and user, and under which marks it was read."""

    marks: tuple[Any, ...]
    chats: Sequence[Chat]
    chosen: Defaults
    previews: Mapping[int, LastMessage]
    ignored: Sequence[Ignored]


class StoredClients:
    def __init__(self, stored: Repositories, previews: Previews, clock: Callable[[], float]) -> None:
        self._stored = stored
        self._previews = previews
        self._remembered: TTLCache[tuple[Session, tuple[str, ...]], StoredFacts] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def of(self, context: CardContext, phones: Sequence[CardPhone], marks: Sequence[Any] | None) -> StoredFacts:
        """What is there of these clients, as it was read under the same marks; None: the cache is
        out of reach. Five queries where it was not, fewer for clients without a chat."""
        name = (context.session, tuple(item.key for item in phones))
        with self._lock:
            known = self._remembered.get(name) if marks is not None else None
        if known is None or known.marks != tuple(marks or ()):
            known = self._read(context, phones, tuple(marks or ()))
            with self._lock:
                self._remembered[name] = known
        return known

    def _read(self, context: CardContext, phones: Sequence[CardPhone], marks: tuple[Any, ...]) -> StoredFacts:
        session, lines = context.session, {line.id for line in context.lines}
        clients = [item.client for item in phones]
        with transaction(self._stored.engine):  # one connection and one round trip to begin and end, not five
            chosen = self._stored.settings.of(session.portal_id, session.user_id)
            chats = self._stored.chats.of_phones(session.portal_id, clients)
            ignored = self._stored.ignores.of_clients(session.portal_id, clients, lines)
            previews = self._previews.of(session.portal_id, [chat for chat in chats if chat.line_id in lines])
        return StoredFacts(marks, chats, chosen, previews, ignored)
