"""The worker's look for every send without a clear end, whether or not its chat is open. Nothing is
ever sent again.

The looks for one send come after growing pauses. A send that is found moves on. One that neither
the gateway nor a webhook knows after a day is MISSING: not sent, as far as can be seen, and a rep
says what is true.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

from widget.cache import Cache, StoreGone
from widget.chats.lookups import INTERRUPTED, LOOKED_FOR, LookUpResult
from widget.chats.waiting import Waiting
from widget.gateways.base import GatewayErrorCode
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState
from widget.storage.sends import Send, SendState
from widget.timing import doubled

log = logging.getLogger(__name__)

SHORTEST_PAUSE, MAX_PAUSE = 60.0, 6 * 3600.0  # seconds between two looks for one send; each twice the one before
SILENT_FOR = 7 * 86_400.0  # seconds; a gateway that gave no answer for so long is not waited for any more
MAX_LOOKS = 20  # of one line in one round
LEASE_SECONDS = 150.0  # longer than the slowest look takes; a process that died keeps its line from others for so long

LookFor = Callable[[Line, Chat, Send], LookUpResult]


class UnclearEnds:
    def __init__(
        self,
        conversations: Conversations,
        portals: Portals,
        lines: Lines,
        look_for: LookFor,
        cache: Cache,
        pool: Executor,
        clock: Callable[[], float],
    ) -> None:
        self._chats = conversations.chats
        self._waiting = Waiting(conversations)
        self._sends = conversations.sends
        self._portals = portals
        self._lines = lines
        self._look_for = look_for
        self._cache = cache
        self._pool = pool
        self._clock = clock

    def look(self) -> None:
        """A round over all lines that have sends to be looked for, side by side: one that hangs
        keeps no other. On one line one send is looked for at a time, whichever processes make
        rounds. One query where nothing is due."""
        flying = [self._pool.submit(self._look_on, *of_line) for of_line in self._sends.lines_unclear()]
        for future in flying:
            future.result()

    def _look_on(self, portal_id: int, line_id: int) -> None:
        name = f"looking:{portal_id}:{line_id}"
        try:
            if not self._cache.add_many([name], 1, LEASE_SECONDS):
                return
        except StoreGone:
            return  # the next round is in a minute
        try:
            for send in self._sends.unclear(portal_id, line_id, MAX_LOOKS):
                self._cache.set_many({name: 1}, LEASE_SECONDS)
                if not self._look_at(portal_id, line_id, send):
                    break  # its gateway gives no answer now
        except StoreGone:
            log.info("unclear.cache_gone line=%s", line_id)
        except Exception:  # one line's fault is not the others'
            log.exception("unclear.failed line=%s", line_id)
        finally:
            with suppress(StoreGone):
                self._cache.delete_many([name])

    def _look_at(self, portal_id: int, line_id: int, send: Send) -> bool:
        """Look for one send; False if the gateway gave no answer."""
        chat = self._chats.get(portal_id, send.chat_id)
        if chat is None or not self._sends.look(send, pause=self._pause(send)):
            return True
        line = self._in_use(portal_id, line_id)
        look = self._look_for(line, chat, send) if line else LookUpResult.ABSENT
        log.info("unclear.looked line=%s send=%s look=%s found=%s", line_id, send.id, send.looks + 1, look.value)
        if look is LookUpResult.FOUND:
            # It answers the client, whose chat may be one with another since the look began.
            self._waiting.recount(self._chats.resolved(portal_id, chat.id) or chat)
        elif self._is_over(send, look):
            said = send.reason if send.reason != GatewayErrorCode.NO_SUCH_THING.value else ""  # the state says it
            reason = INTERRUPTED if send.state is SendState.SENDING else said
            self._sends.advance(send, SendState.MISSING, reason=reason)
        if look is LookUpResult.FOUND or self._is_over(send, look):
            self._chats.changed(chat)
        return look is not LookUpResult.SILENT

    def _in_use(self, portal_id: int, line_id: int) -> Line | None:
        """The line, if its gateway may be called."""
        portal, line = self._portals.get(portal_id), self._lines.get(portal_id, line_id)
        active = portal and portal.state is PortalState.ACTIVE and line and line.active
        return line if active else None

    def _is_over(self, send: Send, look: LookUpResult) -> bool:
        return self._clock() >= send.created_at + (SILENT_FOR if look is LookUpResult.SILENT else LOOKED_FOR)

    def _pause(self, send: Send) -> float:
        """Seconds until the look after this one; one is made when the day is over."""
        pause = doubled(SHORTEST_PAUSE, send.looks, MAX_PAUSE)
        rest = send.created_at + LOOKED_FOR - self._clock()
        return min(pause, rest) if rest > 0 else pause
