"""One press at a time does what Bitrix24 would do twice, also of many processes, as long as the
cache is there."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from widget.bitrix24.errors import is_silent
from widget.cache import Cache, StoreGone
from widget.errors import AppError, ErrorCode, Refused

CLAIM_SECONDS = 60.0  # longer than a write takes that no answer came to; then also a claim ends whose process did


class Unwritten(Refused):
    """A question was refused or not answered: nothing can have been written."""


@contextmanager
def only_asking() -> Iterator[None]:
    """What is done in here reads and writes nothing. Raises Unwritten instead of Refused."""
    try:
        yield
    except Refused as error:
        raise Unwritten(error.code, error.status, error.reason, until=error.until, about=error.about) from error


class Claims:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Hold the claim of this name. What may have been written without an answer keeps it until
        its time is over. Two round trips. Raises Refused(PORTAL_BUSY) while another press holds
        it."""
        if not self.take(name):
            raise Refused(ErrorCode.PORTAL_BUSY, reason="another press is at it")
        try:
            yield
        except AppError as error:
            if isinstance(error, Unwritten) or not is_silent(error):
                self.release(name)
            raise
        self.release(name)

    def take(self, name: str) -> bool:
        """Whether the caller has the claim of this name from now on. One round trip."""
        try:
            return bool(self._cache.add_many([name], 1, CLAIM_SECONDS))
        except StoreGone:
            return True

    def release(self, name: str) -> None:
        """Let the next one have it. One round trip."""
        with suppress(StoreGone):
            self._cache.delete_many([name])
