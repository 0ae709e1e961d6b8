"""Opaque names for phones: what stands in pages, addresses and cache keys where a number must
not."""

import hashlib
from collections.abc import Sequence


class PhoneKeys:
    """Keys of one portal: the same number has the same key there, and another key in every other
    portal."""

    def __init__(self, secret: str, old: Sequence[str] = ()) -> None:
        """`old` are secrets before this one, whose keys may still stand in the database."""
        self._secrets = [hashlib.sha256(f"phone keys {each}".encode()).digest() for each in (secret, *old)]

    def key(self, portal_id: int, phone: str) -> str:
        return self.keys(portal_id, phone)[0]

    def keys(self, portal_id: int, phone: str) -> list[str]:
        """Its key, and those that it had under the old secrets."""
        named = f"{portal_id}:{phone}".encode()
        return [hashlib.blake2b(named, key=each, digest_size=12).hexdigest() for each in self._secrets]
