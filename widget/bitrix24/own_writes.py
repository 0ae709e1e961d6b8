"""Which cards we are writing into just now: Bitrix24 sends an event for each write, and ours
changes no card's page.

Without this every write into a contact would have all cards of its portal read anew.
"""

from contextlib import suppress

from widget.cache import Cache, StoreGone

SECONDS = 60.0  # an event that comes later is taken for another's


class OwnWrites:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def expect(self, portal_id: int, entity_type_id: int, entity_id: int) -> None:
        """Expect the event of a write that follows. One round trip; if the cache is gone, the event
        has the card read anew."""
        with suppress(StoreGone):
            self._cache.set_many({_key(portal_id, entity_type_id, entity_id): 1}, SECONDS)

    def is_ours(self, portal_id: int, entity_type_id: int, entity_id: int) -> bool:
        """Whether an event tells of our own write, once for each. One round trip, two where it
        does."""
        key = _key(portal_id, entity_type_id, entity_id)
        with suppress(StoreGone):
            if self._cache.get_many([key]):
                self._cache.delete_many([key])
                return True
        return False


def _key(portal_id: int, entity_type_id: int, entity_id: int) -> str:
    return f"own:{portal_id}:{entity_type_id}:{entity_id}"
