"""Marks in the cache of what changed in the database: a process that remembers what it read there
sees when to read again.

A mark is kept longer than anything remembered under the one before it, so that its end is not a
change.
"""

import logging
import secrets
from collections.abc import Sequence

from widget.cache import Cache, StoreGone
from widget.keys import PhoneKeys

log = logging.getLogger(__name__)

MARK_SECONDS = 600


class Marks:
    def __init__(self, cache: Cache, keys: PhoneKeys) -> None:
        self._cache = cache
        self._keys = keys

    @staticmethod
    def chat_key(portal_id: int, phone_key: str) -> str:
        """The mark's key for the chats of one number, on all lines. It holds no number that could
        be read."""
        return f"mc:{portal_id}:{phone_key}"

    @staticmethod
    def user_key(portal_id: int, user_id: int) -> str:
        """The mark's key for what a user chose for themselves."""
        return f"mu:{portal_id}:{user_id}"

    def chat_changed(self, portal_id: int, phone: str) -> None:
        """Mark the chats of this number as changed. One round trip. Never raises: where the cache
        is gone, the change is seen within a minute."""
        self._change(self.chat_key(portal_id, self._keys.key(portal_id, phone)))

    def choice_changed(self, portal_id: int, user_id: int) -> None:
        """Mark this user's choices as changed. One round trip. Never raises, as `chat_changed`."""
        self._change(self.user_key(portal_id, user_id))

    def of(self, portal_id: int, phone_keys: Sequence[str]) -> dict[str, str]:
        """The mark of each number that has one, by the number's key. One round trip. Raises
        StoreGone."""
        named = {self.chat_key(portal_id, key): key for key in phone_keys}
        return {named[name]: str(mark) for name, mark in self._cache.get_many(list(named)).items() if mark}

    def _change(self, key: str) -> None:
        try:
            self._cache.set_many({key: secrets.token_hex(4)}, MARK_SECONDS)
        except StoreGone:
            log.info("marks.cache_gone")
