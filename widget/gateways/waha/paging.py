"""Where a page of WAHA's history begins and ends.

Paged by time: «not newer than the oldest second seen», and past what was seen of that second. A
plain offset would repeat messages as new ones arrive. New ones may arrive in that very second too,
so each page begins with the last message of the one before, and goes on after it, wherever it
stands by now.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from widget.gateways.base import GatewayError, GatewayErrorCode, Message, Page

CURSOR = re.compile(r"(\d{1,11}):(\d{1,6})(?::([\w.-]{4,120}))?", re.ASCII)


@dataclass(frozen=True)
class WahaPlace:
    before: int | None = None  # no message is newer than this second
    seen: int = 0  # at least so many of that second are behind us
    last: str = ""  # the last of them

    @classmethod
    def read(cls, cursor: str | None) -> "WahaPlace":
        """Raises GatewayError for a cursor that is none of ours."""
        if cursor is None:
            return cls()
        found = CURSOR.fullmatch(cursor)
        if not found:
            raise GatewayError(GatewayErrorCode.MALFORMED)
        return cls(int(found[1]), int(found[2]), found[3] or "")

    @property
    def cursor(self) -> str:
        whole = f"{self.before}:{self.seen}:{self.last}"
        return whole if CURSOR.fullmatch(whole) else f"{self.before}:{self.seen}"

    @property
    def overlap(self) -> int:
        return 1 if self.last and self.seen else 0

    @property
    def offset(self) -> int:
        return self.seen - self.overlap

    def page(self, messages: Sequence[Message], limit: int) -> Page:
        """The page of what WAHA listed from here on, newest first.

        Only nothing after our last is the end: WAHA may list fewer than asked for and have more
        (waha-docs, how-to/chats).
        """
        first = self._first(messages)
        if first is None:  # more have arrived in that second than one page holds
            return Page((), WahaPlace(self.before, self.offset + len(messages) + self.overlap, self.last).cursor)
        shown = tuple(messages[first : first + limit])
        if not shown:  # our last stands at the very end: alone, or behind a page of what arrived in its second
            more = first > 1
            return Page((), WahaPlace(self.before, self.offset + first, self.last).cursor if more else None)
        oldest = shown[-1].at
        if oldest == self.before:
            seen = self.offset + first + len(shown)
        else:
            seen = sum(message.at == oldest for message in shown)
        return Page(shown, WahaPlace(oldest, seen, shown[-1].id).cursor)

    def _first(self, messages: Sequence[Message]) -> int | None:
        """Where the unseen ones begin: after our last, or else with the second before it."""
        if not self.overlap or not messages:
            return 0
        for number, message in enumerate(messages):
            if message.id == self.last:
                return number + 1
        return next((number for number, message in enumerate(messages) if message.at != self.before), None)
