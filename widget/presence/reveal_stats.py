"""How often cards are opened and revealed, and how many reveals end in a message: what an
administrator decides by.

Counted without numbers. A warm card costs nothing here; a page's first reveal proves a token
outside anyway, so one round trip more does not matter.
"""

import logging
import secrets
from collections.abc import Collection

from widget.cache import Cache, StoreGone
from widget.keys import PhoneKeys
from widget.storage.lines import Line
from widget.storage.usage import Usage

log = logging.getLogger(__name__)

ANSWERED_WITHIN = 30 * 60.0  # seconds; a message later than that is not what the card was opened for


class RevealStats:
    def __init__(self, cache: Cache, usage: Usage, keys: PhoneKeys) -> None:
        self._cache = cache
        self._usage = usage
        self._keys = keys

    def opened(self, portal_id: int) -> None:
        """Count a page that was opened in a card; whether a user looks at it is not known yet. No
        call."""
        self._usage.count(portal_id, 0, openings=1)

    def revealed(
        self, portal_id: int, user_id: int, line_id: int, phones: Collection[str], *, new: int, pressed: bool
    ) -> None:
        """Count a page that showed its numbers for the first time, `new` of them unknown or out of
        date. It is a reveal only if a user `pressed` for it; that costs one round trip."""
        self._usage.count(portal_id, line_id, new_numbers=new, reveals=int(pressed))
        if pressed:
            self._mark(portal_id, user_id, line_id, phones)

    def went_out(self, line: Line, phone: str, user_id: int) -> None:
        """Count a message that went out, or into the gateway's queue. Two round trips where the
        number was revealed to this user a moment ago, else one. Several messages answer a reveal
        once."""
        key = self._key(line.portal_id, user_id, phone)
        try:
            match self._cache.get_many([key]).get(key):
                case [str(reveal), int(line_id)] if self._cache.add_many([f"ra:{reveal}"], 1, ANSWERED_WITHIN):
                    self._usage.count(line.portal_id, line_id, answered_reveals=1)
        except StoreGone:
            log.info("reveals.answer_not_counted")

    def _mark(self, portal_id: int, user_id: int, line_id: int, phones: Collection[str]) -> None:
        reveal = [secrets.token_hex(6), line_id]
        try:
            self._cache.set_many({self._key(portal_id, user_id, phone): reveal for phone in phones}, ANSWERED_WITHIN)
        except StoreGone:
            log.info("reveals.reveal_not_noted")

    def _key(self, portal_id: int, user_id: int, phone: str) -> str:
        return f"r:{portal_id}:{user_id}:{self._keys.key(portal_id, phone)}"
